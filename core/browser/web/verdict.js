// @ts-check
// The one place in the browser where "passes" is decided; the twin of core/quality/verdict.py.

import { EXPLANATIONS, QUALITY_CLASSES } from "./labels.js";
import { revised } from "./second_opinion.js";

export { EXPLANATIONS, QUALITY_CLASSES };

/**
 * When a picture passes.
 * @typedef {{thresholds: Record<string, number>, class_offsets: Record<string, number>, healthy_skin_passes: boolean,
 *   second_opinion: boolean, spot_at_least: number, spot_at_most: number}} Rule
 *
 * What an engine says of a picture, before the rule; `where` is from -1 to 1, null when nothing was found.
 * `luma` (0-1) and `print` tell a covered and a stuck camera; an engine without them finds neither. `opinion` has the
 * second opinion's probability of each condition, how sure it must be of a good picture, and whether the frame cuts the
 * lesion, where there is one.
 * @typedef {{quality: Record<string, number>, explanations: Record<string, number>,
 *   where?: import("./localization.js").LesionLocation | null, width: number, height: number, milliseconds: number,
 *   luma?: number, print?: number, opinion?: {chances: Record<string, number>, leastGood: number, truncated: boolean} | null, stats?: import("./image_stats.js").ImageStats, heat?: (target: string) => import("./heat.js").Heat}} Judged
 *
 * One picture, judged. `quality` has the rule's offsets, `nearest` is the explanation closest to its threshold;
 * `too_close` says that the spot takes more of the frame than the rule allows.
 * @typedef {{label: string, quality: Record<string, number>, explanations: Record<string, number>,
 *   flagged: string[], passes: boolean, nearest: string, too_close: boolean, where: import("./localization.js").LesionLocation | null, width: number,
 *   height: number, milliseconds: number}} Verdict
 */

/** The first name with the highest value. @param {string[]} names @param {(name: string) => number} value */
function highest(names, value) {
  return names.reduce((best, name) => (value(name) > value(best) ? name : best));
}

/**
 * How likely (0-1) a picture is good, thresholds aside: to tell the best of several that pass.
 * @param {Verdict} verdict
 * @param {boolean} healthySkinPasses
 */
export function chanceGood({ quality, explanations }, healthySkinPasses = false) {
  const good = quality.lesion + (healthySkinPasses ? quality.healthy_skin : 0);
  return EXPLANATIONS.reduce((chance, name) => chance * (1 - explanations[name]), good);
}

/** Class probabilities as if each offset had been added to its logit. @param {Record<string, number>} quality @param {Record<string, number>} offsets */
function shifted(quality, offsets) {
  const odds = QUALITY_CLASSES.map((name) => quality[name] * Math.exp(offsets[name] ?? 0));
  const total = odds.reduce((sum, value) => sum + value, 0);
  if (!(total > 0)) return { ...quality };
  return Object.fromEntries(QUALITY_CLASSES.map((name, i) => [name, odds[i] / total]));
}

/**
 * Apply a pass rule to probabilities.
 * @param {Judged} judged
 * @param {Rule} rule
 * @returns {Verdict}
 */
export function judge(judged, rule) {
  const quality = Object.keys(rule.class_offsets).length
    ? shifted(judged.quality, rule.class_offsets)
    : { ...judged.quality };
  const margin = (/** @type {string} */ name) => judged.explanations[name] - rule.thresholds[name];
  const flagged = EXPLANATIONS.filter((name) => margin(name) >= 0);
  // Where the light is bad nothing else can be known, least of all that there is no skin.
  const believed = QUALITY_CLASSES.filter((name) => name !== "no_skin" || !flagged.includes("bad_light"));
  const label = highest(believed, (name) => quality[name]);
  const good = label === "lesion" || (rule.healthy_skin_passes && label === "healthy_skin");
  /** @type {Verdict} */
  const verdict = {
    label,
    quality,
    explanations: { ...judged.explanations },
    flagged,
    passes: good && !flagged.length,
    nearest: highest(EXPLANATIONS, margin),
    too_close: false,
    where: judged.where ?? null,
    width: judged.width,
    height: judged.height,
    milliseconds: judged.milliseconds,
  };
  const { opinion } = judged;
  if (!opinion || !rule.second_opinion) return atDistance(verdict, rule);
  return atDistance(revised(verdict, rule, opinion.chances, opinion.leastGood, opinion.truncated), rule);
}

/** The verdict with the rule's bounds on the spot's extent applied. @param {Verdict} verdict @param {Rule} rule @returns {Verdict} */
function atDistance(verdict, rule) {
  const size = verdict.where?.size ?? 0;
  if (size <= 0 || (rule.spot_at_least <= size && size <= rule.spot_at_most)) return verdict;
  const too_close = size > rule.spot_at_most;
  const fault = too_close ? "bad_framing" : "too_far_away";
  const flagged = EXPLANATIONS.filter((name) => verdict.flagged.includes(name) || name === fault);
  return { ...verdict, flagged, passes: false, too_close };
}
