// @ts-check
// How fine the structure of a picture is: what tells blur, shake and lost detail from a sharp picture; the twin of
// core/quality/texture.py.

import constants from "./constants.js";

/** @type {{directions: number[][], distances: number[], floor: number, around: number, most: number, little: number}} */
const {
  directions: DIRECTIONS,
  distances: DISTANCES,
  floor: FLOOR,
  around: AROUND,
  most: MOST,
  little: LITTLE,
} = constants.texture;

/**
 * See core/quality/texture.py.
 * @typedef {{soft: number, smear: number, softWide: number, fine: number, medium: number, equal: number, flat: number, blocks: number}} Texture
 */

/**
 * Measure a picture.
 * @param {import("./resize.js").Picture} detail the network's detail view of it
 * @returns {Texture}
 */
export function texture(detail) {
  const luma = lumaOf(detail);
  const { width, height } = detail;
  const levels = DIRECTIONS.map(([dx, dy]) =>
    DISTANCES.map((far) => Math.log2(meanSquare(luma, width, height, dx * far, dy * far) + FLOOR)),
  );
  const near = levels.map((level) => (level[3] - level[1]) / 2);
  const wide = levels.map((level) => (level[4] - level[2]) / 2);
  let across = 0;
  let down = 0;
  let flat = 0;
  const [columns, rows] = [new Float64Array(width - 1), new Float64Array(height - 1)];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const besides = x + 1 < width && luma[at] === luma[at + 1];
      const below = y + 1 < height && luma[at] === luma[at + width];
      if (besides) across++;
      if (below) down++;
      if (besides && below) flat++;
      if (x + 1 < width) columns[x] += Math.min(Math.abs(luma[at + 1] - luma[at]), MOST) / height;
      if (y + 1 < height) rows[y] += Math.min(Math.abs(luma[at + width] - luma[at]), MOST) / width;
    }
  }
  return {
    soft: Math.max(...near),
    smear: Math.max(...near) - Math.min(...near),
    softWide: Math.max(...wide),
    fine: Math.min(...levels.map((level) => level[0])),
    medium: Math.min(...levels.map((level) => level[1])),
    equal: Math.min(across / ((width - 1) * height), down / (width * (height - 1))),
    flat: flat / ((width - 1) * (height - 1)),
    blocks: Math.min(unevenness(columns), unevenness(rows)),
  };
}

/** How much mean steps differ from those around them. @param {Float64Array} steps */
function unevenness(steps) {
  let sum = 0;
  const count = steps.length - 2 * AROUND;
  for (let i = 0; i < count; i++) {
    const median = steps.slice(i, i + 2 * AROUND + 1).sort()[AROUND];
    sum += Math.log2((steps[i + AROUND] + LITTLE) / (median + LITTLE)) ** 2;
  }
  return Math.sqrt(sum / count);
}

/**
 * Brightness (0-1) that half and that 5 % of the pixels of a picture reach.
 * @param {import("./resize.js").Picture} square
 * @returns {{half: number, high: number}}
 */
export function levelsOf(square) {
  const ordered = lumaOf(square).sort();
  const at = (/** @type {number} */ share) => ordered[Math.floor(ordered.length * share)] / 255;
  return { half: at(0.5), high: at(0.95) };
}

/** @param {import("./resize.js").Picture} picture */
function lumaOf({ data, width, height, step }) {
  const luma = new Uint8Array(width * height);
  for (let i = 0; i < luma.length; i++) {
    luma[i] = (77 * data[i * step] + 150 * data[i * step + 1] + 29 * data[i * step + 2]) >> 8;
  }
  return luma;
}

/** Mean squared difference of pixels that lie `dx` across and `dy` down from each other. @param {Uint8Array} luma @param {number} width @param {number} height @param {number} dx @param {number} dy */
function meanSquare(luma, width, height, dx, dy) {
  let sum = 0;
  const [top, bottom] = [Math.max(0, -dy), height - Math.max(0, dy)];
  for (let y = top; y < bottom; y++) {
    for (let x = 0; x < width - dx; x++) {
      const difference = luma[(y + dy) * width + x + dx] - luma[y * width + x];
      sum += difference * difference;
    }
  }
  return sum / ((width - dx) * (bottom - top));
}
