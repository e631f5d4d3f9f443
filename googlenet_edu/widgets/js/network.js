// The walk of googlenet_edu.costs through all layers, for the page: shapes and costs by
// arithmetic. Tested against Python's ledger, row by row.

const NETWORK_WORDS = wordsOf("network", {
  en: {
    headGrid: (e) =>
      `${e.layer} gets a map of ${e.height} x ${e.width} and gives ${e.out[0]} x ${e.out[1]}, but the linear layer after it needs ${NETWORK.grid} x ${NETWORK.grid}: square images from 223 to 270 px fit; choose such a size, aux=False or aux_pool='adaptive'.`,
  },
  zh: {
    headGrid: (e) =>
      `${e.layer} 收到 ${e.height} x ${e.width} 的特征图，得到 ${e.out[0]} x ${e.out[1]}，但其后的线性层需要 ${NETWORK.grid} x ${NETWORK.grid}：223 到 270 像素的正方形图像合适；请选择这样的尺寸，或 aux=False，或 aux_pool='adaptive'。`,
  },
});

// The sentence for an error of walkNetwork; lang picks the language.
function networkError(error, lang = "en") {
  const words = NETWORK_WORDS[lang];
  if (error.key !== "breaks") return words[error.key](error);
  const why = SIZE_WORDS[lang][error.why[0]](error.why[1]);
  return words.breaks(
    error,
    error.height === error.width ? why : `${words.axes[error.axis]}: ${why}`,
  );
}

class WalkError extends Error {
  constructor(details) {
    super(details.key);
    this.details = details;
  }
}

const SIDES = new Map(); // most layers repeat one of twenty sizes
function sideAfter(size, kind, kernel_size, stride, padding, ceil_mode) {
  const key = `${size},${kind},${kernel_size},${stride},${padding},${ceil_mode}`;
  if (!SIDES.has(key)) {
    if (SIDES.size > 5000) SIDES.clear();
    const a = axisSteps({ size, kind, kernel_size, stride, padding, dilation: 1, ceil_mode });
    SIDES.set(key, a.error ? { why: a.error } : { out: Number(a.out) });
  }
  return SIDES.get(key);
}

// {rows, blocks, error}: rows up to the layer that breaks, if one does. A row is {name, block, kind,
// into, out, params, madds, torchinfo, bytes}; shapes hold the batch axis. ceil_mode is that of
// the four stage pools. With aux "show", heads that do not fit are left out and noted in heads:
// [{name, height, width, grid, fits}].
function walkNetwork({ height, width, batch = 1, classes = 1000, aux = true, ceil_mode = true }) {
  const rows = [],
    heads = [];
  const add = (name, block, kind, into, out, params = 0, madds = 0, torchinfo = 0) =>
    rows.push({
      name,
      block,
      kind,
      into,
      out,
      params,
      madds,
      torchinfo,
      bytes: 4 * out.reduce((a, b) => a * b, 1),
    });
  const after = (layer, [n, , h, w], out_channels, kind, k, s, p, ceil) => {
    const sides = [h, w].map((side, axis) => {
      const found = sideAfter(side, kind, k, s, p, ceil);
      if (found.why)
        throw new WalkError({ key: "breaks", layer, height: h, width: w, axis, why: found.why });
      return found.out;
    });
    return [n, out_channels, ...sides];
  };
  const conv = (name, block, shape, cout, k, s, p) => {
    const out = after(name, shape, cout, "conv", k, s, p, false);
    const params = shape[1] * cout * k * k;
    const madds = params * batch * out[2] * out[3];
    add(`${name}.conv.0`, block, "Conv2d", shape, out, params, madds, madds);
    add(`${name}.conv.1`, block, "BatchNorm2d", out, out, 2 * cout, 0, 2 * cout * batch);
    add(`${name}.conv.2`, block, "ReLU", out, out);
    return out;
  };
  const pool = (name, block, shape, kind, k, s, p, ceil) => {
    const out = after(name, shape, shape[1], kind, k, s, p, ceil);
    add(name, block, kind === "max" ? "MaxPool2d" : "AvgPool2d", shape, out);
    return out;
  };
  const linear = (name, block, shape, features) => {
    const out = [shape[0], features],
      weights = shape[1] * features,
      params = weights + features;
    add(name, block, "Linear", shape, out, params, weights * batch, params * batch);
    return out;
  };
  const head = ([name, , , channels, hidden], shape) => {
    const [, , h, w] = shape,
      layer = `${name}.feature_.0`;
    const grid = [h, w].map((side) => sideAfter(side, "avg", 5, 3, 0, false).out ?? 0);
    const fits = grid.every((side) => side === NETWORK.grid);
    heads.push({ name, height: h, width: w, grid, fits });
    if (!fits && aux === "show") return;
    if (Math.min(h, w) < 5)
      throw new WalkError({ key: "headTooSmall", layer, height: h, width: w });
    if (!fits) throw new WalkError({ key: "headGrid", layer, height: h, width: w, out: grid });
    const map = conv(
      `${name}.feature_.1`,
      name,
      pool(layer, name, shape, "avg", 5, 3, 0, false),
      channels,
      1,
      1,
      0,
    );
    const wide = linear(`${name}.clf_.0`, name, [batch, channels * map[2] * map[3]], hidden);
    add(`${name}.clf_.1`, name, "ReLU", wide, wide);
    add(`${name}.clf_.2`, name, "Dropout", wide, wide);
    linear(`${name}.clf_.3`, name, wide, classes);
  };
  let shape = [batch, 3, height, width],
    error;
  try {
    for (const [name, kind, ...s] of NETWORK.layers) {
      if (kind === "conv") shape = conv(name, name, shape, s[1], s[2], s[3], s[4]);
      else if (kind === "pool") shape = pool(name, name, shape, "max", s[0], s[1], s[2], ceil_mode);
      else {
        const [, one, three_, three, five_, five, proj] = s;
        const part = (branch, from, cout, k) =>
          conv(`${name}.${branch}`, name, from, cout, k, 1, (k - 1) / 2);
        part("branch1", shape, one, 1);
        part("branch2.1", part("branch2.0", shape, three_, 1), three, 3);
        part("branch3.1", part("branch3.0", shape, five_, 1), five, 5);
        part("branch4.1", pool(`${name}.branch4.0`, name, shape, "max", 3, 1, 1, false), proj, 1);
        shape = [batch, one + three + five + proj, ...shape.slice(2)];
      }
      const side = NETWORK.aux.find(([, from]) => from === name);
      if (side && aux) head(side, shape);
    }
    const flat = shape.slice(0, 2);
    add("avgpool", "avgpool", "AdaptiveAvgPool2d", shape, [...flat, 1, 1]);
    add("dropout", "dropout", "Dropout", flat, flat);
    linear("fc", "fc", flat, classes);
  } catch (broken) {
    if (!(broken instanceof WalkError)) throw broken;
    error = broken.details;
  }
  return { rows, blocks: blocksOf(rows), heads, error };
}

// The rows of each block summed up, as the ledger's blocks.
function blocksOf(rows) {
  const blocks = new Map();
  for (const row of rows) {
    const found = blocks.get(row.block);
    if (!found)
      blocks.set(row.block, {
        name: row.block,
        layers: 1,
        into: row.into,
        out: row.out,
        ends: new Map(),
        params: row.params,
        madds: row.madds,
        torchinfo: row.torchinfo,
        bytes: row.bytes,
      });
    else {
      found.layers += 1;
      found.out = row.out;
      for (const sum of ["params", "madds", "torchinfo", "bytes"]) found[sum] += row[sum];
    }
    blocks.get(row.block).ends.set(row.name.split(".")[1], row.out[1]);
  }
  for (const block of blocks.values()) {
    if (block.name.startsWith("inception"))
      block.out = [
        block.out[0],
        [...block.ends.values()].reduce((a, b) => a + b, 0),
        ...block.out.slice(2),
      ];
    delete block.ends;
  }
  return [...blocks.values()];
}
