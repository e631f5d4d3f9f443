// Shape chain: every layer of GoogLeNet recomputed for an image, and where the heads fit.

const CHAIN_STAGES = [
  "conv1",
  "maxpool1",
  "conv3",
  "maxpool2",
  "inception3b",
  "maxpool3",
  "inception4e",
  "maxpool4",
  "inception5b",
];

const shape_chain = {
  strings: wordsOf("shape_chain", {
    en: {
      shape: ([c, h, w]) => `${c} × ${h} × ${w}`,
      answer: (a) =>
        `After 5b: ${shape_chain.strings.en.shape(a.out)}. ${a.aux_fits ? "Both auxiliary classifiers fit." : "The auxiliary classifiers do not fit: torch refuses them."}`,
      rows: (a, n) =>
        `${n} / 2048 = ${a.view_rows} rows for ${a.batch} images${a.view_rows === a.batch ? "" : ": rows are no longer images"}`,
    },
    zh: {
      shape: ([c, h, w]) => `${c} × ${h} × ${w}`,
      answer: (a) =>
        `5b 之后：${shape_chain.strings.en.shape(a.out)}。${a.aux_fits ? "两个辅助分类器都合适。" : "辅助分类器不合适：torch 会拒绝。"}`,
      rows: (a, n) =>
        `${n} / 2048 = ${a.view_rows} 行，共 ${a.batch} 张图像${a.view_rows === a.batch ? "" : "：行不再是图像"}`,
    },
  }),
  initial: { image_height: 224, image_width: 224, batch_size: 20, ceil_mode: true },
  defaults: { batch_size: 20, ceil_mode: true },
  fields: [
    { name: "image_height", min: 16, max: 512, least: 1, top: 4096, unit: "px" },
    { name: "image_width", min: 16, max: 512, least: 1, top: 4096, unit: "px" },
    { name: "batch_size", min: 1, max: 64, top: 4096 },
    { name: "ceil_mode", type: "flag" },
  ],
  presets: () =>
    [
      ["224 x 224", 224, 224],
      ["224 x 224, floor", 224, 224, false],
      ["256 x 192", 256, 192],
      ["270 x 270", 270, 270],
      ["299 x 299", 299, 299],
      ["97 x 97", 97, 97],
      ["79 x 79", 79, 79],
      ["32 x 32", 32, 32],
      ["14 x 14", 14, 14],
    ].map(([label, image_height, image_width, ceil_mode = true]) => ({
      group: "px",
      label,
      state: { image_height, image_width, ceil_mode },
    })),
  compute(s, t) {
    const walk = walkNetwork({
      height: s.image_height,
      width: s.image_width,
      batch: s.batch_size,
      aux: "show",
      ceil_mode: s.ceil_mode,
    });
    if (walk.error) return { error: networkError(walk.error, t.lang) };
    const blocks = new Map(walk.blocks.map((block) => [block.name, block]));
    const stages = [
      ["", [3, s.image_height, s.image_width]],
      ...CHAIN_STAGES.map((name) => [name, blocks.get(name).out.slice(1)]),
    ];
    const rows = walk.rows.filter((row) => /Conv|Pool|Linear/.test(row.kind));
    const [h, w] = walk.heads[0].grid;
    const numbers = s.batch_size * 128 * h * w;
    return {
      stages,
      rows,
      layers: rows.map((row) => [row.name, row.out.slice(1)]),
      heads: walk.heads,
      numbers,
      batch: s.batch_size,
      out: stages.at(-1)[1],
      aux_fits: walk.heads.every((head) => head.fits),
      view_rows: h && w && numbers % 2048 === 0 ? numbers / 2048 : null,
    };
  },
  steps(a, t) {
    const [head] = a.heads,
      [h, w] = head.grid;
    const side = (n, out) => `floor((${n} - 5) / 3) + 1 = ${out}`;
    if (!h || !w)
      return [
        [t.map(head), `512 × ${head.height} × ${head.width}`],
        [t.grid, t.noGrid(head)],
      ];
    const numbers = `${a.batch} × 128 × ${h} × ${w}`;
    return [
      [t.map(head), `512 × ${head.height} × ${head.width}`],
      [
        t.grid,
        side(head.height, h) + (head.width === head.height ? "" : `, ${side(head.width, w)}`),
      ],
      [t.view, a.view_rows === null ? t.noRows(numbers) : t.rows(a, numbers)],
    ];
  },
  draw(a, width, selected, t) {
    const unit = Math.min(110 / Math.max(...a.stages[0][1].slice(1)), 1);
    return (
      `<div class="gn-row gn-chain">` +
      a.stages
        .map(([name, shape]) => {
          const [, h, w] = shape,
            tall = Math.max(1.5, h * unit),
            wide = Math.max(1.5, w * unit);
          const label = (name || t.image).replace("inception", "");
          const bar = box(1, 1, wide, tall.toFixed(2), "gn-bar");
          const text = t.shape(shape);
          const drawn = svg(Math.ceil(wide) + 2, Math.ceil(tall) + 2, t.drawing(label, text), bar);
          return `<div class="gn-stage">${drawn}<strong>${label}</strong><span>${text}</span></div>`;
        })
        .join("") +
      "</div>"
    );
  },
  more: (s, a, t) =>
    `<details class="gn-details" data-gn-key="layers"><summary>${t.list} (${a.layers.length})</summary>` +
    "<div data-gn-fold></div></details>",
  fold: (a, t) =>
    ruled(
      t.list,
      [t.layer, t.kind, t.into, t.after],
      tableRows(
        a.rows.map((row) => [
          row.name,
          row.kind,
          ...[row.into, row.out].map((n) => n.slice(1).join(" × ")),
        ]),
      ),
    ),
  code(s, preset, a) {
    const heads = a.error || !a.aux_fits ? "aux=False" : "";
    const pools = "(net.maxpool1, net.maxpool2, net.maxpool3, net.maxpool4)";
    return [
      `net = GoogLeNet(${heads}).eval()`,
      ...(s.ceil_mode ? [] : [`for layer in ${pools}:\n    layer.ceil_mode = False`]),
      `net(torch.ones(${s.batch_size}, 3, ${s.image_height}, ${s.image_width})).logits.shape`,
    ].join("\n");
  },
};
shape_chain.render = (context) => renderPanel(shape_chain, context);
