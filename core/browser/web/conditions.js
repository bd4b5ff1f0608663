// @ts-check
// From a verdict to the one thing to say; the twin of core/guidance/conditions.py and hint.py.

import { EXPLANATIONS } from "./labels.js";

/** What may be wrong with a picture. */
export const PICTURE_KEYS = [...EXPLANATIONS, "no_skin", "healthy_skin"];
/** Says only that the picture is not there yet. */
export const GENERAL_KEY = "adjust";
/** Conditions that say more, and the coarse one that each stands for. @type {Record<string, string>} */
export const REFINED = {
  too_dark: "bad_light",
  too_bright: "bad_light",
  glare: "bad_light",
  shadow: "bad_light",
  move_left: "bad_framing",
  move_right: "bad_framing",
  move_up: "bad_framing",
  move_down: "bad_framing",
  too_close: "bad_framing",
};
/** The picture passes steadily and the shutter is unlocked; "counting" while the photo takes itself. */
export const OPEN_KEYS = ["ready", "counting"];
/** Nothing to put right: the picture passes, or there is no verdict to speak of yet. */
export const CALM_KEYS = [...OPEN_KEYS, "searching"];
/** What may be wrong with the camera itself. */
export const CAMERA_KEYS = ["camera_black", "camera_frozen", "camera_missing"];

/** The coarse condition that a refined one stands for; any other key is its own. @param {string} key */
export const family = (key) => REFINED[key] ?? key;

/**
 * The condition that a condition is said as: itself, unless the preset merges it into another.
 * @param {string} key
 * @param {import("./watcher.js").Preset} preset
 */
export const saidAs = (key, { merge }) => merge[key] ?? merge[family(key)] ?? key;

/**
 * The key of what to say about a picture, or null when it passes. Only what the verdict found is a candidate; the
 * preset's priority picks one.
 * @param {import("./verdict.js").Verdict} verdict
 * @param {import("./watcher.js").Preset} preset
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
