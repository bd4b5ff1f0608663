// @ts-check
// The names that the network answers with, in its output order.

import constants from "./constants.js";

/** @type {{quality_classes: string[], explanations: string[], framings: string[]}} */
export const { quality_classes: QUALITY_CLASSES, explanations: EXPLANATIONS, framings: FRAMINGS } = constants.labels;
