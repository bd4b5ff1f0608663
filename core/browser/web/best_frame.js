// @ts-check
// Of the frames of the last moments the best one, with few of them held; the twin of core/guidance/best_frame.py.

/**
 * Keeps the frames that may still turn out the best of a sliding time: each worse than the one before it.
 * @template Item
 */
export class BestFrame {
  #window;
  #most;
  #release;
  /** @type {{at: number, score: number, item: Item}[]} */
  #held = [];

  /**
   * @param {number} window how old the best may be, in seconds
   * @param {number} [most] how many are held at a time
   * @param {(item: Item) => void} [release] called with each that is let go without having been handed out
   */
  constructor(window, most = 4, release = () => {}) {
    this.#window = window;
    this.#most = most;
    this.#release = release;
  }

  get size() {
    return this.#held.length;
  }

  /** Take in a frame; of equal ones the newer is kept. @param {Item} item @param {number} score @param {number} at seconds */
  offer(item, score, at) {
    this.#expire(at);
    while (this.#held.length && this.#held[this.#held.length - 1].score <= score) this.#drop(this.#held.length - 1);
    this.#held.push({ at, score, item });
    // The newest will outlive all others, and the first is the best: one between them goes.
    if (this.#held.length > this.#most) this.#drop(this.#held.length - 2);
  }

  /** The best of the window that ends now; it stays held. @param {number} now @returns {Item | null} */
  best(now) {
    this.#expire(now);
    return this.#held[0]?.item ?? null;
  }

  /** The best of the window that ends now, handed out for good; the others are let go. @param {number} now @returns {Item | null} */
  take(now) {
    this.#expire(now);
    const item = this.#held.shift()?.item ?? null;
    this.forget();
    return item;
  }

  /** Let go of all. */
  forget() {
    while (this.#held.length) this.#drop(0);
  }

  /** @param {number} now */
  #expire(now) {
    while (this.#held.length && this.#held[0].at < now - this.#window) this.#drop(0);
  }

  /** @param {number} place */
  #drop(place) {
    this.#release(this.#held.splice(place, 1)[0].item);
  }
}
