// The sentences of the size widgets, the same as those of googlenet_edu.sizes, and in Chinese.

const count = (cells, word) => `${cells} ${word}${cells === 1n ? "" : "s"}`;

function listRanges(unread, to, comma) {
  const parts = unread.ranges.slice(0, 4).map(([a, b]) => (b - a === 1n ? `${a}` : `${a}${to}${b - 1n}`));
  if (unread.ranges.length > 4) parts.push("...");
  return parts.join(comma);
}

const SIZE_WORDS = {
  en: {
    windowName: "window", mode: "number or word", number: "number", dropped: "dropped", tooLargeToDraw: "Too large to draw; the numbers are exact.",
    fields: { size: "input side", kernel_size: "window side", stride: "step of the window", padding: "cells added on each edge",
      dilation: "spacing of the taps", kind: "maximum or average", ceil_mode: "round up", count_include_pad: "padding counts in the average" },
    answer: (a) => `Output: ${a.n} × ${a.n} becomes ${a.out} × ${a.out}`,
    windowText: (a, i) => { const w = windowAt(a, i); return `${i}: reads cells ${w.start} to ${w.stop - 1n}${a.kind === "avg" ? `, divides by ${w.divisor}` : ""}`; },
    inputStrip: (a) => `input, ${a.n} px${a.left ? ` and padding (${a.left} + ${a.right})` : ""}`,
    outputStrip: (a) => `output, ${count(a.out, "cell")}, same scale`,
    overviewLabel: (a, i) => `One axis to scale: ${a.n} input cells above, ${a.out} output cells below, window ${i} marked`,
    cellsLabel: (a, i) => `The ends of the axis cell by cell, with the windows below; window ${i} marked; ${unreadText(a)}`,
    squaresLabel: (a) => `Square input of side ${a.n} and square output of side ${a.out}, same scale`,
    legend: { "gn-cell": "input", "gn-pad": "padding", "gn-unread": "never read", "gn-reading": "this window", "gn-chosen": "its output" },
    names: { padded: "padded input", span: "kernel span", room: "room to move", strides: "strides", floor: "floor", ceil: "ceil",
      windows: "windows", last: "last window", out: "output size", divisor: "last divisor", unread: "never read" },
    same: (a) => `${a.n} + ${a.left} on the left + ${a.right} on the right = ${a.padded}`,
    lastWindow: (a) => `it would start at ${a.whole} × ${a.stride} = ${a.whole * a.stride} ${a.dropped ? ">=" : "<"} ${a.n} + ${a.left} = ${a.n + a.left}: ${a.dropped ? "dropped" : "kept"}`,
    divisor: (w) => `the last window covers ${w.cells} of the input's cells and divides by ${w.divisor}`,
    about: "about ", unreadNone: "none, every cell of the input is read",
    unreadUnknown: "not looked up (dilated kernel on more than 100,000 cells)",
    unread: (u) => `${count(u.count, "cell")}, index ${listRanges(u, " to ", ", ")} (counted from 0)`,
    kernelTooLarge: (v) => `the kernel spans ${v.span} cells but the padded input has only ${v.padded}: use a larger input or more padding, or a smaller kernel_size or dilation.`,
    windowTooLarge: (v) => `the window spans ${v.span} cells but the padded input has only ${v.padded}, so the output would be ${v.out}: use a larger input or a smaller kernel_size or dilation.`,
    halfKernel: (v) => `padding=${v.p} is more than half of kernel_size=${v.k}: torch allows at most ${v.limit} here, whatever the dilation.`,
    sameStride: (v) => `padding='same' needs stride=1, but stride=${v.stride}: torch has no strided 'same'; give the padding as a number.`,
  },
  zh: {
    windowName: "窗口", mode: "数字或单词", number: "数字", dropped: "被丢弃", tooLargeToDraw: "太大，无法画出；数字是精确的。",
    fields: { size: "输入边长", kernel_size: "窗口边长", stride: "窗口的步长", padding: "每边填充", dilation: "采样点间距",
      kind: "最大或平均", ceil_mode: "向上取整", count_include_pad: "平均时计入填充" },
    answer: (a) => `输出：${a.n} × ${a.n} 变为 ${a.out} × ${a.out}`,
    windowText: (a, i) => { const w = windowAt(a, i); return `${i}：读取第 ${w.start} 到 ${w.stop - 1n} 格${a.kind === "avg" ? `，除以 ${w.divisor}` : ""}`; },
    inputStrip: (a) => `输入，${a.n} 像素${a.left ? `，填充 ${a.left} + ${a.right}` : ""}`,
    outputStrip: (a) => `输出，${a.out} 格，同一比例`,
    overviewLabel: (a, i) => `按比例画出的一条轴：上方 ${a.n} 格输入，下方 ${a.out} 格输出，标出第 ${i} 个窗口`,
    cellsLabel: (a, i) => `轴的两端逐格画出，窗口在下方；标出第 ${i} 个窗口；${unreadText(a, "zh")}`,
    squaresLabel: (a) => `边长 ${a.n} 的正方形输入和边长 ${a.out} 的正方形输出，同一比例`,
    legend: { "gn-cell": "输入", "gn-pad": "填充", "gn-unread": "从未读取", "gn-reading": "当前窗口", "gn-chosen": "对应输出" },
    names: { padded: "填充后的输入", span: "核的跨度", room: "可移动距离", strides: "步数", floor: "向下取整", ceil: "向上取整",
      windows: "窗口数", last: "最后一个窗口", out: "输出尺寸", divisor: "最后的除数", unread: "从未读取" },
    same: (a) => `${a.n} + 左 ${a.left} + 右 ${a.right} = ${a.padded}`,
    lastWindow: (a) => `它将从 ${a.whole} × ${a.stride} = ${a.whole * a.stride} 开始，${a.dropped ? ">=" : "<"} ${a.n} + ${a.left} = ${a.n + a.left}：${a.dropped ? "丢弃" : "保留"}`,
    divisor: (w) => `最后一个窗口覆盖 ${w.cells} 个输入格，除以 ${w.divisor}`,
    about: "约 ", unreadNone: "无，输入的每一格都被读取",
    unreadUnknown: "未查找（输入超过 100,000 格且核有膨胀）",
    unread: (u) => `${u.count} 格，下标 ${listRanges(u, " 到 ", "、")}（从 0 数起）`,
    kernelTooLarge: (v) => `卷积核跨 ${v.span} 格，但填充后的输入只有 ${v.padded} 格：请增大输入或填充，或减小 kernel_size 或 dilation。`,
    windowTooLarge: (v) => `窗口跨 ${v.span} 格，但填充后的输入只有 ${v.padded} 格，输出将为 ${v.out}：请增大输入，或减小 kernel_size 或 dilation。`,
    halfKernel: (v) => `padding=${v.p} 超过 kernel_size=${v.k} 的一半：无论 dilation 多大，torch 在此最多允许 ${v.limit}。`,
    sameStride: (v) => `padding='same' 要求 stride=1，但 stride=${v.stride}：torch 没有带步长的 'same'；请用数字给出填充。`,
  },
};

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
    lines.push([n.windows, `${a.whole} + 1 = ${windows}`], [n.last, t.lastWindow(a)],
      [n.out, a.dropped ? `${windows} - 1 = ${a.out}` : `${a.out}`]);
  } else {
    lines.push([n.out, `${a.whole} + 1 = ${a.out}`]);
  }
  if (a.kind === "avg") lines.push([n.divisor, t.divisor(windowAt(a, a.out - 1n))]);
  lines.push([n.unread, unreadText(a, lang)]);
  return lines;
}

// What the convolution and the pooling widget share.
function sizeWidget(kindOf, rest) {
  const spec = {
    compute(state, t) {
      const a = axisSteps({ ...state, kind: kindOf(state) });
      return a.error ? { error: t[a.error[0]](a.error[1]) } : a;
    },
    steps: (a, t) => sizeSteps(a, t, t.lang),
    last: (a) => Number(a.out) - 1,
    draw(a, width, selected, t) {
      if (!canDraw(a)) return `<p class="gn-muted">${t.tooLargeToDraw}</p>`;
      const legend = Object.entries(t.legend)
        .filter(([cls]) => (cls !== "gn-pad" || a.left + a.right > 0n) && (cls !== "gn-unread" || a.unread.count !== 0n))
        .map(([cls, word]) => `<span><i class="gn-key ${cls}"></i>${word}</span>`).join("");
      const wide = width >= 560;
      const strip = wide ? width - 300 : width;
      return `<div class="gn-row"><div>${drawOverview(a, strip, selected, t)}</div><div>${drawSquares(a, wide ? 280 : width, selected, t)}</div></div>` +
        `<div>${drawCells(a, width, selected, t)}</div><p class="gn-legend">${legend}</p>`;
    },
    ...rest,
  };
  for (const [lang, words] of Object.entries(SIZE_WORDS)) spec.strings[lang] = { ...words, ...spec.strings[lang], lang };
  spec.render = (context) => renderPanel(spec, context);
  return spec;
}
