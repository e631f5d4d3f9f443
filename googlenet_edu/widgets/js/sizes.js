// The arithmetic of googlenet_edu.sizes, for the page. Exact for every number a browser holds
// exactly: the products are BigInt. Tested against Python and torch on the same grids.

const SAFE = Number.MAX_SAFE_INTEGER;
const SCAN_LIMIT = 100000n;

// JavaScript's / truncates towards zero; Python and torch round down.
function floorDiv(a, b) {
  const q = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? q - 1n : q;
}
const ceilDiv = (a, b) => -floorDiv(-a, b);
// biome-ignore lint/complexity/useMathMinMax: Math.min takes no BigInt
const least = (a, b) => (a < b ? a : b);
// biome-ignore lint/complexity/useMathMinMax: Math.max takes no BigInt
const most = (a, b) => (a > b ? a : b);

// "111.5", "4" or "about 54.333"; halves of a thousandth go to the even neighbour, as in Python.
function decimal(n, d, about = "about ") {
  if (n % d === 0n) return String(n / d);
  const twice = 2n * ((((1000n * n) % d) + d) % d);
  let t = floorDiv(1000n * n, d);
  if (twice > d || (twice === d && t % 2n !== 0n)) t += 1n;
  const a = t < 0n ? -t : t;
  const text = `${t < 0n ? "-" : ""}${a / 1000n}.${String(a % 1000n).padStart(3, "0")}`;
  return t * d === 1000n * n ? text.replace(/0+$/, "") : about + text;
}

// One axis of a convolution or pool. s: plain numbers, padding also "same" or "valid".
// Returns {error: [key, values]} where torch refuses, else every value of the calculation.
function axisSteps(s) {
  const pool = s.kind !== "conv";
  const [n, k, stride, d] = [s.size, s.kernel_size, s.stride, s.dilation].map(BigInt);
  if (s.padding === "same" && stride !== 1n) return { error: ["sameStride", { stride }] };
  const span = d * (k - 1n) + 1n;
  let left = 0n,
    right = 0n;
  if (s.padding === "same") {
    left = (span - 1n) / 2n;
    right = span - 1n - left;
  } else if (s.padding !== "valid") {
    left = right = BigInt(s.padding);
  }
  if (pool && 2n * left > k) return { error: ["halfKernel", { p: left, k, limit: k / 2n }] };
  const padded = n + left + right;
  const room = padded - span;
  const ceil = Boolean(pool && s.ceil_mode);
  const whole = ceil ? ceilDiv(room, stride) : floorDiv(room, stride);
  const dropped = ceil && whole * stride >= n + left;
  const out = whole + 1n - (dropped ? 1n : 0n);
  if (!pool && room < 0n) return { error: ["kernelTooLarge", { span, padded }] };
  if (out < 1n) return { error: ["windowTooLarge", { span, padded, out }] };
  const a = {
    kind: s.kind,
    n,
    k,
    stride,
    d,
    span,
    left,
    right,
    padded,
    room,
    ceil,
    whole,
    dropped,
    out,
    include: s.count_include_pad !== false,
  };
  a.unread = unreadCells(a);
  return a;
}

// Window i: [start, stop) in cells of the unpadded input, its real cells and its divisor.
function windowAt(a, index) {
  const start = BigInt(index) * a.stride - a.left;
  const first = start < 0n ? ceilDiv(-start, a.d) : 0n;
  const last = least(a.k - 1n, floorDiv(a.n - 1n - start, a.d));
  const cells = most(0n, last - first + 1n);
  const divisor = a.include ? least(start + a.span, a.n + a.right) - start : cells;
  return { index, start, stop: start + a.span, cells, divisor };
}

// Cells that no window reads: how many, and the first few as [start, stop).
function unreadCells(a, limit = 5) {
  const end = (a.out - 1n) * a.stride + a.k;
  const ranges = [];
  if (a.d === 1n || a.k === 1n) {
    const gap = most(0n, a.stride - a.k);
    const before = (position) => {
      const inside = least(position, end);
      const rest = inside % a.stride;
      return (
        (inside / a.stride) * gap + (gap ? most(0n, rest - a.k) : 0n) + most(0n, position - end)
      );
    };
    const count = before(a.n + a.left) - before(a.left);
    if (count && gap) {
      for (let i = most(0n, a.left / a.stride - 1n); i < a.out - 1n && ranges.length < limit; i++) {
        const start = most(0n, i * a.stride + a.k - a.left);
        const stop = least(a.n, (i + 1n) * a.stride - a.left);
        if (start < stop) ranges.push([start, stop]);
        if (stop >= a.n) break;
      }
    }
    if (count && ranges.length < limit && end - a.left < a.n)
      ranges.push([most(0n, end - a.left), a.n]);
    return { count, ranges };
  }
  if (a.n > SCAN_LIMIT) return { count: null, ranges };
  const [n, stride, d, left, taps, outs] = [a.n, a.stride, a.d, a.left, a.k, a.out].map(Number);
  const seen = new Uint8Array(n);
  for (let tap = 0; tap < taps; tap++) {
    const start = tap * d - left;
    const stop = Math.min(n, start + (outs - 1) * stride + 1);
    for (
      let x = start >= 0 ? start : start + Math.ceil(-start / stride) * stride;
      x < stop;
      x += stride
    )
      seen[x] = 1;
  }
  let count = 0n;
  for (let x = 0; x < n; x++) {
    if (seen[x]) continue;
    const start = x;
    while (x < n && !seen[x]) x++;
    count += BigInt(x - start);
    if (ranges.length < limit) ranges.push([BigInt(start), BigInt(x)]);
  }
  return { count, ranges };
}

// Whether no window reads input cell x (a number), for the drawings.
function isUnread(a, x) {
  const y = BigInt(x) + a.left;
  if (a.d === 1n || a.k === 1n) {
    const i = least(y / a.stride, a.out - 1n);
    return y >= i * a.stride + a.k;
  }
  if (a.k > 500n) return false;
  for (let tap = 0n; tap < a.k; tap++) {
    const start = y - tap * a.d;
    if (start >= 0n && start % a.stride === 0n && start / a.stride < a.out) return false;
  }
  return true;
}

// Caffe's pooling rule: always ceil, the last window dropped only when there is padding.
function caffePool(s) {
  const [n, k, stride, p] = [s.size, s.kernel_size, s.stride, s.padding].map(BigInt);
  let out = ceilDiv(n + 2n * p - k, stride) + 1n;
  if (p && (out - 1n) * stride >= n + p) out -= 1n;
  return out < 1n ? null : out;
}
