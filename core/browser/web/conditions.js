// @ts-check
// From a verdict to the one thing to say; the twin of core/guidance/conditions.py and hint.py.

import constants from "./constants.js";

/**
 * PICTURE_KEYS: what may be wrong with a picture. GENERAL_KEY says only that the picture is not there yet. REFINED:
 * conditions that say more, and the coarse one that each stands for. OPEN_KEYS: the picture passes steadily and the
 * shutter is unlocked; "counting" while the photo takes itself. CALM_KEYS: nothing to put right. CAMERA_KEYS: what
 * may be wrong with the camera itself.
 * @type {{picture: string[], general: string, refined: Record<string, string>, open: string[], calm: string[],
 *   camera: string[]}}
 */
export const {
  picture: PICTURE_KEYS,
  general: GENERAL_KEY,
  refined: REFINED,
  open: OPEN_KEYS,
  calm: CALM_KEYS,
  camera: CAMERA_KEYS,
} = constants.conditions;

/** The coarse condition that a refined one stands for; any other key is its own. @param {string} key */
export const family = (key) => REFINED[key] ?? key;

/**
 * The condition that is shown for a condition: itself, unless the preset merges it into another.
 * @param {string} key
 * @param {import("./stream_session.js").Preset} preset
 */
export const mergedInto = (key, { merge }) => merge[key] ?? merge[family(key)] ?? key;

/**
 * The key of what to say about a picture, or null when it passes. Only what the verdict found is a candidate; the
 * preset's priority picks one.
 * @param {import("./verdict.js").Verdict} verdict
 * @param {import("./stream_session.js").Preset} preset
 * @param {boolean} healthySkinPasses whether the rule that judged the picture lets healthy skin pass
 * @returns {string | null}
 */
export function condition(verdict, preset, healthySkinPasses = false) {
  if (verdict.passes) return null;
  const wrong = new Set(verdict.flagged);
  const clear = verdict.label === "healthy_skin" && !(healthySkinPasses || preset.healthy_skin_passes);
  if (verdict.label === "no_skin" || clear) wrong.add(verdict.label);
  if (!wrong.size) wrong.add(verdict.nearest);
  const key = preset.priorities.find((name) => wrong.has(name)) ?? null;
  return key === "bad_framing" && verdict.too_close ? "too_close" : key;
}
