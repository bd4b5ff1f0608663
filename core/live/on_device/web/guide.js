// The shapes over the live picture: where the spot belongs, and how it is going; never colour alone. And the
// heat map between picture and shapes. The twin of core/live/guide.py and core/explain/overlay.py.

import { OPEN_KEYS, family } from "./conditions.js";

const DARK = "rgb(24 32 32)";
const LIGHT = "rgb(255 255 255)";
const GOOD = "rgb(140 235 190)";
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
 * Draw the guide on an otherwise clear canvas.
 * @param {CanvasRenderingContext2D} context
 * @param {string} key the condition shown now
 * @param {{x: number, y: number}|null} where the spot as it is shown, from the middle: -1 left or upper edge
 * @param {{ring: boolean, size: number, arrow: boolean, arrow_from: number}} overlay whether the guide is drawn and
 *   its radius over the short side; whether an arrow shows the way and how far off the middle the spot is then
 * @param {number} [progress] of the countdown, 0 to 1, at whose end the photo takes itself; drawn even without the guide
 */
export function drawGuide(context, key, where, overlay, progress = 0) {
  const { width, height } = context.canvas;
  const centre = [width / 2, height / 2];
  const short = Math.min(width, height);
  const radius = Math.max(4, short * overlay.size);
  const thin = Math.max(2, short / 160);
  context.lineCap = context.lineJoin = "round";
  const shape = { ready, counting: ready, searching: dots }[key] ?? corners;
  const open = OPEN_KEYS.includes(key);
  /** @type {[string, number][]} */
  const strokes = [
    [DARK, thin * 2 + 1],
    [open ? GOOD : LIGHT, thin],
  ];
  if (open && progress > 0) countdown(context, centre, radius, thin, strokes, progress);
  for (const [colour, thickness] of strokes) {
    context.strokeStyle = colour;
    context.lineWidth = thickness;
    if (overlay.ring) shape(context, centre, radius, thickness);
    if (!overlay.arrow || family(key) !== "bad_framing" || key === "too_close") continue;
    if (where && Math.hypot(where.x, where.y) >= overlay.arrow_from) {
      arrow(context, centre, where);
    }
  }
}

function line(context, points) {
  context.beginPath();
  points.forEach(([x, y], place) => (place ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}

function circle(context, [x, y], radius, from = 0, to = 2 * Math.PI) {
  context.beginPath();
  context.arc(x, y, radius, from, to);
  context.stroke();
}

function corners(context, [cx, cy], radius) {
  const arm = radius / 3;
  for (const across of [-1, 1]) {
    for (const down of [-1, 1]) {
      const [x, y] = [cx + across * radius, cy + down * radius];
      line(context, [[x - across * arm, y], [x, y], [x, y - down * arm]]);
    }
  }
}

function dots(context, centre, radius) {
  for (let start = 0; start < 360; start += 30) {
    circle(context, centre, radius, (start * Math.PI) / 180, ((start + 12) * Math.PI) / 180);
  }
}

function ready(context, [cx, cy], radius, thickness) {
  circle(context, [cx, cy], radius);
  const [x, y] = [cx, cy + radius];
  const size = Math.max(4, radius / 5);
  context.fillStyle = DARK;
  context.beginPath();
  context.arc(x, y, size, 0, 2 * Math.PI);
  context.fill();
  context.lineWidth = Math.max(1, thickness / 2);
  circle(context, [x, y], size);
  line(context, [[x - size / 2, y], [x - size / 8, y + size / 3], [x + size / 2, y - size / 3]]);
}

// Outside the ring, from the top and round with the clock. Who asked for little motion sees it grow in quarters.
function countdown(context, centre, radius, thin, strokes, progress) {
  const part = matchMedia("(prefers-reduced-motion: reduce)").matches ? Math.ceil(progress * 4) / 4 : progress;
  for (const [colour, thickness] of strokes) {
    context.strokeStyle = colour;
    context.lineWidth = thickness + 3 * thin;
    circle(context, centre, radius + 6 * thin, -Math.PI / 2, -Math.PI / 2 + part * 2 * Math.PI);
  }
}

function arrow(context, [cx, cy], where) {
  const [x, y] = [cx * (1 + where.x), cy * (1 + where.y)];
  const [dx, dy] = [cx - x, cy - y];
  const length = Math.hypot(dx, dy);
  const ring = Math.max(3, Math.min(cx, cy) * 0.12);
  if (length < 3 * ring) return;
  const start = [x + (dx * ring) / length, y + (dy * ring) / length];
  const end = [x + dx * 0.7, y + dy * 0.7];
  circle(context, [x, y], ring);
  line(context, [start, end]);
  const angle = Math.atan2(dy, dx);
  const wing = (turn) => [
    end[0] - 1.5 * ring * Math.cos(angle + turn),
    end[1] - 1.5 * ring * Math.sin(angle + turn),
  ];
  line(context, [wing(Math.PI / 4), end, wing(-Math.PI / 4)]);
}

/**
 * Lay a heat map over the whole canvas; the hotter a place, the more of its colour shows.
 * @param {CanvasRenderingContext2D} context
 * @param {{map: Float32Array, size: number}} heat `map` is size x size, row by row, 0-1
 */
export function drawHeat(context, { map, size }) {
  const picture = new ImageData(HEAT_SIDE, HEAT_SIDE);
  for (let row = 0; row < HEAT_SIDE; row += 1) {
    for (let column = 0; column < HEAT_SIDE; column += 1) {
      const value = between(map, size, row, column);
      const [red, green, blue] = colour(value);
      picture.data.set([red, green, blue, 255 * OPACITY * value], 4 * (row * HEAT_SIDE + column));
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
