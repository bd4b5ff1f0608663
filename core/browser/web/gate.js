// @ts-check
// The lock on the shutter; the twin of core/guidance/gate.py.

/** Opens when frames have passed steadily, and counts what a person may go past it with. */
export class Gate {
  #rule;
  #clock;
  /** @type {[number, boolean][]} */
  #frames = [];
  /** @type {number | null} */
  #passingSince = null;
  #open = false;
  #refused = 0;
  /** @type {number | null} */
  #started = null;

  /** @param {import("./stream_session.js").Preset} preset @param {() => number} clock seconds that never go back */
  constructor(preset, clock) {
    this.#rule = preset.gate;
    this.#clock = clock;
  }

  /** Whether a pause since the newest frame (or no frame at all) leaves nothing to go by. @param {number} now */
  #stale(now) {
    const newest = this.#frames.at(-1);
    return newest === undefined || now - newest[0] > this.#rule.fresh_ms / 1000;
  }

  /** Whether the shutter is unlocked now: it locks itself when frames stop coming. */
  get open() {
    if (this.#stale(this.#clock())) this.#open = false;
    return this.#open;
  }

  /** Whether the newest frame passes and enough of those over the steady time did. */
  get steady() {
    if (!this.#frames.at(-1)?.[1] || this.#passingSince === null) return false;
    if (this.#clock() - this.#passingSince < this.#rule.steady_ms / 1000) return false;
    const passing = this.#frames.filter(([, passes]) => passes).length;
    return passing >= this.#rule.steady_share * this.#frames.length;
  }

  /** Photos refused in this attempt. */
  get refused() {
    return this.#refused;
  }

  /** Whether "Use this photo anyway" is offered: enough refused tries, or enough time. */
  get mayOverride() {
    if (this.#refused >= this.#rule.refused_tries) return true;
    return this.#started !== null && this.#clock() - this.#started >= this.#rule.override_after_s;
  }

  /** A new attempt: locked, no tries yet; its time counts from the next frame. */
  begin() {
    this.forgetFrames();
    this.#refused = 0;
    this.#started = null;
  }

  /** Count one assessed frame; returns `steady`. @param {boolean} passes */
  see(passes) {
    const now = this.#clock();
    this.#started ??= now;
    // A pause says nothing of what the camera saw meanwhile.
    if (this.#frames.length && this.#stale(now)) this.forgetFrames();
    if (this.#passingSince === null && passes) this.#passingSince = now;
    this.#frames.push([now, passes]);
    while (this.#frames[0][0] < now - this.#rule.steady_ms / 1000) this.#frames.shift();
    if (!this.#frames.some(([, passed]) => passed)) this.#passingSince = null;
    return this.steady;
  }

  /** Set the lock after the hint is chosen: open exactly while "ready" is what the person reads. @param {boolean} readyShown */
  settle(readyShown) {
    this.#open = readyShown && this.#frames.length > 0;
    return this.#open;
  }

  /** Count a refused photo; returns how many there were in this attempt. */
  refuse() {
    return ++this.#refused;
  }

  /** Forget the frames and lock: for a camera that is covered, stuck or lost. */
  forgetFrames() {
    this.#frames = [];
    this.#passingSince = null;
    this.#open = false;
  }
}
