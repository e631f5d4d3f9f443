// Images for the living network: a drawing brought into MNIST's form, enlarged, disturbed. As
// googlenet_edu.live.data does it; no document here.

const LIVE_SIDE = 28;

// A drawing (height × width numbers, 0 paper to 1 ink) as 28 × 28: the longer side of its ink
// becomes 20 cells, its center of mass comes to the middle as far as the box stays inside, each
// cell is the mean of the square that it covers. Null where there is no ink.
function prepareDrawing(ink, width, height) {
  const rows = new Float64Array(height),
    columns = new Float64Array(width);
  let total = 0,
    top = height,
    bottom = 0,
    left = width,
    right = 0;
  for (let y = 0, i = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1, i += 1) {
      const v = ink[i];
      if (!v) continue;
      rows[y] += v;
      columns[x] += v;
      total += v;
      if (v < 0.1) continue;
      if (y < top) top = y;
      bottom = y + 1;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
    }
  if (!bottom) return null;
  const box = [
    [top, bottom],
    [left, right],
  ];
  const cell = Math.max(...box.map(([low, high]) => high - low), Math.max(width, height) / 8) / 20;
  // The first pixel and the weights of each output cell along one axis.
  const shares = [rows, columns].map((sums, axis) => {
    const [low, high] = box[axis];
    let middle = sums.reduce((sum, v, i) => sum + v * (i + 0.5), 0) / total;
    middle = Math.min(
      Math.max(middle, high - (cell * LIVE_SIDE) / 2),
      low + (cell * LIVE_SIDE) / 2,
    );
    return Array.from({ length: LIVE_SIDE }, (_, i) => {
      const from = middle + (i - LIVE_SIDE / 2) * cell,
        to = from + cell,
        found = [];
      for (let p = Math.max(0, Math.floor(from)); p < Math.min(sums.length, to); p += 1)
        found.push([p, (Math.min(to, p + 1) - Math.max(from, p)) / cell]);
      return found;
    });
  });
  const out = new Float32Array(LIVE_SIDE ** 2);
  shares[0].forEach((down, y) =>
    shares[1].forEach((along, x) => {
      let sum = 0;
      for (const [py, wy] of down)
        for (const [px, wx] of along) sum += wy * wx * ink[py * width + px];
      out[y * LIVE_SIDE + x] = sum;
    }),
  );
  return out;
}

// A 28 × 28 image enlarged to size × size, bilinear with align_corners=False.
function enlarge(image, size) {
  const n = LIVE_SIDE,
    out = new Float32Array(size * size);
  const places = Array.from({ length: size }, (_, i) => {
    const at = Math.max(0, ((i + 0.5) * n) / size - 0.5),
      low = Math.floor(at);
    return [low, Math.min(low + 1, n - 1), at - low];
  });
  for (let i = 0, put = 0; i < size; i += 1) {
    const [y0, y1, b] = places[i],
      row = new Float64Array(n);
    for (let x = 0; x < n; x += 1) row[x] = (1 - b) * image[y0 * n + x] + b * image[y1 * n + x];
    for (const [x0, x1, a] of places) out[put++] = (1 - a) * row[x0] + a * row[x1];
  }
  return out;
}

// A 28 × 28 image turned counterclockwise about its middle (bilinear), shifted by whole pixels, with
// normal noise of this deviation, the same at every look, cut off at 0 and 1. 0 comes in at the edges.
function disturb(image, { degrees = 0, right = 0, down = 0, noise = 0 }) {
  const n = LIVE_SIDE,
    middle = (n - 1) / 2,
    cos = Math.cos((degrees * Math.PI) / 180),
    sin = Math.sin((degrees * Math.PI) / 180);
  const at = (y, x) => (y < 0 || x < 0 || y >= n || x >= n ? 0 : image[y * n + x]);
  let seed = 17;
  const chance = () => {
    // mulberry32
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return image.map((_, i) => {
    const v = Math.floor(i / n) - down - middle,
      u = (i % n) - right - middle,
      y = sin * u + cos * v + middle,
      x = cos * u - sin * v + middle;
    const y0 = Math.floor(y),
      x0 = Math.floor(x),
      b = y - y0,
      a = x - x0;
    const value =
      (1 - b) * ((1 - a) * at(y0, x0) + a * at(y0, x0 + 1)) +
      b * ((1 - a) * at(y0 + 1, x0) + a * at(y0 + 1, x0 + 1));
    return noise
      ? Math.min(
          1,
          Math.max(
            0,
            value +
              noise * Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance()),
          ),
        )
      : value;
  });
}

function softmax(scores) {
  const top = Math.max(...scores),
    parts = Array.from(scores, (v) => Math.exp(v - top)),
    sum = parts.reduce((a, b) => a + b);
  return parts.map((v) => v / sum);
}
const order = (values) => Array.from(values.keys()).sort((a, b) => values[b] - values[a]);

// What a cell of a block's branch sees of the input: {size, jump, start}, in px; start is cell 0's left edge.
function seenBy(block, branch) {
  let size = 1,
    jump = 1,
    start = 0;
  const pass = (kernel, stride, padding) => {
    start -= padding * jump;
    size += (kernel - 1) * jump;
    jump *= stride;
  };
  [
    [7, 2, 3],
    [3, 2, 0],
    [3, 1, 1],
    [3, 2, 0],
  ].forEach((layer) => pass(...layer));
  for (const name of LIVE_BLOCKS) {
    if (name === block) {
      const kernel = [1, 3, 5, 3][branch];
      pass(kernel, 1, kernel >> 1);
      break;
    }
    pass(5, 1, 2);
    if (name === "3b" || name === "4e") pass(3, 2, 0);
  }
  return { size, jump, start };
}
