// Local response normalization: the channels of one place, and the window of one of them.

const lrn = {
  strings: wordsOf("lrn", {
    en: {
      outside: (c, n) => `channel=${c} is outside the ${n} values: choose 0 to ${n - 1}.`,
      answer: (a) =>
        `Channel ${a.channel}: ${shortNumber(a.values[a.channel])} becomes ${shortNumber(a.outputs[a.channel])}; its window holds channels ${a.from} to ${a.to}.`,
    },
    zh: {
      outside: (c, n) => `channel=${c} 超出 ${n} 个值：请选择 0 到 ${n - 1}。`,
      answer: (a) =>
        `通道 ${a.channel}：${shortNumber(a.values[a.channel])} 变为 ${shortNumber(a.outputs[a.channel])}；窗口包含通道 ${a.from} 到 ${a.to}。`,
    },
  }),
  initial: {
    values: [1, 2, 30, 2, 1, 0.5],
    channel: 1,
    size: 5,
    alpha: 0.0001,
    beta: 0.75,
    k: 1,
    divide_by_size: true,
  },
  defaults: { channel: 1, size: 5, alpha: 0.0001, beta: 0.75, k: 1, divide_by_size: true },
  fields: [
    { name: "values", type: "list", atLeast: 1, atMost: 32, least: -1000000, top: 1000000 },
    { name: "channel", min: 0, max: 31 },
    { name: "size", min: 1, max: 11, top: 32 },
    {
      name: "alpha",
      type: "number",
      min: 0,
      max: 1,
      step: 0.0001,
      least: 0,
      top: 1000000,
      stops: [0, 0.00001, 0.00002, 0.0001, 0.001, 0.01, 0.1, 1],
    },
    { name: "beta", type: "number", min: 0, max: 2, step: 0.05, least: 0, top: 10 },
    { name: "k", type: "number", min: 0, max: 5, step: 0.1, least: 0, top: 1000000 },
    { name: "divide_by_size", type: "flag" },
  ],
  presets: () =>
    [
      ["GoogLeNet in Caffe and PyTorch", {}],
      ["TensorFlow's form", { alpha: 0.00002, divide_by_size: false }],
      ["AlexNet's paper", { alpha: 0.0001, k: 2, divide_by_size: false }],
      ["alpha 1, a loud neighbour", { alpha: 1 }],
      ["even size", { alpha: 1, size: 4 }],
      ["PyTorch's defaults, size 2", { size: 2 }],
      ["k = 0", { values: [0, 0, 0, 3, 1, 2], k: 0, channel: 0 }],
    ].map(([label, state]) => ({
      group: "LocalResponseNorm",
      label,
      state: { values: [1, 2, 30, 2, 1, 0.5], ...state },
    })),
  compute(s, t) {
    const n = s.values.length;
    if (s.channel >= n) return { error: t.outside(s.channel, n) };
    const below = Math.floor(s.size / 2),
      above = Math.floor((s.size - 1) / 2),
      outputs = [],
      denominators = [],
      sums = [];
    for (let i = 0; i < n; i++) {
      let total = 0;
      for (let j = Math.max(0, i - below); j <= Math.min(n - 1, i + above); j++)
        total += s.values[j] * s.values[j];
      const bracket = s.k + s.alpha * (s.divide_by_size ? total / s.size : total),
        denominator = bracket ** s.beta;
      if (denominator < 1e-100) return { error: t.zero(i) };
      sums.push(total);
      denominators.push(denominator);
      outputs.push(s.values[i] / denominator);
    }
    const i = s.channel;
    return {
      ...s,
      outputs,
      denominators,
      sum: sums[i],
      from: Math.max(0, i - below),
      to: Math.min(n - 1, i + above),
      out: shortNumber(outputs[i]),
    };
  },
  steps(a, t) {
    const f = shortNumber,
      n = t.names,
      i = a.channel,
      window = a.values.slice(a.from, a.to + 1);
    const scaled = a.divide_by_size
      ? `${f(a.alpha)} × ${f(a.sum)} / ${a.size}`
      : `${f(a.alpha)} × ${f(a.sum)}`;
    const bracket = f(a.k + a.alpha * (a.divide_by_size ? a.sum / a.size : a.sum));
    return [
      [
        n.squares,
        `${window
          .slice(0, 8)
          .map((x) => `${f(x)}²`)
          .join(" + ")}${window.length > 8 ? " + ..." : ""} = ${f(a.sum)}`,
      ],
      [n.bracket, `${f(a.k)} + ${scaled} = ${bracket}`],
      [n.power, `${bracket} ^ ${f(a.beta)} = ${f(a.denominators[i])}`],
      [n.out, `${f(a.values[i])} / ${f(a.denominators[i])} = ${f(a.outputs[i])}`],
    ];
  },
  draw(a, width, selected, t) {
    const n = a.values.length,
      wide = Math.min(width, 640),
      one = (wide - 8) / n,
      all = [...a.values, ...a.outputs, 0];
    const low = Math.min(...all),
      high = Math.max(...all),
      unit = 120 / (high - low || 1),
      zero = 12 + high * unit;
    const bar = (x, value, cls) =>
      box(
        x,
        (value > 0 ? zero - value * unit : zero).toFixed(1),
        one * 0.36,
        Math.max(1, Math.abs(value) * unit).toFixed(1),
        cls,
      );
    let body = box(4 + a.from * one, 4, (a.to - a.from + 1) * one, 136, "gn-reading");
    a.values.forEach((value, i) => {
      const x = 4 + i * one;
      body += bar(x + one * 0.12, value, "gn-bar") + bar(x + one * 0.52, a.outputs[i], "gn-result");
      if (one > 14 || i % 4 === 0)
        body += note(x + one / 2, 156, i, i === a.channel ? "gn-small gn-strong" : "gn-small");
    });
    return svg(wide, 162, t.drawing(a), body) + legendOf(Object.entries(t.legend));
  },
  more: (s, a, t) =>
    `<details class="gn-details" data-gn-key="all"><summary>${t.table}</summary>${table(
      [t.channel, t.before, t.divisor, t.after],
      a.values.map((x, i) => [
        i,
        shortNumber(x),
        shortNumber(a.denominators[i]),
        shortNumber(a.outputs[i]),
      ]),
      t.table,
    )}</details>`,
  code(s) {
    const alpha = s.divide_by_size ? s.alpha : `${s.alpha} * ${s.size}`;
    const values = `torch.tensor([${s.values.join(", ")}]).double().view(1, -1, 1, 1)`;
    const settings = `size=${s.size}, alpha=${alpha}, beta=${s.beta}, k=${s.k}`;
    return `torch.nn.functional.local_response_norm(${values}, ${settings}).flatten()`;
  },
};
lrn.render = (context) => renderPanel(lrn, context);
