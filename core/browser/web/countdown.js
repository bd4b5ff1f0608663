// @ts-check
// Auto-capture: the photo takes itself when the picture goes on passing and nothing moves; the twin of
// core/guidance/countdown.py.

/** Counts while frames are good, starts anew when one is not; does nothing unless the preset asks for it. */
export class Countdown {
  #rule;
  #clock;
  /** @type {number | null} */
  #since = null;
  #restsUntil = -Infinity;
  #due = false;

  /** @param {import("./stream_session.js").Preset} preset @param {() => number} clock seconds that never go back */
  constructor(preset, clock) {
    this.#rule = preset.gate;
    this.#clock = clock;
  }

  /** Whether it counts now. */
  get running() {
    return this.#since !== null;
  }

  /** How far it has come, 0 to 1; 0 while it does not count. */
  get progress() {
    if (this.#since === null) return 0;
    return Math.min(1, (this.#clock() - this.#since) / (this.#rule.countdown_ms / 1000));
  }

  /** Whether the photo is to be taken now: the newest frame ended the count. */
  get due() {
    return this.#due;
  }

  /** Count one frame: good when the shutter is unlocked, it passes, and nothing moved. @param {boolean} good */
  see(good) {
    const now = this.#clock();
    if (!(good && this.#rule.auto_capture) || now < this.#restsUntil) return this.stop();
    this.#since ??= now;
    this.#due = now - this.#since >= this.#rule.countdown_ms / 1000;
  }

  /** Start anew with the next good frame. */
  stop() {
    this.#since = null;
    this.#due = false;
  }

  /** A photo was taken: leave the person the steady time to read what came of it. */
  rest() {
    this.stop();
    this.#restsUntil = this.#clock() + this.#rule.steady_ms / 1000;
  }
}
