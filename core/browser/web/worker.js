// @ts-check
// Owns the network, so that the page never waits for it. One message is answered after the other.

import { EngineError } from "./errors.js";
import { fingerprint, luma, pixelsOf } from "./frames.js";
import { imageStats } from "./image_stats.js";
import { GPU_MS, openNetwork } from "./network.js";
import { levelsOf, texture } from "./texture.js";
import { LastJudged } from "./unchanged.js";

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
  const views = textured(network.views(picture));
  const known = frame ? film.recall(views, `${width}x${height}`, features) : null;
  const answer = known ?? (await judged(network, views, features));
  if (frame && !known) film.keep(views, `${width}x${height}`, answer);
  const milliseconds = performance.now() - started;
  return { ...answer, ...looks, backend: network.backend, width, height, recalled: known !== null, milliseconds };
}

/**
 * @param {{square: import("./resize.js").Picture, detail: import("./resize.js").Picture | null}} views
 * @returns {import("./unchanged.js").Views}
 */
const textured = ({ square, detail }) => ({ square, detail, texture: texture(detail ?? square) });

/**
 * What the network says, and what else is found in the squares that it is shown.
 * @param {import("./network.js").Network} current
 * @param {import("./unchanged.js").Views} views
 * @param {boolean} features
 */
async function judged(current, { square, detail, texture }, features) {
  const stats = imageStats(square);
  // Only a second opinion reads these.
  const fabric = current.card.opinion && detail ? { texture, levels: levelsOf(square) } : null;
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
