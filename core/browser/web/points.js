// @ts-check
// How each of the five points of a picture stands; the twin of core/guidance/points.py.

import { family } from "./conditions.js";
import constants from "./constants.js";
import { EXPLANATIONS } from "./verdict.js";

/** These points mean nothing where no spot is in the picture. @type {string[]} */
const OF_A_SPOT = constants.points.of_a_spot;

/**
 * `condition` is the condition to word it by; `measured`: probability and threshold say the same as the state;
 * `hasPlace`: it may be asked where in the picture it was seen.
 * @typedef {{key: string, state: "fine" | "nearly" | "fault" | "unjudged", condition: string,
 *   toImprove: boolean, measured: boolean, hasPlace: boolean}} Point
 */

/**
 * The five points in vocabulary order.
 * @param {import("./verdict.js").Verdict} verdict
 * @param {Record<string, number>} thresholds at 1, or left out, a point never counts
 * @param {string | null} condition what is shown for the picture; null when it passes
 * @returns {Point[]}
 */
export function points(verdict, thresholds, condition) {
  const flagged = new Set(verdict.flagged.map(family));
  const named = condition === null ? null : family(condition);
  return EXPLANATIONS.map((key) => {
    const [share, threshold] = [verdict.explanations[key], thresholds[key] ?? 1];
    const counts = share !== undefined && threshold < 1;
    const state = stateOf(key, verdict, flagged, named, counts);
    const toImprove = state === "fault" || state === "nearly";
    const measured = counts && state !== "unjudged" && (state === "fault") === (share >= threshold);
    const worded = condition !== null && key === named ? condition : key;
    return { key, state, condition: worded, toImprove, measured, hasPlace: toImprove && measured };
  });
}

/**
 * @param {string} key
 * @param {import("./verdict.js").Verdict} verdict
 * @param {Set<string>} flagged
 * @param {string | null} named
 * @param {boolean} counts
 */
function stateOf(key, { label }, flagged, named, counts) {
  if (flagged.has(key)) return "fault";
  if (key === named) return label === "poor_quality" && !flagged.size ? "nearly" : "fault";
  if (!counts || (OF_A_SPOT.includes(key) && (label === "no_skin" || label === "healthy_skin"))) return "unjudged";
  // Where the light is bad nothing else can be known.
  return flagged.has("bad_light") ? "unjudged" : "fine";
}
