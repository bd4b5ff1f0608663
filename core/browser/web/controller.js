// @ts-check
// Stabiliser, gate and countdown in step: what is shown, and whether the shutter is unlocked; the twin of
// core/guidance/controller.py.

import { GENERAL_KEY, PICTURE_KEYS, family, mergedInto } from "./conditions.js";
import { Countdown } from "./countdown.js";
import { Gate } from "./gate.js";
import { Stabiliser } from "./stabiliser.js";

/**
 * What the person should see now: `key` is "ready" or "counting" exactly while the shutter is unlocked; `rawKey` is
 * the condition of the newest frame, before smoothing.
 * @typedef {{key: string, rawKey: string}} Advice
 */

const HELPED = [...PICTURE_KEYS, GENERAL_KEY];

/**
 * Follows one stream of conditions, one a frame. Words and button never disagree. Where the photo takes itself,
 * "counting" is shown in place of "ready" all the while: a countdown may stop and start anew.
 */
export class GuidanceController {
  #preset;
  #clock;
  #stabiliser;
  #shown = "searching";
  #sameSince = -Infinity;

  /** @param {import("./stream_session.js").Preset} preset @param {() => number} clock seconds that never go back */
  constructor(preset, clock) {
    this.gate = new Gate(preset, clock);
    this.countdown = new Countdown(preset, clock);
    this.#preset = preset;
    this.#clock = clock;
    this.#stabiliser = new Stabiliser(preset, clock);
  }

  /**
   * Take in one frame and say what to show.
   * @param {string} key its condition; "ready" when it passes
   * @param {boolean} moved whether the picture changed much since the frame before
   * @returns {Advice}
   */
  see(key, moved = false) {
    const steady = this.gate.see(key === "ready");
    const shown = this.#stabiliser.update(mergedInto(key, this.#preset), steady);
    this.gate.settle(shown === "ready");
    this.countdown.see(shown === "ready" && key === "ready" && !moved);
    return this.#say(shown, key);
  }

  /** No frame came for too long: lock, and say so. @returns {Advice} */
  lost() {
    this.gate.forgetFrames();
    this.countdown.stop();
    return this.#say(this.#stabiliser.update("camera_missing"), "camera_missing");
  }

  /** The condition that help is offered for, since its hint stayed long; null for none. @returns {string | null} */
  get help() {
    const after = this.#preset.timing.help_after_s;
    if (after === null || !HELPED.includes(family(this.#shown))) return null;
    return this.#clock() - this.#sameSince >= after ? this.#shown : null;
  }

  /** @param {string} shown @param {string} rawKey @returns {Advice} */
  #say(shown, rawKey) {
    const key = shown === "ready" && this.#preset.gate.auto_capture ? "counting" : shown;
    if (family(key) !== family(this.#shown)) this.#sameSince = this.#clock();
    this.#shown = key;
    return { key, rawKey };
  }
}
