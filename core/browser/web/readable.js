// @ts-check
// Does this browser let a page read what it drew? Those that resist fingerprinting hand out noise in its place, in
// which a network sees nothing, and sees it with confidence.

const SIDE = 16;
const COLOUR = [200, 90, 40, 255];
// Others change a value here and there by a level or two, which is no worse than the noise of a camera.
const LEVELS = 8;

/** Whether what is drawn is read as it was drawn, on average. */
export function readsPixels() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [SIDE, SIDE];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) return false;
  context.fillStyle = `rgb(${COLOUR.slice(0, 3).join(" ")})`;
  context.fillRect(0, 0, SIDE, SIDE);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const off = data.reduce((sum, value, at) => sum + Math.abs(value - COLOUR[at % 4]), 0);
  return off / data.length <= LEVELS;
}
