// @ts-check
// A photo that stays on this device: its verdict, and what it might show, from the network for kinds of skin change.
// Nothing of it is sent or stored. The twin of `_prediction` in core/ui/result_card.py.

import { fetchAhead, forget } from "./store.js";

/**
 * `network`: how far the second network is; `share` (0-1) of it has come, null while that is not known.
 * @typedef {{state: "none" | "fetching" | "ready" | "failed", share: number | null, code: string}} Fetched
 *
 * @typedef {"nothing" | "warned" | "fetching" | "thinking" | "failed" | "shown"} Step
 *
 * A kept photo. `reason` says why the prediction is held back ("" where it is not), `opened` that the person wants to
 * see it all the same, `target` is the class of the heat map.
 * @typedef {{jpeg: Blob, url: string, verdict: import("./verdict.js").Verdict, thresholds: Record<string, number>,
 *   overridden: boolean, attempt: number, prediction: import("./engine.js").Predicted | null, step: Step, code: string,
 *   reason: "" | "not_passed" | "not_a_lesion" | "low_confidence", opened: boolean, target: string}} Card
 */

const NETWORK = "lesion";

export class KeepHere {
  #engine;
  #base;
  #changed;
  #record;
  /** @type {Promise<void> | null} */
  #opening = null;
  /** @type {Fetched} */
  network = { state: "none", share: null, code: "" };
  /** @type {Card | null} */
  card = null;

  /**
   * @param {object} given
   * @param {() => Promise<import("./engine.js").Engine>} given.engine
   * @param {() => string} given.base where everything was published
   * @param {() => void} given.changed something is to be drawn
   * @param {(name: string, properties: object, attempt: number) => void} given.record
   */
  constructor({ engine, base, changed, record }) {
    this.#engine = engine;
    this.#base = base;
    this.#changed = changed;
    this.#record = record;
  }

  /** Fetch and open the second network, once. @returns {Promise<void>} */
  prepare() {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = null;
      this.#tell({ state: "failed", share: null, code: error.code ?? "runtime" });
      throw error;
    });
    return this.#opening;
  }

  async #open() {
    this.#tell({ state: "fetching", share: null, code: "" });
    const engine = await this.#engine();
    await fetchAhead(this.#base(), NETWORK, (progress) => this.progress(progress));
    await engine.openLesion();
    this.#tell({ state: "ready", share: 1, code: "" });
  }

  /** Bytes of the second network have come. @param {{loaded: number, total: number}} progress */
  progress({ loaded, total }) {
    if (this.network.state !== "fetching") return;
    const share = total ? Math.min(1, loaded / total) : null;
    // Not each of a thousand pieces: a hundredth is seen.
    if (share !== null && this.network.share !== null && share - this.network.share < 0.01 && share < 1) return;
    this.#tell({ state: "fetching", share, code: "" });
  }

  /** @param {Fetched} network */
  #tell(network) {
    this.network = network;
    this.#changed();
  }

  /**
   * Show the result of a photo.
   * @param {{jpeg: Blob, verdict: import("./verdict.js").Verdict}} still
   * @param {{overridden: boolean, attempt: number, thresholds: Record<string, number>}} facts
   */
  async show({ jpeg, verdict }, { overridden, attempt, thresholds }) {
    this.forget();
    const healthy = verdict.passes && verdict.label === "healthy_skin";
    /** @type {Card} */
    const card = {
      jpeg,
      url: URL.createObjectURL(jpeg),
      verdict,
      thresholds,
      overridden: overridden && !verdict.passes,
      attempt,
      prediction: null,
      step: healthy ? "nothing" : verdict.passes ? "thinking" : "warned",
      code: "",
      reason: verdict.passes ? "" : "not_passed",
      opened: false,
      target: "",
    };
    this.card = card;
    this.#changed();
    if (card.step === "thinking") await this.#predict(card);
  }

  /** The person wants to see a prediction that is held back. */
  async open() {
    const { card } = this;
    if (card?.step !== "warned") return;
    card.opened = true;
    if (card.prediction) return this.#reveal(card);
    await this.#predict(card);
  }

  /** Try again what failed: whatever was kept of the network goes first. */
  async again() {
    await forget(this.#base(), NETWORK).catch(() => {});
    const { card } = this;
    if (card?.step === "failed") return this.#predict(card);
    await this.prepare().catch((error) => console.warn(error));
  }

  /** @param {Card} card */
  async #predict(card) {
    card.step = this.network.state === "ready" ? "thinking" : "fetching";
    this.#changed();
    try {
      await this.prepare();
      if (this.card !== card) return;
      card.step = "thinking";
      this.#changed();
      const engine = await this.#engine();
      const prediction = await engine.predict(await createImageBitmap(card.jpeg));
      if (this.card !== card) return;
      card.prediction = prediction;
      card.target = prediction.labels[0];
    } catch (error) {
      console.warn(error);
      if (this.card !== card) return;
      card.step = "failed";
      card.code = /** @type {any} */ (error).code ?? "runtime";
      return this.#changed();
    }
    if (card.opened) return this.#reveal(card);
    card.reason = card.prediction.reason;
    if (!card.reason) return this.#reveal(card);
    card.step = "warned";
    this.#changed();
  }

  /** @param {Card} card */
  #reveal(card) {
    card.step = "shown";
    const { overridden, reason, attempt } = card;
    const [label] = /** @type {import("./engine.js").Predicted} */ (card.prediction).labels;
    this.#record("prediction_shown", { label, overridden, reason: reason || null }, attempt);
    this.#changed();
  }

  /** Show where the network looked for another class. @param {string} label */
  choose(label) {
    const { card } = this;
    if (!card || card.target === label) return;
    card.target = label;
    this.#record("gradcam_toggled", { network: NETWORK, target: label }, card.attempt);
    this.#changed();
  }

  /** Let go of the photo. */
  forget() {
    if (this.card) URL.revokeObjectURL(this.card.url);
    this.card = null;
  }
}
