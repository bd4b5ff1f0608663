// @ts-check
// Lists with a bar each, as core/text/bars.py draws them.

/** @param {string} tag @param {string} className @param {...(Node | string)} inside */
export function element(tag, className, ...inside) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...inside);
  return made;
}

/** Two words at the ends of a line. @param {string | Node} left @param {string | Node} right @param {string} kind */
export const line = (left, right, kind) =>
  element("div", "line", element("span", "", left), element("span", kind, right));

/** @param {number} share 0-1 @param {number} [mark] from where it counts */
export function bar(share, mark) {
  const made = element("div", "bar");
  made.setAttribute("aria-hidden", "true");
  const filled = element("i", "");
  filled.style.width = `${share * 100}%`;
  made.append(filled);
  if (mark !== undefined) {
    const edge = element("u", "");
    edge.style.insetInlineStart = `${mark * 100}%`;
    made.append(edge);
  }
  return made;
}

/**
 * @param {HTMLProgressElement} progress
 * @param {boolean} shown
 * @param {number | null} share that has come (0-1); null while that is not known
 * @param {string} name of what comes
 */
export function showShare(progress, shown, share, name) {
  progress.hidden = !shown;
  progress.setAttribute("aria-label", name);
  if (share === null) progress.removeAttribute("value");
  else progress.value = share;
}

/**
 * The five points of a picture, as items of a list.
 * @param {import("./points.js").Point[]} found
 * @param {import("./verdict.js").Verdict} verdict
 * @param {Record<string, number>} thresholds
 * @param {{prompts: Record<string, {text: string}>}} preset
 * @param {{points: Record<string, string>, states: Record<string, string>}} words
 */
export function pointItems(found, verdict, thresholds, preset, words) {
  return found.map((point) => {
    const { key, state } = point;
    const row = element("li", state, line(words.points[key], words.states[state], "word"));
    if (point.measured) row.append(bar(verdict.explanations[key], thresholds[key]));
    if (point.toImprove) row.append(element("p", "note", preset.prompts[point.condition].text));
    return row;
  });
}
