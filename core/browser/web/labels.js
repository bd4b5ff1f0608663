// @ts-check
// The names that the network answers with, in its output order; the twin of core/quality/labels.py.

export const QUALITY_CLASSES = ["lesion", "no_skin", "healthy_skin", "poor_quality"];
export const EXPLANATIONS = ["bad_framing", "bad_light", "blurry", "low_resolution", "too_far_away"];
