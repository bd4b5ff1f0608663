// @ts-check
// What helps when the same hint stays: a drawing of how not, and of how.

import constants from "./constants.js";

/** The drawing of each condition: `help-NAME.svg` beside this file. @type {Record<string, string>} */
export const DRAWINGS = constants.help.drawings;

/** Fetched drawings by name, as addresses: Streamlit serves SVG as plain text, which no picture takes. */
const fetched = new Map();

/** Fetch all drawings, so that they are there without a connection too. @returns {Promise<void>} */
export async function fetchDrawings() {
  await Promise.all(
    [...new Set(Object.values(DRAWINGS))].map(async (name) => {
      if (fetched.has(name)) return;
      const answer = await fetch(new URL(`help-${name}.svg`, import.meta.url)).catch(() => null);
      if (!answer?.ok) return; // help goes without a drawing
      const blob = new Blob([await answer.text()], { type: "image/svg+xml" });
      fetched.set(name, URL.createObjectURL(blob));
    }),
  );
}

/**
 * Show the help for a condition, or none.
 * @param {HTMLElement} place a `<section class="help">`
 * @param {string | null} key
 * @param {{help: string, help_close: string, help_pictures: Record<string, string>}} words
 * @param {string} sentence what the condition's prompt says at length
 * @param {boolean} drawn whether it has a drawing
 */
export function drawHelp(place, key, words, sentence, drawn) {
  const name = key === null ? "" : (DRAWINGS[key] ?? "");
  const shown = key !== null && Boolean(name) && place.dataset.closed !== key;
  if (key === null) delete place.dataset.closed;
  if (place.dataset.shown === (shown ? key : "")) return;
  place.dataset.shown = shown ? key : "";
  place.hidden = !shown;
  if (!shown) return place.replaceChildren();
  const title = document.createElement("b");
  title.textContent = words.help;
  const text = document.createElement("p");
  text.textContent = sentence;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "quiet";
  close.textContent = words.help_close;
  close.addEventListener("click", () => {
    place.dataset.closed = key;
    drawHelp(place, key, words, sentence, drawn);
  });
  place.replaceChildren(title);
  if (drawn && fetched.has(name)) {
    const picture = document.createElement("img");
    picture.src = fetched.get(name);
    picture.alt = words.help_pictures[name] ?? "";
    place.append(picture);
  }
  place.append(text, close);
}
