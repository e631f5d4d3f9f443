// Cost ledger: what every block costs for a batch and an image size, beside the paper's Table 1.

const COSTS = { params: "params", "multiply-adds": "madds", memory: "bytes" };

const cost_ledger = {
  strings: wordsOf("cost_ledger", {
    en: {
      answer: (a) =>
        `${grouped(a.params)} parameters, ${grouped(a.multiply_adds)} multiply-adds, ${fixed2(a.activation_bytes, 1e6)} MB of activations`,
    },
    zh: {
      answer: (a) =>
        `${grouped(a.params)} 个参数，${grouped(a.multiply_adds)} 次乘加，激活 ${fixed2(a.activation_bytes, 1e6)} MB`,
    },
  }),
  initial: {
    image_size: 224,
    batch_size: 1,
    num_classes: 1000,
    aux: true,
    show: "multiply-adds",
    sort: "order",
  },
  defaults: { batch_size: 1, num_classes: 1000, aux: true, show: "multiply-adds", sort: "order" },
  fields: [
    { name: "image_size", min: 14, max: 512, least: 1, top: 4096, unit: "px" },
    { name: "batch_size", min: 0, max: 64, top: 4096 },
    { name: "num_classes", min: 1, max: 1000, top: 100000 },
    { name: "show", type: "choice", options: ["params", "multiply-adds", "memory"] },
    { name: "sort", type: "choice", options: ["order", "largest"] },
    { name: "aux", type: "flag" },
  ],
  presets: () =>
    [
      ["224 px, one image", {}],
      ["the article: 20 images", { batch_size: 20 }],
      ["parameters", { show: "params" }],
      ["evaluation, without heads", { aux: false }],
      ["299 px, without heads", { image_size: 299, aux: false }],
      ["10 classes", { num_classes: 10, show: "params" }],
      ["299 px with heads", { image_size: 299 }],
    ].map(([label, state]) => ({
      group: "GoogLeNet",
      label,
      state: { image_size: 224, ...state },
    })),
  compute(s, t) {
    const { blocks, error } = walkNetwork({
      height: s.image_size,
      width: s.image_size,
      batch: s.batch_size,
      classes: s.num_classes,
      aux: s.aux,
    });
    if (error) return { error: networkError(error, t.lang) };
    const total = (key) => blocks.reduce((sum, block) => sum + block[key], 0);
    const key = COSTS[s.show],
      all = total(key);
    const rows = s.sort === "largest" ? [...blocks].sort((a, b) => b[key] - a[key]) : blocks;
    return {
      rows,
      key,
      all,
      params: total("params"),
      multiply_adds: total("madds"),
      activation_bytes: total("bytes"),
      out: total(key),
    };
  },
  draw(a, width, selected, t) {
    const most = Math.max(...a.rows.map((row) => row[a.key]), 1),
      paper = a.key === "params" ? 0 : a.key === "madds" ? 1 : -1;
    const percent = (n) => (a.all ? ((100 * n) / a.all).toFixed(1) : "0.0");
    const bar = (n) =>
      `<span class="gn-costbar" style="width:${((100 * n) / most).toFixed(1)}px"></span>`;
    const rows = a.rows.map(({ name, [a.key]: n }) => [
      name.replace("inception", ""),
      grouped(n),
      `${percent(n)}%`,
      bar(n),
      NETWORK.paper[name]?.[paper] ?? "",
    ]);
    const head = [t.block, t.value[a.key], t.share, t.drawing, t.paper];
    return (
      ruled(`${t.title}, ${t.drawing}`, head, tableRows(rows), "gn-scroll gn-tall gn-costs") +
      `<p class="gn-muted">${t.note}</p>`
    );
  },
  code: (s) =>
    `ledger(${s.image_size}, ${s.batch_size}, ${s.num_classes}, ${s.aux ? "True" : "False"})`,
};
cost_ledger.render = (context) => renderPanel(cost_ledger, context);
