// The camera without its server: what is kept of it, and the page that shows it then. Photos and events wait in
// the outbox as ever; when the server is back its own page takes over and sends them.

import { watchServer } from "./reach.js";
import { openStage } from "./stage.js";

const STORE = "retake-on-device";
// What Streamlit's theme and the app's own styles lend to the stage.
const BORROWED = /--(?:st|rt)-[a-z-]+/g;

// The layer lies over Streamlit's message elsewhere; here there is no page to go back to.
const NOTHING_BEHIND = ".dismiss { display: none; }";

/**
 * Keep the page for when the server is away, where a service worker may show it.
 * @param {string} base where everything was published, a whole address with a slash at its end
 * @param {object} data what Python told the stage
 * @param {Element} host the stage's place, for the colours and fonts that it has there
 */
export async function keepAway(base, data, host) {
  // Only with the headers of isolated.py may a worker from this folder watch over the app.
  if (!crossOriginIsolated || !navigator.serviceWorker) return;
  const store = await caches.open(STORE);
  const [files, markup] = await Promise.all(
    [`${base}files.json`, `${base}stage.html`].map(async (url) => (await fetch(url)).text()),
  );
  await store.addAll(JSON.parse(files).map((name) => base + name));
  const style = getComputedStyle(host);
  const lent = [...new Set(markup.match(BORROWED))].map((name) => [name, style.getPropertyValue(name)]);
  const told = { ...data, scene: "camera", answers: [], held: [], visit: null, again: 0, report: "ok" };
  const page = document.implementation.createHTMLDocument("Retake");
  page.documentElement.lang = document.documentElement.lang;
  page.documentElement.dir = document.documentElement.dir;
  page.head.innerHTML = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">';
  page.documentElement.style.colorScheme = style.colorScheme;
  page.body.style.cssText = `margin: 1rem; background: ${style.getPropertyValue("--st-background-color")};`;
  const place = page.createElement("main");
  for (const [name, value] of lent) place.style.setProperty(name, value);
  place.dataset.told = JSON.stringify(told);
  const script = page.createElement("script");
  script.type = "module";
  script.textContent = `import { show } from ${JSON.stringify(`${base}away.js`)}; show(document.querySelector("main"), ${JSON.stringify(base)});`;
  page.body.append(place, script);
  const headers = { "Content-Type": "text/html; charset=utf-8" };
  await store.put(`${base}offline.html`, new Response(`<!doctype html>${page.documentElement.outerHTML}`, { headers }));
  const scope = new URL(data.health.replace("_stcore/health", ""), document.baseURI).href;
  await navigator.serviceWorker.register(`${base}offline.js`, { scope });
}

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
    const busy = root.querySelector(".stage.live");
    if (server.known() && server.reachable() && !busy) location.reload();
  }, 1000);
}
