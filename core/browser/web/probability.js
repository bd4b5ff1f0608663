// @ts-check
// From a network's logits to probabilities; the twin of core/runtime/probability.py.

/** @param {ArrayLike<number>} logits @param {number} temperature @returns {number[]} 0-1, sum 1 */
export function softmax(logits, temperature = 1) {
  const scaled = Array.from(logits, (value) => value / temperature);
  const highest = Math.max(...scaled);
  const powers = scaled.map((value) => Math.exp(value - highest));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}

/** @param {ArrayLike<number>} logits @returns {number[]} 0-1 each */
export function sigmoid(logits) {
  return Array.from(logits, (value) => 0.5 * (1 + Math.tanh(0.5 * value)));
}
