// @ts-check
// Which light, which way: a coarse condition said more exactly, where the picture tells; the twin of
// core/guidance/refine.py.

import constants from "./constants.js";

/**
 * The refined condition for a coarse one; the coarse one where nothing is clear.
 * @param {string} key
 * @param {import("./stream_session.js").Preset} preset
 * @param {import("./image_stats.js").ImageStats | null} seen
 * @param {import("./localization.js").LesionLocation | null} where the spot; without it the middle of the skin is taken
 * @param {"user" | "environment" | null} facing which way the camera looks, where that is known
 */
export function refined(key, preset, seen = null, where = null, facing = null) {
  if (key === "bad_light" && preset.refine.light && seen) return light(preset.refine, seen);
  if (key === "bad_framing" && preset.refine.direction) return way(preset.refine, seen, where, facing);
  return key;
}

// Where not even the brightest part of the frame is brighter (0-1) than this, all is dark and no shadow falls.
const ALL_DARK = constants.refine.all_dark;

/** @param {import("./stream_session.js").Preset["refine"]} rule @param {import("./image_stats.js").ImageStats} seen */
function light(rule, seen) {
  if (seen.luma > rule.bright_above) return "too_bright";
  if (seen.blown > rule.blown_above) return "glare";
  const brightest = seen.cells.reduce((most, cell) => Math.max(most, cell), 0) / 255;
  if (seen.luma < rule.dark_below && brightest < ALL_DARK) return "too_dark";
  if (seen.hasSkin && seen.shading > rule.shading_above) return "shadow";
  return seen.luma < rule.dark_below ? "too_dark" : "bad_light";
}

/**
 * @param {import("./stream_session.js").Preset["refine"]} rule
 * @param {import("./image_stats.js").ImageStats | null} seen
 * @param {import("./localization.js").LesionLocation | null} where
 * @param {"user" | "environment" | null} facing
 */
function way(rule, seen, where, facing) {
  if (where && where.size > rule.close_above) return "too_close";
  const place = where ?? (seen?.hasSkin ? seen : null);
  if (!place) return "bad_framing";
  const { x, y } = place;
  if (Math.max(Math.abs(x), Math.abs(y)) < rule.off_centre_from) return "bad_framing";
  if (Math.abs(y) >= Math.abs(x)) return y < 0 ? "move_up" : "move_down";
  if (!facing) return "bad_framing";
  return x < 0 === (facing === "environment") ? "move_left" : "move_right";
}
