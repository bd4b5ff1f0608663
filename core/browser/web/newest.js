// @ts-check
// The newest picture of a video, each at most once. A picture that came while the last one was judged is taken at
// once: waiting for the one after it would keep step with the camera instead of with the checker.

/** Follows one video after the other. */
export class Newest {
  /** @type {HTMLVideoElement | null} */
  #video = null;
  #request = 0;
  #come = false;
  #time = -1;
  /** @type {() => void} */
  #wake = () => {};

  /**
   * Wait for a picture that was not there at the last call; one that came meanwhile counts.
   * @param {HTMLVideoElement} video
   * @param {number} milliseconds
   * @returns {Promise<boolean>} false when none came in time
   */
  next(video, milliseconds) {
    if (video !== this.#video) this.#follow(video);
    return new Promise((done) => {
      let look = 0;
      const end = (/** @type {boolean} */ came) => {
        clearTimeout(late);
        clearInterval(look);
        this.#wake = () => {};
        this.#come = false;
        done(came);
      };
      const late = setTimeout(() => end(false), milliseconds);
      this.#wake = () => end(true);
      if ("requestVideoFrameCallback" in video) {
        if (this.#come) end(true);
        return;
      }
      const moved = () => {
        if (video.currentTime === this.#time) return;
        this.#time = video.currentTime;
        end(true);
      };
      look = setInterval(moved, 15);
      moved();
    });
  }

  /** @param {HTMLVideoElement} video */
  #follow(video) {
    this.stop();
    this.#video = video;
    this.#time = video.currentTime;
    if (!("requestVideoFrameCallback" in video)) return;
    const come = () => {
      this.#come = true;
      this.#request = video.requestVideoFrameCallback(come);
      this.#wake();
    };
    this.#request = video.requestVideoFrameCallback(come);
  }

  /** Follow nothing any longer. */
  stop() {
    if (this.#request) this.#video?.cancelVideoFrameCallback(this.#request);
    this.#video = null;
    this.#request = 0;
    this.#come = false;
  }
}

/**
 * What a video shows now. A VideoFrame where it is known to lie as the video is seen: no pixel is copied on the
 * page's thread then.
 * @param {HTMLVideoElement} video
 * @returns {Promise<ImageBitmap | VideoFrame>}
 */
export async function grab(video) {
  if ("VideoFrame" in window && "rotation" in VideoFrame.prototype) {
    try {
      const frame = new VideoFrame(video);
      const { rotation, flip } = /** @type {any} */ (frame);
      if (!rotation && !flip && frame.displayWidth === video.videoWidth) return frame;
      frame.close();
    } catch {
      // Some videos give none; all give a bitmap.
    }
  }
  return createImageBitmap(video);
}

/** How large a picture is as it is seen. @param {any} source a VideoFrame or an ImageBitmap */
export function sizeOf({ displayWidth, displayHeight, width, height }) {
  return { width: displayWidth ?? width, height: displayHeight ?? height };
}

// Of the time that an assessment took, the part that is rested after it. Page and video need a core too: where
// there are more than two, they have one.
const REST = 0.25;
const REST_WITH_CORES = 0.1;

/**
 * How long to leave the device alone after an assessment.
 * @param {number} took milliseconds, from the picture to the hint
 * @param {number} every milliseconds from one assessment to the next, at least
 */
export function restAfter(took, every, cores = navigator.hardwareConcurrency || 2) {
  return Math.max(every - took, took * (cores > 2 ? REST_WITH_CORES : REST));
}
