// A window that steps over three channels of numbers: a convolution's sum term by term, or a pool.

const minus = (x) => shortNumber(x).replace("-", "−").replace("Infinity", "∞");
const signed = (x) => (x < 0 ? `(${minus(x)})` : minus(x));
const sumOf = (list) => list.reduce((a, b) => a + b, 0);
const upTo = (n) => [...Array(n).keys()];

// How many maps there are, their side and that of the padded input; or the error.
function mapsOf(s) {
  const a = axisSteps({ ...s, kind: s.mode, size: 5, kernel_size: 3, dilation: 1 });
  return a.error
    ? a
    : { maps: s.mode === "conv" ? 2 : 3, side: Number(a.out), full: 5 + 2 * s.padding };
}

const sliding_window = {
  strings: wordsOf("sliding_window"),
  initial: { mode: "conv", padding: 1, stride: 1, channel: 0, row: 0, column: 0 },
  fields: [
    { name: "mode", type: "choice", options: ["conv", "max", "avg"] },
    { name: "padding", min: 0, max: 2, top: 2 },
    { name: "stride", min: 1, max: 3, top: 3 },
    { name: "channel", min: 0, max: 2, reach: (s) => (s.mode === "conv" ? 1 : 2) },
    // The buttons, the arrow keys and the drawing itself set these two.
    { name: "row", min: 0, max: 6, when: () => false },
    { name: "column", min: 0, max: 6, when: () => false },
  ],
  presets: () =>
    [
      ["3a 3x3", "conv", 1, 1],
      ["conv 3x3, stride 2", "conv", 1, 2],
      ["maxpool1", "max", 0, 2],
      ["3a pool", "max", 1, 1],
      ["average pool", "avg", 0, 1],
    ].map(([label, mode, padding, stride]) => ({
      group: "3 × 3",
      label,
      state: { mode, padding, stride },
    })),
  compute(s, t) {
    const { x, weight, bias } = NETWORK.example,
      { error, maps, side, full } = mapsOf(s);
    if (error) return { error: SIZE_WORDS[t.lang][error[0]](error[1]) };
    for (const [name, count] of Object.entries({ channel: maps, row: side, column: side }))
      if (s[name] >= count) return { error: t.outside(name, s[name], count - 1) };
    const padded = x.map((map) =>
      upTo(full * full).map(
        (i) =>
          map[Math.floor(i / full) - s.padding]?.[(i % full) - s.padding] ??
          (s.mode === "max" ? -Infinity : 0),
      ),
    );
    const windowOf = (map, row, column) =>
      upTo(9).map(
        (i) => map[(row * s.stride + Math.floor(i / 3)) * full + column * s.stride + (i % 3)],
      );
    const products = (m, ...at) =>
      padded.map((map, c) => windowOf(map, ...at).map((v, i) => v * weight[m][c][i]));
    const cell = (m, ...at) => {
      if (s.mode === "conv") return sumOf(products(m, ...at).flat()) + bias[m];
      const read = windowOf(padded[m], ...at);
      return s.mode === "max" ? Math.max(...read) : sumOf(read) / 9;
    };
    const line = upTo(side);
    const out = upTo(maps).map((m) => line.map((r) => line.map((c) => cell(m, r, c))));
    const value = out[s.channel][s.row][s.column];
    return {
      ...s,
      side,
      full,
      padded,
      out,
      value,
      shown: minus(value),
      bias: bias[s.channel],
      weight: weight[s.channel],
      read: padded.map((map) => windowOf(map, s.row, s.column)),
      products: s.mode === "conv" ? products(s.channel, s.row, s.column) : [],
    };
  },
  steps(a, t) {
    const window = a.read[a.channel],
      n = t.names;
    if (a.mode === "max") return [[n.window, `max(${window.map(minus).join(", ")}) = ${a.shown}`]];
    if (a.mode === "avg")
      return [
        [n.sum, `${window.join(" + ")} = ${sumOf(window)}`],
        [n.mean, `${sumOf(window)} / 9 = ${a.shown}`],
      ];
    const sums = a.products.map(sumOf);
    return [
      ...a.read.map((x, c) => [
        t.channel(c),
        `${x.map((v, i) => `${v}×${signed(a.weight[c][i])}`).join(" + ")} = ${minus(sums[c])}`,
      ]),
      [n.total, `${[...sums, a.bias].map(signed).join(" + ")} = ${a.shown}`],
    ];
  },
  // Input, weights, products and sum of a channel: below one another, or side by side where narrow.
  draw(a, width, selected, t) {
    const { side, full } = a,
      conv = a.mode === "conv",
      wide = width >= 560,
      left = wide && conv ? 78 : 2,
      across = wide
        ? 3 * full + 1.6 + (conv ? Math.max(1.25 * side, 5.5) + 1 : 0)
        : full + (conv ? 10.6 : 1.25 * side + 1),
      u = Math.min(26, Math.floor((width - left - 4) / across)),
      big = Math.round(u * 1.25);
    let cells = "",
      texts = "";
    const say = (x, y, text, cls = "gn-small gn-muted", anchor = "middle") => {
      texts += note(x, y, text, cls, anchor);
    };
    const frame = ([x, y], row, column, u, w, cls) => {
      texts += box(x + column * u, y + row * u, w * u, w * u, cls);
    };
    const grid = ([x, y], u, values, look) => {
      const n = Math.sqrt(values.length);
      values.forEach((v, i) => {
        const [cls, opacity = 1, more = ""] = look(v, i);
        const at = [x + (i % n) * u, y + Math.floor(i / n) * u];
        cells += box(...at, u, u, cls, ` fill-opacity="${opacity}"${more}`);
        if (v === null) return;
        const text = minus(v),
          room = u / text.length;
        const size = room > 6.8 ? "gn-small" : "gn-fine";
        say(at[0] + u / 2, at[1] + u / 2 + 4, text, size);
      });
    };
    const along = [0, full + 1, full + 5, full + 9];
    const place = (c, j, w) =>
      wide
        ? [left + (c * (full + 0.8) + (full - w) / 2) * u, 20 + along[j] * u]
        : [left + along[j] * u, 20 + c * (full * u + 24) + ((full - w) / 2) * u];
    a.padded.forEach((map, c) => {
      const at = place(c, 0, full);
      say(at[0] + (full * u) / 2, at[1] - 6, t.input(c));
      grid(at, u, map, (v, i) => {
        const [r, column] = [Math.floor(i / full), i % full];
        const inside = Math.min(r, column) >= a.padding && Math.max(r, column) < 5 + a.padding;
        return inside ? [`gn-c${c}`, v / 8] : ["gn-pad"];
      });
      if (!conv && c !== a.channel) return;
      const corner = [a.row * a.stride, a.column * a.stride];
      frame(at, ...corner, u, 3, "gn-reading");
      if (a.mode === "max") {
        const best = a.read[c].indexOf(a.value);
        frame(at, corner[0] + Math.floor(best / 3), corner[1] + (best % 3), u, 1, "gn-best");
      }
      if (!conv) return;
      grid(place(c, 1, 3), u, a.weight[c], () => ["gn-weight"]);
      grid(place(c, 2, 3), u, a.products[c], () => ["gn-plain"]);
      const [x, y] = place(c, 3, 1),
        sum = sumOf(a.products[c]);
      say(x + u / 2, y + u / 2 + 4, c ? `+ ${signed(sum)}` : minus(sum), "gn-strong");
    });
    let bottom = wide ? 20 + (full + (conv ? 10 : 1)) * u : 20 + 3 * (full * u + 24);
    const far = left + (3 * full + 2.6) * u;
    if (conv) {
      [t.times(a.channel), t.names.products, t.names.sum].forEach((name, j) => {
        const [x, y] = place(0, j + 1, j < 2 ? 3 : 1);
        if (wide) say(2, y + (j < 2 ? 1.5 : 0.5) * u + 4, name, undefined, "start");
        else if (j < 2) say(x + 1.5 * u, y - 6, name);
      });
      const maps = 2 * (side * big + 26);
      const y = wide ? Math.max(bottom - u / 2 + 4, maps + 16) : bottom - 2;
      const sum = `+ ${t.bias} ${signed(a.bias)} = ${a.shown}`;
      say(wide ? far : width - 4, y, sum, "gn-strong", wide ? "start" : "end");
      bottom = wide ? y + 8 : bottom + side * big + 30;
    } else if (wide) bottom += side * big + 8;
    const now = (a.channel * side + a.row) * side + a.column,
      values = a.out.flat(2),
      least = Math.min(...values),
      range = Math.max(...values) - least || 1;
    a.out.forEach((map, m) => {
      const at = !conv
        ? place(m, 1, side * 1.25)
        : wide
          ? [far, 20 + m * (side * big + 26)]
          : [left + m * (side * big + 20), bottom - side * big - 4];
      say(Math.max(at[0] + (side * big) / 2, at[0] + 20), at[1] - 6, t.map(m));
      const known = (i) => m * side * side + i <= now;
      grid(
        at,
        big,
        map.flat().map((v, i) => (known(i) ? Number(v.toFixed(1)) : null)),
        (v, i) => [
          known(i) ? "gn-result" : "gn-plain",
          known(i) ? (0.1 + (0.9 * (map.flat()[i] - least)) / range).toFixed(2) : 1,
          ` data-gn-set='${JSON.stringify({ channel: m, row: Math.floor(i / side), column: i % side })}'`,
        ],
      );
      if (m === a.channel) frame(at, a.row, a.column, big, 1, "gn-best");
    });
    return (
      svg(Math.floor(width), Math.ceil(bottom), t.drawing(a), cells + texts) +
      legendOf([
        ["gn-reading", t.names.window],
        ...(a.padding ? [["gn-pad", `${t.names.padding}, ${a.mode === "max" ? "−∞" : 0}`]] : []),
      ])
    );
  },
  code(s) {
    const call = { conv: "conv2d(x, weight, bias", max: "max_pool2d(x, 3", avg: "avg_pool2d(x, 3" };
    return (
      "x, weight, bias = SlidingWindow.tensors()\n" +
      `torch.nn.functional.${call[s.mode]}, stride=${s.stride}, padding=${s.padding})`
    );
  },
};

sliding_window.render = (context) => {
  const { model, el } = context;
  const stop = renderPanel(sliding_window, context);
  const t = sliding_window.strings[model.get("lang")] ?? sliding_window.strings.en;
  const [drawings, output] = [".gn-drawings", "output"].map((one) => el.querySelector(one));
  let timer = 0;
  const set = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  // The cells in order: columns, rows, maps.
  const walk = () => {
    const s = Object.fromEntries(sliding_window.fields.map(({ name }) => [name, model.get(name)]));
    const { maps, side } = mapsOf(s);
    return {
      ...s,
      side,
      count: maps * side * side,
      n: (s.channel * side + s.row) * side + s.column,
    };
  };
  const goTo = (n) => {
    const { side, count } = walk(),
      row = Math.floor(n / side);
    if (!(n >= 0 && n < count)) return false;
    set({ channel: Math.floor(row / side), row: row % side, column: n % side });
    return true;
  };
  const pause = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = t.play;
    output.ariaLive = "polite";
  };
  const step = (n) => {
    pause();
    goTo(n);
  };
  const button = (text, onclick) => h("button", { type: "button", onclick }, text);
  const play = button(t.play, () => {
    if (timer) return pause();
    if (!goTo(walk().n + 1)) goTo(0);
    play.textContent = t.pause;
    output.ariaLive = "off"; // no voice keeps up with one value a second
    timer = setInterval(() => goTo(walk().n + 1) || pause(), 1000);
  });
  const onkeydown = (event) => {
    const { n, row, side } = walk(),
      first = n - (n % (side * side));
    const to = {
      ArrowRight: n + 1,
      ArrowLeft: n - 1,
      ArrowDown: row < side - 1 ? n + side : n,
      ArrowUp: row ? n - side : n,
      Home: first,
      End: first + side * side - 1,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step(to);
  };
  drawings.before(
    h(
      "div",
      { class: "gn-play", role: "group", "aria-label": t.walk, onkeydown },
      button(t.back, () => step(walk().n - 1)),
      play,
      button(t.next, () => step(walk().n + 1)),
      h("span", { class: "gn-muted" }, t.keys),
    ),
  );
  drawings.addEventListener("keydown", onkeydown);
  drawings.addEventListener("click", pause);
  Object.assign(drawings, { tabIndex: 0, role: "group", ariaLabel: t.keys });
  // A cell that a change of padding, stride or mode leaves outside the map: begin again.
  const fit = () => {
    const { n, row, column, side, count } = walk();
    if (Math.max(row, column) >= side || n >= count) set({ channel: 0, row: 0, column: 0 });
  };
  const shaping = ["mode", "padding", "stride"].map((name) => `change:${name}`);
  for (const event of shaping) model.on(event, fit);
  return () => {
    clearInterval(timer);
    for (const event of shaping) model.off(event, fit);
    stop();
  };
};
