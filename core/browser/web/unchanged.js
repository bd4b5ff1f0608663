// @ts-check
// A frame of a video that shows what the last judged one showed is answered as that one was: the network is not asked.

/**
 * What the network is shown of a picture, see network.js; and how fine the sharper of both is.
 * @typedef {{square: import("./resize.js").Picture, detail: import("./resize.js").Picture | null,
 *   texture: import("./texture.js").Texture}} Views
 */

// A cell of 8 x 8 pixels is unchanged while its values differ by no more than this on average, in levels of 0-255:
// above the noise of a camera once the squares are made, below what a hand that moves or a changed light does.
const CELL = 8;
const LEVELS = 3;
// Smooth skin that loses its focus differs by less. Its texture does not: each measure is unchanged while it stays within
// this, in octaves; noise alone moves it by a tenth of that.
const MEASURES = /** @type {const} */ (["soft", "smear", "softWide", "fine", "medium"]);
const OCTAVES = 0.05;
// Whatever changes so slowly that no frame differs is seen after so many frames, a second at the preset's pace.
const IN_A_ROW = 8;

/**
 * Whether two squares of the same size show the same: no cell differs by more than the noise.
 * @param {import("./resize.js").Picture} before
 * @param {import("./resize.js").Picture} now
 */
function alike(before, now) {
  const { width, height } = now;
  const most = LEVELS * 3 * CELL * CELL;
  const sums = new Int32Array(Math.ceil(width / CELL));
  for (let y = 0; y < height; y++) {
    if (y % CELL === 0) sums.fill(0);
    let a = y * width * before.step;
    let b = y * width * now.step;
    for (let x = 0; x < width; x++, a += before.step, b += now.step) {
      const red = before.data[a] - now.data[b];
      const green = before.data[a + 1] - now.data[b + 1];
      const blue = before.data[a + 2] - now.data[b + 2];
      sums[x >> 3] += (red < 0 ? -red : red) + (green < 0 ? -green : green) + (blue < 0 ? -blue : blue);
    }
    if (y % CELL === CELL - 1 || y === height - 1) if (sums.some((sum) => sum > most)) return false;
  }
  return true;
}

/**
 * The last frame that was judged, and its answer.
 * @template {{features: Float32Array | null}} Answer
 */
export class LastJudged {
  /** @type {{views: Views, size: string, answer: Answer} | null} */
  #last = null;
  #times = 0;

  /**
   * Its answer, where this frame shows the same and the answer has not served too often; else null.
   * @param {Views} views
   * @param {string} size of the frame, in pixels
   * @param {boolean} features whether the feature map is wanted too
   */
  recall(views, size, features) {
    const last = this.#last;
    if (last === null || last.size !== size || this.#times >= IN_A_ROW) return null;
    if (features && last.answer.features === null) return null;
    const { square, detail, texture } = last.views;
    if (MEASURES.some((name) => Math.abs(texture[name] - views.texture[name]) > OCTAVES)) return null;
    if (!alike(square, views.square)) return null;
    if (detail && views.detail && !alike(detail, views.detail)) return null;
    this.#times += 1;
    return copyOf(last.answer);
  }

  /** @param {Views} views @param {string} size @param {Answer} answer */
  keep(views, size, answer) {
    this.#last = { views, size, answer: copyOf(answer) };
    this.#times = 0;
  }
}

/** The page is handed the feature map itself. @template {{features: Float32Array | null}} Answer @param {Answer} answer @returns {Answer} */
const copyOf = (answer) => ({ ...answer, features: answer.features?.slice() ?? null });
