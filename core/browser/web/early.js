// @ts-check
// The checker before anybody asks for it: whether that is welcome, and when the page has time for it.

import { kept } from "./store.js";

const IDLE_WITHIN_MS = 1500;

/** Whether the person told the browser to save data: then nothing large is fetched that nobody asked for. */
const sparing = () => Boolean(/** @type {any} */ (navigator).connection?.saveData);

/** When the page has nothing better to do, or after a moment. @returns {Promise<void>} */
const idle = () =>
  new Promise((done) => {
    if ("requestIdleCallback" in globalThis) requestIdleCallback(() => done(), { timeout: IDLE_WITHIN_MS });
    else setTimeout(done, IDLE_WITHIN_MS / 5); // Safari
  });

/**
 * Open the checker beforehand: from what an earlier visit left here always, else only where a download is welcome.
 * @param {object} given
 * @param {string} given.base where everything was published, with a slash at its end
 * @param {() => Promise<boolean>} given.usable whether there is a camera that it would be of use for
 * @param {() => Promise<unknown>} given.open
 */
export async function openEarly({ base, usable, open }) {
  const welcome = !sparing() && (await usable());
  if (!welcome && !(await kept(base))) return;
  await idle();
  await open();
}
