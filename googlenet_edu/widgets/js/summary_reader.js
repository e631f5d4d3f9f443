// Summary reader: torchinfo's table as a tree with a depth, and the sum behind each number.

const SUMMARY_COLUMNS = ["params", "mult-adds", "memory"];

// The tree's rows in torchinfo's order: {name, kind, depth, index, out, leaf, first, stop}; the
// layers of a row are those from first to stop.
function summaryTree(rows) {
  const found = [],
    open = [],
    counts = [];
  const kindOf = (path, rest) =>
    path.length === 1 && path[0].startsWith("inception")
      ? "Inception"
      : path[0].startsWith("aux") && path.length === 1
        ? "AuxClf"
        : rest[0] === "conv"
          ? "BasicConv2d"
          : "Sequential";
  const add = (name, kind, depth, leaf, first) => {
    counts[depth] = (counts[depth] ?? 0) + 1;
    found.push({ name, kind, depth, index: counts[depth], leaf, first, stop: first + 1 });
    return found.at(-1);
  };
  open.push(add("", "GoogLeNet", 0, null, 0));
  rows.forEach((row, place) => {
    const path = row.name.split(".");
    while (open.length > 1 && !`${row.name}.`.startsWith(`${open.at(-1).name}.`)) open.pop();
    for (let depth = open.length; depth < path.length; depth++)
      open.push(
        add(
          path.slice(0, depth).join("."),
          kindOf(path.slice(0, depth), path.slice(depth)),
          depth,
          null,
          place,
        ),
      );
    add(row.name, row.kind, path.length, row, place);
    for (const node of open) {
      node.stop = place + 1;
      node.out = row.out;
    }
  });
  for (const node of found) {
    if (node.leaf) node.out = node.leaf.out;
    if (node.kind === "Inception") {
      const ends = new Map();
      for (const row of rows.slice(node.first, node.stop))
        ends.set(row.name.split(".")[1], row.out[1]);
      node.out = [node.out[0], [...ends.values()].reduce((a, b) => a + b, 0), ...node.out.slice(2)];
    }
  }
  return found;
}

const summary_reader = {
  strings: wordsOf("summary_reader", {
    en: {
      outside: (row, n) => `row=${row} is outside the table of ${n} lines: choose 0 to ${n - 1}.`,
      answer: (a) =>
        `${a.title}, ${summary_reader.strings.en.options[a.column]}: ${grouped(a.value)}${a.column === "memory" ? " bytes" : ""}`,
    },
    zh: {
      outside: (row, n) => `row=${row} 超出 ${n} 行的表格：请选择 0 到 ${n - 1}。`,
      answer: (a) =>
        `${a.title}，${summary_reader.strings.zh.options[a.column]}：${grouped(a.value)}${a.column === "memory" ? " 字节" : ""}`,
    },
  }),
  initial: {
    batch_size: 20,
    image_size: 224,
    num_classes: 1000,
    depth: 3,
    row: 3,
    column: "params",
  },
  defaults: { batch_size: 20, image_size: 224, num_classes: 1000, depth: 3 },
  fields: [
    { name: "depth", min: 1, max: 5, top: 5 },
    { name: "row", min: 0, max: 363 },
    { name: "column", type: "choice", options: SUMMARY_COLUMNS },
    { name: "batch_size", min: 1, max: 64, top: 4096 },
    { name: "image_size", min: 223, max: 270, least: 1, top: 4096, unit: "px" },
    { name: "num_classes", min: 1, max: 1000, top: 100000 },
  ],
  presets: () =>
    [
      ["conv1's weights", 3, "params"],
      ["conv1's work", 3, "mult-adds"],
      ["a batch norm", 4, "mult-adds"],
      ["all parameters", 0, "params"],
      ["all work", 0, "mult-adds"],
      ["all memory", 0, "memory"],
    ].map(([label, row, column]) => ({
      group: "(20, 3, 224, 224)",
      label,
      state: { row, column },
    })),
  compute(s, t) {
    const key = `${s.batch_size},${s.image_size},${s.num_classes}`;
    if (summary_reader.kept?.key !== key) {
      // the walk is kept while only the chosen number changes
      const walk = walkNetwork({
        height: s.image_size,
        width: s.image_size,
        batch: s.batch_size,
        classes: s.num_classes,
      });
      const tree = walk.error ? [] : summaryTree(walk.rows);
      for (const node of tree) node.sums = summarySums(walk.rows.slice(node.first, node.stop));
      summary_reader.kept = { key, walk, tree };
    }
    const { walk, tree } = summary_reader.kept;
    if (walk.error) return { error: networkError(walk.error, t.lang) };
    if (s.row >= tree.length) return { error: t.outside(s.row, tree.length) };
    const node = tree[s.row],
      layers = walk.rows.slice(node.first, node.stop);
    const value = node.leaf && s.column === "memory" ? node.leaf.bytes : node.sums[s.column];
    const whole = tree[0].sums,
      input = 4 * s.batch_size * 3 * s.image_size ** 2;
    const title = node.depth ? `${node.kind}: ${node.depth}-${node.index}` : node.kind;
    return {
      ...s,
      tree,
      node,
      layers,
      title,
      value,
      out: value,
      lines: tree.length,
      total_params: whole.params,
      total_mult_adds: whole["mult-adds"],
      input_bytes: input,
      forward_backward_bytes: whole.memory,
      param_bytes: 4 * whole.params,
    };
  },
  steps(a, t) {
    const { node, layers, column } = a,
      row = node.leaf,
      g = grouped;
    const weights = (r) =>
      r.kind === "Conv2d"
        ? `${r.out[1]} × ${r.into[1]} × ${summaryKernel(r)} × ${summaryKernel(r)}`
        : r.kind === "Linear"
          ? `${r.into[1]} × ${r.out[1]} + ${r.out[1]}`
          : `2 × ${r.out[1]}`;
    const lines = [];
    if (row && column === "params")
      lines.push([t.sum, row.params ? `${weights(row)} = ${g(row.params)}` : t.none]);
    else if (row && column === "mult-adds")
      lines.push([
        t.sum,
        !row.torchinfo
          ? t.noWork
          : row.kind === "Conv2d"
            ? `${row.out[0]} × ${row.out[2]} × ${row.out[3]} × ${g(row.params)} = ${g(row.torchinfo)}`
            : `${row.out[0]} × ${g(row.params)} = ${g(row.torchinfo)}`,
      ]);
    else if (row) lines.push([t.sum, `4 × ${row.out.join(" × ")} = ${g(row.bytes)}`]);
    else {
      const parts = layers
        .filter((r) => (column === "mult-adds" ? r.torchinfo : r.params))
        .map((r) =>
          column === "params" ? r.params : column === "mult-adds" ? r.torchinfo : 2 * r.bytes,
        );
      lines.push([
        t.children(layers.length),
        `${parts.slice(0, 6).map(g).join(" + ")}${parts.length > 6 ? ` + ... (${parts.length})` : ""} = ${g(a.value)}`,
      ]);
    }
    const mb = (n) => fixed2(n, 1e6),
      units = a.total_mult_adds >= 1e12 ? [1e12, "T"] : [1e9, "G"];
    return [
      ...lines,
      [t.params, g(a.total_params)],
      [t.madds, `${g(a.total_mult_adds)} = ${fixed2(a.total_mult_adds, units[0])} (${units[1]})`],
      [
        t.input,
        `4 × ${a.batch_size} × 3 × ${a.image_size} × ${a.image_size} = ${mb(a.input_bytes)} MB`,
      ],
      [t.passes, `2 × ${g(a.forward_backward_bytes / 2)} = ${mb(a.forward_backward_bytes)} MB`],
      [t.size, `4 × ${g(a.total_params)} = ${mb(a.param_bytes)} MB`],
      [t.total, `${mb(a.input_bytes + a.forward_backward_bytes + a.param_bytes)} MB`],
    ];
  },
  draw(a, width, selected, t) {
    const name = (node) => (node.depth ? `${node.kind}: ${node.depth}-${node.index}` : node.kind);
    const cell = (i, column, value) => {
      const shown = value === null ? "--" : grouped(value);
      const label = `${shown}: ${t.explain(t.options[column], name(a.tree[i]))}`;
      const set = `{"row":${i},"column":"${column}"}`;
      return (
        `<td><button type="button" class="gn-mark" aria-pressed="false" aria-label="${label}" ` +
        `data-gn-set='${set}'>${shown}</button></td>`
      );
    };
    const lines = a.tree.map((node, i) => {
      if (node.depth > a.depth) return "";
      const sums = node.leaf || node.depth === a.depth ? node.sums : {};
      return (
        `<tr><th scope="row" style="padding-left:${6 + 14 * node.depth}px">${name(node)}</th>` +
        `<td>[${node.out.join(", ")}]</td>` +
        cell(i, "params", sums.params || null) +
        cell(i, "mult-adds", sums.params ? sums["mult-adds"] : null) +
        "</tr>"
      );
    });
    const head = [t.layer, t.output, t.options.params, t.options["mult-adds"]];
    return ruled(`${t.title}, ${t.layer}`, head, lines.join(""));
  },
  // Which number is explained is marked in the table as it stands: to write 700 cells anew costs more.
  mark(part, a) {
    const set = (button, chosen) => {
      button.setAttribute("aria-pressed", chosen);
      button.classList.toggle("gn-strong", chosen);
    };
    part.querySelector(".gn-here")?.classList.remove("gn-here");
    for (const button of part.querySelectorAll(".gn-strong")) set(button, false);
    for (const button of part.querySelectorAll(`[data-gn-set^='{"row":${a.row},']`)) {
      button.closest("tr").classList.add("gn-here");
      if (button.dataset.gnSet.endsWith(`"${a.column}"}`)) set(button, true);
    }
  },
  code: (s) =>
    `summarize(GoogLeNet(${s.num_classes === 1000 ? "" : `num_classes=${s.num_classes}`}), ` +
    `(${s.batch_size}, 3, ${s.image_size}, ${s.image_size}), depth=${s.depth}, ` +
    'col_names=("output_size", "num_params", "mult_adds"))',
};
// What torchinfo adds up over a row's layers.
const summarySums = (layers) => {
  const sums = { params: 0, "mult-adds": 0, memory: 0 };
  for (const row of layers) {
    sums.params += row.params;
    sums["mult-adds"] += row.torchinfo;
    if (row.params) sums.memory += 2 * row.bytes;
  }
  return sums;
};
// The kernel's side follows from the parameters: weights = out × in × side².
const summaryKernel = (row) => Math.round(Math.sqrt(row.params / row.out[1] / row.into[1]));
summary_reader.render = (context) => renderPanel(summary_reader, context);
