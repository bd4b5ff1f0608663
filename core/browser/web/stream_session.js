// @ts-check
// What one camera stream shows: each frame judged and turned into advice and events; the twin of
// core/live/stream_session.py. No page and no camera here.

import { BestFrame } from "./best_frame.js";
import { GuidanceController } from "./controller.js";
import { CAMERA_KEYS, OPEN_KEYS, condition } from "./conditions.js";
import constants from "./constants.js";
import { moved } from "./image_stats.js";
import { sizeOf } from "./newest.js";
import { refined } from "./refine.js";
import { chanceGood, judge } from "./verdict.js";

/**
 * A preset as core/browser/settings.py hands it over, in the person's language.
 * @typedef {{name: string, version: number, healthy_skin_passes: boolean, priorities: string[],
 *   prompts: Record<string, {text: string, spoken: string}>,
 *   merge: Record<string, string>,
 *   timing: {assess_every_ms: number, window_ms: number, half_life_ms: number, lead: number, hint_ms: number,
 *     calm_ms: number, help_after_s: number | null},
 *   refine: {light: boolean, direction: boolean, dark_below: number, bright_above: number, blown_above: number,
 *     shading_above: number, off_centre_from: number, close_above: number},
 *   gate: {steady_ms: number, steady_share: number, fresh_ms: number, refused_tries: number, override_after_s: number,
 *     auto_capture: boolean, countdown_ms: number, moved_above: number, best_shot_ms: number},
 *   camera: {black_luma: number, frozen_after_s: number, missing_after_s: number, settle_ms: number},
 *   overlay: {ring: boolean, shape: string, size: number, colour: string, colour_ready: string, thickness: number,
 *     arrow: boolean, arrow_from: number, banner: "top" | "bottom", icons: boolean, help_drawing: boolean},
 *   guide: {outline: Record<"fault" | "searching" | "ready", number[][][]>,
 *     colours: Record<"open" | "other", {layers: number[][], opposite: number[]}>},
 *   feedback: {sound: boolean, vibration: boolean, speech: boolean}}} Preset
 *
 * What a page may know of a stream at one moment. `verdict` is of the newest frame that was judged, `where`
 * is the spot over the last few frames, `broken` says that judging failed. `progress` (0-1) is how far the countdown
 * has come at whose end the photo takes itself, `due` says that this is now; `help` is the condition whose hint stayed
 * so long that help is offered.
 * @typedef {{key: string, verdict: import("./verdict.js").Verdict | null, frames: number, refused: number,
 *   mayOverride: boolean, broken: boolean, where: import("./localization.js").LesionLocation | null, ready: boolean, progress: number,
 *   due: boolean, help: string | null}} StreamStatus
 *
 * What judges frames; see engine.js. It takes the bitmap away.
 * @typedef {{assess: (source: any, options: {features: boolean}) => Promise<import("./verdict.js").Judged>}} Assessor
 */

// A video link starts small and soft and sharpens by itself: not the person's doing.
const { ramp: RAMP, frames_logged_every_s: FRAMES_LOGGED_EVERY_S } = constants.stream_session;

/** Follows one stream for one person. Show it one frame after the other: wait for `look` before the next. */
export class StreamSession {
  #engine;
  #rule;
  #preset;
  #clock;
  #record;
  #controller;
  #attempt = 0;
  /** Which way the camera looks, where that is known. @type {"user" | "environment" | null} */
  facing = null;
  #copy;
  /** @type {BestFrame<ImageBitmap>} */
  #best;
  // Counts streams, so that an answer that comes after its stream's end is not taken for the next one's.
  #stream = 0;

  /**
   * @param {{engine: Assessor, rule: import("./verdict.js").Rule, preset: Preset, clock: () => number,
   *   record?: (event: string, properties: object, attempt: number) => void,
   *   copy?: (source: any) => Promise<ImageBitmap>, attempt?: number}} given the clock is in seconds and never goes
   *   back; `copy` makes copies of frames, of which the best is kept: without it none is; `attempt` is the number of the
   *   last try before this stream
   */
  constructor({ engine, rule, preset, clock, record = () => {}, copy, attempt = 0 }) {
    this.#attempt = attempt;
    this.#engine = engine;
    this.#rule = rule;
    this.#preset = preset;
    this.#clock = clock;
    this.#record = record;
    this.#copy = copy;
    const { best_shot_ms, fresh_ms } = preset.gate;
    // A photo is never taken from a frame that is not fresh.
    this.#best = new BestFrame(Math.min(best_shot_ms, fresh_ms) / 1000, 4, (bitmap) => bitmap.close());
    this.#controller = new GuidanceController(preset, clock);
    this.#startStream();
  }

  #startStream() {
    this.#stream += 1;
    /** @type {import("./controller.js").Advice} */
    this._advice = { key: "searching", rawKey: "searching" };
    /** @type {number | null} */
    this._shownAt = null;
    /** @type {import("./verdict.js").Verdict | null} */
    this._verdict = null;
    this._frames = 0;
    this._size = "";
    this._sizeSince = 0;
    /** @type {number | undefined} */
    this._print = undefined;
    this._printSince = 0;
    /** @type {number | null} */
    this._loggedAt = null;
    /** @type {import("./localization.js").LesionLocation | null} */
    this._where = null;
    /** @type {import("./image_stats.js").ImageStats | null} */
    this._stats = null;
    /** @type {string | null} */
    this._told = null;
    this._broken = false;
    this.#best.forget();
  }

  /** The number of the current try at a photo, in the visit; the last one's before the first frame. */
  get attempt() {
    return this.#attempt;
  }

  /** What passes now. */
  get rule() {
    return this.#rule;
  }

  /** @param {import("./verdict.js").Rule} rule */
  setRule(rule) {
    // The frames that are kept passed under another rule.
    if (JSON.stringify(rule) !== JSON.stringify(this.#rule)) this.#best.forget();
    this.#rule = rule;
  }

  /** What there is to show now. @returns {StreamStatus} */
  status() {
    let key = this._advice.key;
    if (OPEN_KEYS.includes(key) && !this.#controller.gate.open) key = "searching"; // the frames stopped a moment ago
    const ready = OPEN_KEYS.includes(key);
    const { countdown } = this.#controller;
    return {
      key,
      verdict: this._verdict,
      frames: this._frames,
      refused: this.#controller.gate.refused,
      mayOverride: this._frames > 0 && this.#controller.gate.mayOverride,
      broken: this._broken,
      where: this._where,
      ready,
      progress: ready ? countdown.progress : 0,
      due: ready && countdown.due,
      help: this.#controller.help,
    };
  }

  /** A new try at a photo: nothing refused yet, and its time starts with the next frame. */
  beginAttempt() {
    this.#attempt += 1;
    this.#controller.gate.begin();
    this.#best.forget();
  }

  /** The person wants another photo after one was accepted. */
  retake() {
    this.record("photo_retaken");
    if (this._frames) this.beginAttempt(); // the camera never stopped: what comes now belongs to the next try
  }

  /** The shutter was pressed, or pressed itself: the next countdown waits until there is time to read. @param {object} properties */
  pressed(properties = {}) {
    this.record("capture_attempted", properties);
    this.#controller.countdown.rest();
  }

  /** Of the frames that passed in the last moments the one with the best verdict, handed out for good; or null. */
  takeBest() {
    return this.#best.take(this.#clock());
  }

  /** Count a refused photo; returns how many there were in this attempt. */
  refuse() {
    return this.#controller.gate.refuse();
  }

  /**
   * Judge one frame and say what to show.
   * @param {any} bitmap an ImageBitmap or a VideoFrame, which the engine takes away
   * @param {number} at when it came, in seconds on the clock
   * @returns {Promise<StreamStatus>}
   */
  async processFrame(bitmap, at = this.#clock()) {
    const { width, height } = sizeOf(bitmap);
    if (!this._frames && !this._broken) {
      this.beginAttempt();
      this.record("camera_started", { width, height });
    }
    this._frames += 1;
    if (`${width}x${height}` !== this._size) [this._size, this._sizeSince] = [`${width}x${height}`, at];
    const rule = this.#rule;
    const stream = this.#stream;
    // The engine takes the frame away. A first frame that passes is seldom the best: only then are copies made.
    const copy = this._verdict?.passes && this.#preset.gate.best_shot_ms ? await this.#copied(bitmap) : null;
    const judged = await this.#assess(bitmap, stream);
    if (judged === null || stream !== this.#stream) {
      copy?.close();
      return this.status();
    }
    let key = this.#cameraFault(judged, at);
    const verdict = key === null ? judge(judged, rule) : null;
    if (verdict !== null) key = this.#judge(verdict, rule, at);
    if (verdict?.passes && copy) this.#best.offer(copy, chanceGood(verdict, rule.healthy_skin_passes), at);
    else copy?.close();
    const before = this._stats;
    this._stats = judged.stats ?? null;
    const { moved_above } = this.#preset.gate;
    const still = !before || !this._stats || moved(before, this._stats) <= moved_above;
    this._verdict = verdict;
    this._where = calmer(this._where, verdict?.where ?? null);
    const place = verdict?.where ?? null;
    const detailed = refined(/** @type {string} */ (key), this.#preset, this._stats, place, this.facing);
    const counting = this.#controller.countdown.running;
    this.#show(this.#controller.see(detailed, !still));
    this.#note(counting, detailed);
    if (verdict !== null) this.#sample(verdict);
    return this.status();
  }

  /** No frame came for too long: say so, and lock the shutter. */
  lost() {
    if (this._frames) {
      this._verdict = null;
      this.#best.forget();
      this.#show(this.#controller.lost());
    }
    return this.status();
  }

  /** The camera was turned off: forget its pictures and lock the shutter. */
  endStream() {
    this.#show({ key: "searching", rawKey: "searching" });
    this.#startStream();
    this.#controller = new GuidanceController(this.#preset, this.#clock);
  }

  /** Hand on an event of this stream. @param {string} event @param {object} properties */
  record(event, properties = {}) {
    this.#record(event, properties, this.#attempt);
  }

  /** A copy of a frame; null where none can be had. @param {any} bitmap @returns {Promise<ImageBitmap | null>} */
  async #copied(bitmap) {
    try {
      return (await this.#copy?.(bitmap)) ?? null;
    } catch {
      return null; // the newest frame will do
    }
  }

  /** Note what is seen beside the prompt: a countdown that starts or stops, and help. @param {boolean} counting @param {string} key */
  #note(counting, key) {
    const { countdown, help } = this.#controller;
    if (countdown.running && !counting) this.record("note_added", { note: "countdown_started" });
    else if (counting && !countdown.running) this.record("note_added", { note: "countdown_stopped", key });
    if (help !== null && this._told === null) this.record("note_added", { note: "help_offered", key: help });
    this._told = help;
  }

  /** @param {any} bitmap @param {number} stream @returns {Promise<import("./verdict.js").Judged | null>} */
  async #assess(bitmap, stream) {
    try {
      return await this.#engine.assess(bitmap, { features: false });
    } catch (error) {
      console.error("A frame could not be judged", error);
      if (stream !== this.#stream) return null;
      if (!this._broken) this.record("camera_failed", { reason: "assessor" });
      this._broken = true;
      return null;
    }
  }

  /** @param {import("./verdict.js").Judged} judged @param {number} at @returns {string | null} */
  #cameraFault({ luma, print }, at) {
    if (print === undefined || print !== this._print) [this._print, this._printSince] = [print, at];
    if (luma !== undefined && luma < this.#preset.camera.black_luma) return "camera_black";
    // Noise makes any two pictures of a working camera differ, however still it is held.
    if (at - this._printSince >= this.#preset.camera.frozen_after_s) return "camera_frozen";
    return null;
  }

  /** The condition of a judged frame. @param {import("./verdict.js").Verdict} verdict @param {import("./verdict.js").Rule} rule @param {number} at */
  #judge(verdict, rule, at) {
    this._broken = false;
    const key = condition(verdict, this.#preset, rule.healthy_skin_passes);
    if (key === null) return "ready";
    const settled = at - this._sizeSince >= this.#preset.camera.settle_ms / 1000;
    return RAMP.includes(key) && !settled ? "searching" : key;
  }

  /** @param {import("./controller.js").Advice} advice */
  #show(advice) {
    const before = this._advice;
    this._advice = advice;
    if (advice.key === before.key) return;
    const now = this.#clock();
    if (before.key !== "searching" && this._shownAt !== null) {
      const shown_ms = Math.round((now - this._shownAt) * 1000);
      this.record("prompt_cleared", { key: before.key, text_id: this.#textId(before.key), shown_ms });
    }
    if (OPEN_KEYS.includes(before.key)) this.record("gate_closed", { key: advice.key });
    if (OPEN_KEYS.includes(advice.key)) this.record("gate_opened");
    if (CAMERA_KEYS.includes(advice.key)) this.record("camera_failed", { reason: advice.key });
    if (advice.key !== "searching") {
      const { key, rawKey } = advice;
      this.record("prompt_shown", { key, raw_key: rawKey, text_id: this.#textId(key) });
    }
    this._shownAt = now;
  }

  /** @param {string} key */
  #textId(key) {
    return `${this.#preset.name}@${this.#preset.version}:${key}`;
  }

  /** Note frames no more often than twice a second. @param {import("./verdict.js").Verdict} verdict */
  #sample(verdict) {
    const now = this.#clock();
    if (this._loggedAt !== null && now - this._loggedAt < FRAMES_LOGGED_EVERY_S) return;
    this._loggedAt = now;
    this.record("frame_assessed", verdictProperties(verdict));
  }
}

/** Half way from one frame's place to the next: an arrow should not tremble. @param {import("./localization.js").LesionLocation | null} before @param {import("./localization.js").LesionLocation | null} now */
function calmer(before, now) {
  if (before === null || now === null) return now;
  return { x: (before.x + now.x) / 2, y: (before.y + now.y) / 2, size: now.size };
}

/** Who judges here: the only assessor that these modules can run. */
const ASSESSOR = "imageqx";

/** A verdict as an event's properties. @param {import("./verdict.js").Verdict} verdict */
export function verdictProperties(verdict) {
  const rounded = (/** @type {Record<string, number>} */ values) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number(value.toFixed(4))]));
  return {
    assessor: ASSESSOR,
    label: verdict.label,
    quality: rounded(verdict.quality),
    explanations: rounded(verdict.explanations),
    flagged: verdict.flagged,
    passes: verdict.passes,
    width: verdict.width,
    height: verdict.height,
    infer_ms: Number(verdict.milliseconds.toFixed(1)),
  };
}
