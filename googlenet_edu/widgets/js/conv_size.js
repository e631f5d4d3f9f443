// Convolution size: n, kernel_size, stride, padding ("same", "valid"), dilation.

const conv_size = sizeWidget(() => "conv", {
  strings: wordsOf("conv_size"),
  initial: { size: 224, kernel_size: 7, stride: 2, padding: 3, dilation: 1 },
  defaults: { stride: 1, padding: 0, dilation: 1 },
  fields: [
    { name: "size", min: 1, max: 320, unit: "px" },
    { name: "kernel_size", min: 1, max: 15, unit: "px" },
    { name: "stride", min: 1, max: 8, unit: "px" },
    { name: "padding", min: 0, max: 12, unit: "px", words: ["valid", "same"] },
    { name: "dilation", min: 1, max: 6, unit: "px" },
  ],
  presets: () => presetsOf("conv"),
  code(s, preset) {
    const [into, out] = preset?.channels ?? [3, 64];
    const padding = typeof s.padding === "string" ? `"${s.padding}"` : s.padding;
    const extra = [
      ["stride", s.stride, 1],
      ["padding", padding, 0],
      ["dilation", s.dilation, 1],
    ]
      .filter(([, value, normal]) => value !== normal)
      .map(([name, value]) => `, ${name}=${value}`)
      .join("");
    return `torch.nn.Conv2d(${into}, ${out}, kernel_size=${s.kernel_size}${extra})`;
  },
});
