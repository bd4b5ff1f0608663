// @ts-check
// Pictures judged in a worker: the page's side.

import { EngineError } from "./errors.js";
import { heatOf, unpackHead } from "./heat.js";
import { FRAMINGS } from "./labels.js";
import { lesionHeat, predictionOf, unpackLesion } from "./lesion.js";
import { sigmoid, softmax } from "./probability.js";
import { chances, features as opinionFeatures, isTruncated } from "./second_opinion.js";
import { hasSimd } from "./simd.js";
import { find } from "./localization.js";

export { EngineError };

/** What this browser lacks, or "". */
function lacking() {
  const needed = ["Worker", "OffscreenCanvas", "DecompressionStream", "createImageBitmap", "WebAssembly"];
  return needed.find((name) => !(name in globalThis)) ?? (hasSimd() ? "" : "WebAssembly SIMD");
}

/**
 * Judges pictures, one after the other; `assess` and `predict` take the bitmap away. `predict` asks the lesion
 * classifier, which `openLesion` fetches first. A `frame` of a video that shows what the last one showed is answered
 * as that one was, for a second at most (unchanged.js).
 * @typedef {{readonly backend: "wasm" | "webgpu", threads: number,
 *   assess: (source: ImageBitmap | VideoFrame, options?: {features?: boolean, frame?: boolean}) => Promise<Judged>,
 *   openLesion: () => Promise<void>, predict: (source: ImageBitmap | VideoFrame) => Promise<Predicted>,
 *   close: () => void}} Engine
 *
 * `heat` gives Grad-CAM of a class, or null for a network without heat maps.
 * @typedef {import("./lesion.js").Prediction & {milliseconds: number,
 *   heat: (label: string) => import("./heat.js").Heat | null}} Predicted
 *
 * `recalled`: whether the network was not asked.
 * @typedef {import("./verdict.js").Judged & {logits: Float32Array, explanationLogits: Float32Array,
 *   recalled: boolean}} Judged
 */

/**
 * Start a worker, fetch the network where it is not kept yet, and open it.
 * @param {object} given
 * @param {string} given.base where everything was published (a whole address, or one from the page)
 * @param {"auto" | "webgpu" | "wasm"} [given.backend] "auto" takes the graphics processor where there is one
 * @param {number} [given.threads] of the processor; as many as seem right by default
 * @param {boolean} [given.asFiled] whether the network is opened as its file has it, to compare with (bench browser)
 * @param {(progress: {what: "network" | "runtime", name?: "lesion", loaded: number, total: number}) => void} [given.onProgress]
 *   bytes that have come, and bytes in all; with a `name` while the lesion classifier is fetched
 * @returns {Promise<Engine>}
 * @throws {EngineError}
 */
export async function openEngine({ base, backend = "auto", threads, asFiled = false, onProgress = () => {} }) {
  const missing = lacking();
  if (missing) throw new EngineError("unsupported", `this browser has no ${missing}`);
  const link = connect(new Worker(new URL("./worker.js", import.meta.url), { type: "module" }), onProgress);
  const address = new URL(base.endsWith("/") ? base : `${base}/`, document.baseURI).href;
  try {
    const opened = await link.ask("open", { base: address, backend, threads, asFiled });
    const { card } = opened;
    const head = card.head && unpackHead(card.head, card.labels, card.explanations);
    let running = opened.backend;
    /** @type {import("./lesion.js").Lesion | null} */
    let lesion = null;
    const openLesion = async () => {
      lesion ??= unpackLesion((await link.ask("openLesion", { base: address })).card);
    };
    return {
      get backend() {
        return running;
      },
      threads: opened.threads,
      assess: async (source, { features = false, frame = false } = {}) => {
        const question = { bitmap: source, features: features && head !== null, frame };
        const answer = await link.ask("assess", question, [source]);
        running = answer.backend; // a graphics processor may have been lost
        return judgedOf(answer, card, head);
      },
      openLesion,
      predict: async (source) => {
        await openLesion();
        return predicted(await link.ask("predict", { bitmap: source }, [source]), lesion);
      },
      close: () => link.close("the engine was closed"),
    };
  } catch (error) {
    link.close("the engine could not be opened");
    throw error;
  }
}

/** A worker's answer as a prediction. @param {any} answer @param {any} lesion @returns {Predicted} */
function predicted({ logits, features: values, milliseconds }, lesion) {
  const { channels } = lesion;
  const features = values && { values, channels, size: Math.sqrt(values.length / channels) };
  const heat = (/** @type {string} */ label) => features && lesionHeat(lesion, features, label);
  return { ...predictionOf(lesion, logits, features), milliseconds, heat };
}

/** Questions to a worker as promises. @param {Worker} worker @param {(progress: any) => void} onProgress */
function connect(worker, onProgress) {
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: EngineError) => void}>} */
  const waiting = new Map();
  let asked = 0;
  /** @type {EngineError | null} */
  let ended = null;
  const end = (/** @type {EngineError} */ error) => {
    ended ??= error;
    worker.terminate();
    waiting.forEach(({ reject }) => reject(error));
    waiting.clear();
  };
  worker.onmessage = ({ data: { id, value, error, progress } }) => {
    if (progress) return onProgress(progress);
    const promise = waiting.get(id);
    waiting.delete(id);
    if (error) promise?.reject(new EngineError(error.code, error.message));
    else promise?.resolve(value);
  };
  // Before its first answer a worker ends because its files did not come; later because something broke.
  worker.onerror = (event) => {
    end(new EngineError(asked > 1 ? "runtime" : "network", event.message || "the worker could not be started"));
  };
  return {
    /** @param {string} kind @param {object} question @param {Transferable[]} [transfer] @returns {Promise<any>} */
    ask: (kind, question, transfer = []) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(ended);
        const id = ++asked;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, kind, ...question }, { transfer });
      }),
    close: (/** @type {string} */ why) => end(new EngineError("runtime", why)),
  };
}

/** A worker's answer as probabilities. @param {any} answer @param {import("./network.js").Card} card @param {import("./heat.js").Head | null} head @returns {Judged} */
function judgedOf({ places, framing, features, backend, fabric, ...answer }, card, head) {
  const { logits, explanationLogits } = answer;
  const named = (/** @type {string[]} */ names, /** @type {number[]} */ values) =>
    Object.fromEntries(names.map((name, i) => [name, values[i]]));
  const side = places === null ? 0 : Math.sqrt(places.length);
  const lesion = places === null ? null : sigmoid(places);
  const quality = named(card.labels, softmax(logits, card.temperature));
  const explanations = named(card.explanations, sigmoid(explanationLogits));
  const { opinion } = card;
  const measured = { stats: answer.stats, ...fabric };
  const framed = framing === null ? null : named([...FRAMINGS], softmax(framing, 1));
  const read =
    opinion && fabric && lesion && framed
      ? opinionFeatures(quality, explanations, measured, lesion, side, framed)
      : null;
  const judged = {
    ...answer,
    quality,
    explanations,
    where: lesion === null ? null : find(lesion, side, side),
    opinion:
      opinion && read && framed
        ? {
            chances: chances(read, opinion),
            leastGood: opinion.least_good,
            truncated: isTruncated(framed, opinion.truncated_from),
          }
        : null,
  };
  if (features && head) {
    const { channels } = head;
    const seen = { values: features, channels, size: Math.sqrt(features.length / channels), explanationLogits };
    judged.heat = (/** @type {string} */ target) => heatOf(seen, head, target);
  }
  return judged;
}
