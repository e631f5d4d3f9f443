// A trained GoogLeNet in the page: reads a weights file (.gnet), looks at an image and gives the
// scores of all three classifiers and every block's maps. Pure functions: no document, no network.
//
// A map's plane holds its rows one after the other with two zero columns after each row and two
// zero rows after the last, which serve as padding on all sides: a convolution reads neighbors at
// fixed distances and never asks where the edge is.

const LIVE_EPS = 1e-5; // added to a variance, as batch norm does
const LIVE_BLOCKS = ["3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"];
// live_product.wat, assembled; its first lines say how.
const LIVE_SIMD =
  "AGFzbQEAAAABDgFgCn9/f39/f39/f38AAggBAWUBbQIAAQMCAQAHBQEBcAAACuUDAeIDAgZ/DHtDAAAAAEMAAID/IAkb/RMhEANAQQAhCgNAIAP9CQIAIRQgA/0JAgQhFSAD/QkCCCEWIAP9CQIMIRcgFCEYIBUhGSAWIRogFyEbIAEgCkECdGohDyAAIQwgAiENIAghCwNAIA8gDSgCAEECdGohDiAO/QACACERIA79AAIQIRIgDP0JAgAhEyAUIBMgEf3mAf3kASEUIBggEyAS/eYB/eQBIRggDP0JAgQhEyAVIBMgEf3mAf3kASEVIBkgEyAS/eYB/eQBIRkgDP0JAgghEyAWIBMgEf3mAf3kASEWIBogEyAS/eYB/eQBIRogDP0JAgwhEyAXIBMgEf3mAf3kASEXIBsgEyAS/eYB/eQBIRsgDEEQaiEMIA1BBGohDSALQQFrIgsNAAsgBCAKQQJ0aiEOIA4gFCAQ/ekB/QsCACAOIBggEP3pAf0LAhAgDiAHaiEOIA4gFSAQ/ekB/QsCACAOIBkgEP3pAf0LAhAgDiAHaiEOIA4gFiAQ/ekB/QsCACAOIBogEP3pAf0LAhAgDiAHaiEOIA4gFyAQ/ekB/QsCACAOIBsgEP3pAf0LAhAgCkEIaiIKIAZIDQALIAwhACADQRBqIQMgBCAHQQJ0aiEEIAVBBGsiBUEASg0ACws=";

class GnetError extends Error {}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

// {head, payload} of a weights file. Raises GnetError where it is none, or is damaged.
function readGnet(buffer) {
  const bytes = new Uint8Array(buffer),
    view = new DataView(buffer);
  if (bytes.length < 16 || String.fromCharCode(...bytes.subarray(0, 8)) !== "GNETv1\r\n")
    throw new GnetError("these are no weights");
  const length = view.getUint32(8, true); // of the header
  if (crc32(bytes.subarray(16)) !== view.getUint32(12, true))
    throw new GnetError("the weights are damaged");
  return {
    head: JSON.parse(new TextDecoder().decode(bytes.subarray(16, 16 + length))),
    payload: buffer.slice(16 + length),
  };
}

// out[m][j] = bias[m] + sum over k of w[m][k] * in[offs[k] + j]; as live_product.wat, two columns at a time.
function liveProduct(F, I, w, from, offs, bias, out, m, n, plane, k, relu) {
  for (let i = 0; i < m; i += 4, w += 4 * k, out += 4 * plane) {
    const b0 = F[bias + i],
      b1 = F[bias + i + 1],
      b2 = F[bias + i + 2],
      b3 = F[bias + i + 3];
    for (let j = 0; j < n; j += 2) {
      let s0 = b0,
        s1 = b1,
        s2 = b2,
        s3 = b3,
        t0 = b0,
        t1 = b1,
        t2 = b2,
        t3 = b3;
      for (let r = 0, p = w; r < k; r += 1, p += 4) {
        const at = from + j + I[offs + r],
          x = F[at],
          y = F[at + 1],
          a0 = F[p],
          a1 = F[p + 1],
          a2 = F[p + 2],
          a3 = F[p + 3];
        s0 += a0 * x;
        t0 += a0 * y;
        s1 += a1 * x;
        t1 += a1 * y;
        s2 += a2 * x;
        t2 += a2 * y;
        s3 += a3 * x;
        t3 += a3 * y;
      }
      const at = out + j,
        low = relu ? 0 : -Infinity;
      F[at] = Math.max(s0, low);
      F[at + 1] = Math.max(t0, low);
      F[at + plane] = Math.max(s1, low);
      F[at + plane + 1] = Math.max(t1, low);
      F[at + 2 * plane] = Math.max(s2, low);
      F[at + 2 * plane + 1] = Math.max(t2, low);
      F[at + 3 * plane] = Math.max(s3, low);
      F[at + 3 * plane + 1] = Math.max(t3, low);
    }
  }
}

class LiveNet {
  // gnet: of readGnet; simd: false for plain JavaScript. All memory is taken here, once.
  constructor({ head, payload }, simd = true) {
    Object.assign(this, { head, payload, size: head.image_size, top: 0, tables: [], bits: 0 });
    this.layers = Object.fromEntries(head.layers.map((layer) => [layer.name, { ...layer }]));
    for (const layer of head.layers) this.place(this.layers[layer.name]);
    const L = this.layers,
      half = this.size / 2;
    this.input = this.map(4 * head.channels, half, half); // its four phases, because conv1 has stride 2
    this.maps = {};
    const pooled = (x) => this.map(x.c, Math.ceil((x.h - 3) / 2) + 1, Math.ceil((x.w - 3) / 2) + 1);
    let x = (this.maps.conv1 = this.conv("conv1", this.input));
    this.pool1 = pooled(x);
    this.maps.conv3 = this.conv("conv3", this.conv("conv2", this.pool1));
    x = this.pool2 = pooled(this.maps.conv3);
    this.blocks = LIVE_BLOCKS.map((name) => {
      const p = `inception${name}.`,
        ends = ["branch1", "branch2.1", "branch3.1", "branch4.1"].map((end) => L[p + end]);
      const starts = [0];
      for (const end of ends) starts.push(starts.at(-1) + end.out);
      const block = {
        name,
        from: x,
        pool: this.map(x.c, x.h, x.w),
        out: this.map(starts[4], x.h, x.w),
        starts,
      };
      this.conv(`${p}branch1`, x, block.out);
      this.conv(`${p}branch2.1`, this.conv(`${p}branch2.0`, x), block.out, starts[1]);
      this.conv(`${p}branch3.1`, this.conv(`${p}branch3.0`, x), block.out, starts[2]);
      this.conv(`${p}branch4.1`, block.pool, block.out, starts[3]);
      x = this.maps[name] = block.out;
      x.starts = starts;
      const aux = { "4a": "aux1", "4d": "aux2" }[name];
      if (aux) this.conv(`${aux}.conv`, (block.grid = this.map(x.c, 4, 4)));
      block.aux = aux;
      if (name === "3b" || name === "4e") x = block.after = pooled(x);
      return block;
    });
    this.last = this.map(x.c, 1, 1);
    const bytes = 4 * this.top + 64,
      pages = Math.ceil(bytes / 65536);
    try {
      const memory = simd && new WebAssembly.Memory({ initial: pages });
      const code = Uint8Array.from(atob(LIVE_SIMD), (c) => c.charCodeAt(0));
      const { p } = new WebAssembly.Instance(new WebAssembly.Module(code), { e: { m: memory } })
        .exports;
      this.memory(memory.buffer);
      this.product = (w, from, offs, bias, out, m, n, plane, k, relu) =>
        p(4 * w, 4 * from, 4 * offs, 4 * bias, 4 * out, m, n, 4 * plane, k, relu);
      this.simd = true;
    } catch {
      // no WebAssembly, no SIMD, or forbidden here
      this.memory(new ArrayBuffer(65536 * pages));
      this.product = (...given) => liveProduct(this.F, this.I, ...given);
      this.simd = false;
    }
    for (const [at, table] of this.tables) this.I.set(table, at);
    for (const layer of Object.values(L))
      this.F.set(new Float32Array(payload, layer.bias, layer.out), layer.b);
  }
  memory(buffer) {
    this.F = new Float32Array(buffer);
    this.I = new Int32Array(buffer);
  }
  take(n) {
    const at = this.top;
    this.top += (n + 3) & ~3;
    return at;
  }
  map(c, h, w) {
    const s = w + 2,
      n = (h * s + 7) & ~7,
      plane = Math.max((h + 2) * s, n),
      guard = 2 * s + 8;
    return { c, h, w, s, n, plane, at: this.take(c * plane + 2 * guard) + guard };
  }
  place(layer) {
    layer.k = layer.in * (layer.kernel ?? 1) ** 2;
    if (layer.kind === "conv" && layer.out % 4) throw new GnetError("channels come in fours");
    layer.w = this.take(layer.out * layer.k);
    layer.b = this.take(layer.out);
  }
  // Plans a convolution: where its inputs lie, one distance for each weight of a row.
  conv(name, from, into, row = 0) {
    const layer = this.layers[name],
      { kernel, stride, padding } = layer,
      table = [];
    for (let c = 0; c < layer.in; c += 1)
      for (let y = -padding; y < kernel - padding; y += 1)
        for (let x = -padding; x < kernel - padding; x += 1) {
          const plane = stride === 1 ? c : 4 * c + 2 * (y & 1) + (x & 1);
          table.push(plane * from.plane + Math.floor(y / stride) * from.s + Math.floor(x / stride));
        }
    into ??= this.map(layer.out, from.h, from.w);
    layer.offs = this.take(table.length);
    this.tables.push([layer.offs, table]);
    Object.assign(layer, { from, into, row });
    return into;
  }
  // The weights as 8, 4 or 2 bits: whole numbers times one scale per output channel.
  quantize(bits) {
    if (this.bits === bits) return;
    this.bits = bits;
    const most = 2 ** (bits - 1) - 1;
    for (const layer of Object.values(this.layers)) {
      const whole = new Int8Array(this.payload, layer.weight, layer.out * layer.k),
        scale = new Float32Array(this.payload, layer.scale, layer.out);
      for (let o = 0; o < layer.out; o += 1) {
        const row = whole.subarray(o * layer.k, (o + 1) * layer.k);
        let step = 1;
        if (bits < 8) {
          step = 0;
          for (const v of row) step = Math.max(step, Math.abs(v));
          step = step / most || 1;
        }
        for (let r = 0; r < layer.k; r += 1) {
          const at = layer.kind === "conv" ? (o & ~3) * layer.k + 4 * r + (o & 3) : o * layer.k + r;
          this.F[layer.w + at] = (bits < 8 ? Math.round(row[r] / step) * step : row[r]) * scale[o];
        }
      }
    }
  }
  // Runs a convolution with its ReLU. With batch, norms use this image's own mean and variance.
  look(name, batch) {
    const { F } = this,
      { from, into, row, w, b, offs, out, k, gamma, beta } = this.layers[name],
      { h, s, n, plane } = into,
      start = into.at + row * plane;
    this.product(w, from.at, offs, b, start, out, n, plane, k, batch ? 0 : 1);
    const scales = batch && [gamma, beta].map((at) => new Float32Array(this.payload, at, out));
    for (let c = 0, at = start; c < out; c += 1, at += plane) {
      for (let y = 1; y <= h; y += 1) F[at + y * s - 2] = F[at + y * s - 1] = 0;
      F.fill(0, at + h * s, at + n);
      if (batch) this.renorm(at, into, Math.abs(scales[0][c]), scales[1][c]);
    }
    return into;
  }
  renorm(at, { h, w, s }, gamma, beta) {
    const { F } = this,
      cells = h * w;
    let sum = 0,
      squares = 0;
    for (let y = 0; y < h; y += 1) for (let x = 0; x < w; x += 1) sum += F[at + y * s + x];
    const mean = sum / cells;
    for (let y = 0; y < h; y += 1)
      for (let x = 0; x < w; x += 1) squares += (F[at + y * s + x] - mean) ** 2;
    const scale = gamma / Math.sqrt(squares / cells + LIVE_EPS);
    for (let y = 0; y < h; y += 1)
      for (let x = 0; x < w; x += 1)
        F[at + y * s + x] = Math.max(0, (F[at + y * s + x] - mean) * scale + beta);
  }
  // Max pool 3×3 of stride 2 in ceil mode: the last window always starts inside the map, and what
  // it reads beyond is zero, which changes nothing after a ReLU.
  pool(x, out) {
    const { F } = this,
      { s } = x;
    for (let c = 0; c < x.c; c += 1)
      for (let y = 0; y < out.h; y += 1) {
        let at = x.at + c * x.plane + 2 * y * s,
          to = out.at + c * out.plane + y * out.s;
        let left = Math.max(F[at], F[at + s], F[at + 2 * s]);
        for (let q = 0; q < out.w; q += 1) {
          const middle = Math.max(F[at + 1], F[at + s + 1], F[at + 2 * s + 1]),
            right = Math.max(F[at + 2], F[at + s + 2], F[at + 2 * s + 2]);
          F[to++] = Math.max(left, middle, right);
          left = right;
          at += 2;
        }
      }
    return out;
  }
  // Max pool 3×3 of stride 1 with padding 1, the fourth branch's.
  poolAround(x, out) {
    const { F } = this,
      { s } = x;
    for (let c = 0; c < x.c; c += 1) {
      let at = x.at + c * x.plane,
        to = out.at + c * out.plane,
        a = 0,
        b = Math.max(F[at - s], F[at], F[at + s]);
      for (const end = at + x.h * s; at < end; ) {
        at += 1;
        const next = Math.max(F[at - s], F[at], F[at + s]);
        F[to++] = Math.max(a, b, next);
        a = b;
        b = next;
      }
    }
  }
  // Average pool to a square grid: adaptive, or 5×5 windows with stride 3.
  average(x, out, fixed) {
    const { F } = this,
      n = out.h;
    for (let c = 0; c < x.c; c += 1)
      for (let i = 0; i < n; i += 1)
        for (let j = 0; j < n; j += 1) {
          const [y0, y1, x0, x1] = fixed
            ? [3 * i, 3 * i + 5, 3 * j, 3 * j + 5]
            : [
                Math.floor((i * x.h) / n),
                Math.ceil(((i + 1) * x.h) / n),
                Math.floor((j * x.w) / n),
                Math.ceil(((j + 1) * x.w) / n),
              ];
          let sum = 0;
          for (let y = y0; y < y1; y += 1)
            for (let q = x0; q < x1; q += 1) sum += F[x.at + c * x.plane + y * x.s + q];
          F[out.at + c * out.plane + i * out.s + j] = sum / ((y1 - y0) * (x1 - x0));
        }
    return out;
  }
  linear(values, name, relu) {
    const { F } = this,
      { in: size, out, w, b } = this.layers[name],
      found = new Float32Array(out);
    for (let o = 0; o < out; o += 1) {
      let sum = F[b + o];
      for (let i = 0, at = w + o * size; i < size; i += 1) sum += F[at + i] * values[i];
      found[o] = relu ? Math.max(0, sum) : sum;
    }
    return found;
  }
  // A map's numbers, channel by channel, without its padding; or those of one channel.
  values(x, channel) {
    const [first, last] = channel === undefined ? [0, x.c] : [channel, channel + 1],
      found = new Float32Array((last - first) * x.h * x.w);
    for (let c = first, put = 0; c < last; c += 1)
      for (let y = 0; y < x.h; y += 1, put += x.w) {
        const at = x.at + c * x.plane + y * x.s;
        found.set(this.F.subarray(at, at + x.w), put);
      }
    return found;
  }
  // Looks at an image: channels × size × size numbers from 0 (paper) to 1 (ink). Gives {logits,
  // aux1, aux2, maps}; the maps are this network's memory and hold until the next look.
  // off: {block: [branches 0 to 3]} gives zeros for them; without: a block whose input goes on in
  // its place, or zeros where it changes the number of channels; bits: 8, 4 or 2; batch: norms with the image's own
  // statistics; heads: false leaves out the two heads.
  run(pixels, { off = {}, without, bits = 8, batch = false, heads = true } = {}) {
    const { F, head, size, input, maps } = this,
      half = size / 2,
      found = { maps };
    this.quantize(bits);
    for (let c = 0, i = 0; c < head.channels; c += 1)
      for (let y = 0; y < size; y += 1) {
        const at = input.at + (4 * c + 2 * (y & 1)) * input.plane + (y >> 1) * input.s;
        for (let x = 0; x < half; x += 1, i += 2) {
          F[at + x] = (pixels[i] - head.mean) / head.std;
          F[at + input.plane + x] = (pixels[i + 1] - head.mean) / head.std;
        }
      }
    this.pool(this.look("conv1", batch), this.pool1);
    this.look("conv2", batch);
    this.pool(this.look("conv3", batch), this.pool2);
    for (const { name, from, pool, out, starts, grid, aux, after } of this.blocks) {
      const p = `inception${name}.`,
        gone = off[name] ?? [];
      if (name === without) this.passOn(from, out);
      else {
        if (!gone.includes(0)) this.look(`${p}branch1`, batch);
        if (!gone.includes(1)) {
          this.look(`${p}branch2.0`, batch);
          this.look(`${p}branch2.1`, batch);
        }
        if (!gone.includes(2)) {
          this.look(`${p}branch3.0`, batch);
          this.look(`${p}branch3.1`, batch);
        }
        if (!gone.includes(3)) {
          this.poolAround(from, pool);
          this.look(`${p}branch4.1`, batch);
        }
        for (const b of gone)
          F.fill(0, out.at + starts[b] * out.plane, out.at + starts[b + 1] * out.plane);
      }
      if (aux && heads) {
        this.average(out, grid, head.aux_pool !== "adaptive");
        found[aux] = this.linear(
          this.linear(this.values(this.look(`${aux}.conv`, batch)), `${aux}.fc1`, true),
          `${aux}.fc2`,
        );
      }
      if (after) this.pool(out, after);
    }
    found.logits = this.linear(this.values(this.average(maps["5b"], this.last)), "fc");
    return found;
  }
  // What fed a cell of a block: one share for each channel that comes in, weights times inputs,
  // through the reducing convolution where its ReLU let them pass. For the last look.
  feeders(block, channel, y, x) {
    const { F, layers } = this,
      { from, pool, out, starts } = this.blocks.find(({ name }) => name === block);
    const branch = starts.findLastIndex((start) => start <= channel),
      o = channel - starts[branch],
      cell = y * out.s + x,
      found = new Float32Array(from.c);
    const weight = (layer, row, r) => F[layer.w + (row & ~3) * layer.k + 4 * r + (row & 3)];
    const last = layers[`inception${block}.branch${branch + 1}${branch ? ".1" : ""}`];
    if (branch % 3 === 0) {
      const source = branch ? pool : from;
      return found.map((_, c) => weight(last, o, c) * F[source.at + c * source.plane + cell]);
    }
    const first = layers[`inception${block}.branch${branch + 1}.0`];
    for (let r = 0; r < last.k; r += 1) {
      const move = this.I[last.offs + r],
        c = Math.floor(r / last.kernel ** 2);
      if (F[last.from.at + cell + move] <= 0) continue;
      for (let i = 0; i < from.c; i += 1)
        found[i] +=
          weight(last, o, r) *
          weight(first, c, i) *
          F[from.at + i * from.plane + cell + move - c * last.from.plane];
    }
    return found;
  }
  passOn(from, out) {
    if (from.c === out.c) this.F.copyWithin(out.at, from.at, from.at + out.c * out.plane);
    else this.F.fill(0, out.at, out.at + out.c * out.plane);
  }
}
