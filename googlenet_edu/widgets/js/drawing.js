// SVG drawings of one axis and of the square image, to scale. Strings in, strings out.

const CELL = 16;

function svg(width, height, label, body) {
  // In rem: where a reader sets larger letters, the drawing grows with them.
  const size = `viewBox="0 0 ${width} ${height}" style="width:${width / 16}rem"`;
  return `<svg ${size} role="img" aria-label="${label}">${body}</svg>`;
}
function box(x, y, w, h, cls, more = "") {
  const size = `width="${Math.max(0, w).toFixed(2)}" height="${h}"`;
  return `<rect x="${x.toFixed(2)}" y="${y}" ${size} class="${cls}"${more}/>`;
}
const note = (x, y, text, cls = "", anchor = "middle") =>
  `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" class="${cls}">${text}</text>`;
const beside = (...drawings) =>
  `<div class="gn-row">${drawings.map((one) => `<div>${one}</div>`).join("")}</div>`;
const legendOf = (entries) =>
  `<p class="gn-legend">${entries
    .map(([cls, word]) => `<span><i class="gn-key ${cls}"></i>${word}</span>`)
    .join("")}</p>`;

// Beyond this, neighboring cells are no longer different numbers in a browser.
const DRAWABLE = 2n ** 50n;
const canDraw = (a) => a.padded + a.span + a.stride * (a.whole + 1n) < DRAWABLE;

// The kernel positions of the window at start that lie in [from, to).
function positionsBetween(start, span, d, from, to) {
  const found = [];
  let cell = start >= from ? start : start + Math.ceil((from - start) / d) * d;
  for (; cell < Math.min(start + span, to); cell += d) found.push(cell);
  return found;
}

// Both ends of the axis, cell by cell, with the windows below them.
function drawCells(a, width, selected, t) {
  const [n, left, padded, stride, span, d, out] = [
    a.n,
    a.left,
    a.padded,
    a.stride,
    a.span,
    a.d,
    a.out,
  ].map(Number);
  const made = Number(a.whole) + 1; // windows before the last one may be dropped
  const total = Math.max(padded, (made - 1) * stride + span);
  const room = Math.max(10, Math.floor((width - 8) / CELL));
  const parts =
    total <= room
      ? [[0, total]]
      : [
          [0, Math.floor((room - 3) / 2)],
          [total - Math.floor((room - 3) / 2), total],
        ];
  const rows = Math.max(1, Math.min(6, Math.ceil(span / stride)));
  const y = 22;
  let body = "",
    x0 = 4,
    clipped = false;
  for (const [from, to] of parts) {
    const at = (cell) => x0 + (cell - from) * CELL;
    for (let c = from; c < to; c++) {
      const i = c - left;
      const kind =
        c >= padded
          ? "gn-out-of-reach"
          : i < 0 || i >= n
            ? "gn-pad"
            : isUnread(a, i)
              ? "gn-unread"
              : "gn-cell";
      body += box(at(c), y, CELL, CELL, kind);
      if (i === 0 || i === n - 1) body += note(at(c) + CELL / 2, y - 6, i, "gn-small");
      if (kind === "gn-unread") body += note(at(c) + CELL / 2, y + 12, "×", "gn-unread-mark");
    }
    const firstWindow = Math.max(0, Math.ceil((from - span + 1) / stride));
    const lastWindow = Math.min(made - 1, Math.floor((to - 1) / stride));
    const list = [];
    for (let i = firstWindow; i <= lastWindow && list.length < 60; i++) list.push(i);
    for (const i of list) {
      const gone = i >= out,
        on = i === selected;
      const row = y + CELL + 7 + (i % rows) * 8;
      const start = Math.max(i * stride, from),
        stop = Math.min(i * stride + span, to);
      clipped = clipped || start > i * stride || stop < i * stride + span;
      const cls = gone ? "gn-dropped" : on ? "gn-window gn-on" : "gn-window";
      body += `<path d="M${at(start) + 2} ${row}H${at(stop) - 2}" class="${cls}"/>`;
      if (d > 1) {
        for (const c of positionsBetween(i * stride, span, d, from, to)) {
          const dot = gone ? "gn-dropped-dot" : on ? "gn-dot gn-on" : "gn-dot";
          body += `<circle cx="${at(c) + CELL / 2}" cy="${row}" r="2.6" class="${dot}"/>`;
        }
      }
      if (on) {
        for (const c of positionsBetween(i * stride, span, d, from, to)) {
          body += box(at(c) + 1, y + 1, CELL - 2, CELL - 2, "gn-reading");
        }
      }
      if (gone)
        body += note(
          Math.min(at(start), width - 4),
          row + 14,
          t.dropped,
          "gn-small gn-warn",
          at(start) > width - 70 ? "end" : "start",
        );
    }
    x0 = at(to);
    if (parts.length > 1 && to < total) {
      body += note(x0 + CELL * 1.5, y + 12, "⋯", "gn-muted");
      x0 += CELL * 3;
    }
  }
  const height = y + CELL + 12 + rows * 8 + (a.dropped ? 14 : 0);
  return svg(width, height, t.cellsLabel(selected, unreadText(a, t)), body);
}

// The whole axis to scale: input above, output below, the chosen window between them.
function drawOverview(a, width, selected, t) {
  const [n, left, padded, stride, span, out] = [a.n, a.left, a.padded, a.stride, a.span, a.out].map(
    Number,
  );
  const total = Math.max(padded, selected * stride + span, out);
  const unit = (width - 8) / total;
  const x = (cell) => 4 + cell * unit;
  let body = note(4, 12, a.left ? t.inputPadded(a) : t.inputStrip(a), "gn-small gn-muted", "start");
  body += box(x(0), 18, padded * unit, 20, "gn-pad") + box(x(left), 18, n * unit, 20, "gn-cell");
  const [from, to] = [x(selected * stride), x(selected * stride + span)];
  const shift = (total - out) / 2; // the output, same scale, centered under the input
  const [a0, a1] = [x(shift + selected), x(shift + selected + 1)];
  const [b, c, d, e] = [from, a0, a1, to].map((one) => one.toFixed(1));
  body += `<path d="M${b} 38L${c} 66H${d}L${e} 38Z" class="gn-beam"/>`;
  body += box(from, 16, Math.max(to - from, 1.5), 24, "gn-reading");
  body +=
    box(x(shift), 66, out * unit, 20, "gn-result") +
    box(a0, 64, Math.max(a1 - a0, 1.5), 24, "gn-chosen");
  body += note(4, 102, t.outputStrip({ out, one: out === 1 }), "gn-small gn-muted", "start");
  return svg(width, 108, t.overviewLabel({ n, out, window: selected }), body);
}

// The square image and the square feature map, same scale.
function drawSquares(a, width, selected, t) {
  const [n, left, padded, stride, span, out] = [a.n, a.left, a.padded, a.stride, a.span, a.out].map(
    Number,
  );
  const total = Math.max(padded, selected * stride + span);
  const side = Math.min(168, (width - 56) / (1 + out / total));
  const unit = side / total;
  const top = 6;
  let body = box(2, top, padded * unit, (padded * unit).toFixed(2), "gn-pad");
  body += box(
    2 + left * unit,
    (top + left * unit).toFixed(2),
    n * unit,
    (n * unit).toFixed(2),
    "gn-cell",
  );
  const w = Math.max(span * unit, 1.5);
  body += box(
    2 + selected * stride * unit,
    (top + selected * stride * unit).toFixed(2),
    w,
    w.toFixed(2),
    "gn-reading",
  );
  const x = 2 + side + 30;
  body += `<path d="M${(x - 24).toFixed(1)} ${top + side / 2}h16m-5 -4l5 4l-5 4" class="gn-arrow"/>`;
  const o = Math.max(out * unit, 1.5),
    c = Math.max(unit, 1.5);
  body += box(x, (top + (side - o) / 2).toFixed(2), o, o.toFixed(2), "gn-result");
  body += box(
    x + selected * unit,
    (top + (side - o) / 2 + selected * unit).toFixed(2),
    c,
    c.toFixed(2),
    "gn-chosen",
  );
  const h = top + side + 20;
  body += note(2 + side / 2, h - 5, `${a.n} × ${a.n}`, "gn-small");
  body += note(Math.max(x + o / 2, x + 20), h - 5, `${a.out} × ${a.out}`, "gn-small");
  return svg(Math.ceil(x + Math.max(o, 60)), Math.ceil(h), t.squaresLabel(a), body);
}
