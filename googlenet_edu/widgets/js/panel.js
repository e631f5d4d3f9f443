// One panel for every widget: fields, presets, result, steps, drawing, code line.
// It works on an anywidget model, which in the static page is the small model of host.js.

const PANEL = wordsOf("panel");

// Unique ids for several widgets on one page; in Jupyter each class has a module of its own, so
// they count together.
function nextId() {
  globalThis.googlenetPanels = (globalThis.googlenetPanels ?? 0) + 1;
  return `gn-${globalThis.googlenetPanels}`;
}

function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false)
      node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}

// Jupyter takes plain keys as commands of the notebook (arrows fold headings): ours stay here.
// JupyterLab listens after us, Notebook 7 before us; there an attribute of the focused control
// keeps it off, and goes while Control, Meta or Alt is down, so that Control+S still saves.
function keepKeys(event) {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  event.target.toggleAttribute("data-lm-suppress-shortcuts", plain);
  if (plain && event.type === "keydown") event.stopPropagation();
}

// The frame of a widget.
function outer(kind, title, lang, ...children) {
  const keys = { onfocusin: keepKeys, onkeydown: keepKeys, onkeyup: keepKeys };
  return h(
    "section",
    { class: `gn-widget${kind}`, "aria-label": title, lang, dir: "ltr", ...keys },
    ...children,
  );
}

// Digits as a Chinese or Japanese keyboard may write them, and the typographic minus.
const plainDigits = (text) => text.normalize("NFKC").replaceAll("\u2212", "-").trim();

// A typed text as a whole number: {value} or {error: sentence}. t: the panel's strings.
function parseWhole(field, text, t) {
  const given = plainDigits(text);
  if (!/^[+-]?\d+$/.test(given)) return { error: t.notWhole(field.name, given) };
  const number = BigInt(given);
  const least = field.least ?? field.min;
  if (number < BigInt(least)) return { error: t.tooSmall(field.name, least, number) };
  if (number > BigInt(SAFE)) return { error: t.tooLarge(field.name, number, SAFE) };
  if (field.top !== undefined && number > BigInt(field.top))
    return { error: t.over(field.name, field.top, number) };
  return { value: Number(number) };
}

// A typed text as a number that may have decimals.
function parseNumber(field, text, t, name = field.name) {
  const given = plainDigits(text),
    value = Number(given);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(given) || !Number.isFinite(value))
    return { error: t.notNumber(name, given) };
  if (field.above !== undefined && value <= field.above)
    return { error: t.above(name, field.above, value) };
  if (field.least !== undefined && value < field.least)
    return { error: t.below(name, field.least, value) };
  if (field.top !== undefined && value > field.top)
    return { error: t.over(name, field.top, value) };
  return { value };
}

// "1, 2.5 -3" as a list of numbers. Between semicolons a comma is a decimal comma ("0,5; 1,5"); beside
// spaces ("0,5 1,5") it may be either, and is refused.
function parseList(field, text, t) {
  const given = plainDigits(text).replace(/^\[|\]$/g, "");
  const decimal = given.includes(";"),
    tight = /\d,\d/.test(given);
  if (tight && !decimal && /\d,?\s+[-+.\d]/.test(given))
    return { error: t.eitherComma(field.name, given) };
  const parts = given
    .split(decimal ? /[\s;]+/ : /[\s,、]+/)
    .filter(Boolean)
    .map((part) => (decimal ? part.replace(/^([-+]?\d+),(\d+)$/, "$1.$2") : part));
  if (parts.length < field.atLeast || parts.length > field.atMost)
    return { error: t.howMany(field.name, field.atLeast, field.atMost, parts.length) };
  const read = parts.map((part, i) => parseNumber(field, part, t, `${field.name}[${i}]`));
  return read.find((one) => one.error) ?? { value: read.map((one) => one.value) };
}
// A table that scrolls; the first cell of a row is its name.
const ruled = (label, head, body, cls = "gn-scroll gn-tall") =>
  `<div class="${cls}" tabindex="0" role="region" aria-label="${label}"><table class="gn-rules">` +
  `<thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join("")}</tr></thead>` +
  `<tbody>${body}</tbody></table></div>`;
const tableRow = ([first, ...cells]) =>
  `<tr><th scope="row">${first}</th>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
const tableRows = (rows) => rows.map(tableRow).join("");
const table = (head, rows, label) => ruled(label, head, tableRows(rows), "gn-scroll");
const PARSERS = { number: parseNumber, list: parseList };

// A text as the value of any field: {value} or {error: sentence}.
function readField(field, text, t) {
  if (field.words?.includes(text)) return { value: text };
  if (field.type === "flag")
    return /^(true|false)$/i.test(text)
      ? { value: /^true$/i.test(text) }
      : { error: t.notFlag(field.name, text) };
  if (field.type === "choice")
    return field.options.includes(text)
      ? { value: text }
      : { error: t.notOne(field.name, field.options, text) };
  return (PARSERS[field.type] ?? parseWhole)(field, text, t);
}
const sameValue = (a, b) => (Array.isArray(a) ? String(a) === String(b) : a === b);
const showValue = (value) => (Array.isArray(value) ? value.join(", ") : String(value));

// The place of the stop nearest to a value.
function nearest(stops, value) {
  let best = 0;
  stops.forEach((stop, i) => {
    if (Math.abs(stop - value) < Math.abs(stops[best] - value)) best = i;
  });
  return best;
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { style: "position:fixed;opacity:0" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

// spec: {strings, fields, initial, defaults, presets(), compute(state, t), steps(result, t),
// draw(result, width, selected, t), mark(drawings, result), more(state, result, t), fold(result, t),
// code(state, preset), last(result)}
// A field is {name, type, ...}: "whole" (min, max of the slider; least, top: what is allowed; unit,
// words, stops: the values a slider steps through, reach(state): where the slider ends now),
// "number" (min, max, step; least, above, top: what is allowed), "list" (atLeast, atMost),
// "choice" (options) or "flag"; when(state) shows it.
// A button in the drawing with data-gn-set='{"name": value}' sets fields. last(result) is the
// last index of the stepper, for widgets that have one, and window(result, index, t) what it stands on;
// result(answer) the value of the trait out.
function renderPanel(spec, { model, el }) {
  const id = nextId();
  const lang = model.get("lang") in PANEL ? model.get("lang") : "en";
  const t = { ...PANEL[lang], ...spec.strings[lang], lang };
  const names = spec.fields.map((field) => field.name);
  const presets = spec.presets?.() ?? [];
  const start = Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const drafts = new Map(); // what was typed and is not a number we can use, shown and explained
  const rows = new Map();
  let selected = 0,
    width = 0,
    frame = 0,
    folded = null;

  const state = () => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const commit = (changes) => {
    for (const [name, value] of Object.entries(changes)) {
      drafts.delete(name);
      model.set(name, value);
    }
    model.save_changes();
    redraw();
  };

  const root = outer("", t.title, lang);
  const presetMenu = h(
    "select",
    {
      id: `${id}-preset`,
      onchange: () => {
        const chosen = presets[presetMenu.selectedIndex - 1];
        if (chosen) {
          selected = 0;
          commit({ ...spec.defaults, ...chosen.state });
        }
      },
    },
    h("option", {}, t.own),
  );
  let group = null;
  for (const preset of presets) {
    if (group?.label !== preset.group) {
      group = h("optgroup", { label: preset.group });
      presetMenu.append(group);
    }
    group.append(h("option", {}, preset.label));
  }
  root.append(
    h(
      "div",
      { class: "gn-head" },
      h("strong", { class: "gn-title" }, t.title),
      ...(presets.length ? [h("label", { for: `${id}-preset` }, t.preset), presetMenu] : []),
      h(
        "button",
        {
          type: "button",
          onclick: () => {
            selected = 0;
            drafts.clear();
            commit(start);
          },
        },
        t.reset,
      ),
    ),
  );

  const controls = h("div", { class: "gn-controls" });
  for (const field of spec.fields) controls.append(makeField(field));
  const windowRow = h(
    "div",
    { class: "gn-field gn-step" },
    h("label", { for: `${id}-window` }, t.windowName ?? ""),
    h("input", {
      type: "range",
      id: `${id}-window`,
      min: 0,
      value: 0,
      step: 1,
      oninput: (event) => {
        selected = Number(event.target.value);
        redraw();
      },
    }),
    h("span", { class: "gn-value" }),
  );
  const result = h("output", { class: "gn-answer", "aria-live": "polite", "aria-atomic": "true" });
  const drawings = h("div", { class: "gn-drawings" });
  const more = h("div", { class: "gn-more" });
  const stepList = h("dl", { class: "gn-steps-list" });
  const code = h("code", { tabindex: "0" });
  const copyButton = h(
    "button",
    {
      type: "button",
      onclick: async () => {
        await copyText(code.textContent);
        copyButton.textContent = t.copied;
        setTimeout(() => (copyButton.textContent = t.copy), 1500);
      },
    },
    t.copy,
  );
  copyButton.setAttribute("aria-live", "polite");
  root.append(
    controls,
    result,
    windowRow,
    drawings,
    more,
    h("details", { class: "gn-details", open: true }, h("summary", {}, t.steps), stepList),
    h("div", { class: "gn-code" }, h("span", {}, t.code), code, copyButton),
  );
  root.addEventListener("click", (event) => {
    const mark = event.target.closest("[data-gn-set]");
    if (mark) commit(JSON.parse(mark.dataset.gnSet));
  });
  more.addEventListener("toggle", fill, true); // the event does not bubble
  el.replaceChildren(root);

  function makeField(field) {
    const labelId = `${id}-${field.name}-label`,
      inputId = `${id}-${field.name}`;
    const words = t.fields[field.name];
    const label = h(
      "label",
      { id: labelId, for: inputId },
      h("code", {}, field.name),
      " ",
      h("span", { class: "gn-muted" }, words),
    );
    const row = { field };
    if (field.type === "choice") {
      row.hint = h("p", { class: "gn-hint" });
      row.choice = h(
        "select",
        { id: inputId, onchange: () => commit({ [field.name]: row.choice.value }) },
        ...field.options.map((value) => h("option", { value }, t.options?.[value] ?? value)),
      );
      row.node = h("div", { class: "gn-field" }, label, row.choice, row.hint);
    } else if (field.type === "flag") {
      row.hint = h("p", { class: "gn-hint" });
      row.flag = h("input", {
        type: "checkbox",
        id: inputId,
        onchange: () => commit({ [field.name]: row.flag.checked }),
      });
      row.node = h("div", { class: "gn-field gn-short" }, label, row.flag, row.hint);
    } else if (field.type === "list") {
      row.number = h("input", {
        type: "text",
        id: inputId,
        autocomplete: "off",
        spellcheck: "false",
        class: "gn-list",
        oninput: () => type(field, row.number.value),
      });
      row.hint = h("p", { class: "gn-hint", id: `${inputId}-hint` });
      row.node = h("div", { class: "gn-field gn-wide" }, label, row.number, row.hint);
    } else {
      const { stops } = field;
      row.slider = h("input", {
        type: "range",
        min: stops ? 0 : field.min,
        max: stops ? stops.length - 1 : field.max,
        step: stops ? 1 : (field.step ?? 1),
        "aria-label": t.slider(field.name),
        oninput: () =>
          commit({ [field.name]: stops ? stops[row.slider.value] : Number(row.slider.value) }),
      });
      row.number = h("input", {
        type: "text",
        inputmode: field.type === "number" ? "decimal" : "numeric",
        id: inputId,
        autocomplete: "off",
        spellcheck: "false",
        oninput: () => type(field, row.number.value),
        onkeydown: (event) => {
          const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
          if (!by || drafts.has(field.name)) return;
          event.preventDefault();
          type(
            field,
            String(Number((Number(row.number.value) + by * (field.step ?? 1)).toPrecision(12))),
          );
        },
      });
      const unit = h("span", { class: "gn-unit" }, field.unit ? t[field.unit] : "");
      row.node = h(
        "div",
        { class: "gn-field" },
        label,
        row.slider,
        h("span", { class: "gn-entry" }, row.number, unit),
      );
      if (field.words) {
        row.words = h(
          "select",
          {
            "aria-label": `${field.name}, ${t.mode}`,
            onchange: () =>
              commit({
                [field.name]: row.words.value === "number" ? (row.last ?? 0) : row.words.value,
              }),
          },
          h("option", { value: "number" }, t.number),
          ...field.words.map((word) => h("option", { value: word }, `'${word}'`)),
        );
        row.node.classList.add("gn-worded");
        label.after(row.words);
      }
      row.hint = h("p", { class: "gn-hint", id: `${inputId}-hint` });
      row.node.append(row.hint);
    }
    rows.set(field.name, row);
    return row.node;
  }

  // What the reader typed, or what the page's address says: used when it is right, shown when not.
  function type(field, text) {
    const read = readField(field, text, t);
    const row = rows.get(field.name);
    [row.typed, row.meant] = [text, read.value];
    if (read.error) {
      drafts.set(field.name, { text, error: read.error });
      redraw();
    } else {
      commit({ [field.name]: read.value });
    }
  }

  function show(row, value, now) {
    const { field } = row;
    row.node.hidden = Boolean(field.when && !field.when(now));
    const draft = drafts.get(field.name);
    row.hint.textContent = draft ? draft.error : "";
    if (row.choice) row.choice.value = value;
    else if (row.flag) row.flag.checked = value;
    else {
      const word = typeof value === "string";
      if (row.words) row.words.value = word ? value : "number";
      if (row.words) row.slider.hidden = row.number.parentElement.hidden = word && !draft;
      if (row.slider && !word) {
        row.last = value;
        if (field.stops) row.slider.value = nearest(field.stops, value);
        else {
          row.slider.min = Math.min(field.min, value);
          row.slider.max = Math.max(field.reach?.(now) ?? field.max, value);
          row.slider.value = value;
        }
        row.slider.setAttribute(
          "aria-valuetext",
          `${value} ${field.unit ? t[field.unit] : ""}`.trim(),
        );
      }
      // What is being typed stays as it is while it means the value.
      const typed =
        document.activeElement === row.number &&
        row.typed === row.number.value &&
        sameValue(row.meant, value);
      if (!draft && !word && !typed && row.number.value !== showValue(value))
        row.number.value = showValue(value);
      if (draft && row.number.value !== draft.text) row.number.value = draft.text;
      row.number.setAttribute("aria-invalid", draft ? "true" : "false");
      if (draft) row.number.setAttribute("aria-describedby", row.hint.id);
      else row.number.removeAttribute("aria-describedby");
    }
  }

  function redraw() {
    const now = state();
    for (const [name, row] of rows) show(row, now[name], now);
    const draft = [...drafts.values()][0];
    const answer = draft ? { error: draft.error } : spec.compute(now, t);
    const wrong = Boolean(answer.error);
    // The result is a trait too: links in the browser follow it, with a kernel or without.
    if (spec.result && !draft) model.set("out", wrong ? null : spec.result(answer));
    root.classList.toggle("gn-invalid", wrong);
    const text = wrong ? `${t.refused}: ${answer.error}` : t.answer(answer);
    if (result.textContent !== text) result.textContent = text;
    root.dataset.out = wrong ? "" : String(answer.out);
    for (const part of [drawings, more]) part.hidden = wrong;
    windowRow.hidden = wrong || !spec.last;
    const same = presets.findIndex((preset) =>
      Object.entries({ ...spec.defaults, ...preset.state }).every(([name, value]) =>
        sameValue(now[name], value),
      ),
    );
    presetMenu.selectedIndex = same + 1;
    code.textContent = spec.code(now, presets[same], answer);
    code.parentElement.hidden = Boolean(draft);
    const lines = wrong || !spec.steps ? [] : spec.steps(answer, t);
    stepList.replaceChildren(
      ...lines.flatMap(([name, words]) => [h("dt", {}, name), h("dd", {}, words)]),
    );
    stepList.parentElement.hidden = !lines.length;
    if (!wrong) {
      if (spec.last) {
        const last = spec.last(answer);
        selected = Math.min(selected, last);
        const [, slider, value] = windowRow.children;
        slider.max = last;
        slider.value = selected;
        value.textContent = spec.window(answer, selected, t);
        slider.setAttribute("aria-valuetext", value.textContent);
      }
      replaceInside(drawings, spec.draw(answer, width || 600, selected, t));
      if (spec.mark) spec.mark(drawings, answer);
      folded = answer;
      replaceInside(more, spec.more ? spec.more(now, answer, t) : "");
      fill();
    }
    el.dispatchEvent(new CustomEvent("gn-redraw"));
  }

  // What is folded away is made when it is opened: a long table costs more than the rest.
  function fill() {
    for (const one of more.querySelectorAll("[data-gn-fold]"))
      replaceInside(one, one.parentElement.open ? spec.fold(folded, t) : "");
  }

  // New content, with the reader's focus and scroll positions where they were.
  function replaceInside(part, html) {
    if (part.gnHtml === html) return;
    part.gnHtml = html;
    const scrolled = [...part.querySelectorAll(".gn-scroll")].map((one) => [
      one.scrollLeft,
      one.scrollTop,
    ]);
    const focused = part.contains(document.activeElement)
      ? document.activeElement.dataset.gnSet
      : undefined;
    const open = new Set(
      [...part.querySelectorAll("details[open][data-gn-key]")].map((one) => one.dataset.gnKey),
    );
    part.innerHTML = html;
    part.querySelectorAll(".gn-scroll").forEach((one, i) => {
      if (scrolled[i]) [one.scrollLeft, one.scrollTop] = scrolled[i];
    });
    if (focused)
      [...part.querySelectorAll("[data-gn-set]")]
        .find((one) => one.dataset.gnSet === focused)
        ?.focus();
    part.querySelectorAll("details[data-gn-key]").forEach((one) => {
      if (open.has(one.dataset.gnKey)) one.open = true;
    });
  }

  const handlers = names.map((name) => {
    let last = model.get(name);
    const handler = () => {
      // What a link brings from a widget that has no result.
      if (model.get(name) === null) {
        model.set(name, last);
        return;
      }
      last = model.get(name);
      drafts.delete(name); // a value set from Python replaces what was typed
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(redraw);
    };
    model.on(`change:${name}`, handler);
    return [`change:${name}`, handler];
  });
  // Units of a drawing in the width there is: 16 are one rem.
  const room = () =>
    Math.floor(
      ((root.clientWidth - 32) * 16) /
        parseFloat(getComputedStyle(document.documentElement).fontSize),
    );
  const observer = new ResizeObserver(() => {
    const now = room();
    if (now > 0 && now !== width) {
      width = now;
      redraw();
    }
  });
  observer.observe(root);
  width = Math.max(260, room());
  redraw();
  el.gnType = (name, text) => {
    const row = rows.get(name);
    if (row) type(row.field, text);
  };
  return () => {
    observer.disconnect();
    cancelAnimationFrame(frame);
    for (const [event, handler] of handlers) model.off(event, handler);
    el.replaceChildren();
  };
}
