// Put before scripts that tests run in a page: finds what is seen by its words, inside shadow roots too.
function* everything(root) {
  for (const one of root.querySelectorAll("*")) {
    yield one;
    if (one.shadowRoot) yield* everything(one.shadowRoot);
  }
}

const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
// Not as it is seen: styles write some words in capitals.
const nameOf = (one) => tidy(one.getAttribute("aria-label") || one.textContent || one.getAttribute("alt"));
const isSeen = (one) => one.getClientRects().length > 0 && getComputedStyle(one).visibility === "visible";

/** The last thing that is seen, fits the selector and has these words: of a thing and what it lies in, the inner one. */
function find(selector, words = "") {
  let found = null;
  for (const one of everything(document)) {
    if (one.matches(selector) && isSeen(one) && nameOf(one).includes(words)) found = one;
  }
  return found;
}

const ownWords = ({ localName, childNodes }) =>
  ["style", "script"].includes(localName) ? "" : tidy([...childNodes].map((node) => (node.nodeType === 3 ? node.data : "")).join(" "));

/** All that fit the selector, seen or not. */
const all = (selector) => [...everything(document)].filter((one) => one.matches(selector));
