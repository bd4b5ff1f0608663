// The service worker: when the server cannot be reached, a page that is opened or loaded again is the camera as it
// was kept (see keep_page.js), and not the browser's error. All else goes its way. It may watch over the whole app only
// where the server allows that (serve.py).

const STORE = "retake-on-device";
const BASE = new URL("./", self.location.href).href;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const kept = async (address) => (await caches.open(STORE)).match(address);

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(async () => (await kept(`${BASE}offline.html`)) ?? Response.error()));
  } else if (request.method === "GET" && request.url.startsWith(BASE)) {
    event.respondWith(fetch(request).catch(async () => (await kept(request.url)) ?? Response.error()));
  }
});
