// Keeps the page of the camera for when its server is away; away.js shows it then, by way of offline.js.

const STORE = "retake-on-device";
// What Streamlit's theme and the app's own styles lend to the stage.
const BORROWED = /--(?:st|rt)-[a-z-]+/g;

/**
 * Keep the page for when the server is away, where a service worker may show it.
 * @param {string} base where everything was published, a whole address with a slash at its end
 * @param {object} data what Python told the stage
 * @param {Element} host the stage's place, for the colours and fonts that it has there
 */
export async function keepPage(base, data, host) {
  // Only where pages are isolated (RETAKE_ISOLATED) does a worker from this folder watch over the app.
  if (!crossOriginIsolated || !navigator.serviceWorker) return;
  const store = await caches.open(STORE);
  const [files, markup] = await Promise.all(
    [`${base}files.json`, `${base}stage.html`].map(async (url) => (await fetch(url)).text()),
  );
  await store.addAll(JSON.parse(files).map((name) => base + name));
  const style = getComputedStyle(host);
  const lent = [...new Set(markup.match(BORROWED))].map((name) => [name, style.getPropertyValue(name)]);
  const kept = { ...data, scene: "camera", answers: [], held: [], visit: null, again: 0, report: "ok" };
  const page = document.implementation.createHTMLDocument("Retake");
  page.documentElement.lang = document.documentElement.lang;
  page.documentElement.dir = document.documentElement.dir;
  page.head.innerHTML = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">';
  page.documentElement.style.colorScheme = style.colorScheme;
  page.body.style.cssText = `margin: 1rem; background: ${style.getPropertyValue("--st-background-color")};`;
  const place = page.createElement("main");
  for (const [name, value] of lent) place.style.setProperty(name, value);
  place.dataset.told = JSON.stringify(kept);
  const script = page.createElement("script");
  script.type = "module";
  script.textContent = `import { show } from ${JSON.stringify(`${base}away.js`)}; show(document.querySelector("main"), ${JSON.stringify(base)});`;
  page.body.append(place, script);
  const headers = { "Content-Type": "text/html; charset=utf-8" };
  await store.put(`${base}offline.html`, new Response(`<!doctype html>${page.documentElement.outerHTML}`, { headers }));
  const scope = new URL(data.health.replace("_stcore/health", ""), document.baseURI).href;
  await navigator.serviceWorker.register(`${base}offline.js`, { scope });
}
