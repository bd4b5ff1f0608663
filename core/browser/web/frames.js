// @ts-check
// From an ImageBitmap to pixels, and what is looked at in them besides the network. Runs in the worker.

import { sizeOf } from "./newest.js";

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @type {OffscreenCanvas | null} */
let canvas = null;
/** @type {OffscreenCanvasRenderingContext2D | null} */
let context = null;

/**
 * The pixels of a picture, in sRGB. The picture is closed.
 * @param {ImageBitmap | VideoFrame} bitmap
 * @returns {import("./resize.js").Picture} RGBA
 */
export function pixelsOf(bitmap) {
  const { width, height } = sizeOf(bitmap);
  if (canvas === null || canvas.width !== width || canvas.height !== height) {
    canvas = new OffscreenCanvas(width, height);
    context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
  }
  if (context === null) throw new Error("this browser gives no canvas to read pixels from");
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return { data: context.getImageData(0, 0, width, height).data, width, height, step: 4 };
}

/** Mean brightness, 0-1, of every eighth pixel each way. @param {import("./resize.js").Picture} picture */
export function luma({ data, width, height, step }) {
  let sum = 0;
  let count = 0;
  for (let y = 0; y < height; y += 8) {
    for (let x = 0; x < width; x += 8, count++) {
      const at = (y * width + x) * step;
      sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
    }
  }
  return sum / count / 255;
}

/** CRC-32 of every fourth pixel each way: two pictures of a working camera never have the same. @param {import("./resize.js").Picture} picture */
export function fingerprint({ data, width, height, step }) {
  let value = -1;
  for (let y = 0; y < height; y += 4) {
    for (let x = 0; x < width; x += 4) {
      const at = (y * width + x) * step;
      for (let c = 0; c < 3; c++) value = TABLE[(value ^ data[at + c]) & 255] ^ (value >>> 8);
    }
  }
  return (value ^ -1) >>> 0;
}
