// Pooling size: maximum or average, ceil_mode, and PyTorch's rule beside Caffe's.

const pool_size = sizeWidget((state) => state.kind, {
  strings: wordsOf("pool_size"),
  initial: {
    size: 112,
    kernel_size: 3,
    stride: 2,
    padding: 0,
    dilation: 1,
    kind: "max",
    ceil_mode: true,
    count_include_pad: true,
  },
  defaults: { padding: 0, dilation: 1, kind: "max", ceil_mode: false, count_include_pad: true },
  fields: [
    { name: "size", min: 1, max: 320, unit: "px" },
    { name: "kernel_size", min: 1, max: 15, unit: "px" },
    { name: "stride", min: 1, max: 8, unit: "px" },
    { name: "padding", min: 0, max: 7, unit: "px" },
    { name: "dilation", min: 1, max: 6, unit: "px", when: (s) => s.kind === "max" },
    { name: "kind", type: "choice", options: ["max", "avg"] },
    { name: "ceil_mode", type: "flag" },
    { name: "count_include_pad", type: "flag", when: (s) => s.kind === "avg" },
  ],
  presets: () => presetsOf("pool"),
  more(s, a, t) {
    const torch = (ceil_mode) => {
      const r = axisSteps({ ...s, ceil_mode });
      return r.error ? null : r.out;
    };
    const rules = [
      [t.floor, torch(false), !s.ceil_mode],
      [t.ceil, torch(true), s.ceil_mode],
    ];
    if (s.dilation === 1) rules.push([t.caffe, caffePool(s), false]);
    return (
      `<table class="gn-rules"><caption>${t.compare}</caption><tbody>` +
      rules
        .map(([name, out, here]) => {
          const label = `<th scope="row">${name}${here ? ` (${t.here})` : ""}</th>`;
          return `<tr${here ? ' class="gn-here"' : ""}>${label}<td>${out === null ? t.none : out}</td></tr>`;
        })
        .join("") +
      "</tbody></table>"
    );
  },
  code(s) {
    const name = s.kind === "max" ? "MaxPool2d" : "AvgPool2d";
    const options = [
      ["padding", s.padding, 0],
      ["dilation", s.dilation, 1],
      ["ceil_mode", s.ceil_mode ? "True" : "False", "False"],
    ];
    if (s.kind === "avg")
      options.push(["count_include_pad", s.count_include_pad ? "True" : "False", "True"]);
    const extra = options
      .filter(([, value, normal]) => value !== normal)
      .map(([key, value]) => `, ${key}=${value}`)
      .join("");
    return `torch.nn.${name}(kernel_size=${s.kernel_size}, stride=${s.stride}${extra})`;
  },
});
// Average pooling has no dilation: what max pooling had stays in the field, but does not count.
const maxCompute = pool_size.compute;
pool_size.compute = (state, t) =>
  maxCompute(state.kind === "avg" ? { ...state, dilation: 1 } : state, t);
