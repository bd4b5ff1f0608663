// @ts-check
// The names that the network answers with, in its output order.

import constants from "./constants.js";

/** @type {{quality_classes: string[], explanations: string[]}} */
export const { quality_classes: QUALITY_CLASSES, explanations: EXPLANATIONS } = constants.labels;
