// @ts-check
// The network in onnxruntime-web: fetched, opened on the quickest way that this browser has, and asked. Runs in
// the worker.

import { EngineError } from "./errors.js";
import parts from "./parts.js";
import { detailSquare, networkSquare, planes, shrink } from "./resize.js";
import { forgetOthers, readCard, spent, stored } from "./store.js";
import { unfold } from "./unfold.js";

/**
 * What core/browser/publish.py says of a network.
 * @typedef {{labels: string[], explanations: string[], input_size: number, mean: number[], std: number[],
 *   detail: boolean, temperature: number, places: boolean, framing?: boolean, channels?: number,
 *   head: any, opinion?: import("./second_opinion.js").Opinion | null,
 *   unfolded?: import("./unfold.js").Unfolded | null,
 *   check: {logits: number[], explanations: number[], framing?: number[]}}} Card
 *
 * @typedef {"wasm" | "webgpu"} Backend
 * What a network without explanations gives of them is empty.
 * @typedef {{logits: Float32Array, explanationLogits: Float32Array, places: Float32Array | null,
 *   framing: Float32Array | null, features: Float32Array | null}} Answer
 * @typedef {(progress: {what: string, loaded: number, total: number}) => void} Progress
 */

// How far off a logit of the made-up picture may be before a graphics driver is not believed.
const BELIEVED = 0.1;

// Drivers have been seen to hang: then the graphics processor is left alone.
const ADAPTER_MS = 5_000;
export const GPU_MS = 20_000;
const GPU_RUN_MS = 5_000;

/** @template T @param {Promise<T>} promise @param {number} ms @returns {Promise<T>} rejects when it takes longer */
function within(promise, ms) {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms));
  return Promise.race([promise, late]);
}

/**
 * How many threads there may be: one unless memory may be shared, else half the cores, at most 4. On two cores it
 * is one as well: threads that wait for each other there take the time that page and video need.
 */
function threadsHere() {
  if (!self.crossOriginIsolated || !("SharedArrayBuffer" in self)) return 1; // WebKitGTK has the one without the other
  return Math.min(4, Math.max(1, navigator.hardwareConcurrency >> 1));
}

/** Whether there is a graphics processor to run on. @param {boolean} insisted also one that is only simulated */
async function hasGpu(insisted) {
  // The build for graphics processors waits for them in a way that not every browser has.
  if (!("Suspending" in WebAssembly)) return false;
  const gpu = /** @type {any} */ (navigator).gpu;
  if (!gpu) return false;
  const request = gpu.requestAdapter({ powerPreference: "high-performance" });
  const adapter = await within(request, ADAPTER_MS).catch(() => null);
  return Boolean(adapter) && (insisted || !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter));
}

/** One network, open. Ask it one thing at a time. */
export class Network {
  #ort;
  #session;
  /** What the runtime copies its input from: written anew for each picture. @type {Float32Array[]} */
  #inputs;

  /** @param {any} ort @param {any} session @param {Card} card @param {Backend} backend @param {number} threads */
  constructor(ort, session, card, backend, threads) {
    this.#ort = ort;
    this.#session = session;
    this.card = card;
    this.backend = backend;
    this.threads = threads;
    this.#inputs = session.inputNames.map(() => new Float32Array(3 * card.input_size ** 2));
  }

  /**
   * Judge the squares of one picture.
   * @param {import("./resize.js").Picture} square
   * @param {import("./resize.js").Picture | null} detail
   * @param {boolean} features whether the feature map is wanted too
   * @param {number} [patience] milliseconds that a graphics processor has
   * @returns {Promise<Answer>}
   */
  async run(square, detail, features, patience = GPU_RUN_MS) {
    const { input_size: size, mean, std, places, framing, explanations } = this.card;
    const views = detail === null ? [square] : [square, detail];
    const given = Object.fromEntries(
      views.map((view, i) => {
        const values = planes(view, mean, std, this.#inputs[i]);
        return [this.#session.inputNames[i], new this.#ort.Tensor("float32", values, [1, 3, size, size])];
      }),
    );
    const wanted = ["logits"];
    if (explanations.length) wanted.push("explanations");
    if (places) wanted.push("places");
    if (framing) wanted.push("framing");
    if (features) wanted.push("features");
    const running = this.#session.run(given, wanted);
    const out = await (this.backend === "webgpu" ? within(running, patience) : running);
    return {
      logits: out.logits.data,
      explanationLogits: explanations.length ? out.explanations.data : new Float32Array(0),
      places: places ? out.places.data : null,
      framing: framing ? out.framing.data : null,
      features: features ? out.features.data : null,
    };
  }

  /** The squares that the network is shown of a picture. @param {import("./resize.js").Picture} picture */
  views(picture) {
    const working = shrink(picture);
    const { input_size: size, detail } = this.card;
    return { square: networkSquare(working, size), detail: detail ? detailSquare(working, size) : null };
  }

  /** Whether a made-up picture gets the answer that it got from Python; also the first, slow, run. */
  async check() {
    const { input_size: size, detail, check } = this.card;
    const made = (/** @type {number} */ times, /** @type {number} */ over) => ({
      data: Uint8Array.from({ length: size * size * 3 }, (_, i) => (i * times) % over),
      width: size,
      height: size,
      step: 3,
    });
    const found = await this.run(made(7919, 251), detail ? made(104729, 241) : null, false, GPU_MS);
    const near = (/** @type {Float32Array | null} */ got, /** @type {number[]} */ wanted = []) =>
      wanted.every((value, i) => got !== null && Math.abs(got[i] - value) <= BELIEVED);
    const told = near(found.logits, check.logits) && near(found.explanationLogits, check.explanations);
    if (!told || !near(found.framing, check.framing)) {
      throw new EngineError("runtime", `the ${this.backend} backend answers otherwise than Python`);
    }
  }

  /** Let go of its memory. */
  async close() {
    await this.#session.release();
  }
}

/**
 * A session: of the graph that was optimised beforehand for processors where there is one, else of the network's file.
 * @param {any} ort @param {Card["unfolded"]} unfolded @param {ArrayBuffer} model @param {object} options
 */
async function sessionOf(ort, unfolded, model, options) {
  if (unfolded) {
    try {
      const { graph, weights } = unfold(model, unfolded);
      const asItIs = { ...options, graphOptimizationLevel: "disabled", externalData: [weights] };
      return await ort.InferenceSession.create(graph, asItIs);
    } catch (error) {
      console.warn("The graph that was optimised beforehand is not used:", error);
    }
  }
  return ort.InferenceSession.create(new Uint8Array(model), options);
}

/**
 * Fetch what is not kept yet and open the network.
 * @param {{base: string, backend: "auto" | Backend, threads?: number, onProgress: Progress, name?: string,
 *   asFiled?: boolean}} given
 *   `base` is a whole address that ends in a slash; `threads` of the processor, as many as seem right by default;
 *   `name` of the network's card; `asFiled` leaves the graph that was optimised beforehand aside
 * @returns {Promise<Network>}
 * @throws {EngineError}
 */
export async function openNetwork(given) {
  const { base, backend, threads = threadsHere(), onProgress, name = "imageqx", asFiled = false } = given;
  const fetched = (/** @type {string} */ what, /** @type {{path: string, bytes: number, sha256?: string}} */ part) =>
    stored(base + part.path, (loaded) => onProgress({ what, loaded, total: part.bytes }), part.sha256);
  // All at once: none of it says where the rest lies.
  const described = stored(`${base}${name}.json`).then(readCard);
  const weights = fetched("network", parts.networks[name]);
  for (const coming of [described, weights]) coming.catch(() => {}); // told below, where it is waited for
  const open = async (/** @type {Backend} */ kind) => {
    const { module, ...file } = parts.runtime[kind];
    const coming = [described, import(base + module), fetched("runtime", file), weights];
    const [card, ort, wasmBinary, model] = await Promise.all(coming).catch((error) => {
      throw error instanceof EngineError ? error : new EngineError("network", `${module}: ${error}`);
    });
    Object.assign(ort.env.wasm, { wasmBinary, numThreads: threads, proxy: false });
    ort.env.logLevel = "error";
    const options = { executionProviders: [kind], graphOptimizationLevel: "all", logSeverityLevel: 3 };
    const made = async () => {
      const started = performance.now();
      const session = await sessionOf(ort, asFiled || kind !== "wasm" ? null : card.unfolded, model, options);
      spent("session", started, name);
      const network = new Network(ort, session, card, kind, threads);
      const ready = performance.now();
      await network.check();
      spent("first run", ready, name);
      return network;
    };
    return kind === "webgpu" ? within(made(), GPU_MS) : made();
  };
  const began = performance.now();
  try {
    if (backend !== "wasm" && (await hasGpu(backend === "webgpu"))) {
      try {
        return await open("webgpu");
      } catch (error) {
        console.warn("The graphics processor is not used:", error);
      }
    }
    return await open("wasm");
  } finally {
    spent("open", began, name);
    forgetOthers(base).catch(() => {});
  }
}
