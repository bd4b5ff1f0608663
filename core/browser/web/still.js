// @ts-check
// Which picture becomes the photo: the best frame of the last moments, or a still of more pixels that is as good.

import { chanceGood } from "./verdict.js";

/**
 * @typedef {{jpeg: Blob, verdict: import("./verdict.js").Verdict}} Still
 *
 * Take a still and judge it; where a good frame was kept, take the better of the two. Both pictures are closed.
 * @param {object} given
 * @param {ImageBitmap | null} given.kept the best frame of the last moments, or null
 * @param {() => Promise<ImageBitmap>} given.shoot take a still from the camera
 * @param {(picture: ImageBitmap) => Promise<Still>} given.judged as it will be sent
 * @param {boolean} given.healthySkinPasses
 * @returns {Promise<Still>} rejects when there is no picture at all
 */
export async function bestStill({ kept, shoot, judged, healthySkinPasses }) {
  if (!kept) return await using(await shoot(), judged);
  const pixels = kept.width * kept.height;
  const still = using(kept, judged);
  const [frame, shot] = await Promise.all([still, shoot().catch(() => null)]);
  if (!shot) return frame;
  // No more pixels than the frame has, and later than the moment that was chosen.
  if (frame.verdict.passes && shot.width * shot.height <= pixels) {
    shot.close();
    return frame;
  }
  const other = await using(shot, judged);
  if (frame.verdict.passes !== other.verdict.passes) return frame.verdict.passes ? frame : other;
  const chance = (/** @type {Still} */ one) => chanceGood(one.verdict, healthySkinPasses);
  return chance(other) >= chance(frame) ? other : frame;
}

/** @param {ImageBitmap} picture @param {(picture: ImageBitmap) => Promise<Still>} judged */
async function using(picture, judged) {
  try {
    return await judged(picture);
  } finally {
    picture.close();
  }
}
