// The shapes over the live picture: where the spot belongs, and how it is going; never colour alone. And the
// heat map between picture and shapes. The twin of core/live/guide.py and core/explain/overlay.py.

import { OPEN_KEYS, family } from "./conditions.js";

// Dark violet to yellow, ordered in lightness: no strong colour of it is a colour of skin.
const HEAT = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
];
const HEAT_SIDE = 56;
const OPACITY = 0.6;

/**
 * Draw the guide on an otherwise clear canvas; see `guideStrokes`.
 * @param {CanvasRenderingContext2D} context
 * @param {string} key
 * @param {{x: number, y: number}|null} where
 * @param {import("./stream_session.js").Preset} preset
 * @param {number} [progress]
 */
export function drawGuide(context, key, where, preset, progress = 0) {
  context.lineCap = context.lineJoin = "round";
  // Who asked for little motion sees the countdown grow in quarters.
  const part = matchMedia("(prefers-reduced-motion: reduce)").matches ? Math.ceil(progress * 4) / 4 : progress;
  for (const { points, width, colour } of guideStrokes(key, context.canvas, where, preset, part)) {
    context.strokeStyle = context.fillStyle = `rgb(${colour.join(" ")})`;
    context.lineWidth = width;
    context.beginPath();
    points.forEach(([x, y], place) => (place ? context.lineTo(x, y) : context.moveTo(x, y)));
    if (width) context.stroke();
    else context.fill();
  }
}

/**
 * What is drawn over a picture, the lowest first: lines in pixels, filled where they have no width. The twin of
 * `strokes` in core/live/guide.py; the outline itself and its colours come with the preset.
 * @param {string} key the condition shown now
 * @param {{width: number, height: number}} size of the picture
 * @param {{x: number, y: number}|null} where the spot as it is shown, from the middle: -1 left or upper edge
 * @param {import("./stream_session.js").Preset} preset what of it is drawn (`overlay`), and of what (`guide`)
 * @param {number} [progress] of the countdown, 0 to 1, at whose end the photo takes itself; drawn even without the guide
 * @returns {{points: number[][], width: number, colour: number[]}[]}
 */
export function guideStrokes(key, { width, height }, where, { overlay, guide }, progress = 0) {
  const short = Math.min(width, height);
  const centre = [width / 2, height / 2];
  const radius = Math.max(4, short * overlay.size);
  const thin = Math.max(2, (short * overlay.thickness) / 160);
  const open = OPEN_KEYS.includes(key);
  const { layers, opposite } = guide.colours[open ? "open" : "other"];
  const colour = layers[layers.length - 1];
  const widths = layers.map((_, place) => thin + (thin + 1) * (layers.length - 1 - place));
  const strokes = [];
  const add = (points, width, colour) => strokes.push({ points, width, colour });
  if (open && progress > 0) {
    const arc = placed(circle(radius + 6 * thin, progress), centre);
    layers.forEach((tint, place) => add(arc, widths[place] + 3 * thin, tint));
  }
  const lines = [];
  if (overlay.ring) lines.push(...guide.outline[stateOf(key)].map((line) => placed(line, centre, radius)));
  const off = where && overlay.arrow && Math.hypot(where.x, where.y) >= overlay.arrow_from;
  if (off && family(key) === "bad_framing" && key !== "too_close") lines.push(...arrow(centre, where));
  layers.forEach((tint, place) => lines.forEach((line) => add(line, widths[place], tint)));
  if (overlay.ring && open) {
    const size = Math.max(4, radius / 5);
    // A large outline reaches the lower edge: its tick stays within the picture.
    const [x, y] = [centre[0], Math.min(centre[1] + radius, height - size - thin)];
    const disc = placed(circle(size, 1, 36), [x, y]);
    add(disc, 0, opposite);
    add(disc, Math.max(1, thin / 2), colour);
    add([[x - size / 2, y], [x - size / 8, y + size / 3], [x + size / 2, y - size / 3]], thin, colour);
  }
  return strokes;
}

const stateOf = (key) => (OPEN_KEYS.includes(key) ? "ready" : key === "searching" ? "searching" : "fault");

const placed = (line, [x, y], scale = 1) => line.map(([across, down]) => [x + across * scale, y + down * scale]);

/** Points round (0, 0), from the top and with the clock, over a share of the circle. */
function circle(radius, share = 1, steps = 72) {
  const count = Math.max(1, Math.ceil(steps * share));
  return Array.from({ length: count + 1 }, (_, step) => {
    const turn = (2 * Math.PI * share * step) / count;
    return [radius * Math.sin(turn), -radius * Math.cos(turn)];
  });
}

function arrow([cx, cy], where) {
  const [x, y] = [cx * (1 + where.x), cy * (1 + where.y)];
  const [dx, dy] = [cx - x, cy - y];
  const length = Math.hypot(dx, dy);
  const ring = Math.max(3, Math.min(cx, cy) * 0.12);
  if (length < 3 * ring) return [];
  const start = [x + (dx * ring) / length, y + (dy * ring) / length];
  const end = [x + dx * 0.7, y + dy * 0.7];
  const angle = Math.atan2(dy, dx);
  const wing = (turn) => [
    end[0] - 1.5 * ring * Math.cos(angle + turn),
    end[1] - 1.5 * ring * Math.sin(angle + turn),
  ];
  return [placed(circle(ring, 1, 36), [x, y]), [start, end], [wing(Math.PI / 4), end, wing(-Math.PI / 4)]];
}

/**
 * Lay a heat map over the whole canvas; the hotter a place, the more of its colour shows.
 * @param {CanvasRenderingContext2D} context
 * @param {{map: Float32Array, size: number}} heat `map` is size x size, row by row, 0-1
 * @param {number} [opacity] share of colour at the hottest place
 */
export function drawHeat(context, { map, size }, opacity = OPACITY) {
  const picture = new ImageData(HEAT_SIDE, HEAT_SIDE);
  for (let row = 0; row < HEAT_SIDE; row += 1) {
    for (let column = 0; column < HEAT_SIDE; column += 1) {
      const value = between(map, size, row, column);
      const [red, green, blue] = colour(value);
      picture.data.set([red, green, blue, 255 * opacity * value], 4 * (row * HEAT_SIDE + column));
    }
  }
  const small = document.createElement("canvas");
  small.width = small.height = HEAT_SIDE;
  small.getContext("2d").putImageData(picture, 0, 0);
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, context.canvas.width, context.canvas.height);
}

// Bilinear, with the middles of the cells where they belong.
function between(map, size, row, column) {
  const spot = (at) => Math.min(size - 1, Math.max(0, ((at + 0.5) * size) / HEAT_SIDE - 0.5));
  const [y, x] = [spot(row), spot(column)];
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [bottom, right] = [Math.min(size - 1, top + 1), Math.min(size - 1, left + 1)];
  const mix = (a, b, share) => a + (b - a) * share;
  const upper = mix(map[top * size + left], map[top * size + right], x - left);
  const lower = mix(map[bottom * size + left], map[bottom * size + right], x - left);
  return Math.min(1, Math.max(0, mix(upper, lower, y - top)));
}

function colour(value) {
  const at = value * (HEAT.length - 1);
  const low = Math.min(HEAT.length - 2, Math.floor(at));
  return HEAT[low].map((part, place) => part + (HEAT[low + 1][place] - part) * (at - low));
}
