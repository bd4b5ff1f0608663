// One hint at a time, said aloud once. The status region stays in the page; only its words change, and only
// when the hint does, so that a screen reader neither misses one nor repeats it.

const SIGNS = {
  ask: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v6M12 16.5v.5",
  good: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12.4l2.8 2.8L16 9.6",
  calm: "M5 12h.01M12 12h.01M19 12h.01",
  start: "M4 7h3.5L9 5h6l1.5 2H20v12H4zM12 10a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  trouble: "M3 6h11v12H3zM14 10.5 21 7v10l-7-3.5M3 3l18 18",
};

/**
 * Show a hint in the banner below `root` (the markup of banner.html).
 * @param {ParentNode} root
 * @param {{key: string, text: string, spoken: string, tone: string}} hint
 * @param {boolean} signed whether a sign stands beside the words
 * @returns {boolean} whether it is another one than before
 */
export function showHint(root, hint, signed) {
  const banner = root.querySelector(".banner");
  banner.dataset.signed = String(signed);
  const shown = `${hint.key} ${hint.text}`;
  if (banner.dataset.told === shown) return false;
  banner.dataset.told = shown;
  banner.dataset.key = hint.key;
  banner.dataset.tone = hint.tone;
  root.querySelector(".sign path").setAttribute("d", SIGNS[hint.tone] ?? SIGNS.calm);
  root.querySelector(".banner .text").textContent = hint.text;
  root.querySelector(".banner .spoken").textContent = hint.spoken;
  return true;
}
