// The hint's words and signs come from core/browser/web/hint.js, cues.js and refusals.js, which are put before this file.

// The streamer sits in a frame of its own and tells nobody but the person why a start failed. Its line is read
// here and put away, for the page says it in plain words. A streamer that words it otherwise is left alone.
function refusal(frame) {
  const alert = frame?.contentDocument?.querySelector("[role=alert]");
  const name = alert?.textContent.split(":")[0].trim();
  if (!(name in REFUSALS)) return null;
  alert.hidden = true;
  alert.style.display = "none";
  return REFUSALS[name];
}

// Some browsers have a camera for pages and no way to send its video.
const noWayToSend = () => ("RTCPeerConnection" in window ? null : "no_webrtc");

// What the browser says about its camera: "ok", or why there is none.
async function cameraReport(frame) {
  return noCameraHere() ?? noWayToSend() ?? refusal(frame) ?? (await noCameraNow()) ?? "ok";
}

const watched = new WeakMap();

function watchCamera(root, state) {
  let frame = null;
  const tell = async () => {
    let report = "ok";
    try {
      report = await cameraReport(frame);
    } catch {
      // Nothing known is no reason to alarm anyone.
    }
    if (state.stopped || report === state.report) return;
    state.report = report;
    state.tellPython("camera", report);
  };
  const stops = [];
  const listen = (target, event) => {
    target.addEventListener(event, tell);
    stops.push(() => target.removeEventListener(event, tell));
  };
  const watchFrame = () => {
    const found = document.querySelector("iframe[src*='streamlit_webrtc']");
    const body = found?.contentDocument?.body;
    // A new frame first holds an empty page, which is not the one to watch.
    if (!body?.querySelector("#root")) return state.stopped || setTimeout(watchFrame, 1000);
    frame = found;
    const observer = new MutationObserver(tell);
    observer.observe(body, { childList: true, subtree: true });
    stops.push(() => observer.disconnect());
    tell();
  };
  if (navigator.mediaDevices) listen(navigator.mediaDevices, "devicechange");
  listen(window, "focus");
  navigator.permissions
    ?.query({ name: "camera" })
    .then((permission) => state.stopped || listen(permission, "change"))
    .catch(() => {});
  state.stop = () => {
    state.stopped = true;
    stops.forEach((stop) => stop());
    state.onChoice?.();
    state.socket?.close();
    watched.delete(root);
  };
  tell();
  watchFrame();
}

const LOST_AFTER = 3;
const TRY_AGAIN_MS = 1000;

// The server says when there is something else to show. A page that cannot be told still asks now and then.
function waitForChanges(state, address) {
  if (address === state.waitsAt) return;
  state.waitsAt = address;
  state.socket?.close();
  state.socket = null;
  let failed = 0;
  const open = () => {
    if (state.stopped || state.waitsAt !== address) return;
    const whole = new URL(address, document.baseURI).href.replace(/^http/, "ws");
    const socket = new WebSocket(whole);
    state.socket = socket;
    socket.onopen = () => (failed = 0);
    socket.onmessage = () => state.runPage();
    socket.onclose = () => ++failed < LOST_AFTER && setTimeout(open, TRY_AGAIN_MS);
  };
  if (address) open();
}

// Called again on every update; the watch on the camera is set up once.
export default function ({ data, parentElement: root, setStateValue, setTriggerValue }) {
  hush(root, data.feedback);
  if (showHint(root, data, data.signed)) tell(data, data);
  const known = watched.get(root);
  const state = known ?? { report: data.camera, stopped: false };
  state.tellPython = setStateValue;
  state.runPage = () => setTriggerValue("changed", true);
  if (!known) {
    watched.set(root, state);
    state.onChoice = onChoice(() => hush(root, data.feedback));
    watchCamera(root, state);
  }
  waitForChanges(state, data.changes);
  return () => {
    // An update may end here too; only a banner that left the page stops watching.
    setTimeout(() => (root.host ?? root).isConnected || watched.get(root)?.stop(), 0);
  };
}
