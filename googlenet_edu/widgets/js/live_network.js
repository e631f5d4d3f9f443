// The living network: draw a digit or choose a photograph, and a trained GoogLeNet answers at once.

// The experiments, all off.
const asTrained = () => ({
  off: new Set(),
  place: "",
  without: "",
  bits: 8,
  batch: false,
  noise: 0,
  right: 0,
  down: 0,
  degrees: 0,
});

// Lay an element over a part of a square; all four in percent of its side.
function layOver(element, left, top, width, height) {
  element.style.cssText = `left:${left}%;top:${top}%;width:${width}%;height:${height}%`;
}

const LIVE_WORDS = wordsOf("live_network");
const LIVE_PAD = 280,
  LIVE_TILES = 4,
  LIVE_VOTES = ["aux1", "aux2", "logits"];
// One way to write each digit: strokes of points, in hundredths of the field.
const LIVE_DIGITS = [
  [[52, 14, 31, 24, 24, 50, 32, 76, 50, 86, 69, 75, 76, 50, 69, 25, 50, 14]],
  [
    [36, 29, 46, 23, 53, 14],
    [53, 14, 53, 86],
  ],
  [
    [27, 32, 34, 18, 52, 13, 69, 20, 71, 36, 60, 52, 43, 68, 27, 85],
    [27, 85, 50, 84, 75, 85],
  ],
  [
    [29, 21, 46, 13, 66, 19, 68, 34, 56, 45, 43, 48],
    [43, 48, 62, 52, 73, 65, 66, 81, 46, 87, 27, 79],
  ],
  [
    [56, 14, 40, 38, 24, 61],
    [24, 61, 50, 61, 78, 60],
    [63, 36, 63, 60, 62, 87],
  ],
  [
    [71, 15, 35, 15],
    [35, 15, 31, 45],
    [31, 45, 50, 40, 68, 48, 72, 65, 62, 81, 44, 86, 27, 78],
  ],
  [[64, 14, 44, 29, 31, 52, 31, 72, 45, 86, 63, 81, 69, 66, 60, 53, 45, 53, 33, 65]],
  [
    [25, 16, 50, 15, 75, 16],
    [75, 16, 58, 48, 44, 87],
  ],
  [
    [
      66, 24, 50, 14, 33, 24, 37, 39, 52, 48, 68, 61, 68, 77, 50, 87, 32, 77, 33, 61, 49, 48, 64,
      37, 66, 24,
    ],
  ],
  [
    [69, 34, 58, 46, 41, 46, 32, 34, 39, 19, 55, 14, 68, 24, 69, 34],
    [69, 34, 68, 60, 60, 86],
  ],
];

// A smooth line through points (Catmull-Rom), as [x, y] from 0 to 1.
function smoothStroke(flat) {
  const points = [];
  for (let i = 0; i < flat.length; i += 2) points.push([flat[i] / 100, flat[i + 1] / 100]);
  const at = (i) => points[Math.min(Math.max(i, 0), points.length - 1)],
    found = [];
  for (let i = 0; i < points.length - 1; i += 1)
    for (let s = 0; s < 8; s += 1) {
      const [a, b, c, d] = [at(i - 1), at(i), at(i + 1), at(i + 2)],
        t = s / 8;
      found.push(
        [0, 1].map(
          (k) =>
            0.5 *
            (2 * b[k] +
              (c[k] - a[k]) * t +
              (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k]) * t ** 2 +
              (3 * b[k] - a[k] - 3 * c[k] + d[k]) * t ** 3),
        ),
      );
    }
  return [...found, points.at(-1)];
}

const liveBytes = (data) =>
  typeof data === "string"
    ? Uint8Array.from(atob(data), (c) => c.charCodeAt(0))
    : new Uint8Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));

// What a network needs, {weights, photos, labels, measured}: in the static page from a classic
// script, because a page opened from a folder may read no other file; in Jupyter from Python.
async function liveData(name, model) {
  if (!model.send) {
    await loadBeside(`googlenet-live-${name}.js`);
    return globalThis.googlenetLive[name];
  }
  return new Promise((good, bad) => {
    const take = () => {
      if (model.get("delivered")?.name === name) {
        model.off("change:delivered", take);
        good(model.get("delivered"));
      }
    };
    model.on("change:delivered", take);
    model.set("asked", name);
    model.save_changes();
    take();
    setTimeout(bad, 30_000, new GnetError("Python does not answer"));
  });
}

// A file as 28 × 28 gray: {image, inverted}, or {error: key of a sentence, given}.
async function readPhoto(file, asDrawing) {
  if (file.size > 50e6)
    return { error: "tooLarge", given: [file.name, Math.round(file.size / 1e6)] };
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return { error: "notImage", given: [file.name] };
  }
  const side = asDrawing ? LIVE_PAD : LIVE_SIDE,
    cut = Math.min(bitmap.width, bitmap.height),
    canvas = h("canvas", { width: side, height: side }),
    ink = canvas.getContext("2d");
  ink.fillStyle = "#fff"; // under what is transparent
  ink.fillRect(0, 0, side, side);
  ink.imageSmoothingQuality = "high";
  // Halved again and again: one large step would skip most pixels.
  let from = bitmap,
    [x, y, size] = [(bitmap.width - cut) / 2, (bitmap.height - cut) / 2, cut];
  while (size > 2 * side) {
    const half = Math.ceil(size / 2),
      step = h("canvas", { width: half, height: half });
    step.getContext("2d").drawImage(from, x, y, size, size, 0, 0, half, half);
    [from, x, y, size] = [step, 0, 0, half];
  }
  ink.drawImage(from, x, y, size, size, 0, 0, side, side);
  bitmap.close();
  const { data } = ink.getImageData(0, 0, side, side);
  let gray = Float32Array.from(
    { length: side * side },
    (_, i) => (0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) / 255,
  );
  let edge = 0;
  for (let i = 0; i < side; i += 1)
    edge += gray[i] + gray[side * (side - 1) + i] + gray[i * side] + gray[i * side + side - 1];
  const inverted = edge / (4 * side) > 0.5;
  if (inverted) gray = gray.map((v) => 1 - v);
  const low = gray.reduce((a, b) => Math.min(a, b)),
    high = gray.reduce((a, b) => Math.max(a, b));
  if (high - low < 0.05) return { error: "flat", given: [file.name] };
  if (asDrawing) {
    // paper is never quite white: what is nearer to it than to the ink is paper
    const paper = low + 0.35 * (high - low);
    gray = prepareDrawing(
      gray.map((v) => Math.min(1, Math.max(0, ((v - paper) / (high - paper)) * 1.3))),
      side,
      side,
    );
  }
  return { image: Uint8Array.from(gray, (v) => Math.round(255 * v)), inverted };
}

const percent = (p) => `${(100 * p).toFixed(1)}%`;
const paint = (canvas, values, width) => {
  // numbers from 0 to 1 as black that lets the ground through
  const height = values.length / width,
    brush = (canvas.gnBrush ??= canvas.getContext("2d"));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    canvas.gnCells = null;
  }
  const cells = (canvas.gnCells ??= brush.createImageData(width, height)),
    ink = new Uint32Array(cells.data.buffer);
  for (let i = 0; i < ink.length; i += 1) ink[i] = (255 * (1 - values[i])) << 24;
  brush.putImageData(cells, 0, 0);
};

function renderLive({ model, el }) {
  const id = nextId(),
    lang = model.get("lang") in LIVE_WORDS ? model.get("lang") : "en",
    t = LIVE_WORDS[lang];
  const nets = {},
    drawn = { strokes: [], next: 3 },
    doing = asTrained();
  let network = model.get("network") === "fashion" ? "fashion" : "digits";
  const shown = { digits: null, fashion: null }; // a 28 × 28 image that is not drawn here
  let given = model.get("drawing"),
    net,
    trouble = "",
    chosen = null,
    frame = 0,
    timer = 0,
    motion = 0,
    job = 0,
    pen = null,
    input = null,
    last = null,
    gone = false;

  const button = (text, onclick, more = {}) =>
    h("button", { type: "button", onclick, ...more }, text);
  const tabs = ["digits", "fashion"].map((name) =>
    button(t[name], () => turnTo(name), { "data-net": name }),
  );
  const root = outer(
    " gn-live",
    `${t.title}${/-([2-9]|\d\d+)$/.exec(el.id)?.[0].replace("-", " ") ?? ""}`,
    lang,
  );
  const pad = h("canvas", {
    class: "gn-ink",
    width: LIVE_PAD,
    height: LIVE_PAD,
    tabindex: 0,
    role: "application",
    "aria-label": t.pad,
  });
  const ink = pad.getContext("2d", { willReadFrequently: true });
  const ring = h("span", { class: "gn-pen", hidden: true });
  const gallery = h("div", { class: "gn-gallery", role: "group", "aria-label": t.pick });
  const file = h("input", {
    type: "file",
    accept: "image/*",
    id: `${id}-file`,
    onchange: () => {
      if (file.files[0]) take(file.files[0]);
      file.value = "";
    },
  });
  const note = h("p", { class: "gn-note", role: "status" });
  const retry = button(t.again, () => load());
  const seen = h("canvas", { class: "gn-seen" }),
    heat = h("canvas", { class: "gn-heat", width: 16, height: 16, hidden: true });
  const frameOf = h("div", { class: "gn-frame" }); // the receptive field
  const answer = h("output", { class: "gn-answer", "aria-live": "polite", "aria-atomic": "true" });
  const speed = h("span", { class: "gn-muted" });
  const votes = LIVE_VOTES.map((name, i) => {
    const bars = [0, 1, 2].map(() => ({
      name: h("b"),
      share: h("span", { class: "gn-value" }),
      bar: h("i"),
      mark: h("u", { hidden: true }),
    }));
    const was = h("p", { class: "gn-muted" });
    return {
      name,
      bars,
      was,
      node: h(
        "div",
        { class: "gn-vote" },
        h("strong", {}, t[name]),
        " ",
        h("span", { class: "gn-muted" }, t.after(["4a", "4d", "5b"][i])),
        ...bars.map((one) =>
          h(
            "div",
            { class: "gn-bar-row" },
            one.name,
            one.share,
            h("span", { class: "gn-track" }, one.bar, one.mark),
          ),
        ),
        was,
      ),
    };
  });
  const select = (name, options, onchange) =>
    h(
      "div",
      { class: "gn-field gn-short" },
      h("label", { for: `${id}-${name}` }, t[name]),
      h(
        "select",
        {
          id: `${id}-${name}`,
          "data-do": name,
          onchange: (event) => {
            onchange(event.target.value);
            look();
          },
        },
        ...options.map(([value, text]) => h("option", { value }, text)),
      ),
    );
  const slider = (name, min, max, step, unit) => {
    const value = h("span", { class: "gn-value" });
    const field = h("input", {
      type: "range",
      id: `${id}-${name}`,
      "data-do": name,
      min,
      max,
      step,
      value: 0,
      oninput: () => {
        doing[name] = Number(field.value);
        look();
      },
    });
    field.gnShow = () => {
      field.value = doing[name];
      value.textContent = unit(doing[name]);
      field.setAttribute("aria-valuetext", value.textContent);
    };
    return h(
      "div",
      { class: "gn-field gn-short" },
      h("label", { for: field.id }, t[name]),
      value,
      field,
    );
  };
  const boxes = [0, 1, 2, 3].map((b) =>
    h("input", {
      type: "checkbox",
      onchange: (event) => {
        doing.off[event.target.checked ? "add" : "delete"](b);
        look();
      },
    }),
  );
  const blockNames = LIVE_BLOCKS.map((name) => [name, name]);
  const progress = h("progress", { max: 256, value: 0, hidden: true, "aria-label": t.hide });
  const hide = button(t.hide, () => (progress.hidden ? occlude() : stopHiding())),
    found = h("span", { role: "status" });
  const undo = button(t.undo, () => {
    Object.assign(doing, asTrained());
    root.querySelectorAll(".gn-try select").forEach((one) => {
      one.selectedIndex = 0;
    });
    boxes.forEach((one) => {
      one.checked = false;
    });
    stopHiding();
    heat.hidden = true;
    found.textContent = "";
    look();
  });
  const measured = h("p", { class: "gn-measured", role: "status" });
  const experiments = h(
    "details",
    { class: "gn-details gn-try" },
    h(
      "summary",
      {},
      h("strong", {}, t.experiments),
      " ",
      h("span", { class: "gn-muted" }, t.which),
    ),
    h(
      "div",
      { class: "gn-controls" },
      h(
        "fieldset",
        { class: "gn-field gn-wide" },
        h("legend", {}, t.off),
        ...boxes.map((box, b) =>
          h("label", {}, box, h("i", { class: `gn-key gn-branch${b + 1}` }), t.branches[b]),
        ),
        h(
          "label",
          {},
          `${t.place} `,
          h(
            "select",
            {
              onchange: (event) => {
                doing.place = event.target.value;
                look();
              },
            },
            ...[["", t.everywhere], ...blockNames].map(([value, text]) =>
              h("option", { value }, text),
            ),
          ),
        ),
      ),
      select("without", [["", t.none], ...blockNames], (value) => {
        doing.without = value;
      }),
      select(
        "bits",
        [8, 4, 2].map((n) => [n, t[`bit${n}`]]),
        (value) => {
          doing.bits = Number(value);
        },
      ),
      select(
        "norm",
        [
          ["", t.running],
          ["own", t.own],
        ],
        (value) => {
          doing.batch = value === "own";
        },
      ),
      slider("noise", 0, 0.5, 0.05, (v) => v.toFixed(2)),
      slider("degrees", -180, 180, 5, (v) => `${v}°`),
      slider("right", -10, 10, 1, (v) => `${v} / 28`),
      slider("down", -10, 10, 1, (v) => `${v} / 28`),
    ),
    h("p", { class: "gn-hide" }, hide, " ", progress, " ", found),
    h("p", {}, undo),
    measured,
  );
  const rows = LIVE_BLOCKS.map((name, r) => {
    const size = h("span", { class: "gn-muted" });
    const strips = [0, 1, 2, 3].map((b) => {
      const canvas = h("canvas"),
        tiles = Array.from({ length: LIVE_TILES }, (_, i) =>
          button("", () => open(name, tiles[i].gnChannel), {
            class: "gn-tile",
            tabindex: r || b || i ? -1 : 0,
            "data-at": `${r},${b * LIVE_TILES + i}`,
            "aria-label": `${name}: ${b + 1}.${i + 1}`, // until there is a map
          }),
        );
      return {
        canvas,
        tiles,
        node: h(
          "div",
          { class: `gn-strip gn-branch${b + 1}` },
          canvas,
          h("span", { class: "gn-silent", hidden: true }, t.silent),
          ...tiles,
        ),
      };
    });
    return {
      name,
      size,
      strips,
      node: h(
        "div",
        { class: "gn-block", role: "group", "aria-label": name },
        h("span", { class: "gn-name" }, h("strong", {}, name), " ", size),
        ...strips.map((one) => one.node),
      ),
    };
  });
  const heads = h(
    "div",
    { class: "gn-block gn-heads" },
    h("span", { class: "gn-name" }),
    ...[0, 1, 2, 3].map((b) =>
      h("span", {}, h("i", { class: `gn-key gn-branch${b + 1}` }), ` ${t.branches[b]}`),
    ),
  );
  const title = h("strong", { tabindex: -1 }),
    large = h("canvas", { tabindex: 0, role: "application" }),
    spot = h("div", { class: "gn-frame" });
  const cellText = h("p", { role: "status" }),
    fedTitle = h("p"),
    fed = h("div", { class: "gn-row" });
  const largeBox = h("div", { class: "gn-large" }, large, spot),
    copy = h("canvas", { class: "gn-seen" });
  const detail = h(
    "div",
    { class: "gn-detail", role: "group", hidden: true },
    h(
      "div",
      { class: "gn-head" },
      title,
      button(t.close, () => open(null)),
    ),
    h(
      "div",
      { class: "gn-row" },
      largeBox,
      h("div", { class: "gn-see" }, copy, frameOf),
      h("div", { class: "gn-why" }, cellText, fedTitle, fed),
    ),
  );
  const thinking = h(
    "div",
    { class: "gn-thinking" },
    h("p", { class: "gn-muted gn-scale" }, h("strong", {}, t.blocks), ". ", t.scale),
    heads,
    ...rows.map((row) => row.node),
  );
  const answers = h("div", { class: "gn-votes" }, ...votes.map((vote) => vote.node));
  root.append(
    h(
      "div",
      { class: "gn-head" },
      h("strong", { class: "gn-title" }, t.title),
      h("span", { role: "group", "aria-label": t.networks, class: "gn-tabs" }, ...tabs),
    ),
    h(
      "div",
      { class: "gn-top" },
      h(
        "div",
        { class: "gn-hand" },
        h("div", { class: "gn-see" }, pad, ring, gallery),
        h(
          "p",
          {},
          button(t.draw, () => drawOne(), { class: "gn-primary" }),
          " ",
          button(t.clear, () => clear()),
        ),
        h(
          "p",
          { class: "gn-file" },
          file,
          h("label", { for: file.id }, t.file),
          " ",
          h("span", { class: "gn-muted" }, t.stays),
        ),
      ),
      h(
        "div",
        { class: "gn-says" },
        note,
        retry,
        answer,
        h(
          "div",
          { class: "gn-both" },
          h(
            "div",
            { class: "gn-given" },
            h("div", { class: "gn-see" }, seen, heat),
            h("p", { class: "gn-muted" }, t.gets, h("br"), speed),
          ),
          answers,
        ),
        h("p", { class: "gn-muted gn-always" }, t.always),
      ),
    ),
    experiments,
    thinking,
  );
  retry.hidden = true;
  el.replaceChildren(root);

  const say = (text) => {
    if (note.textContent !== text) note.textContent = text;
  };

  async function load() {
    const name = network;
    if (nets[name]) {
      net = nets[name];
      look();
      return;
    }
    say(t.loading);
    retry.hidden = true;
    try {
      const data = await liveData(name, model);
      const made = new LiveNet(
        readGnet(liveBytes(data.weights).buffer),
        model.get("simd") !== false,
      );
      if (gone) return;
      made.data = data;
      made.photos = data.photos && liveBytes(data.photos);
      nets[name] = made;
    } catch (error) {
      console.warn(error);
      if (name !== network) return;
      net = null;
      say(t.noWeights);
      retry.hidden = false;
      blank(true);
      return;
    }
    if (name === network) {
      net = nets[name];
      say("");
      fillGallery();
      start();
    }
  }
  // At first something to look at: a digit of ours, or the first photograph.
  function start() {
    const [first, ours] = [given, network === "digits"];
    given = null;
    if (first?.byteLength === LIVE_SIDE ** 2) receive();
    else if (ours && !drawn.strokes.length && !shown.digits) drawOne();
    else if (network === "fashion" && !shown.fashion) choose(0);
    else look();
  }
  function turnTo(name) {
    stopMotion();
    network = name;
    trouble = "";
    model.set("network", name);
    model.save_changes();
    for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.net === name));
    pad.hidden = name !== "digits";
    gallery.hidden = name === "digits";
    root.querySelector(".gn-hand > p").hidden = name !== "digits";
    stopHiding();
    heat.hidden = true;
    found.textContent = "";
    open(null);
    el.dispatchEvent(new CustomEvent("gn-redraw"));
    if (name in nets) {
      net = nets[name];
      start();
    } else {
      blank(true);
      load();
    }
  }
  function fillGallery() {
    if (!net.photos || gallery.children.length) return;
    for (let i = 0; i < net.photos.length / LIVE_SIDE ** 2; i += 1) {
      const canvas = h("canvas");
      paint(
        canvas,
        Float32Array.from(photo(i), (v) => v / 255),
        LIVE_SIDE,
      );
      gallery.append(
        h(
          "button",
          {
            type: "button",
            "aria-pressed": "false",
            "aria-label": t.photo(i + 1, nameOf(net.data.labels[i])),
            title: nameOf(net.data.labels[i]),
            onclick: () => choose(i),
          },
          canvas,
        ),
      );
    }
  }
  const photo = (i) => net.photos.subarray(i * LIVE_SIDE ** 2, (i + 1) * LIVE_SIDE ** 2);
  function choose(i) {
    if (!net?.photos) return look();
    [...gallery.children].forEach((one, k) => one.setAttribute("aria-pressed", String(k === i)));
    shown.fashion = { image: photo(i) };
    trouble = "";
    look();
  }
  async function take(given) {
    stopMotion();
    const name = network,
      got = await readPhoto(given, name === "digits");
    if (gone || name !== network) return;
    if (got.error) {
      shown[name] = null;
      clearInk();
      trouble = t[got.error](...got.given);
      look();
      return;
    }
    clearInk();
    [...gallery.children].forEach((one) => one.setAttribute("aria-pressed", "false"));
    shown[name] = { image: got.image, inverted: got.inverted && name === "fashion" };
    if (name === "digits") drawImage(got.image);
    look();
  }
  // A 28 × 28 image that Python set, or that came from a file.
  function drawImage(image) {
    const canvas = h("canvas");
    paint(
      canvas,
      Float32Array.from(image, (v) => 1 - v / 255),
      LIVE_SIDE,
    );
    ink.imageSmoothingEnabled = false;
    ink.drawImage(canvas, 0, 0, LIVE_PAD, LIVE_PAD);
  }
  function clearInk() {
    trouble = "";
    ink.clearRect(0, 0, LIVE_PAD, LIVE_PAD);
    drawn.strokes = [];
  }
  function clear() {
    stopMotion();
    clearInk();
    shown.digits = null;
    look();
  }
  function line(stroke, from = 0) {
    ink.lineWidth = 0.08 * LIVE_PAD;
    ink.lineCap = ink.lineJoin = "round";
    ink.beginPath();
    stroke
      .slice(from)
      .forEach(([x, y], i) => ink[i ? "lineTo" : "moveTo"](x * LIVE_PAD, y * LIVE_PAD));
    const [x, y] = stroke.at(-1);
    ink.lineTo(x * LIVE_PAD + 0.01, y * LIVE_PAD);
    ink.stroke();
  }
  function addPoint(x, y, begin) {
    if (shown.digits || trouble) {
      shown.digits = null;
      clearInk();
    }
    if (begin || !drawn.strokes.length) drawn.strokes.push([]);
    const stroke = drawn.strokes.at(-1);
    stroke.push([x, y]);
    line(stroke, Math.max(0, stroke.length - 2));
    look();
  }
  function stopMotion() {
    cancelAnimationFrame(motion);
    motion = 0;
  }
  // Draws a digit while the network looks on; at once where the reader wants no motion.
  function drawOne() {
    clear();
    const strokes = LIVE_DIGITS[drawn.next].map(smoothStroke),
      all = strokes.flatMap((stroke) => stroke.map((point, i) => [point, i === 0]));
    drawn.next = (drawn.next + 1) % 10;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches,
      begun = performance.now();
    let put = 0;
    const step = (now) => {
      const end = still
        ? all.length
        : Math.min(all.length, Math.ceil(((now - begun) / 800) * all.length));
      for (; put < end; put += 1) addPoint(...all[put][0], all[put][1]);
      motion = put < all.length ? requestAnimationFrame(step) : 0;
    };
    step(begun);
  }

  // With a mouse, a pen or a finger.
  const place = ({ clientX, clientY }) => {
    const box = pad.getBoundingClientRect();
    return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button || pen !== null) return;
    stopMotion();
    pen = event.pointerId;
    pad.setPointerCapture(pen);
    keys.down = false;
    addPoint(...place(event), true);
  });
  pad.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pen) return;
    const way = event.getCoalescedEvents?.() ?? [];
    for (const one of way.length ? way : [event]) addPoint(...place(one));
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
    pad.addEventListener(end, (event) => {
      if (event.pointerId === pen) {
        pen = null;
        look();
      }
    });
  // With the keyboard.
  const keys = { x: 0.5, y: 0.3, down: false };
  const showPen = () => {
    ring.hidden = document.activeElement !== pad || !pad.matches(":focus-visible");
    ring.classList.toggle("gn-down", keys.down);
    ring.style.cssText = `left:${100 * keys.x}%;top:${100 * keys.y}%`;
  };
  pad.addEventListener("focus", showPen);
  pad.addEventListener("blur", () => {
    keys.down = false;
    showPen();
  });
  pad.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
      event.key
    ];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (move) {
      [keys.x, keys.y] = [keys.x, keys.y].map((v, k) =>
        Math.min(0.96, Math.max(0.04, v + move[k] * (event.shiftKey ? 0.02 : 0.04))),
      );
      if (keys.down) addPoint(keys.x, keys.y);
    } else if (event.key === " ") {
      stopMotion();
      keys.down = !keys.down;
      if (keys.down) addPoint(keys.x, keys.y, true);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      keys.down = false;
      clear();
    } else if (event.key === "Escape") keys.down = false;
    else return;
    event.preventDefault();
    showPen();
  });
  root.addEventListener("dragover", (event) => event.preventDefault());
  root.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
  });

  // One look for all that happens within a frame.
  function look() {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(lookNow);
    stopHiding();
  }
  // The 28 × 28 bytes to look at, or null with the reason said.
  function present() {
    if (trouble) {
      say(trouble);
      return null;
    }
    if (shown[network]) {
      say(shown[network].inverted ? t.inverted : "");
      return shown[network].image;
    }
    if (network === "fashion") {
      say(t.emptyPhoto);
      return null;
    }
    const { data } = ink.getImageData(0, 0, LIVE_PAD, LIVE_PAD),
      gray = new Float32Array(LIVE_PAD ** 2);
    let inked = 0,
      low = [1, 1],
      high = [0, 0];
    for (let i = 0; i < gray.length; i += 1) {
      gray[i] = data[4 * i + 3] / 255;
      if (gray[i] > 0.5) inked += 1;
    }
    const ready = prepareDrawing(gray, LIVE_PAD, LIVE_PAD);
    if (!ready) {
      say(t.empty);
      return null;
    }
    for (const stroke of drawn.strokes)
      for (const point of stroke) {
        low = low.map((v, k) => Math.min(v, point[k]));
        high = high.map((v, k) => Math.max(v, point[k]));
      }
    const dot = high[0] - low[0] < 0.08 && high[1] - low[1] < 0.08;
    say(motion || pen !== null ? "" : dot ? t.dot : inked > 0.6 * gray.length ? t.full : "");
    return Uint8Array.from(ready, (v) => Math.round(255 * Math.min(1, v)));
  }
  function settings() {
    const { off, place: where, without, bits, batch, noise, right, down, degrees } = doing;
    return {
      off: Object.fromEntries((where ? [where] : LIVE_BLOCKS).map((name) => [name, [...off]])),
      without,
      bits,
      batch,
      disturbed: Boolean(noise || right || down || degrees),
      any: Boolean(off.size || without || bits < 8 || batch || noise || right || down || degrees),
    };
  }
  function lookNow() {
    frame = 0;
    root.querySelectorAll("input[data-do]").forEach((one) => one.gnShow());
    if (!net) return;
    const image = present();
    input = image;
    answers.classList.toggle("gn-nothing", !image);
    if (!image) return blank(false);
    const begun = performance.now(),
      how = settings(),
      { size } = net;
    const gray = Float32Array.from(image, (v) => v / 255);
    let pixels = enlarge(gray, size),
      before = null;
    if (how.any) {
      before = net.run(pixels);
      if (how.disturbed) pixels = enlarge(disturb(gray, doing), size);
    }
    const timed = performance.now(),
      now = net.run(pixels, how);
    const took = performance.now() - timed;
    last = { pixels, how, now, chances: softmax(now.logits) };
    paint(seen, pixels, size);
    showVotes(now, how.any ? before : null);
    showBlocks(now, how);
    if (chosen) showDetail();
    net.times = [...(net.times ?? []), took].slice(-15);
    speed.textContent = t.speed(
      net.times.toSorted((a, b) => a - b)[net.times.length >> 1].toFixed(1),
      net.simd ? t.simd : t.plain,
    );
    root.dataset.took = (performance.now() - begun).toFixed(2);
    clearTimeout(timer);
    timer = setTimeout(settle, 200);
    heat.hidden = true;
    found.textContent = "";
  }
  const nameOf = (i) => t.classes[network]?.[i] ?? net.head.classes[i];
  function showVotes(now, before) {
    for (const { name, bars, was } of votes) {
      const chances = softmax(now[name]),
        first = order(chances),
        old = before && softmax(before[name]);
      bars.forEach((one, i) => {
        const p = chances[first[i]];
        one.name.textContent = nameOf(first[i]);
        one.share.textContent = percent(p);
        one.bar.style.width = `${100 * p}%`;
        one.mark.hidden = !old;
        if (old) one.mark.style.left = `${100 * old[first[i]]}%`;
      });
      was.textContent = old
        ? t.was(t.answer(nameOf(order(old)[0]), percent(Math.max(...old))))
        : "";
    }
    last.before = before && softmax(before.logits);
  }
  function showBlocks(now, how) {
    for (const { name, size, strips } of rows) {
      const map = now.maps[name],
        cells = map.h * map.w;
      size.textContent = `${map.c} × ${map.h} × ${map.w}`;
      const values = net.values(map),
        means = new Float32Array(map.c);
      let top = 0;
      for (let c = 0, i = 0; c < map.c; c += 1) {
        for (const end = i + cells; i < end; i += 1) {
          const v = values[i];
          means[c] += v;
          if (v > top) top = v;
        }
        means[c] /= cells;
      }
      strips.forEach(({ canvas, tiles, node }, b) => {
        const first = map.starts[b],
          best = order(means.subarray(first, map.starts[b + 1])).slice(0, LIVE_TILES);
        const side = LIVE_TILES * map.w,
          picture = new Float32Array(side * map.h);
        best.forEach((c, i) => {
          tiles[i].gnChannel = first + c;
          tiles[i].gnMean = means[first + c];
          for (let y = 0; y < map.h; y += 1)
            for (let x = 0; x < map.w; x += 1)
              picture[y * side + i * map.w + x] =
                top && Math.sqrt(values[(first + c) * cells + y * map.w + x] / top);
        });
        paint(canvas, picture, side);
        node.children[1].hidden = name === how.without || !how.off[name]?.includes(b);
        tiles.forEach((tile, i) =>
          tile.classList.toggle(
            "gn-on",
            chosen?.block === name && chosen.channel === tile.gnChannel && i < best.length,
          ),
        );
      });
    }
  }
  // What may wait until the drawing rests: names for a screen reader, and Python's traits.
  function settle() {
    if (!input || gone) return;
    for (const { name, strips } of rows)
      strips.forEach(({ tiles }, b) =>
        tiles.forEach((tile) => {
          tile.title = t.tile(name, t.branches[b], tile.gnChannel, tile.gnMean.toFixed(2));
          tile.setAttribute("aria-label", tile.title);
        }),
      );
    const tops = Object.fromEntries(
      LIVE_VOTES.map((name) => {
        const p = softmax(last.now[name]),
          i = order(p)[0];
        return [name, t.answer(nameOf(i), percent(p[i]))];
      }),
    );
    const text =
      t.says(tops.logits) +
      (last.before
        ? ` ${t.trained(t.answer(nameOf(order(last.before)[0]), percent(Math.max(...last.before))))}`
        : "");
    if (answer.textContent !== text) answer.textContent = text;
    showMeasured();
    const scores = Object.fromEntries(
      LIVE_VOTES.map((name) => [name === "logits" ? "main" : name, softmax(last.now[name])]),
    );
    model.set("drawing", new DataView(input.slice().buffer));
    model.set("scores", scores);
    model.set("top", order(scores.main).slice(0, 3).map(nameOf));
    model.save_changes();
  }
  function showMeasured() {
    const { measured: table } = net.data,
      key = liveExperiment(doing),
      value = table?.[key];
    measured.textContent =
      value === undefined || key === "none"
        ? ""
        : t.measured(
            String(table.images).replace(/\B(?=(\d{3})+$)/g, ","),
            percent(table.none),
            percent(value),
          );
  }
  function blank(all) {
    answer.textContent = "";
    for (const { bars, was } of votes) {
      was.textContent = "";
      for (const one of bars) {
        one.name.textContent = one.share.textContent = "";
        one.bar.style.width = 0;
        one.mark.hidden = true;
      }
    }
    for (const { strips, size } of rows) {
      if (all) size.textContent = "";
      for (const { canvas } of strips) paint(canvas, new Float32Array(LIVE_TILES), LIVE_TILES);
    }
    paint(seen, new Float32Array(1), 1);
    speed.textContent = measured.textContent = found.textContent = "";
    heat.hidden = true;
    last = input = null;
    detail.hidden = true;
    if (all) chosen = null;
  }

  // A map, large.
  thinking.addEventListener("keydown", (event) => {
    const [r, i] = event.target.dataset.at?.split(",").map(Number) ?? [];
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[
      event.key
    ];
    if (r === undefined || !move) return;
    event.preventDefault();
    const to = thinking.querySelector(`[data-at="${r + move[0]},${i + move[1]}"]`);
    if (to) {
      event.target.tabIndex = -1;
      to.tabIndex = 0;
      to.focus();
    }
  });
  function open(block, channel) {
    const from = chosen;
    chosen = block && last ? { block, channel, cell: null } : null;
    detail.hidden = !chosen;
    if (last) showBlocks(last.now, last.how);
    if (!chosen) {
      if (from && detail.contains(document.activeElement))
        rows.find(({ name }) => name === from.block).strips[0].tiles[0].focus();
      return;
    }
    rows.find(({ name }) => name === block).node.after(detail);
    showDetail();
    title.focus();
  }
  function showDetail() {
    const { block, channel } = chosen,
      map = net.maps[block],
      values = net.values(map, channel),
      at = LIVE_BLOCKS.indexOf(block);
    const branch = map.starts.findLastIndex((start) => start <= channel),
      before = at ? LIVE_BLOCKS[at - 1] : "conv3",
      old = net.maps[before];
    const cell = Math.min(chosen.cell ?? order(values)[0], values.length - 1),
      y = Math.floor(cell / map.w),
      x = cell % map.w;
    const peak = values.reduce((a, b) => Math.max(a, b), 0) || 1;
    detail.hidden = false;
    title.textContent = t.closer(block, t.branches[branch], channel);
    detail.setAttribute("aria-label", title.textContent);
    largeBox.className = `gn-large gn-branch${branch + 1}`;
    large.setAttribute("aria-label", t.large(title.textContent));
    paint(
      large,
      values.map((v) => Math.sqrt(v / peak)),
      map.w,
    );
    layOver(spot, (100 * x) / map.w, (100 * y) / map.h, 100 / map.w, 100 / map.h);
    paint(copy, last.pixels, net.size);
    const { size, jump, start } = seenBy(block, branch),
      part = (v) => (100 * v) / net.size;
    layOver(frameOf, part(start + x * jump), part(start + y * jump), part(size), part(size));
    const sees = size > net.size ? t.seesAll : t.sees;
    cellText.textContent = `${t.cell(y + 1, x + 1, values[cell].toFixed(2))}. ${sees(size)}`;
    const shares = last.how.without === block ? [] : net.feeders(block, channel, y, x),
      positive = shares.reduce((sum, v) => sum + Math.max(0, v), 0);
    const best = order(shares)
      .slice(0, 4)
      .filter((c) => shares[c] > 0);
    fedTitle.textContent = (best.length ? t.fed : t.fedNone)(before);
    const all = net.values(old),
      cells = old.h * old.w,
      most = all.reduce((a, b) => Math.max(a, b), 0) || 1;
    fed.replaceChildren(
      ...best.map((c) => {
        const canvas = h("canvas"),
          from = old.starts?.findLastIndex((one) => one <= c),
          share = t.share(c, percent(shares[c] / positive));
        paint(
          canvas,
          all.subarray(c * cells, (c + 1) * cells).map((v) => Math.sqrt(v / most)),
          old.w,
        );
        const inside = [
          h(
            "span",
            { class: `gn-small-map gn-${old.starts ? `branch${from + 1}` : "stem"}` },
            canvas,
          ),
          share,
        ];
        return old.starts
          ? button("", () => open(before, c), { class: "gn-fed" }).appendChild(
              h("span", {}, ...inside),
            ).parentElement
          : h("span", { class: "gn-fed" }, ...inside);
      }),
    );
  }
  const toCell = (cell) => {
    chosen.cell = cell;
    showDetail();
  };
  large.addEventListener("pointermove", (event) => {
    if (event.buttons || event.pointerType === "mouse") pointCell(event);
  });
  large.addEventListener("pointerdown", pointCell);
  function pointCell(event) {
    const box = large.getBoundingClientRect(),
      { w, h: high } = net.maps[chosen.block];
    const [x, y] = [
      [event.clientX - box.left, box.width, w],
      [event.clientY - box.top, box.height, high],
    ].map(([d, all, n]) => Math.min(n - 1, Math.max(0, Math.floor((d / all) * n))));
    toCell(y * w + x);
  }
  large.addEventListener("keydown", (event) => {
    const { w, h: high } = net.maps[chosen.block],
      move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[
        event.key
      ];
    if (!move) return;
    event.preventDefault();
    const cell = chosen.cell ?? order(net.values(net.maps[chosen.block], chosen.channel))[0];
    toCell(
      Math.min(high - 1, Math.max(0, Math.floor(cell / w) + move[0])) * w +
        Math.min(w - 1, Math.max(0, (cell % w) + move[1])),
    );
  });

  // Occlusion: hides 16 × 16 px at 16 × 16 places, a few milliseconds at a time.
  function stopHiding() {
    job += 1;
    progress.hidden = true;
    hide.textContent = t.hide;
  }
  async function occlude() {
    if (!last) return;
    const mine = (job += 1),
      { pixels, how, chances } = last,
      { size } = net,
      winner = order(chances)[0],
      step = size / 16,
      part = 16,
      drops = new Float32Array(256);
    const hidden = pixels.slice();
    progress.hidden = false;
    progress.value = 0;
    hide.textContent = t.stop;
    let rested = performance.now();
    for (let i = 0; i < 256; i += 1) {
      const [y, x] = [Math.floor(i / 16), i % 16].map((v) =>
        Math.round(Math.min(Math.max((v + 0.5) * step - part / 2, 0), size - part)),
      );
      let inked = false;
      for (let r = y; r < y + part; r += 1)
        for (let c = x; c < x + part; c += 1) {
          inked ||= pixels[r * size + c] > 0.02;
          hidden[r * size + c] = 0;
        }
      if (inked)
        drops[i] =
          chances[winner] - softmax(net.run(hidden, { ...how, heads: false }).logits)[winner];
      for (let r = y; r < y + part; r += 1)
        hidden.set(pixels.subarray(r * size + x, r * size + x + part), r * size + x);
      if (performance.now() - rested > 14) {
        progress.value = i;
        found.textContent = t.hidden(i, 256);
        await new Promise((resolve) => setTimeout(resolve));
        if (mine !== job || gone) return;
        rested = performance.now();
      }
    }
    net.run(pixels, how); // the maps shown are those of the whole image again
    stopHiding();
    const most = Math.max(...drops),
      brush = heat.getContext("2d"),
      cells = brush.createImageData(16, 16);
    drops.forEach((v, i) =>
      cells.data.set([214, 48, 0, most > 0.01 ? (220 * Math.max(0, v)) / most : 0], 4 * i),
    );
    brush.putImageData(cells, 0, 0);
    heat.hidden = false;
    found.textContent =
      most > 0.01 ? t.needs((100 * most).toFixed(0), nameOf(winner)) : t.needsNot(nameOf(winner));
    root.dataset.hidden = mine;
  }

  // What Python sets.
  function receive() {
    const given = model.get("drawing");
    if (given?.byteLength !== LIVE_SIDE ** 2) return;
    const image = liveBytes(given);
    if (input && image.every((v, i) => v === input[i])) return;
    stopMotion();
    clearInk();
    shown[network] = { image };
    if (network === "digits") drawImage(image);
    look();
  }
  const turn = () => {
    if (model.get("network") !== network) turnTo(model.get("network"));
  };
  model.on("change:drawing", receive);
  model.on("change:network", turn);
  el.gnType = (name, text) => {
    if (name === "network" && text in shown && text !== network) turnTo(text);
  };
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.net === network));
  pad.hidden = network !== "digits";
  gallery.hidden = network === "digits";
  root.querySelector(".gn-hand > p").hidden = network !== "digits";
  blank(true);
  root.querySelectorAll("input[data-do]").forEach((one) => one.gnShow());
  load();
  return () => {
    gone = true;
    stopMotion();
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    model.off("change:drawing", receive);
    model.off("change:network", turn);
    el.replaceChildren();
  };
}

// The name under which an experiment's accuracy is stored; undefined for a mixture of several.
function liveExperiment({ off, place, without, bits, batch, noise, right, down, degrees }) {
  const parts = [...off].map((b) => `branch${b + 1}${place && ` ${place}`}`);
  if (without) parts.push(`block ${without}`);
  if (bits < 8) parts.push(`bits ${bits}`);
  if (batch) parts.push("batch");
  if (noise) parts.push(`noise ${noise}`);
  if (degrees) parts.push(`rotate ${degrees}`);
  if (right) parts.push(`shift ${right}`);
  if (down) parts.push(`down ${down}`);
  return parts.length === 1 ? parts[0] : undefined;
}

const live_network = { strings: LIVE_WORDS, render: renderLive };
