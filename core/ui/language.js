// The list of languages, and what the document says of its own: screen readers pronounce by it, browsers lay out by it.

/** Where the row of pages is longer than its place, begin with the one that is open. */
function showOpenPage() {
  const open = document.querySelector(".st-key-rt-here");
  const row = open?.closest(".st-key-rt-nav");
  if (!row) return;
  const [inner, outer] = [open.getBoundingClientRect(), row.getBoundingClientRect()];
  if (inner.left < outer.left) row.scrollLeft -= outer.left - inner.left;
  if (inner.right > outer.right) row.scrollLeft += inner.right - outer.right;
}

export default function ({ data, parentElement: root, setTriggerValue }) {
  const page = document.documentElement;
  page.lang = data.language;
  page.dir = data.direction;
  const select = root.querySelector("select");
  root.querySelector("span").textContent = data.label;
  select.title = data.label;
  if (select.options.length !== data.languages.length) {
    select.replaceChildren();
    for (const { code, name } of data.languages) {
      const option = new Option(name, code);
      option.lang = code;
      select.add(option);
    }
  }
  select.value = data.language;
  requestAnimationFrame(showOpenPage);
  select.onchange = () => setTriggerValue("picked", select.value);
}
