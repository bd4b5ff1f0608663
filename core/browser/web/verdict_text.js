// @ts-check
// A photo's result in words that come from Python: which of them holds is found out here. The twin of `say` in
// core/text/wording.py, and of core/lesion/confused.py.

import { condition, mergedInto } from "./conditions.js";

/**
 * What core/text/device_card.py hands over, as far as it is read here.
 * @typedef {{works: string, skin: string, no_spot: string, checked: string, not_yet: string, nearly: string,
 *   comma: string, points: Record<string, string>, advice: Record<string, string>}} SayingWords
 *
 * @typedef {{good: boolean, headline: string, advice: string}} Saying
 */

/** A sentence with its places filled. @param {string} sentence @param {Record<string, string>} values */
const filled = (sentence, values) => sentence.replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** Names with commas between them. @param {string[]} names @param {SayingWords} words */
const listed = (names, { comma }) => names.reduce((first, second) => filled(comma, { first, second }));

/**
 * The verdict on a photo in words.
 * @param {import("./verdict.js").Verdict} verdict
 * @param {import("./points.js").Point[]} found its five points
 * @param {import("./stream_session.js").Preset} preset
 * @param {SayingWords} words
 * @returns {Saying}
 */
export function say(verdict, found, preset, words) {
  const key = condition(verdict, preset);
  if (key === null) return passing(verdict, found, words);
  const merged = mergedInto(key, preset);
  const nearly = found.find(({ state }) => state === "nearly");
  if (!nearly) return { good: false, headline: words.not_yet, advice: words.advice[merged] };
  const prompt = preset.prompts[merged].text.replace(/[.।]+$/, "");
  const advice = filled(words.nearly, { point: words.points[nearly.key], prompt });
  return { good: false, headline: words.not_yet, advice };
}

/** @param {import("./verdict.js").Verdict} verdict @param {import("./points.js").Point[]} found @param {SayingWords} words @returns {Saying} */
function passing(verdict, found, words) {
  const fine = found.filter(({ state }) => state === "fine").map(({ key }) => words.points[key]);
  const checked = fine.length ? filled(words.checked, { points: listed(fine, words) }) : "";
  if (verdict.label !== "healthy_skin") return { good: true, headline: words.works, advice: checked };
  return { good: true, headline: words.skin, advice: [words.no_spot, checked].filter(Boolean).join(" ") };
}

/**
 * What was measured of the two best classes, where the network is known to mix them up; else "".
 * @param {string[]} labels most probable first
 * @param {{true: string, said: string, sentence: string}[]} pairs
 */
export function mixedUp([best, second], pairs) {
  const known = (/** @type {string} */ real, /** @type {string} */ said) =>
    pairs.find((pair) => pair.true === real && pair.said === said);
  return (known(second, best) ?? known(best, second))?.sentence ?? "";
}

/** A share (0-1) in percent. @param {number} share @param {string} template of the language, with {figure} in it */
export const percent = (share, template) => filled(template, { figure: (100 * share).toFixed(0) });

/** A sentence with names in bold, as Python marks them: plain and bold parts by turns. @param {string} sentence */
export const parts = (sentence) => sentence.split("**").map((text, place) => ({ text, bold: place % 2 === 1 }));
