// @ts-check
// The one place in the browser where "passes" is decided; the twin of core/quality/verdict.py.

/** In network output order, as in core/quality/labels.py. */
export const QUALITY_CLASSES = ["lesion", "no_skin", "healthy_skin", "poor_quality"];
export const EXPLANATIONS = ["bad_framing", "bad_light", "blurry", "low_resolution", "too_far_away"];

/**
 * When a picture passes.
 * @typedef {{thresholds: Record<string, number>, class_offsets: Record<string, number>, healthy_skin_passes: boolean}} Rule
 *
 * What an engine says of a picture, before the rule; `where` is from -1 to 1, null when nothing was found.
 * `luma` (0-1) and `print` tell a covered and a stuck camera; an engine without them finds neither.
 * @typedef {{quality: Record<string, number>, explanations: Record<string, number>,
 *   where?: import("./where.js").Where | null, width: number, height: number, milliseconds: number,
 *   luma?: number, print?: number, glance?: import("./glance.js").Glance, heat?: (target: string) => import("./heat.js").Heat}} Judged
 *
 * One picture, judged. `quality` has the rule's offsets, `nearest` is the explanation closest to its threshold.
 * @typedef {{label: string, quality: Record<string, number>, explanations: Record<string, number>,
 *   flagged: string[], passes: boolean, nearest: string, where: import("./where.js").Where | null, width: number,
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
  const label = highest(QUALITY_CLASSES, (name) => quality[name]);
  const margin = (/** @type {string} */ name) => judged.explanations[name] - rule.thresholds[name];
  const flagged = EXPLANATIONS.filter((name) => margin(name) >= 0);
  const good = label === "lesion" || (rule.healthy_skin_passes && label === "healthy_skin");
  return {
    label,
    quality,
    explanations: { ...judged.explanations },
    flagged,
    passes: good && !flagged.length,
    nearest: highest(EXPLANATIONS, margin),
    where: judged.where ?? null,
    width: judged.width,
    height: judged.height,
    milliseconds: judged.milliseconds,
  };
}
