// @ts-check
// A network whose graph was optimised beforehand: its weights are made here of those in its file; the twin of `made` in
// core/browser/unfolded.py.

/**
 * See core/browser/unfolded.py.
 * @typedef {{graph: string, weights: string, bytes: number, parts: number[][]}} Unfolded
 */

/**
 * @param {ArrayBuffer} file the network's, unpacked
 * @param {Unfolded} given
 * @returns {{graph: Uint8Array, weights: {path: string, data: Uint8Array}}}
 */
export function unfold(file, { graph, weights: path, bytes, parts }) {
  const out = new Float32Array(bytes / 4);
  // A view of numbers has to begin at a multiple of their size; a copy does.
  const floats = (/** @type {number} */ from, /** @type {number} */ count) =>
    new Float32Array(file.slice(from, from + 4 * count));
  for (const [start, from, count, by, factors] of parts) {
    let to = start / 4;
    if (!factors) {
      out.set(floats(from, count), to);
      continue;
    }
    const values = new Int8Array(file, from, count);
    const each = count / factors;
    let at = 0;
    for (const factor of floats(by, factors)) {
      for (const end = at + each; at < end; at++, to++) out[to] = values[at] * factor;
    }
  }
  const text = Uint8Array.from(atob(graph), (letter) => letter.charCodeAt(0));
  return { graph: text, weights: { path, data: new Uint8Array(out.buffer) } };
}
