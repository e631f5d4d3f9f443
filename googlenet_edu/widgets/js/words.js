// The sentences of the size widgets, the same as those of googlenet_edu.sizes, and in Chinese.

const SIZE_WORDS = wordsOf("sizes");

function unreadText(a, t) {
  const { count, ranges } = a.unread;
  if (count === null) return t.unreadUnknown;
  if (count === 0n) return t.unreadNone;
  const shown = ranges
    .slice(0, 4)
    .map(([first, stop]) => (stop - first === 1n ? `${first}` : t.range(first, stop - 1n)));
  if (ranges.length > 4) shown.push("...");
  return t.unread({ count, one: count === 1n, ranges: shown });
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
      [n.last, t.lastWindow({ ...a, start: a.whole * a.stride, limit: a.n + a.left })],
      [n.out, a.dropped ? `${windows} - 1 = ${a.out}` : `${a.out}`],
    );
  } else {
    lines.push([n.out, `${a.whole} + 1 = ${a.out}`]);
  }
  if (a.kind === "avg") lines.push([n.divisor, t.divisor(windowAt(a, a.out - 1n))]);
  lines.push([n.unread, unreadText(a, t)]);
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
    window(a, index, t) {
      const { start, stop, divisor } = windowAt(a, index);
      const dividing = a.kind === "avg";
      return t.windowText({
        index,
        start,
        last: stop - 1n,
        dividing,
        divisor: dividing ? divisor : "",
      });
    },
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
