// Taking the photo: a still is judged again, and its own verdict is the one that counts. The twin of
// core/live/shutter.py.

import { verdictProperties } from "./stream_session.js";

/**
 * @typedef {object} Still
 * @property {Blob} jpeg
 * @property {object} verdict of the still itself
 *
 * @typedef {object} Try
 * @property {"locked"|"no_picture"|"refused"|"accepted"} outcome
 * @property {Still} [still]
 * @property {boolean} [overridden] it did not pass and the person uses it anyway
 *
 * @typedef {object} Hand what the shutter needs
 * @property {import("./stream_session.js").StreamSession} streamSession
 * @property {() => Promise<Still>} take a still and its verdict; rejects when there is none
 * @property {(verdict: object) => string|null} condition the key of what to say about a verdict
 */

/**
 * Take a photo, unless the shutter is locked.
 * @param {Hand} hand
 * @param {boolean} [byItself] nobody pressed: the stream session said that it is time
 * @returns {Promise<Try>}
 */
export async function press(hand, byItself = false) {
  const { ready } = hand.streamSession.status();
  hand.streamSession.pressed(byItself ? { auto: true } : {});
  if (!ready) return locked(hand, {});
  const taken = await take(hand);
  if (taken.outcome === "refused") {
    const key = hand.condition(taken.still.verdict);
    hand.streamSession.record("capture_blocked", { reason: "refused", key, refused: hand.streamSession.refuse() });
  }
  return taken;
}

/**
 * Use the photo that was refused last, or the picture of this moment, though it does not pass.
 * @param {Hand} hand
 * @param {Try|null} refused
 * @returns {Promise<Try>}
 */
export async function useAnyway(hand, refused) {
  hand.streamSession.pressed({ override: true });
  if (!hand.streamSession.status().mayOverride) return locked(hand, { override: true });
  const taken = refused ?? (await take(hand));
  if (taken.outcome !== "refused") return taken;
  hand.streamSession.record("gate_overridden", verdictProperties(taken.still.verdict));
  hand.streamSession.record("photo_accepted", { overridden: true });
  return { ...taken, outcome: "accepted", overridden: true };
}

function locked(hand, more) {
  hand.streamSession.record("capture_blocked", { reason: "locked", ...more });
  return { outcome: "locked" };
}

async function take(hand) {
  let still;
  try {
    still = await hand.take();
  } catch (error) {
    console.warn("No still", error);
    hand.streamSession.record("capture_blocked", { reason: "no_picture" });
    return { outcome: "no_picture" };
  }
  hand.streamSession.record("photo_captured", verdictProperties(still.verdict));
  if (!still.verdict.passes) return { outcome: "refused", still };
  hand.streamSession.record("photo_accepted", { overridden: false });
  return { outcome: "accepted", still, overridden: false };
}
