// Receptive field: one cell of a feature map, and the square of the image it sees.

const receptive_field = {
  strings: {
    en: { title: "Receptive field", preset: "Example", refused: "Not possible", one: (name) => `one cell of ${name}`,
      fields: { layer: "feature map after", cell_x: "cell, from the left", cell_y: "cell, from the top", image_size: "image side" },
      outside: (name, value, side) => `${name}=${value} is outside the map of ${side} x ${side}: choose 0 to ${side - 1}.`,
      answer: (a) => `One cell after ${a.layer} sees ${a.size} × ${a.size} px; neighbours are ${a.jump} px apart.`,
      step: (r) => `sees ${r.before} + (${r.k} - 1) × ${r.step} = ${r.size}, step ${r.step} × ${r.stride} = ${r.jump}`,
      sees: "this cell sees", span: (a) => `x from ${a.seen_x[0]} to ${a.seen_x[1] - 1}, y from ${a.seen_y[0]} to ${a.seen_y[1] - 1}; inside the image ${a.inside[0]} × ${a.inside[1]} px`,
      drawing: (a) => `An image of ${a.n} × ${a.n} px and the square of ${a.size} × ${a.size} px that the chosen cell sees; beside it the map of ${a.side} × ${a.side} cells, to scale`,
      legend: { "gn-cell": "image", "gn-reading": "what the cell sees", "gn-result": "feature map", "gn-chosen": "the cell" } },
    zh: { title: "感受野", preset: "例子", refused: "不可能", one: (name) => `${name} 的一格`,
      fields: { layer: "哪一层之后的特征图", cell_x: "从左数第几格", cell_y: "从上数第几格", image_size: "图像边长" },
      outside: (name, value, side) => `${name}=${value} 在 ${side} x ${side} 的特征图之外：请选择 0 到 ${side - 1}。`,
      answer: (a) => `${a.layer} 之后的一格看到 ${a.size} × ${a.size} 像素；相邻两格相距 ${a.jump} 像素。`,
      step: (r) => `看到 ${r.before} + (${r.k} - 1) × ${r.step} = ${r.size}，步距 ${r.step} × ${r.stride} = ${r.jump}`,
      sees: "这一格看到", span: (a) => `x 从 ${a.seen_x[0]} 到 ${a.seen_x[1] - 1}，y 从 ${a.seen_y[0]} 到 ${a.seen_y[1] - 1}；图像内 ${a.inside[0]} × ${a.inside[1]} 像素`,
      drawing: (a) => `${a.n} × ${a.n} 像素的图像，以及所选格看到的 ${a.size} × ${a.size} 像素；旁边是 ${a.side} × ${a.side} 格的特征图，按比例`,
      legend: { "gn-cell": "图像", "gn-reading": "这一格看到的", "gn-result": "特征图", "gn-chosen": "这一格" } },
  },
  initial: { layer: "inception5b", cell_x: 3, cell_y: 3, image_size: 224 },
  defaults: { image_size: 224 },
  fields: [
    { name: "layer", type: "choice", options: NETWORK.layers.map(([name]) => name) },
    { name: "cell_x", min: 0, max: 111 }, { name: "cell_y", min: 0, max: 111 },
    { name: "image_size", min: 14, max: 1024, least: 1, top: 4096, unit: "px" },
  ],
  presets: () => [["conv1", 0], ["maxpool1", 27], ["conv3", 28], ["inception3a", 14], ["inception4a", 7], ["inception4e", 7], ["inception5b", 3], ["inception5b", 0]]
    .map(([layer, cell]) => ({ group: "224 px", label: `${layer.replace("inception", "")}, ${cell}`, state: { layer, cell_x: cell, cell_y: cell } })),
  compute(s, t) {
    let size = 1, jump = 1, start = 0, side = s.image_size;
    const rows = [];
    for (const [name, kind, ...x] of NETWORK.layers) {
      const [k, stride, p] = kind === "inception" ? [5, 1, 2] : x.slice(-3);
      const found = kind === "inception" ? { out: side } : sideAfter(side, kind === "conv" ? "conv" : "max", k, stride, p, kind === "pool");
      if (found.why) return { error: networkError({ key: "breaks", layer: name, height: side, width: side, axis: 0, why: found.why }, t.lang) };
      side = found.out;
      rows.push({ name, k, stride, before: size, step: jump, size: size + (k - 1) * jump, jump: jump * stride });
      [size, start, jump] = [size + (k - 1) * jump, start - p * jump, jump * stride];
      if (name === s.layer) break;
    }
    for (const name of ["cell_x", "cell_y"]) if (s[name] >= side) return { error: t.outside(name, s[name], side) };
    const seen = (cell) => [start + cell * jump, start + cell * jump + size];
    const seen_x = seen(s.cell_x), seen_y = seen(s.cell_y);
    const inside = [seen_x, seen_y].map(([a, b]) => Math.max(0, Math.min(b, s.image_size) - Math.max(a, 0)));
    return { rows, layer: s.layer, n: s.image_size, side, size, jump, start, seen_x, seen_y, inside, cell: [s.cell_x, s.cell_y], out: size };
  },
  steps: (a, t) => [...a.rows.map((row) => [row.name.replace("inception", ""), t.step(row)]), [t.sees, t.span(a)]],
  draw(a, width, selected, t) {
    const low = Math.min(0, a.seen_x[0], a.seen_y[0]), high = Math.max(a.n, a.seen_x[1], a.seen_y[1]);
    const wide = width >= 520, room = Math.min(wide ? width - 200 : width, 380) - 8, unit = room / (high - low);
    const at = (v) => ((v - low) * unit + 4).toFixed(1), len = (v) => Math.max(1.5, v * unit).toFixed(1);
    const square = (x, y, w, h, cls) => `<rect x="${at(x)}" y="${at(y)}" width="${len(w)}" height="${len(h)}" class="${cls}"/>`;
    const image = square(0, 0, a.n, a.n, "gn-cell") + square(a.seen_x[0], a.seen_y[0], a.size, a.size, "gn-reading");
    const map = 150, one = map / a.side;
    const cell = `<rect x="1" y="1" width="${map}" height="${map}" class="gn-result"/><rect x="${(1 + a.cell[0] * one).toFixed(1)}" y="${(1 + a.cell[1] * one).toFixed(1)}" width="${Math.max(2, one).toFixed(1)}" height="${Math.max(2, one).toFixed(1)}" class="gn-chosen"/>`;
    return `<div class="gn-row"><div>${svg(Math.ceil(room + 8), Math.ceil(room + 8), t.drawing(a), image)}</div><div>${svg(map + 2, map + 22, t.one(a.layer), cell + note(map / 2, map + 17, `${a.side} × ${a.side}`, "gn-small"))}</div></div>` +
      `<p class="gn-legend">${Object.entries(t.legend).map(([cls, word]) => `<span><i class="gn-key ${cls}"></i>${word}</span>`).join("")}</p>`;
  },
  code: (s) => `receptive_field(BACKBONE[:${NETWORK.layers.findIndex(([name]) => name === s.layer) + 1}])`,
};
receptive_field.render = (context) => renderPanel(receptive_field, context);
