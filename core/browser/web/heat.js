// @ts-check
// Where did the network look? Grad-CAM from the head's weights alone; the twin of core/explain/closed_form.py.

import { sigmoid } from "./probability.js";

/** Float32 out of base64, as the cards hold weights. @param {string} text */
export function floats(text) {
  return new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

/**
 * A heat map for one target: size x size, 0-1, spanning the whole picture; blank when no place speaks for it.
 * @typedef {{map: Float32Array, size: number, blank: boolean}} Heat
 *
 * The network's last feature map (channels x size x size) with the explanation logits of the same picture.
 * @typedef {{values: Float32Array, channels: number, size: number, explanationLogits: ArrayLike<number>}} Features
 *
 * The head's weights, folded: slopes of the explanations (E x channels), of the classes past the explanations
 * (C x channels) and through them (C x E); names in the order of the rows.
 * @typedef {{explain: Float32Array, direct: Float32Array, through: Float32Array, channels: number,
 *   labels: string[], explanations: string[]}} Head
 */

/**
 * The head as `imageqx.json` holds it: float32 in base64.
 * @param {{explain: string, direct: string, through: string, channels: number}} packed
 * @param {string[]} labels
 * @param {string[]} explanations
 * @returns {Head}
 */
export function unpackHead(packed, labels, explanations) {
  const { explain, direct, through, channels } = packed;
  const weights = { explain: floats(explain), direct: floats(direct), through: floats(through) };
  return { ...weights, channels, labels, explanations };
}

/** dy/df of one target: its score by pooled feature. @param {Head} head @param {string} target @param {ArrayLike<number>} explanationLogits */
function slopes(head, target, explanationLogits) {
  const { channels, explanations } = head;
  const fault = explanations.indexOf(target);
  if (fault >= 0) return head.explain.subarray(fault * channels, (fault + 1) * channels);
  const row = head.labels.indexOf(target);
  if (row < 0) throw new RangeError(`no such target: ${target}`);
  const out = Float32Array.from(head.direct.subarray(row * channels, (row + 1) * channels));
  sigmoid(explanationLogits).forEach((chance, e) => {
    const weight = head.through[row * explanations.length + e] * chance * (1 - chance);
    for (let c = 0; c < channels; c++) out[c] += weight * head.explain[e * channels + c];
  });
  return out;
}

/**
 * Grad-CAM of one explanation or quality class.
 * @param {Features} features
 * @param {Head} head
 * @param {string} target
 * @returns {Heat}
 * @throws {RangeError} for any other word
 */
export function heatOf(features, head, target) {
  return gradCam(features, slopes(head, target, features.explanationLogits));
}

/**
 * The positive part of a feature map's weighted sum, stretched to 0-1.
 * @param {{values: Float32Array, channels: number, size: number}} features
 * @param {ArrayLike<number>} slope the target's score by pooled feature: channels
 * @returns {Heat}
 */
export function gradCam(features, slope) {
  const count = features.size * features.size;
  const sum = new Float64Array(count);
  for (let c = 0, from = 0; c < features.channels; c++) {
    for (let i = 0; i < count; i++, from++) sum[i] += slope[c] * features.values[from];
  }
  const positive = sum.map((value) => Math.max(value, 0));
  const lowest = Math.min(...positive);
  const highest = Math.max(...positive) - lowest;
  const map = Float32Array.from(positive, (value) => (highest > 0 ? (value - lowest) / highest : 0));
  return { map, size: features.size, blank: !(highest > 0) };
}
