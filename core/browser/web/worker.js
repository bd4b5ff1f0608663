// @ts-check
// Owns the network, so that the page never waits for it. One message is answered after the other.

import { EngineError } from "./errors.js";
import { fingerprint, luma, pixelsOf } from "./frames.js";
import { imageStats } from "./image_stats.js";
import { GPU_MS, openNetwork } from "./network.js";
import { levelsOf, texture } from "./texture.js";
import { LastJudged } from "./unchanged.js";

/**
 * What the network is shown of a picture, see network.js; and its texture, where it was measured already.
 * @typedef {{square: import("./resize.js").Picture, detail: import("./resize.js").Picture | null,
 *   texture?: import("./texture.js").Texture}} Shown
 */

/** @type {import("./network.js").Network | null} */
let network = null;
/** The lesion classifier, fetched when it is first asked for. @type {import("./network.js").Network | null} */
let lesion = null;
/** Open it on the processor, where it cannot fail as a graphics processor may. @type {() => Promise<void>} */
let openSurely = async () => {};
/** The same for the lesion classifier. @type {() => Promise<void>} */
let openLesionSurely = async () => {};
/** Of the video that is watched. */
const film = new LastJudged();
/** @type {Promise<void>} */
let last = Promise.resolve();

/** @param {any} request */
async function open({ base, backend, threads, asFiled }) {
  const given = { base, threads, asFiled, onProgress: (/** @type {any} */ progress) => self.postMessage({ progress }) };
  network = await openNetwork({ ...given, backend });
  openSurely = async () => void (network = await openNetwork({ ...given, backend: "wasm" }));
  return { card: network.card, threads: network.threads, backend: network.backend };
}

/**
 * Ask the network. A graphics processor that was lost, or does not come back, is left alone from then on.
 * @param {import("./network.js").Network} current
 * @param {[import("./resize.js").Picture, import("./resize.js").Picture | null, boolean]} views
 */
async function run(current, ...views) {
  try {
    return await current.run(...views);
  } catch (error) {
    if (current.backend !== "webgpu") throw error;
    console.warn("The graphics processor is not used any longer:", error);
    current.close().catch(() => {});
    await openSurely();
    return /** @type {import("./network.js").Network} */ (network).run(...views);
  }
}

/** @param {any} request */
async function assess({ bitmap, features, frame }) {
  if (network === null) throw new EngineError("runtime", "there is no network");
  const started = performance.now();
  const picture = pixelsOf(bitmap);
  const { width, height } = picture;
  const looks = { luma: luma(picture), print: fingerprint(picture) };
  const views = network.views(picture);
  const answer = frame
    ? await filmed(network, views, `${width}x${height}`, features)
    : { ...(await judged(network, views, features)), recalled: false };
  const milliseconds = performance.now() - started;
  return { ...answer, ...looks, backend: network.backend, width, height, milliseconds };
}

/**
 * What is found in a frame of the video, or was found in the last one that was judged, if it shows the same.
 * @param {import("./network.js").Network} current
 * @param {Shown} views
 * @param {string} size of the frame, in pixels
 * @param {boolean} features
 */
async function filmed(current, views, size, features) {
  const seen = { ...views, texture: texture(views.detail ?? views.square) };
  const known = film.recall(seen, size, features);
  if (known) return { ...known, recalled: true };
  const answer = await judged(current, seen, features);
  film.keep(seen, size, answer);
  return { ...answer, recalled: false };
}

/**
 * What the network says, and what else is found in the squares that it is shown.
 * @param {import("./network.js").Network} current
 * @param {Shown} views
 * @param {boolean} features
 */
async function judged(current, { square, detail, texture: known }, features) {
  const stats = imageStats(square);
  const { opinion, places, framing } = current.card;
  // Only a second opinion reads these, and only beside the map of places and the framing.
  const fabric = opinion && places && framing && detail ? { texture: known ?? texture(detail), levels: levelsOf(square) } : null;
  return { ...(await run(current, square, detail, features)), stats, fabric };
}

/** @param {any} request */
async function openLesion({ base }) {
  if (network === null) throw new EngineError("runtime", "there is no network");
  const { backend, threads } = network;
  const onProgress = (/** @type {any} */ progress) => self.postMessage({ progress: { ...progress, name: "lesion" } });
  const given = { base, threads, onProgress, name: "lesion" };
  lesion ??= await openNetwork({ ...given, backend });
  openLesionSurely = async () => void (lesion = await openNetwork({ ...given, backend: "wasm" }));
  return { card: lesion.card };
}

/** @param {any} request */
async function predict({ bitmap }) {
  if (lesion === null) throw new EngineError("runtime", "the lesion classifier was not opened");
  const started = performance.now();
  const { square } = lesion.views(pixelsOf(bitmap));
  const wanted = Boolean(lesion.card.channels);
  const { logits, features } = await lesion.run(square, null, wanted, GPU_MS).catch(async (error) => {
    if (lesion?.backend !== "webgpu") throw error;
    console.warn("The graphics processor is not used for lesions any longer:", error);
    await openLesionSurely();
    return lesion.run(square, null, wanted);
  });
  return { logits, features, milliseconds: performance.now() - started };
}

const ANSWERS = { open, assess, openLesion, predict };

/** @param {any} request */
async function answer(request) {
  const { id, kind } = request;
  try {
    const value = await ANSWERS[/** @type {keyof typeof ANSWERS} */ (kind)](request);
    const given = "features" in value && value.features ? [value.features.buffer] : [];
    self.postMessage({ id, value }, { transfer: given });
  } catch (error) {
    const code = error instanceof EngineError ? error.code : "runtime";
    self.postMessage({ id, error: { code, message: String(error) } });
  }
}

self.onmessage = ({ data }) => {
  last = last.then(() => answer(data));
};
