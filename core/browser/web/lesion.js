// @ts-check
// What a photo might show, from the lesion classifier's outputs; the twin of core/lesion/classifier.py and
// abstain.py.

import { floats, gradCam } from "./heat.js";
import { softmax } from "./probability.js";

/**
 * What core/browser/card.py says of the classifier, unpacked: when it abstains, the centres that this takes
 * (weights n x channels), its head (classes x channels; null for a network without heat maps).
 * @typedef {{labels: string[], temperature: number, offsets: number[], channels: number,
 *   abstention: {score: "energy" | "contrast", unfamiliar: number, low_confidence: number} | null,
 *   head: Float32Array | null,
 *   centres: {weight: Float32Array, bias: Float32Array, lesion: boolean[]} | null}} Lesion
 *
 * All classes, most probable first, with their probabilities; why the prediction should be held back, or "".
 * @typedef {{labels: string[], probabilities: number[], reason: "" | "not_a_lesion" | "low_confidence"}} Prediction
 *
 * The last feature map of one picture: channels x size x size.
 * @typedef {{values: Float32Array, channels: number, size: number}} Features
 */

/** @param {any} card as `lesion.json` holds it @returns {Lesion} */
export function unpackLesion(card) {
  const { labels, temperature, class_offsets: offsets, channels, abstention, centres, head } = card;
  return {
    labels,
    temperature,
    offsets,
    channels,
    abstention,
    head: head === null ? null : floats(head),
    centres: centres && { weight: floats(centres.weight), bias: floats(centres.bias), lesion: centres.lesion },
  };
}

/** The mean of each channel over the map. @param {Features} features @returns {Float64Array} */
function pooled({ values, channels, size }) {
  const count = size * size;
  const out = new Float64Array(channels);
  for (let c = 0, from = 0; c < channels; c++) {
    for (let i = 0; i < count; i++, from++) out[c] += values[from];
    out[c] /= count;
  }
  return out;
}

/** How much like photographs of lesions a picture looks; higher is more. @param {Lesion} lesion @param {ArrayLike<number>} logits @param {Features | null} features */
function familiarity({ abstention, centres }, logits, features) {
  if (abstention?.score === "energy") {
    const highest = Math.max(...Array.from(logits));
    return highest + Math.log(Array.from(logits).reduce((sum, value) => sum + Math.exp(value - highest), 0));
  }
  if (features === null || centres === null) throw new Error("the score contrast needs a feature map and centres");
  const mean = pooled(features);
  const nearest = { lesion: -Infinity, other: -Infinity };
  centres.lesion.forEach((isLesion, row) => {
    let near = centres.bias[row];
    for (let c = 0; c < mean.length; c++) near += mean[c] * centres.weight[row * mean.length + c];
    const kind = isLesion ? "lesion" : "other";
    nearest[kind] = Math.max(nearest[kind], 2 * near);
  });
  return nearest.lesion - nearest.other;
}

/**
 * @param {Lesion} lesion
 * @param {ArrayLike<number>} logits as the network gives them
 * @param {Features | null} features
 * @returns {Prediction}
 */
export function predictionOf(lesion, logits, features) {
  const { labels, temperature, offsets, abstention } = lesion;
  const chances = softmax(Array.from(logits, (value, i) => value / temperature + offsets[i]));
  const order = labels.map((_, i) => i).sort((a, b) => chances[b] - chances[a] || a - b);
  const probabilities = order.map((i) => chances[i]);
  /** @type {Prediction["reason"]} */
  let reason = "";
  if (abstention && familiarity(lesion, logits, features) < abstention.unfamiliar) reason = "not_a_lesion";
  else if (abstention && probabilities[0] < abstention.low_confidence) reason = "low_confidence";
  return { labels: order.map((i) => labels[i]), probabilities, reason };
}

/**
 * Grad-CAM of one class.
 * @param {Lesion} lesion
 * @param {Features} features
 * @param {string} label
 * @returns {import("./heat.js").Heat | null} null for a network without heat maps
 * @throws {RangeError} for any other word
 */
export function lesionHeat(lesion, features, label) {
  const row = lesion.labels.indexOf(label);
  if (row < 0) throw new RangeError(`no such class: ${label}`);
  if (lesion.head === null) return null;
  return gradCam(features, lesion.head.subarray(row * lesion.channels, (row + 1) * lesion.channels));
}
