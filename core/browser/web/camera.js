// The camera of this device: opening it, what it can do, and a still at its full resolution.

import { REFUSALS, noCameraHere } from "./refusals.js";

// "ideal" throughout: a camera that cannot do it does what it can, where "exact" would refuse.
const WANTED = { width: { ideal: 1920 }, height: { ideal: 1080 }, frameRate: { ideal: 24 } };
const STILL_WITHIN_MS = 4000;
// What Safari can hold in one canvas.
const MOST_PIXELS = 16_000_000;

/** A camera that cannot be had; `reason` is one of core/live/trouble.py's. */
export class CameraError extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

/**
 * @typedef {object} Camera
 * @property {MediaStream} stream
 * @property {MediaStreamTrack} track
 * @property {string} deviceId
 * @property {boolean} mirrored whether it looks at the person, who then expects a mirror
 * @property {boolean} torch whether it has a light
 * @property {{min: number, max: number, step: number, value: number}|null} zoom
 * @property {boolean} lit whether the light is on
 */

/**
 * Open a camera: the one named, else the one on the back.
 * @param {string} [deviceId]
 * @returns {Promise<Camera>} rejects with CameraError
 */
export async function openCamera(deviceId = "") {
  const missing = noCameraHere();
  if (missing) throw new CameraError(missing);
  const which = deviceId ? { deviceId: { exact: deviceId } } : { facingMode: { ideal: "environment" } };
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { ...WANTED, ...which }, audio: false });
  } catch (error) {
    if (deviceId && error.name === "OverconstrainedError") return openCamera(); // it was unplugged
    throw new CameraError(REFUSALS[error.name] ?? "unsupported");
  }
  const [track] = stream.getVideoTracks();
  const can = track.getCapabilities?.() ?? {};
  const { facingMode, zoom, deviceId: opened = "" } = track.getSettings();
  return {
    stream,
    track,
    deviceId: opened,
    mirrored: facingMode === "user",
    // A list in some browsers, a plain truth in others.
    torch: [can.torch].flat().includes(true),
    zoom: can.zoom?.max > can.zoom?.min ? zoomOf(can.zoom, zoom) : null,
    lit: false,
  };
}

const zoomOf = ({ min, max, step }, value) => ({ min, max, step: step || 0.1, value: value ?? min });

/** @param {Camera|null} camera */
export function closeCamera(camera) {
  camera?.stream.getTracks().forEach((track) => track.stop());
}

/** The device to go to from this one, or "" where there is only one. */
export async function nextCamera(camera) {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const ids = devices.filter((one) => one.kind === "videoinput").map((one) => one.deviceId);
  if (ids.length < 2) return "";
  return ids[(ids.indexOf(camera.deviceId) + 1) % ids.length];
}

/** Turn the light on or off; rejects where the camera refuses. */
export async function light(camera, on) {
  await camera.track.applyConstraints({ advanced: [{ torch: on }] });
  camera.lit = on;
}

/** @param {number} factor within `camera.zoom` */
export async function zoomTo(camera, factor) {
  camera.zoom.value = factor;
  await camera.track.applyConstraints({ advanced: [{ zoom: factor }] });
}

/**
 * Take a still, at the full resolution of the camera where the browser can, upright and not mirrored.
 * @param {Camera} camera
 * @param {HTMLVideoElement} video showing it
 * @returns {Promise<ImageBitmap>} rejects when there is no picture
 */
export async function takeStill(camera, video) {
  for (const way of [fullPhoto, wholeFrame]) {
    try {
      return await way(camera);
    } catch {
      // Each of these is missing or failing somewhere; the next one is coarser and surer.
    }
  }
  return createImageBitmap(video);
}

async function fullPhoto(camera) {
  // Taking a photo turns the light off on many phones, before the picture.
  if (camera.lit) throw new Error("lit");
  const blob = await within(STILL_WITHIN_MS, new ImageCapture(camera.track).takePhoto());
  const picture = await createImageBitmap(blob, { imageOrientation: "from-image" });
  const { width = 0, height = 0 } = camera.track.getSettings();
  if (picture.width * picture.height >= width * height) return picture;
  picture.close();
  throw new Error("smaller than the video");
}

const wholeFrame = (camera) => within(STILL_WITHIN_MS, new ImageCapture(camera.track).grabFrame());

function within(milliseconds, promise) {
  const late = new Promise((_, reject) => setTimeout(reject, milliseconds, new Error("late")));
  return Promise.race([promise, late]);
}

/**
 * A picture as a JPEG with pixels and nothing else, in at most `mostBytes`.
 * @param {ImageBitmap} picture
 * @param {number} mostBytes
 * @returns {Promise<Blob>}
 */
export async function toJpeg(picture, mostBytes, quality = 0.95) {
  let scale = Math.min(1, Math.sqrt(MOST_PIXELS / (picture.width * picture.height)));
  for (;;) {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.width * scale));
    canvas.height = Math.max(1, Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (!blob) throw new Error("no JPEG");
    if (blob.size <= mostBytes) return blob;
    scale *= 0.8;
  }
}
