"use strict";
// Arithmetic of steered curves: alpha = middle + spread tan(tau), values at Chebyshev nodes in tau, barycentric form.
// It touches no document, so that it can be tested without one.
const curves = (() => {
  function bytes(text) {
    const characters = atob(text), found = new Uint8Array(characters.length);
    for (let i = 0; i < characters.length; i++) found[i] = characters.charCodeAt(i);
    return found.buffer;
  }

  // A number of half precision: sign, 5 bits of exponent, 10 of fraction; subnormal where the exponent is 0.
  function half(bits) {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
  }

  // An array as the page carries it: its numbers' first bytes, their second ones, ..., deflated, in base 64.
  async function numbers(packed) {
    const stream = new Blob([bytes(packed.data)]).stream().pipeThrough(new DecompressionStream("deflate"));
    const planes = new Uint8Array(await new Response(stream).arrayBuffer()), width = +packed.dtype[1];
    const count = planes.length / width, together = new Uint8Array(planes.length);
    for (let i = 0; i < count; i++) for (let j = 0; j < width; j++) together[width * i + j] = planes[j * count + i];
    if (packed.dtype === "f4") return new Float32Array(together.buffer);
    const halves = new Uint16Array(together.buffer), table = new Float32Array(65536);
    for (let i = 0; i < 65536; i++) table[i] = half(i);
    return Float32Array.from(halves, (pattern) => table[pattern]);
  }

  // A curve of the page, and its model, with arrays in place of where they lie.
  async function opened(page, index) {
    const arrays = (page.unpacked ||= []), packed = page.curves[index], model = { ...page.models[packed.model] };
    const array = (at) => (at === null ? null : (arrays[at] ||= numbers(page.arrays[at])));
    const pieces = packed.pieces.map(async (piece) => ({ ...piece, values: await array(piece.values) }));
    const odds = Object.entries(packed.predictions).map(async ([name, at]) => [name, await array(at)]);
    model.unembedding = await array(model.unembedding);
    return { ...packed, model, pieces: await Promise.all(pieces), log_probs: await array(packed.log_probs),
      predictions: Object.fromEntries(await Promise.all(odds)) };
  }

  function angle(curve, alpha) { return Math.atan((alpha - curve.middle) / curve.spread); }

  // Values of the columns at an angle: sum_k w_k f_k / (t - t_k) over sum_k w_k / (t - t_k), w_k = (-1)^k, half at ends.
  function interpolated(curve, tau) {
    let piece = curve.pieces[0];
    for (const other of curve.pieces) if (tau >= other.low) piece = other;
    const half = (piece.high - piece.low) / 2, t = Math.min(1, Math.max(-1, (tau - piece.low) / half - 1));
    const n = piece.n, columns = piece.values.length / n, found = new Float64Array(columns);
    let total = 0;
    for (let k = 0; k < n; k++) {
      const gap = t - Math.sin(Math.PI * (k - (n - 1) / 2) / (n - 1));
      if (gap === 0) return Float64Array.from(piece.values.subarray(k * columns, (k + 1) * columns));
      const weight = (k % 2 ? -1 : 1) * (k === 0 || k === n - 1 ? 0.5 : 1) / gap;
      total += weight;
      for (let i = 0, at = k * columns; i < columns; i++, at++) found[i] += weight * piece.values[at];
    }
    for (let i = 0; i < columns; i++) found[i] /= total;
    return found;
  }

  function logSumExp(values) {
    let top = -Infinity, total = 0;
    for (const value of values) if (value > top) top = value;
    if (top === -Infinity) return top;
    for (const value of values) total += Math.exp(value - top);
    return top + Math.log(total);
  }

  // Log-probabilities of all columns (tokens) at a strength, and KL(p_alpha, p) where the curve carries it.
  function measured(curve, alpha) {
    const x = interpolated(curve, angle(curve, alpha)), W = curve.model.unembedding;
    if (curve.tokens) return { logProbs: x.subarray(0, curve.tokens.length), divergence: Math.max(0, x[curve.tokens.length]) };
    const d = x.length, size = curve.model.size, cap = curve.model.cap;
    let logits = x;
    if (W) {
      logits = new Float64Array(size);
      for (let z = 0, at = 0; z < size; z++) {
        let sum = 0;
        for (let i = 0; i < d; i++, at++) sum += W[at] * x[i];
        logits[z] = sum;
      }
    }
    if (cap) logits = logits.map((u) => cap * Math.tanh(u / cap));
    const log = logSumExp(logits);
    return { logProbs: logits.map((u) => u - log), divergence: NaN };
  }

  // KL(p, q) in nats; terms p (gap - 1 + exp(-gap)) are never negative.
  function divergence(logProbs, others) {
    let total = 0;
    for (let z = 0; z < logProbs.length; z++) {
      const gap = logProbs[z] - others[z];
      if (logProbs[z] > -Infinity) total += Math.exp(logProbs[z]) * (gap + Math.expm1(-gap));
    }
    return Math.max(0, total);
  }

  // What the unsteered model predicts: log p + alpha M - log sum exp(log p + alpha M). A table of some tokens carries
  // the last term as a column for each prediction, behind that of KL(p_alpha, p).
  function predicted(curve, name, alpha) {
    const odds = curve.predictions[name], base = curve.log_probs;
    if (!odds) return null;
    const tilted = new Float64Array(base.length);
    for (let z = 0; z < base.length; z++) tilted[z] = base[z] + alpha * odds[z];
    const column = curve.tokens && curve.tokens.length + 1 + Object.keys(curve.predictions).indexOf(name);
    const log = column ? interpolated(curve, angle(curve, alpha))[column] : logSumExp(tilted);
    return tilted.map((u) => u - log);
  }

  // Out to which strengths either side of 0 two curves over the strengths stay within a tolerance of each other.
  function horizon(strengths, one, other, tolerance) {
    let zero = 0;
    strengths.forEach((alpha, i) => { if (Math.abs(alpha) < Math.abs(strengths[zero])) zero = i; });
    const reach = (step) => {
      let last = zero;
      for (let i = zero; i >= 0 && i < strengths.length; last = i, i += step) {
        const gap = Math.abs(one[i] - other[i]);
        if (gap > tolerance) {
          if (i === zero) return strengths[zero];
          const before = Math.abs(one[last] - other[last]);
          return strengths[last] + (strengths[i] - strengths[last]) * (tolerance - before) / (gap - before);
        }
      }
      return step < 0 ? -Infinity : Infinity;
    };
    return [reach(-1), reach(1)];
  }

  // Strengths at which a picture looks: evenly in the angle and evenly in alpha, 0 among them.
  function grid(curve, count) {
    const [low, high] = curve.window, from = angle(curve, low), to = angle(curve, high), found = [0];
    for (let i = 0; i < count; i++) {
      const share = i / (count - 1), tau = from + share * (to - from);
      found.push(low + share * (high - low), Math.min(high, Math.max(low, curve.middle + curve.spread * Math.tan(tau))));
    }
    return [...new Set(found)].sort((a, b) => a - b);
  }

  return { half, numbers, opened, interpolated, measured, predicted, divergence, horizon, grid };
})();
if (typeof module !== "undefined") module.exports = curves;
