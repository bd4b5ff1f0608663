// @ts-check
// Statistics of a picture: light on the skin, where the skin is, what moved; the twin of
// core/quality/image_stats.py.

import constants from "./constants.js";

const { cell: CELL, white: WHITE, enough: ENOUGH, low: LOW, high: HIGH, plain: PLAIN } = constants.image_stats;
const [[LEAST_LUMA, MOST_LUMA], [LEAST_CR, MOST_CR], [LEAST_CB, MOST_CB]] = [
  constants.image_stats.skin_luma,
  constants.image_stats.skin_cr,
  constants.image_stats.skin_cb,
];

/**
 * `cells` are mean luma (0-255) of squares of 8 x 8 pixels, row by row.
 * @typedef {{skin: number, x: number, y: number, luma: number, blown: number, shading: number, hasSkin: boolean,
 *   cells: Int32Array}} ImageStats
 */

/**
 * Measure a picture.
 * @param {import("./resize.js").Picture} square the network's square of it
 * @returns {ImageStats}
 */
export function imageStats({ data, width, step }) {
  const count = Math.floor(width / CELL);
  const side = count * CELL;
  const luma = new Uint8Array(side * side);
  const white = new Uint8Array(side * side);
  const skins = new Int32Array(count * count);
  const sums = new Int32Array(count * count);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = (y * width + x) * step;
      const [red, green, blue] = [data[at], data[at + 1], data[at + 2]];
      const level = (77 * red + 150 * green + 29 * blue) >> 8;
      const cr = 128 + (((red - level) * 183) >> 8);
      const cb = 128 + (((blue - level) * 144) >> 8);
      const place = y * side + x;
      const cell = (y >> 3) * count + (x >> 3);
      luma[place] = level;
      white[place] = red >= WHITE && green >= WHITE && blue >= WHITE ? 1 : 0;
      sums[cell] += level;
      const lit = level >= LEAST_LUMA && level <= MOST_LUMA;
      if (lit && cr >= LEAST_CR && cr <= MOST_CR && cb >= LEAST_CB && cb <= MOST_CB) skins[cell]++;
    }
  }
  const outline = outlineOf(skins, count);
  let covered = 0;
  let sumX = 0;
  let sumY = 0;
  const middle = (/** @type {number} */ i) => (2 * i + 1) / count - 1;
  outline.forEach((inside, i) => {
    if (!inside) return;
    covered++;
    sumX += middle(i % count);
    sumY += middle(Math.floor(i / count));
  });
  const skin = covered / outline.length;
  const hasSkin = skin >= ENOUGH;
  const subject = hasSkin ? outline : outline.fill(1);
  const cells = sums.map((sum) => Math.floor(sum / (CELL * CELL)));
  const light = cells.filter((_, i) => subject[i]).sort();
  const at = (/** @type {number} */ part) => linear(light[Math.floor(part * light.length)]) + 1e-3;
  const levels = new Int32Array(256);
  let pixels = 0;
  let blown = 0;
  for (let place = 0; place < luma.length; place++) {
    const cell = (Math.floor(place / side) >> 3) * count + ((place % side) >> 3);
    if (!subject[cell]) continue;
    pixels++;
    blown += white[place];
    levels[luma[place]]++;
  }
  return {
    skin,
    x: covered ? sumX / covered : 0,
    y: covered ? sumY / covered : 0,
    luma: nth(levels, Math.floor(pixels / 2)) / 255,
    blown: blown / pixels,
    shading: at(HIGH) / at(LOW),
    hasSkin,
    cells,
  };
}

/**
 * How much of a picture is elsewhere: 0 for the same, about 1 for another picture; light alone is no move.
 * @param {{cells: ArrayLike<number>}} before
 * @param {{cells: ArrayLike<number>}} now
 */
export function moved(before, now) {
  const centred = (/** @type {ArrayLike<number>} */ cells) => {
    const values = Array.from(cells);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const [first, second] = [centred(before.cells), centred(now.cells)];
  const mean = (/** @type {number[]} */ values) => values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length;
  return mean(second.map((value, i) => value - first[i])) / Math.max(mean(first), PLAIN);
}

/** Skin cells and what lies between them both ways. @param {Int32Array} skins @param {number} count */
function outlineOf(skins, count) {
  const across = new Uint8Array(count * count);
  const down = new Uint8Array(count * count);
  const fill = (/** @type {Uint8Array} */ into, /** @type {(i: number) => number} */ place) => {
    let first = -1;
    let last = -1;
    for (let i = 0; i < count; i++) {
      if (skins[place(i)] * 2 < CELL * CELL) continue;
      if (first < 0) first = i;
      last = i;
    }
    for (let i = first; first >= 0 && i <= last; i++) into[place(i)] = 1;
  };
  for (let line = 0; line < count; line++) {
    fill(across, (i) => line * count + i);
    fill(down, (i) => i * count + line);
  }
  return across.map((inside, i) => inside & down[i]);
}

/** The level of the pixel at a place in order of brightness. @param {Int32Array} levels @param {number} place */
function nth(levels, place) {
  let passed = 0;
  for (let level = 0; level < 256; level++) {
    passed += levels[level];
    if (passed > place) return level;
  }
  return 255;
}

const linear = (/** @type {number} */ luma) => (luma / 255) ** 2.2;
