// Inception block: six channel numbers, the cost of each branch, with and without the 1x1 reductions.

const BLOCK_FIELDS = [
  "in_channels",
  "ch1x1",
  "ch3x3reduce",
  "ch3x3",
  "ch5x5reduce",
  "ch5x5",
  "pool_proj",
];

// The four branches as lists of [label, input, output, kernel]; kernel 0 is the pool.
function blockBranches(s, reductions) {
  const n = s.in_channels,
    k = Number(s.branch3_kernel);
  return reductions
    ? [
        [["1×1", n, s.ch1x1, 1]],
        [
          ["1×1", n, s.ch3x3reduce, 1],
          ["3×3", s.ch3x3reduce, s.ch3x3, 3],
        ],
        [
          ["1×1", n, s.ch5x5reduce, 1],
          [`${k}×${k}`, s.ch5x5reduce, s.ch5x5, k],
        ],
        [
          ["max pool", n, n, 0],
          ["1×1", n, s.pool_proj, 1],
        ],
      ]
    : [
        [["1×1", n, s.ch1x1, 1]],
        [["3×3", n, s.ch3x3, 3]],
        [[`${k}×${k}`, n, s.ch5x5, k]],
        [["max pool", n, n, 0]],
      ];
}
function blockCosts(s, reductions) {
  return blockBranches(s, reductions).map((layers) => {
    const one = { layers, out: layers.at(-1)[2], params: 0, madds: 0 };
    for (const [, into, out, k] of layers) {
      if (!k) continue;
      one.params += into * out * k * k + 2 * out;
      one.madds += into * out * k * k * s.size * s.size;
    }
    return one;
  });
}

const inception_block = {
  strings: wordsOf("inception_block", {
    en: {
      saved: (a) => `${grouped(a.naive)} / ${grouped(a.reduced)} = ${shortNumber(a.saved)}`,
    },
    zh: {
      saved: (a) => `${grouped(a.naive)} / ${grouped(a.reduced)} = ${shortNumber(a.saved)}`,
    },
  }),
  initial: {
    in_channels: 192,
    ch1x1: 64,
    ch3x3reduce: 96,
    ch3x3: 128,
    ch5x5reduce: 16,
    ch5x5: 32,
    pool_proj: 32,
    size: 28,
    branch3_kernel: "5",
    reductions: true,
  },
  defaults: { branch3_kernel: "5", reductions: true },
  fields: [
    ...BLOCK_FIELDS.map((name) => ({
      name,
      min: 1,
      max: name === "in_channels" ? 832 : 384,
      top: 4096,
    })),
    { name: "size", min: 1, max: 56, top: 4096, unit: "px" },
    { name: "branch3_kernel", type: "choice", options: ["5", "3"] },
    { name: "reductions", type: "flag" },
  ],
  presets: () =>
    NETWORK.layers
      .filter(([, kind]) => kind === "inception")
      .map(([name, , ...channels]) => ({
        group: "GoogLeNet",
        label: name.replace("inception", ""),
        state: {
          ...Object.fromEntries(BLOCK_FIELDS.map((field, i) => [field, channels[i]])),
          size: { 3: 28, 4: 14, 5: 7 }[name[9]],
        },
      })),
  compute(s) {
    const total = (branches, key) => branches.reduce((sum, one) => sum + one[key], 0);
    const both = { true: blockCosts(s, true), false: blockCosts(s, false) },
      branches = both[s.reductions];
    const naive = total(both.false, "madds"),
      reduced = total(both.true, "madds");
    return {
      ...s,
      both,
      branches,
      out_channels: total(branches, "out"),
      params: total(branches, "params"),
      multiply_adds: total(branches, "madds"),
      naive,
      reduced,
      saved: naive / reduced,
      out: total(branches, "out"),
    };
  },
  steps: (a, t) => [
    ...a.branches.map((one, i) => [
      `${t.branch} ${i + 1}`,
      one.layers
        .map(([label, into, out, k]) =>
          k ? `${into} × ${out}${k > 1 ? ` × ${k} × ${k}` : ""} + 2 × ${out}` : label,
        )
        .join(" + ") + ` = ${grouped(one.params)} ${t.params}`,
    ]),
    [t.joined, `${a.branches.map((one) => one.out).join(" + ")} = ${a.out_channels}`],
    [t.ratio, `${t.ratioWords}: ${t.saved(a)}`],
  ],
  draw(a, width, selected, t) {
    const wide = Math.min(width, 640),
      left = 66,
      unit = (wide - left - 70) / Math.max(a.in_channels, a.out_channels);
    const row = (y, label, parts) => {
      // parts: [channels, class, words]
      let x = left,
        body = note(4, y + 15, label, "gn-small", "start");
      for (const [n, cls] of parts) {
        body += box(x, y, Math.max(1.5, n * unit), 20, cls);
        x += n * unit;
      }
      return (
        body +
        note(x + 6, y + 15, parts.length > 1 ? a.out_channels : parts[0][0], "gn-small", "start")
      );
    };
    let y = 4,
      body = row(y, t.input, [[a.in_channels, "gn-bar"]]);
    a.branches.forEach((one, i) => {
      one.layers.forEach(([label, , out, k], j) => {
        y += j ? 23 : 32;
        body += row(y, label, [
          [out, k && j === one.layers.length - 1 ? `gn-branch${i + 1}` : "gn-bar"],
        ]);
      });
    });
    y += 36;
    body += row(
      y,
      t.joined,
      a.branches.map((one, i) => [one.out, one.layers.at(-1)[3] ? `gn-branch${i + 1}` : "gn-bar"]),
    );
    return svg(wide, y + 26, t.drawing(a), body);
  },
  more: (s, a, t) =>
    table(
      [t.branch, t.params, t.madds, t.without],
      [
        ...a.branches.map((one, i) => [
          i + 1,
          grouped(a.both.true[i].params),
          grouped(a.both.true[i].madds),
          grouped(a.both.false[i].madds),
        ]),
        [
          t.all,
          grouped(a.both.true.reduce((n, one) => n + one.params, 0)),
          grouped(a.reduced),
          grouped(a.naive),
        ],
      ],
      `${t.title}, ${t.branch}`,
    ),
  code(s) {
    const three = s.branch3_kernel === "3";
    if (s.reductions)
      return `Inception(${BLOCK_FIELDS.map((name) => s[name]).join(", ")}${three ? ", branch3_kernel=3" : ""})`;
    const k = s.branch3_kernel,
      n = s.in_channels;
    return (
      `[BasicConv2d(${n}, ${s.ch1x1}, 1), BasicConv2d(${n}, ${s.ch3x3}, 3, padding=1), ` +
      `BasicConv2d(${n}, ${s.ch5x5}, ${k}, padding=${three ? 1 : 2}), torch.nn.MaxPool2d(3, 1, padding=1)]`
    );
  },
};
inception_block.render = (context) => renderPanel(inception_block, context);
