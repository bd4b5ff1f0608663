// @ts-check
// A second opinion on what is wrong with a picture; the twin of core/quality/second_opinion.py.

import constants from "./constants.js";
import { EXPLANATIONS, FRAMINGS, QUALITY_CLASSES } from "./labels.js";

const {
  likely: LIKELY,
  likelier: LIKELIER,
  unlikely: UNLIKELY,
  certain: CERTAIN,
  least: LEAST,
} = constants.second_opinion;
/** @type {Record<string, number>} */
const BELIEVED = constants.second_opinion.believed;

/**
 * The logistic model of the weights manifest: one row of weights, one bias and one condition a kind of picture.
 * @typedef {{features: string[], conditions: string[], weights: number[][], bias: number[], least_good: number,
 *   truncated_from: number}} Opinion
 *
 * What was measured in a picture beside what the network answered.
 * @typedef {{stats: import("./image_stats.js").ImageStats, texture: import("./texture.js").Texture,
 *   levels: {half: number, high: number}}} Measured
 */

/**
 * What the model reads of a picture: as many numbers as it has columns.
 * @param {Record<string, number>} quality @param {Record<string, number>} explanations
 * @param {Measured} measured
 * @param {ArrayLike<number>} places side x side, probability (0-1) that each part of the picture is lesion
 * @param {number} side
 * @param {Record<string, number>} framing the network's probability (0-1) of each framing
 * @returns {number[]}
 */
export function features(quality, explanations, { stats, texture, levels }, places, side, framing) {
  let [peak, edge, inner, sum, rim, x, y] = [LEAST, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < side * side; i++) {
    const [row, column] = [Math.floor(i / side), i % side];
    const chance = places[i];
    peak = Math.max(peak, chance);
    sum += chance;
    x += chance * ((2 * column + 1) / side - 1);
    y += chance * ((2 * row + 1) / side - 1);
    const ring = Math.min(row, column, side - 1 - row, side - 1 - column);
    if (ring === 0) {
      edge = Math.max(edge, chance);
      rim += chance;
    }
    if (ring >= 2) inner = Math.max(inner, chance);
  }
  let near = 0;
  for (let i = 0; i < side * side; i++) if (places[i] >= peak / 2) near++;
  return [
    ...EXPLANATIONS.map((name) => logOdds(explanations[name])),
    ...QUALITY_CLASSES.map((name) => logOdds(quality[name])),
    texture.soft,
    texture.smear,
    texture.softWide,
    texture.fine,
    texture.medium,
    texture.equal,
    texture.flat,
    texture.blocks,
    levels.half,
    levels.high,
    Math.log(stats.blown + 1e-3),
    Math.log(stats.shading),
    stats.skin,
    stats.luma,
    logOdds(peak),
    logOdds(edge),
    edge / peak,
    rim / Math.max(sum, LEAST),
    logOdds(inner),
    near / (side * side),
    Math.max(Math.abs(x), Math.abs(y)) / Math.max(sum, LEAST),
    ...FRAMINGS.map((name) => logOdds(framing[name])),
  ];
}

/** @param {number} chance */
function logOdds(chance) {
  const within = Math.min(Math.max(chance, LEAST), 1 - LEAST);
  return Math.log(within / (1 - within));
}

/** Probability (0-1) of each condition: the chances of its kinds add up. @param {number[]} given @param {Opinion} opinion @returns {Record<string, number>} */
export function chances(given, { conditions, weights, bias }) {
  const scores = weights.map((row, i) => row.reduce((sum, weight, j) => sum + weight * given[j], bias[i]));
  const most = Math.max(...scores);
  const odds = scores.map((score) => Math.exp(score - most));
  const total = odds.reduce((sum, value) => sum + value, 0);
  /** @type {Record<string, number>} */
  const found = {};
  conditions.forEach((name, i) => (found[name] = (found[name] ?? 0) + odds[i] / total));
  return found;
}

/**
 * Whether the frame cuts the lesion.
 * @param {Record<string, number>} framing the network's probability (0-1) of each framing
 * @param {number} from the least share (0-1) of the probability of cut, near and whole that cut and near must have
 */
export function isTruncated(framing, from) {
  const cut = framing.cut + framing.near;
  return cut >= from * (cut + framing.whole);
}

/**
 * The verdict with the second opinion taken into account.
 * @param {import("./verdict.js").Verdict} verdict by the network alone
 * @param {import("./verdict.js").Rule} rule an explanation whose threshold is 1 never counts
 * @param {Record<string, number>} found probability (0-1) of each condition
 * @param {number} leastGood a picture passes only when it is held to be good with at least this (0-1)
 * @param {boolean} truncated the frame cuts the lesion: a picture of one that would pass needs better framing
 * @returns {import("./verdict.js").Verdict}
 */
export function revised(verdict, rule, found, leastGood, truncated) {
  const counted = EXPLANATIONS.filter((name) => rule.thresholds[name] < 1);
  const kept = ["ready", ...counted, "no_skin", "healthy_skin"];
  // A fault that never counts is none: what speaks for it speaks for a good picture.
  const opinion = Object.fromEntries(kept.map((name) => [name, found[name]]));
  opinion.ready += 1 - kept.reduce((sum, name) => sum + found[name], 0);
  const goodOnes = rule.healthy_skin_passes ? ["ready", "healthy_skin"] : ["ready"];
  const good = goodOnes.reduce((sum, name) => sum + opinion[name], 0);
  const flagged = counted.filter(
    (name) =>
      opinion[name] >= Math.max(LIKELY, LIKELIER * good) ||
      (verdict.flagged.includes(name) && opinion[name] >= (BELIEVED[name] ?? UNLIKELY)),
  );
  let label = labelOf(verdict, flagged, opinion);
  let mayPass = label === "lesion" || (rule.healthy_skin_passes && label === "healthy_skin");
  if (mayPass && !flagged.length && good < leastGood) {
    const worst = likeliest(kept.filter((name) => !goodOnes.includes(name)), opinion);
    if (EXPLANATIONS.includes(worst)) flagged.push(worst);
    else label = worst;
    mayPass = false;
  }
  if (label === "poor_quality" && !flagged.length && good >= CERTAIN) {
    label = opinion.ready >= opinion.healthy_skin ? "lesion" : "healthy_skin";
    mayPass = label === "lesion" || rule.healthy_skin_passes;
  }
  if (truncated && label === "lesion" && !flagged.length && counted.includes("bad_framing")) flagged.push("bad_framing");
  const ranked = counted.length ? counted : EXPLANATIONS;
  return { ...verdict, label, flagged, passes: mayPass && !flagged.length, nearest: likeliest(ranked, opinion) };
}

/** The class: the network's, unless the opinion contradicts it. @param {import("./verdict.js").Verdict} verdict @param {string[]} flagged @param {Record<string, number>} opinion */
function labelOf(verdict, flagged, opinion) {
  const top = likeliest(Object.keys(opinion), opinion);
  if (verdict.label === "no_skin" && opinion.no_skin < LIKELY) {
    if (flagged.length || EXPLANATIONS.includes(top)) return "poor_quality";
    return opinion.ready >= opinion.healthy_skin ? "lesion" : "healthy_skin";
  }
  if (top === "no_skin" && !flagged.includes("bad_light")) return "no_skin";
  if (top === "healthy_skin" && verdict.label === "lesion") return "healthy_skin";
  return verdict.label;
}

/** The first name with the highest chance. @param {readonly string[]} names @param {Record<string, number>} opinion */
function likeliest(names, opinion) {
  return names.reduce((best, name) => ((opinion[name] ?? 0) > (opinion[best] ?? 0) ? name : best));
}
