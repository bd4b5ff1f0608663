// @ts-check
// Downloads that are kept: every address names its contents, so what was fetched once is never asked for again.

import { EngineError } from "./errors.js";

const STORE = "retake-on-device";

/** @returns {Promise<Cache | null>} null where the browser keeps nothing (private windows, plain http) */
async function openStore() {
  try {
    return await caches.open(STORE);
  } catch {
    return null;
  }
}

/** What a body holds once it is unpacked. @param {ReadableStream | null} body @param {boolean} packed @returns {Promise<ArrayBuffer>} */
function unpack(body, packed) {
  if (body === null) throw new Error("nothing came");
  return new Response(packed ? body.pipeThrough(new DecompressionStream("gzip")) : body).arrayBuffer();
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
  const packed = url.endsWith(".gz");
  const kept = await store?.match(url);
  if (kept) {
    try {
      const blob = await kept.blob();
      const bytes = await unpack(blob.stream(), packed);
      await verify(url, bytes, sha256);
      onProgress(blob.size);
      return bytes;
    } catch {
      await store?.delete(url); // damaged: fetched anew
    }
  }
  try {
    // Kept once is enough: the browser's own cache need not hold it as well.
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
    const bytes = await unpack(blob.stream(), packed);
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
    const card = await store?.match(`${base}imageqx.json`);
    if (!store || !card) return false;
    const { files } = await card.json();
    const wanted = [files.network, files.wasm].map(({ path }) => store.match(base + path));
    return (await Promise.all(wanted)).every(Boolean);
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
  const card = readCard(await stored(`${base}${name}.json`));
  const { path, bytes: total } = card.files.network;
  await stored(base + path, (loaded) => onProgress({ loaded, total }), card.sha256);
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
