// Receptive field: one cell of a feature map, and the square of the image it sees.

const receptive_field = {
  strings: wordsOf("receptive_field", {
    en: {
      outside: (name, value, side) =>
        `${name}=${value} is outside the map of ${side} x ${side}: choose 0 to ${side - 1}.`,
      span: (a) =>
        `x from ${a.seen_x[0]} to ${a.seen_x[1] - 1}, y from ${a.seen_y[0]} to ${a.seen_y[1] - 1}; inside the image ${a.inside[0]} × ${a.inside[1]} px`,
    },
    zh: {
      outside: (name, value, side) =>
        `${name}=${value} 在 ${side} x ${side} 的特征图之外：请选择 0 到 ${side - 1}。`,
      span: (a) =>
        `x 从 ${a.seen_x[0]} 到 ${a.seen_x[1] - 1}，y 从 ${a.seen_y[0]} 到 ${a.seen_y[1] - 1}；图像内 ${a.inside[0]} × ${a.inside[1]} 像素`,
    },
  }),
  initial: { layer: "inception5b", cell_x: 3, cell_y: 3, image_size: 224 },
  defaults: { image_size: 224 },
  fields: [
    { name: "layer", type: "choice", options: NETWORK.layers.map(([name]) => name) },
    { name: "cell_x", min: 0, max: 111 },
    { name: "cell_y", min: 0, max: 111 },
    { name: "image_size", min: 14, max: 1024, least: 1, top: 4096, unit: "px" },
  ],
  presets: () =>
    [
      ["conv1", 0],
      ["maxpool1", 27],
      ["conv3", 28],
      ["inception3a", 14],
      ["inception4a", 7],
      ["inception4e", 7],
      ["inception5b", 3],
      ["inception5b", 0],
    ].map(([layer, cell]) => ({
      group: "224 px",
      label: `${layer.replace("inception", "")}, ${cell}`,
      state: { layer, cell_x: cell, cell_y: cell },
    })),
  compute(s, t) {
    let size = 1,
      jump = 1,
      start = 0,
      side = s.image_size;
    const rows = [];
    for (const [name, kind, ...x] of NETWORK.layers) {
      const [k, stride, p] = kind === "inception" ? [5, 1, 2] : x.slice(-3);
      const found =
        kind === "inception"
          ? { out: side }
          : sideAfter(side, kind === "conv" ? "conv" : "max", k, stride, p, kind === "pool");
      if (found.why)
        return {
          error: networkError(
            { key: "breaks", layer: name, height: side, width: side, axis: 0, why: found.why },
            t.lang,
          ),
        };
      side = found.out;
      rows.push({
        name,
        k,
        stride,
        before: size,
        step: jump,
        size: size + (k - 1) * jump,
        jump: jump * stride,
      });
      [size, start, jump] = [size + (k - 1) * jump, start - p * jump, jump * stride];
      if (name === s.layer) break;
    }
    for (const name of ["cell_x", "cell_y"])
      if (s[name] >= side) return { error: t.outside(name, s[name], side) };
    const seen = (cell) => [start + cell * jump, start + cell * jump + size];
    const seen_x = seen(s.cell_x),
      seen_y = seen(s.cell_y);
    const inside = [seen_x, seen_y].map(([a, b]) =>
      Math.max(0, Math.min(b, s.image_size) - Math.max(a, 0)),
    );
    return {
      rows,
      layer: s.layer,
      n: s.image_size,
      side,
      size,
      jump,
      start,
      seen_x,
      seen_y,
      inside,
      cell: [s.cell_x, s.cell_y],
      out: size,
    };
  },
  steps: (a, t) => [
    ...a.rows.map((row) => [row.name.replace("inception", ""), t.step(row)]),
    [t.sees, t.span(a)],
  ],
  draw(a, width, selected, t) {
    const low = Math.min(0, a.seen_x[0], a.seen_y[0]),
      high = Math.max(a.n, a.seen_x[1], a.seen_y[1]);
    const wide = width >= 520,
      room = Math.min(wide ? width - 200 : width, 380) - 8,
      unit = room / (high - low);
    const at = (v) => ((v - low) * unit + 4).toFixed(1),
      len = (v) => Math.max(1.5, v * unit).toFixed(1);
    const square = (x, y, w, h, cls) =>
      `<rect x="${at(x)}" y="${at(y)}" width="${len(w)}" height="${len(h)}" class="${cls}"/>`;
    const image =
      square(0, 0, a.n, a.n, "gn-cell") +
      square(a.seen_x[0], a.seen_y[0], a.size, a.size, "gn-reading");
    const map = 150,
      one = map / a.side;
    const mark = Math.max(2, one);
    const cell =
      box(1, 1, map, map, "gn-result") +
      box(
        1 + a.cell[0] * one,
        (1 + a.cell[1] * one).toFixed(2),
        mark,
        mark.toFixed(2),
        "gn-chosen",
      ) +
      note(map / 2, map + 17, `${a.side} × ${a.side}`, "gn-small");
    const side = Math.ceil(room + 8);
    return (
      beside(svg(side, side, t.drawing(a), image), svg(map + 2, map + 22, t.one(a.layer), cell)) +
      legendOf(Object.entries(t.legend))
    );
  },
  code: (s) =>
    `receptive_field(BACKBONE[:${NETWORK.layers.findIndex(([name]) => name === s.layer) + 1}])`,
};
receptive_field.render = (context) => renderPanel(receptive_field, context);
