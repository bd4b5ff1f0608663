// @ts-check
// One hint at a time, and no flapping: a vote over the last moments; the twin of core/guidance/stabiliser.py.

import { CALM_KEYS, family } from "./conditions.js";

/**
 * Turns a condition per frame into the condition that is shown. Refined conditions vote together with the coarse one
 * that they stand for; which of them is said is decided between them.
 */
export class Stabiliser {
  #timing;
  #clock;
  /** @type {[number, string][]} */
  #votes = [];
  #shown = "searching";
  #since = -Infinity;

  /** @param {import("./stream_session.js").Preset} preset @param {() => number} clock seconds that never go back */
  constructor(preset, clock) {
    this.#timing = preset.timing;
    this.#clock = clock;
  }

  /** The condition key that is shown now; "searching" before the first. */
  get shown() {
    return this.#shown;
  }

  /** The weight of the votes for each condition in the window. @returns {Map<string, number>} */
  scores() {
    const now = this.#clock();
    const halfLife = this.#timing.half_life_ms / 1000;
    const scores = new Map();
    for (const [moment, key] of this.#votes) {
      scores.set(key, (scores.get(key) ?? 0) + 0.5 ** ((now - moment) / halfLife));
    }
    return scores;
  }

  /**
   * Count one frame's condition and return the condition to show.
   * @param {string} key
   * @param {boolean} readyAllowed whether "ready" may be shown yet; until then the old hint stays
   */
  update(key, readyAllowed = true) {
    const now = this.#clock();
    this.#votes.push([now, key]);
    while (this.#votes[0][0] < now - this.#timing.window_ms / 1000) this.#votes.shift();
    const scores = this.scores();
    let best = this.#next(scores);
    if (best === "ready" && !readyAllowed) {
      // The hint on screen waits for the steady second, but not once its own reason is long gone.
      scores.delete("ready");
      best = scores.has(this.#shown) ? this.#shown : this.#next(scores);
    }
    const stay = (CALM_KEYS.includes(this.#shown) ? this.#timing.calm_ms : this.#timing.hint_ms) / 1000;
    if (best !== this.#shown && now - this.#since >= stay) {
      this.#shown = best;
      this.#since = now;
    }
    return this.#shown;
  }

  /** What is to be shown by the votes alone; without any there is nothing to say yet. @param {Map<string, number>} scores */
  #next(scores) {
    if (!scores.size) return "searching";
    const families = new Map();
    for (const [key, score] of scores) families.set(family(key), (families.get(family(key)) ?? 0) + score);
    const ours = family(this.#shown);
    const { lead } = this.#timing;
    let first = highest(families);
    if (first !== ours && families.get(first) < lead * (families.get(ours) ?? 0)) first = ours;
    const members = new Map([...scores].filter(([key]) => family(key) === first));
    const best = highest(members);
    return members.get(best) < lead * (members.get(this.#shown) ?? 0) ? this.#shown : best;
  }
}

/** The first key with the highest value. @param {Map<string, number>} values */
function highest(values) {
  return [...values].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}
