// @ts-check
// The same pixels as core/runtime/preprocess.py, byte for byte: cv2.resize with INTER_AREA and INTER_LINEAR,
// rebuilt with OpenCV's own single-precision sums, fixed-point weights and rounding.

import constants from "./constants.js";

/**
 * A picture, row by row, without padding: RGB (step 3), or RGBA as a canvas gives it (step 4; alpha is not read).
 * @typedef {{data: Uint8Array | Uint8ClampedArray, width: number, height: number, step: number}} Picture
 */

const WORKING_LONG_SIDE = constants.resize.working_long_side;
// Weights of the linear way are whole numbers of this many parts.
const PARTS = 2048;
const f32 = Math.fround;

/** Half to even, as Python's round and OpenCV's cvRound. @param {number} value */
export function roundEven(value) {
  const low = Math.floor(value);
  const over = value - low;
  if (over !== 0.5) return over < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

/** An empty RGB picture. @param {number} width @param {number} height @returns {Picture} */
function blank(width, height) {
  return { data: new Uint8Array(width * height * 3), width, height, step: 3 };
}

/**
 * Which source cells make up each target cell along one side, and with what weight.
 * @param {number} source
 * @param {number} target
 * @param {number} scale source cells in a target cell, at least 1
 */
function shares(source, target, scale) {
  const to = [];
  const from = [];
  const weight = [];
  const add = (/** @type {number} */ t, /** @type {number} */ s, /** @type {number} */ w) => {
    to.push(t);
    from.push(s);
    weight.push(w);
  };
  for (let cell = 0; cell < target; cell++) {
    const start = cell * scale;
    const end = start + scale;
    const width = Math.min(scale, source - start);
    const last = Math.min(Math.floor(end), source - 1);
    const first = Math.min(Math.ceil(start), last);
    if (first - start > 1e-3) add(cell, first - 1, (first - start) / width);
    for (let s = first; s < last; s++) add(cell, s, 1 / width);
    if (end - last > 1e-3) add(cell, last, Math.min(Math.min(end - last, 1), width) / width);
  }
  return { to: Int32Array.from(to), from: Int32Array.from(from), weight: Float32Array.from(weight) };
}

/** Whole cells each way: plain sums. @param {Picture} picture @param {Picture} out @param {number} across @param {number} down */
function wholeAreas(picture, out, across, down) {
  const { data, width, step } = picture;
  const share = f32(1 / (across * down));
  const two = across === 2 && down === 2;
  // Every sum there can be, divided and rounded beforehand. OpenCV has a way of its own for two by two: halves up.
  const mean = Uint8Array.from({ length: 255 * across * down + 1 }, (_, sum) =>
    two ? (sum + 2) >> 2 : roundEven(f32(sum * share)),
  );
  for (let y = 0, at = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++, at += 3) {
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let j = 0; j < down; j++) {
        let s = ((y * down + j) * width + x * across) * step;
        for (let i = 0; i < across; i++, s += step) {
          red += data[s];
          green += data[s + 1];
          blue += data[s + 2];
        }
      }
      out.data[at] = mean[red];
      out.data[at + 1] = mean[green];
      out.data[at + 2] = mean[blue];
    }
  }
}

/** Parts of cells: rows are summed across, then down. @param {Picture} picture @param {Picture} out @param {number} scaleX @param {number} scaleY */
function partAreas(picture, out, scaleX, scaleY) {
  const { data, width, height, step } = picture;
  const across = shares(width, out.width, scaleX);
  const down = shares(height, out.height, scaleY);
  const wide = out.width * 3;
  const row = new Float32Array(wide);
  const sum = new Float32Array(wide);
  const taps = across.to.length;
  let summed = -1;
  let current = 0;
  const store = () => {
    for (let i = 0, at = current * wide; i < wide; i++) out.data[at + i] = roundEven(sum[i]);
  };
  for (let j = 0; j < down.to.length; j++) {
    const weight = down.weight[j];
    if (down.from[j] !== summed) {
      // A source row on the border of two target rows counts for both: it is summed once.
      summed = down.from[j];
      const start = summed * width * step;
      row.fill(0);
      for (let k = 0; k < taps; k++) {
        const t = across.to[k] * 3;
        const s = start + across.from[k] * step;
        const share = across.weight[k];
        row[t] = f32(row[t] + f32(data[s] * share));
        row[t + 1] = f32(row[t + 1] + f32(data[s + 1] * share));
        row[t + 2] = f32(row[t + 2] + f32(data[s + 2] * share));
      }
    }
    if (down.to[j] !== current) {
      store();
      current = down.to[j];
      for (let i = 0; i < wide; i++) sum[i] = f32(weight * row[i]);
    } else {
      for (let i = 0; i < wide; i++) sum[i] = f32(sum[i] + f32(weight * row[i]));
    }
  }
  store();
}

/**
 * Where each target cell looks along one side: the left one of two source cells, and the right one's weight.
 * @param {number} source
 * @param {number} target
 * @param {number} scale
 * @param {boolean} area the weights of INTER_AREA when it enlarges, not those of INTER_LINEAR
 * @param {boolean} rows OpenCV repeats the outer rows but keeps their weights, and gives outer columns all weight
 */
function neighbours(source, target, scale, area, rows) {
  const inverse = target / source;
  const left = new Int32Array(target);
  const right = new Int32Array(target);
  const a = new Int32Array(target);
  const b = new Int32Array(target);
  for (let cell = 0; cell < target; cell++) {
    let at;
    let over;
    if (area) {
      at = Math.floor(cell * scale);
      over = f32(cell + 1 - (at + 1) * inverse);
      over = over <= 0 ? 0 : f32(over - Math.floor(over));
    } else {
      over = f32((cell + 0.5) * scale - 0.5);
      at = Math.floor(over);
      over = f32(over - at);
    }
    if (!rows && (at < 0 || at >= source - 1)) over = 0;
    left[cell] = Math.min(Math.max(at, 0), source - 1);
    right[cell] = Math.min(at + 1, source - 1);
    a[cell] = roundEven(f32(f32(1 - over) * PARTS));
    b[cell] = roundEven(f32(over * PARTS));
  }
  return { left, right, a, b };
}

/** Between neighbours, in OpenCV's fixed point. @param {Picture} picture @param {Picture} out @param {number} scaleX @param {number} scaleY @param {boolean} area */
function between(picture, out, scaleX, scaleY, area) {
  const { data, width, height, step } = picture;
  const across = neighbours(width, out.width, scaleX, area, false);
  const down = neighbours(height, out.height, scaleY, area, true);
  const wide = out.width * 3;
  let upper = new Int32Array(wide);
  let lower = new Int32Array(wide);
  let upperIs = -1;
  let lowerIs = -1;
  const fill = (/** @type {Int32Array} */ row, /** @type {number} */ y) => {
    const start = y * width * step;
    for (let x = 0, at = 0; x < out.width; x++) {
      const l = start + across.left[x] * step;
      const r = start + across.right[x] * step;
      for (let c = 0; c < 3; c++, at++) row[at] = data[l + c] * across.a[x] + data[r + c] * across.b[x];
    }
  };
  for (let y = 0, at = 0; y < out.height; y++) {
    if (down.left[y] === lowerIs) [upper, lower, upperIs, lowerIs] = [lower, upper, lowerIs, upperIs];
    if (down.left[y] !== upperIs) fill(upper, (upperIs = down.left[y]));
    if (down.right[y] !== lowerIs) fill(lower, (lowerIs = down.right[y]));
    const a = down.a[y];
    const b = down.b[y];
    for (let i = 0; i < wide; i++, at++) {
      const value = (((a * (upper[i] >> 4)) >> 16) + ((b * (lower[i] >> 4)) >> 16) + 2) >> 2;
      out.data[at] = value > 255 ? 255 : value;
    }
  }
}

/**
 * cv2.resize with INTER_AREA.
 * @param {Picture} picture
 * @param {number} width
 * @param {number} height
 * @returns {Picture} the same picture where it has that size already
 */
export function resizeArea(picture, width, height) {
  if (picture.width === width && picture.height === height) return picture;
  const out = blank(width, height);
  const scaleX = 1 / (width / picture.width);
  const scaleY = 1 / (height / picture.height);
  if (scaleX < 1 || scaleY < 1) between(picture, out, scaleX, scaleY, true);
  else {
    const across = roundEven(scaleX);
    const down = roundEven(scaleY);
    const whole = Math.abs(scaleX - across) < Number.EPSILON && Math.abs(scaleY - down) < Number.EPSILON;
    if (whole) wholeAreas(picture, out, across, down);
    else partAreas(picture, out, scaleX, scaleY);
  }
  return out;
}

/**
 * cv2.resize with INTER_LINEAR, for pictures that grow.
 * @param {Picture} picture
 * @param {number} width
 * @param {number} height
 * @returns {Picture}
 */
export function resizeLinear(picture, width, height) {
  const out = blank(width, height);
  between(picture, out, 1 / (width / picture.width), 1 / (height / picture.height), false);
  return out;
}

/** The working size: longest side 640. @param {Picture} picture @param {number} scale */
function workingSize(picture, scale) {
  return [picture.width, picture.height].map((side) => Math.max(1, roundEven(side * scale)));
}

/**
 * Longest side at most 640 px; never enlarges.
 * @param {Picture} picture
 * @returns {Picture}
 */
export function shrink(picture) {
  const scale = WORKING_LONG_SIDE / Math.max(picture.width, picture.height);
  if (scale >= 1) return picture;
  const [width, height] = workingSize(picture, scale);
  return resizeArea(picture, width, height);
}

/**
 * The whole frame as the network sees it.
 * @param {Picture} working what `shrink` made
 * @param {number} size side of the square
 * @returns {Picture}
 */
export function networkSquare(working, size) {
  return resizeArea(working, size, size);
}

/**
 * The middle at the working size, pixel for pixel; a strip too narrow is mirrored at its edges.
 * @param {Picture} working what `shrink` made
 * @param {number} size side of the square
 * @returns {Picture}
 */
export function detailSquare(working, size) {
  const scale = WORKING_LONG_SIDE / Math.max(working.width, working.height);
  if (scale > 1) {
    const [width, height] = workingSize(working, scale);
    if (width !== working.width || height !== working.height) working = resizeLinear(working, width, height);
  }
  const columns = middle(working.width, size);
  const rows = middle(working.height, size);
  const out = blank(size, size);
  const { data, step } = working;
  for (let y = 0, at = 0; y < size; y++) {
    const start = rows[y] * working.width;
    for (let x = 0; x < size; x++, at += 3) {
      const from = (start + columns[x]) * step;
      out.data[at] = data[from];
      out.data[at + 1] = data[from + 1];
      out.data[at + 2] = data[from + 2];
    }
  }
  return out;
}

/** Source places of the middle `size` along one side, mirrored with the edge itself repeated. @param {number} side @param {number} size */
function middle(side, size) {
  const first = Math.max(0, (side - size) >> 1);
  const before = Math.max(0, size - side) >> 1;
  const length = Math.min(side, size);
  return Int32Array.from({ length: size }, (_, i) => {
    let at = i - before;
    while (at < 0 || at >= length) at = at < 0 ? -at - 1 : 2 * length - 1 - at;
    return first + at;
  });
}

/**
 * A square as network input: normalised, channel by channel.
 * @param {Picture} square
 * @param {number[]} mean of RGB, 0-1
 * @param {number[]} std of RGB
 * @param {Float32Array} [out] to write into
 * @returns {Float32Array} 3 x size x size
 */
export function planes(square, mean, std, out = new Float32Array(3 * square.width * square.height)) {
  const { data, step } = square;
  const count = square.width * square.height;
  const levels = new Float32Array(256);
  for (let c = 0; c < 3; c++) {
    for (let level = 0; level < 256; level++) levels[level] = f32(f32(level / 255) - f32(mean[c])) / f32(std[c]);
    for (let i = 0, from = c, to = c * count; i < count; i++, from += step, to++) out[to] = levels[data[from]];
  }
  return out;
}
