// The sentences of the size widgets, the same as those of googlenet_edu.sizes, and in Chinese.

const count = (cells, word) => `${cells} ${word}${cells === 1n ? "" : "s"}`;

function listRanges(unread, to, comma) {
  const parts = unread.ranges
    .slice(0, 4)
    .map(([a, b]) => (b - a === 1n ? `${a}` : `${a}${to}${b - 1n}`));
  if (unread.ranges.length > 4) parts.push("...");
  return parts.join(comma);
}

const SIZE_WORDS = wordsOf("sizes", {
  en: {
    windowText: (a, i) => {
      const w = windowAt(a, i);
      return `${i}: reads cells ${w.start} to ${w.stop - 1n}${a.kind === "avg" ? `, divides by ${w.divisor}` : ""}`;
    },
    inputStrip: (a) => `input, ${a.n} px${a.left ? ` and padding (${a.left} + ${a.right})` : ""}`,
    outputStrip: (a) => `output, ${count(a.out, "cell")}, same scale`,
    cellsLabel: (a, i) =>
      `The ends of the axis cell by cell, with the windows below; window ${i} marked; ${unreadText(a)}`,
    lastWindow: (a) =>
      `it would start at ${a.whole} × ${a.stride} = ${a.whole * a.stride} ${a.dropped ? ">=" : "<"} ${a.n} + ${a.left} = ${a.n + a.left}: ${a.dropped ? "dropped" : "kept"}`,
    unread: (u) =>
      `${count(u.count, "cell")}, index ${listRanges(u, " to ", ", ")} (counted from 0)`,
  },
  zh: {
    windowText: (a, i) => {
      const w = windowAt(a, i);
      return `${i}：读取第 ${w.start} 到 ${w.stop - 1n} 格${a.kind === "avg" ? `，除以 ${w.divisor}` : ""}`;
    },
    inputStrip: (a) => `输入，${a.n} 像素${a.left ? `，填充 ${a.left} + ${a.right}` : ""}`,
    outputStrip: (a) => `输出，${a.out} 格，同一比例`,
    cellsLabel: (a, i) =>
      `轴的两端逐格画出，窗口在下方；标出第 ${i} 个窗口；${unreadText(a, "zh")}`,
    lastWindow: (a) =>
      `它将从 ${a.whole} × ${a.stride} = ${a.whole * a.stride} 开始，${a.dropped ? ">=" : "<"} ${a.n} + ${a.left} = ${a.n + a.left}：${a.dropped ? "丢弃" : "保留"}`,
    unread: (u) => `${u.count} 格，下标 ${listRanges(u, " 到 ", "、")}（从 0 数起）`,
  },
});

function unreadText(a, lang = "en") {
  const t = SIZE_WORDS[lang];
  if (a.unread.count === null) return t.unreadUnknown;
  return a.unread.count === 0n ? t.unreadNone : t.unread(a.unread);
}

// The lines of googlenet_edu.sizes.explanations, in the same order and words.
function sizeSteps(a, t, lang) {
  const n = t.names;
  const rounding = a.ceil ? "ceil" : "floor";
  const quotient = decimal(a.room, a.stride, t.about);
  const lines = [
    [n.padded, a.left === a.right ? `${a.n} + 2 × ${a.left} = ${a.padded}` : t.same(a)],
    [n.span, `${a.d} × (${a.k} - 1) + 1 = ${a.span}`],
    [n.room, `${a.padded} - ${a.span} = ${a.room}`],
    [n.strides, `${a.room} / ${a.stride} = ${quotient}`],
    [n[rounding], `${rounding}(${quotient}) = ${a.whole}`],
  ];
  const windows = a.whole + 1n;
  if (a.ceil) {
    lines.push(
      [n.windows, `${a.whole} + 1 = ${windows}`],
      [n.last, t.lastWindow(a)],
      [n.out, a.dropped ? `${windows} - 1 = ${a.out}` : `${a.out}`],
    );
  } else {
    lines.push([n.out, `${a.whole} + 1 = ${a.out}`]);
  }
  if (a.kind === "avg") lines.push([n.divisor, t.divisor(windowAt(a, a.out - 1n))]);
  lines.push([n.unread, unreadText(a, lang)]);
  return lines;
}

// The layers as presets: bundle.py sends each as a row.
const presetsOf = (kind) =>
  NETWORK[kind].flatMap(([group, ...rows]) =>
    rows.map(([label, channels, ...values]) => ({
      group,
      label,
      channels,
      state: Object.fromEntries(
        values.map((value, i) => [NETWORK.keys[i], value]).filter(([, value]) => value !== null),
      ),
    })),
  );

// What the convolution and the pooling widget share.
function sizeWidget(kindOf, rest) {
  const spec = {
    compute(state, t) {
      const a = axisSteps({ ...state, kind: kindOf(state) });
      return a.error ? { error: t[a.error[0]](a.error[1]) } : a;
    },
    steps: (a, t) => sizeSteps(a, t, t.lang),
    last: (a) => Number(a.out) - 1,
    result: (a) => Number(a.out),
    draw(a, width, selected, t) {
      if (!canDraw(a)) return `<p class="gn-muted">${t.tooLargeToDraw}</p>`;
      const legend = Object.entries(t.legend).filter(
        ([cls]) =>
          (cls !== "gn-pad" || a.left + a.right > 0n) &&
          (cls !== "gn-unread" || a.unread.count !== 0n),
      );
      const wide = width >= 560;
      const strip = wide ? width - 300 : width;
      const squares = drawSquares(a, wide ? 280 : width, selected, t);
      return (
        beside(drawOverview(a, strip, selected, t), squares) +
        `<div>${drawCells(a, width, selected, t)}</div>${legendOf(legend)}`
      );
    },
    ...rest,
  };
  for (const [lang, words] of Object.entries(SIZE_WORDS))
    spec.strings[lang] = { ...words, ...spec.strings[lang], lang };
  spec.render = (context) => renderPanel(spec, context);
  return spec;
}
