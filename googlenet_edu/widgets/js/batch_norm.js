// Batch norm: one channel of a small batch before and after, and the running statistics.

const FRESH_NORM = {
  weight: 1,
  bias: 0,
  eps: 0.00001,
  momentum: 0.1,
  running_mean: 0,
  running_var: 1,
  training: true,
};

const batch_norm = {
  strings: wordsOf("batch_norm"),
  initial: { values: [1, 2, 3, 6], ...FRESH_NORM },
  defaults: FRESH_NORM,
  fields: [
    { name: "values", type: "list", atLeast: 1, atMost: 32, least: -1000000, top: 1000000 },
    { name: "training", type: "flag" },
    { name: "weight", type: "number", min: -3, max: 3, step: 0.1, least: -1000000, top: 1000000 },
    { name: "bias", type: "number", min: -3, max: 3, step: 0.1, least: -1000000, top: 1000000 },
    {
      name: "eps",
      type: "number",
      min: 0,
      max: 0.01,
      step: 0.0005,
      above: 0,
      top: 1000000,
      stops: [0.00001, 0.0001, 0.001, 0.01, 0.1, 1],
    },
    { name: "momentum", type: "number", min: 0, max: 1, step: 0.01, least: 0, top: 1 },
    {
      name: "running_mean",
      type: "number",
      min: -5,
      max: 5,
      step: 0.1,
      least: -1000000,
      top: 1000000,
    },
    {
      name: "running_var",
      type: "number",
      min: 0,
      max: 10,
      step: 0.1,
      least: 0,
      top: 1000000000000,
    },
  ],
  presets: () =>
    [
      ["article, eps 1e-5", {}],
      ["torchvision, eps 1e-3", { eps: 0.001 }],
      ["evaluation", { training: false, running_mean: 2, running_var: 4 }],
      ["Keras's momentum 0.99", { momentum: 0.99 }],
      ["large input", { values: [1001, 1002, 1003, 1006] }],
      ["constant channel", { values: [5, 5, 5, 5] }],
      ["batch of two", { values: [0, 1] }],
      ["one value", { values: [3] }],
    ].map(([label, state]) => ({
      group: "BatchNorm2d",
      label,
      state: { values: [1, 2, 3, 6], ...state },
    })),
  compute(s, t) {
    const n = s.values.length;
    if (s.training && n < 2) return { error: t.one(n) };
    const total = (list) => list.reduce((a, b) => a + b, 0);
    const batchMean = total(s.values) / n,
      squares = total(s.values.map((x) => (x - batchMean) * (x - batchMean)));
    const mean = s.training ? batchMean : s.running_mean,
      variance = s.training ? squares / n : s.running_var;
    const root = Math.sqrt(variance + s.eps),
      m = s.momentum,
      unbiased = squares / (n - 1);
    const outputs = s.values.map((x) => ((x - mean) / root) * s.weight + s.bias);
    return {
      ...s,
      n,
      squares,
      mean,
      var: variance,
      root,
      unbiased,
      outputs,
      out: shortNumber(outputs[0]),
      new_running_mean: s.training ? (1 - m) * s.running_mean + m * batchMean : s.running_mean,
      new_running_var: s.training ? (1 - m) * s.running_var + m * unbiased : s.running_var,
    };
  },
  steps(a, t) {
    const f = shortNumber,
      n = t.names;
    const rule = (old, fresh, out) =>
      `${f(1 - a.momentum)} × ${f(old)} + ${f(a.momentum)} × ${f(fresh)} = ${f(out)}`;
    return [
      [
        n.mean,
        a.training
          ? `(${listText(a.values).replaceAll(", ", " + ")}) / ${a.n} = ${f(a.mean)}`
          : `${f(a.mean)}: ${t.used}`,
      ],
      [n.var, a.training ? `${f(a.squares)} / ${a.n} = ${f(a.var)}` : `${f(a.var)}: ${t.used}`],
      [n.root, `sqrt(${f(a.var)} + ${f(a.eps)}) = ${f(a.root)}`],
      [
        n.first,
        `(${f(a.values[0])} - ${f(a.mean)}) / ${f(a.root)} × ${f(a.weight)} + ${f(a.bias)} = ${f(a.outputs[0])}`,
      ],
      ...(a.training ? [[n.unbiased, `${f(a.squares)} / ${a.n - 1} = ${f(a.unbiased)}`]] : []),
      [
        n.new_mean,
        a.training
          ? rule(a.running_mean, a.mean, a.new_running_mean)
          : `${f(a.running_mean)}: ${t.keep}`,
      ],
      [
        n.new_var,
        a.training
          ? rule(a.running_var, a.unbiased, a.new_running_var)
          : `${f(a.running_var)}: ${t.keep}`,
      ],
    ];
  },
  draw(a, width, selected, t) {
    const wide = Math.min(width, 640),
      line = (values, word, cls) => {
        const low = Math.min(...values, 0),
          high = Math.max(...values, 0),
          span = high - low || 1;
        const at = (v) => (14 + ((v - low) / span) * (wide - 28)).toFixed(1);
        const dots = values
          .map((v) => `<circle cx="${at(v)}" cy="34" r="7" class="${cls}" fill-opacity="0.75"/>`)
          .join("");
        const ends = [...new Set([low, 0, high])]
          .map(
            (v) =>
              `<path d="M${at(v)} 26V42" class="gn-arrow"/>` +
              note(
                Number(at(v)),
                60,
                shortNumber(v),
                "gn-small",
                v === low ? (v === high ? "middle" : "start") : v === high ? "end" : "middle",
              ),
          )
          .join("");
        return svg(
          wide,
          66,
          t.drawing(word, values),
          note(4, 14, word, "gn-small gn-muted", "start") +
            `<path d="M8 34H${wide - 8}" class="gn-arrow"/>` +
            ends +
            dots,
        );
      };
    return line(a.values, t.before, "gn-bar") + line(a.outputs, t.after, "gn-result");
  },
  code: (s) =>
    `torch.nn.functional.batch_norm(torch.tensor([[${s.values.join("], [")}]], dtype=torch.double), ` +
    [s.running_mean, s.running_var, s.weight, s.bias]
      .map((x) => `torch.tensor([${x}]).double(), `)
      .join("") +
    `training=${s.training ? "True" : "False"}, momentum=${s.momentum}, eps=${s.eps})`,
};
batch_norm.render = (context) => renderPanel(batch_norm, context);
