// @ts-check
// Where in the frame is the lesion? The twin of core/quality/localization.py.

import constants from "./constants.js";

// Probability from which a place counts as lesion.
const LEVEL = constants.localization.level;

/**
 * `x` and `y` are from the middle of the frame: -1 is the left or upper edge, 1 the opposite. `size` is the larger of
 * the shares (0-1) of the frame's width and height that the lesion takes.
 * @typedef {{x: number, y: number, size: number}} LesionLocation
 */

/**
 * Of the places at the level or above, those that touch the likeliest one count, each by its probability.
 * @param {ArrayLike<number>} places rows x columns, probability (0-1) that each part of the frame is lesion
 * @param {number} rows
 * @param {number} columns
 * @returns {LesionLocation | null}
 */
export function find(places, rows, columns, level = LEVEL) {
  let top = 0;
  for (let i = 1; i < rows * columns; i++) if (places[i] > places[top]) top = i;
  if (!(places[top] >= level)) return null;
  const seen = new Set([top]);
  const waiting = [top];
  let total = 0;
  let x = 0;
  let y = 0;
  const [last, first] = [[-1, -1], [Infinity, Infinity]];
  while (waiting.length) {
    const at = /** @type {number} */ (waiting.pop());
    const row = Math.floor(at / columns);
    const column = at % columns;
    [row, column].forEach((place, axis) => {
      first[axis] = Math.min(first[axis], place);
      last[axis] = Math.max(last[axis], place);
    });
    total += places[at];
    x += (places[at] * (2 * column + 1)) / columns;
    y += (places[at] * (2 * row + 1)) / rows;
    // Corners touch too.
    for (let j = Math.max(0, row - 1); j <= Math.min(rows - 1, row + 1); j++) {
      for (let i = Math.max(0, column - 1); i <= Math.min(columns - 1, column + 1); i++) {
        const next = j * columns + i;
        if (places[next] < level || seen.has(next)) continue;
        seen.add(next);
        waiting.push(next);
      }
    }
  }
  const size = Math.max((last[0] - first[0] + 1) / rows, (last[1] - first[1] + 1) / columns);
  return { x: x / total - 1, y: y / total - 1, size };
}
