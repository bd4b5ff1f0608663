// @ts-check
// Downloads that are kept: every address names its contents, so what was fetched once is never asked for again.

import { EngineError } from "./errors.js";
import parts from "./parts.js";

const STORE = "retake-on-device";

/** @returns {Promise<Cache | null>} null where the browser keeps nothing (private windows, plain http) */
async function openStore() {
  try {
    return await caches.open(STORE);
  } catch {
    return null;
  }
}

/**
 * Note how long a step took, for whoever measures (core/load/visits.py) or looks in the browser's own tools.
 * @param {string} step @param {number} started on this thread's clock @param {string} [what] an address or a name
 */
export function spent(step, started, what = "") {
  performance.measure(`retake ${step} ${what.slice(what.lastIndexOf("/") + 1)}`.trim(), { start: started });
}

/**
 * What a body holds once it is unpacked.
 * @param {ReadableStream} body @param {boolean} packed @param {string} url for whoever reads the error
 * @returns {Promise<ArrayBuffer>}
 * @throws {EngineError} "altered"
 */
async function unpack(body, packed, url) {
  const started = performance.now();
  try {
    const bytes = await new Response(packed ? body.pipeThrough(new DecompressionStream("gzip")) : body).arrayBuffer();
    spent("unpack", started, url);
    return bytes;
  } catch (error) {
    throw new EngineError("altered", `${url} cannot be unpacked: ${error}`);
  }
}

/** @param {string} url @param {ArrayBuffer} bytes @param {string} sha256 in hex; "" where it may be anything */
async function verify(url, bytes, sha256) {
  // Plain http has no digests; nor has it a camera.
  if (!sha256 || !globalThis.crypto?.subtle) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== sha256) throw new EngineError("altered", `${url} is not what was published`);
}

/**
 * Fetch a file and keep it; one that is kept is read back without asking the server.
 * @param {string} url a file whose name ends in .gz is unpacked
 * @param {(loaded: number) => void} onProgress bytes that have come
 * @param {string} [sha256] of what it must hold, unpacked; anything else is not kept
 * @returns {Promise<ArrayBuffer>}
 * @throws {EngineError} "network", "altered"
 */
export async function stored(url, onProgress = () => {}, sha256 = "") {
  const store = await openStore();
  const started = performance.now();
  const kept = await store?.match(url);
  if (kept) {
    try {
      const blob = await kept.blob();
      spent("read", started, url);
      const bytes = await unpack(blob.stream(), url.endsWith(".gz"), url);
      await verify(url, bytes, sha256);
      onProgress(blob.size);
      return bytes;
    } catch {
      await store?.delete(url); // damaged: fetched anew
    }
  }
  try {
    // Kept once is enough: the browser's own cache need not hold it as well.
    const asked = performance.now();
    const answer = await fetch(url, store ? { cache: "no-store" } : {});
    if (!answer.ok || answer.body === null) throw new Error(`the server answered ${answer.status}`);
    let loaded = 0;
    const counted = new TransformStream({
      transform(chunk, controller) {
        onProgress((loaded += chunk.length));
        controller.enqueue(chunk);
      },
    });
    const blob = await new Response(answer.body.pipeThrough(counted)).blob();
    spent("fetch", asked, url);
    const bytes = await unpack(blob.stream(), url.endsWith(".gz"), url);
    await verify(url, bytes, sha256);
    await store?.put(url, new Response(blob)).catch(() => {}); // no room: it will be fetched again
    return bytes;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError("network", `${url} could not be fetched: ${error}`);
  }
}

/**
 * Whether a network lies here whole from an earlier visit, so that opening it asks the server for nothing large.
 * @param {string} base where everything was published, with a slash at its end
 */
export async function kept(base) {
  try {
    const store = await openStore();
    const wanted = ["imageqx.json", parts.networks.imageqx.path, parts.runtime.wasm.path];
    return store !== null && (await Promise.all(wanted.map((name) => store.match(base + name)))).every(Boolean);
  } catch {
    return false;
  }
}

/**
 * Fetch a network beforehand, where it can be kept: opening it then takes no time of whoever waits behind it.
 * @param {string} base where everything was published, with a slash at its end
 * @param {string} name of its card
 * @param {(progress: {loaded: number, total: number}) => void} onProgress
 * @throws {EngineError} "network", "altered"
 */
export async function fetchAhead(base, name, onProgress) {
  if (!(await openStore())) return;
  const { path, bytes: total, sha256 } = parts.networks[name];
  const coming = [stored(`${base}${name}.json`), stored(base + path, (loaded) => onProgress({ loaded, total }), sha256)];
  await Promise.all(coming);
}

/** What describes a network. @param {ArrayBuffer} bytes @returns {any} @throws {EngineError} "altered" */
export function readCard(bytes) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new EngineError("altered", `a network's card cannot be read: ${error}`);
  }
}

/** Let go of what is kept of a network: it did not do. @param {string} base @param {string} name */
export async function forget(base, name) {
  const store = await openStore();
  for (const request of (await store?.keys()) ?? []) {
    if (request.url.startsWith(`${base}${name}.`)) await store?.delete(request);
  }
}

/** Let go of what older versions of the page kept. @param {string} base where everything that counts lies */
export async function forgetOthers(base) {
  const store = await openStore();
  for (const request of (await store?.keys()) ?? []) {
    if (!request.url.startsWith(base)) await store?.delete(request);
  }
}
