// One hint at a time, said aloud once. The status region stays in the page; only its words change, and only
// when the hint does, so that a screen reader neither misses one nor repeats it.

const SIGNS = {
  ask: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v6M12 16.5v.5",
  good: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12.4l2.8 2.8L16 9.6",
  calm: "M5 12h.01M12 12h.01M19 12h.01",
  start: "M4 7h3.5L9 5h6l1.5 2H20v12H4zM12 10a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  trouble: "M3 6h11v12H3zM14 10.5 21 7v10l-7-3.5M3 3l18 18",
};

// What getUserMedia's errors (by their standard names) mean to a person.
const REFUSALS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

function show(root, data) {
  const banner = root.querySelector(".banner");
  const told = `${data.key} ${data.text}`;
  if (banner.dataset.told === told) return;
  banner.dataset.told = told;
  banner.dataset.key = data.key;
  banner.dataset.tone = data.tone;
  root.querySelector(".sign path").setAttribute("d", SIGNS[data.tone] ?? SIGNS.calm);
  root.querySelector(".text").textContent = data.text;
  root.querySelector(".spoken").textContent = data.spoken;
}

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

// What the browser says about its camera: "ok", or why there is none.
async function cameraReport(frame) {
  if (!window.isSecureContext) return "insecure";
  if (!navigator.mediaDevices?.getUserMedia) return "unsupported";
  const refused = refusal(frame);
  if (refused) return refused;
  try {
    const permission = await navigator.permissions.query({ name: "camera" });
    if (permission.state === "denied") return "denied";
  } catch {
    // Not every browser tells.
  }
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.some((device) => device.kind === "videoinput") ? "ok" : "missing";
}

const watched = new WeakMap();

function watchCamera(root, told) {
  let frame = null;
  const tell = async () => {
    let report = "ok";
    try {
      report = await cameraReport(frame);
    } catch {
      // Nothing known is no reason to alarm anyone.
    }
    if (told.stopped || report === told.report) return;
    told.report = report;
    told.tellPython("camera", report);
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
    if (!body?.querySelector("#root")) return told.stopped || setTimeout(watchFrame, 1000);
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
    .then((permission) => told.stopped || listen(permission, "change"))
    .catch(() => {});
  told.stop = () => {
    told.stopped = true;
    stops.forEach((stop) => stop());
    watched.delete(root);
  };
  tell();
  watchFrame();
}

// Called again on every update; the watch on the camera is set up once.
export default function ({ data, parentElement: root, setStateValue }) {
  show(root, data);
  const known = watched.get(root);
  const told = known ?? { report: data.camera, stopped: false };
  told.tellPython = setStateValue;
  if (!known) {
    watched.set(root, told);
    watchCamera(root, told);
  }
  return () => {
    // An update may end here too; only a banner that left the page stops watching.
    setTimeout(() => (root.host ?? root).isConnected || watched.get(root)?.stop(), 0);
  };
}
