// The camera without its server: the page that keep_page.js kept. Photos and events wait in the outbox as ever;
// when the server is back its own page takes over and sends them.

import { watchServer } from "./reach.js";
import { openStage } from "./stage.js";

// The layer lies over Streamlit's message elsewhere; here there is no page to go back to.
const NOTHING_BEHIND = ".dismiss { display: none; }";

/**
 * Show the stage in the page that was kept.
 * @param {HTMLElement} place
 * @param {string} base
 */
export async function show(place, base) {
  const data = JSON.parse(place.dataset.told ?? "");
  const root = place.attachShadow({ mode: "open" });
  root.innerHTML = await (await fetch(`${base}stage.html`)).text();
  root.append(Object.assign(document.createElement("style"), { textContent: NOTHING_BEHIND }));
  const stage = await openStage();
  await stage.show(root, data, { report() {}, message() {} });
  const server = watchServer(new URL(data.health, document.baseURI).href, () => {});
  // Its own page is better, but not while someone is at it.
  setInterval(() => {
    const busy = root.querySelector(".stage.live, .stage.carded");
    if (server.known() && server.reachable() && !busy) location.reload();
  }, 1000);
}
