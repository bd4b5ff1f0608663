// A file that is too large for an upload is left out by Streamlit, in English and without a word to the page.
// In its place goes a small file of the same name that says how large it is: so it has its row, in the
// person's language, and nobody sends what cannot be used.

let most = 0;
let says = "";
let listening = false;

const withoutLarge = (files) =>
  [...files].map((file) => (file.size > most ? new File([`${says}${file.size}`], file.name) : file));

const anyLarge = (files) => [...(files ?? [])].some((file) => file.size > most);

function put(input, files) {
  const handed = new DataTransfer();
  for (const file of withoutLarge(files)) handed.items.add(file);
  input.files = handed.files;
}

// On the document and before React, which hears of what happens in its page there, too.
function onChange({ target }) {
  if (target instanceof HTMLInputElement && target.type === "file" && anyLarge(target.files)) put(target, target.files);
}

function onDrop(event) {
  const files = event.dataTransfer?.files;
  const input = event.target.closest?.('[data-testid="stFileUploader"]')?.querySelector("input[type=file]");
  if (!input || !anyLarge(files)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  put(input, files);
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

export default function ({ data }) {
  ({ most, says } = data);
  if (listening) return;
  listening = true;
  document.addEventListener("change", onChange, true);
  document.addEventListener("drop", onDrop, true);
}
