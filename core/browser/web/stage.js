// The coach in the page: camera, checker, stream session and outbox brought together. What is seen of it is view.js's.

import { CameraError, closeCamera, light, nextCamera, openCamera } from "./camera.js";
import { takeStill, toJpeg, zoomTo } from "./camera.js";
import { condition, family, mergedInto } from "./conditions.js";
import { openEarly } from "./early.js";
import { openEngine } from "./engine.js";
import { fetchDrawings } from "./help.js";
import { KeepHere } from "./keep_here.js";
import { Newest, grab, restAfter } from "./newest.js";
import { openOutbox } from "./outbox.js";
import { points } from "./points.js";
import { watchServer } from "./reach.js";
import { readsPixels } from "./readable.js";
import { noCameraHere, noCameraNow } from "./refusals.js";
import { press, useAnyway } from "./shutter.js";
import { hasSimd } from "./simd.js";
import { bestStill } from "./still.js";
import { Tries } from "./tries.js";
import { judge } from "./verdict.js";
import { openView } from "./view.js";
import { StreamSession } from "./stream_session.js";

const SEND_EVERY_MS = 60_000;
const LOOK_AFTER_MS = 3000;
// A place that left the page may come back at once: Streamlit draws anew when it has found its server again.
const GONE_AFTER_MS = 1000;
const GONE_WHEN_CUT_MS = 20_000;
/** How long a camera that was started at once waits until Python has met the visit of a page that was loaded again. */
const MEET_WITHIN_S = 10;

/** Whether this browser can check pictures itself. */
export function fit() {
  return (
    hasSimd() &&
    typeof Worker === "function" &&
    typeof createImageBitmap === "function" &&
    typeof HTMLDialogElement === "function" &&
    readsPixels()
  );
}

const seconds = () => performance.now() / 1000;
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

let stage = null;

/**
 * The one stage of this page: it outlives the places that Streamlit gives it, and the scripts that ask for it.
 * @returns {Promise<{show: Function, left: Function}>}
 */
export const openStage = () => (stage ??= newStage());

async function newStage() {
  let data = null;
  // Only while there is a place on the page: told from nowhere, Streamlit would run whatever page is shown now.
  let tell = null;
  let view = null;
  let engine = null;
  let opening = null;
  let away = null;
  let streamSession = null;
  let camera = null;
  let running = null;
  let outbox = null;
  let server = null;
  let judged = null;
  let reported = null;
  let again = 0;

  // A photo that stays on this device, with its result.
  const here = new KeepHere({
    engine: () => openChecker().then(() => engine),
    base,
    changed: () => draw(),
    record,
  });

  const state = {
    /** @type {"off"|"starting"|"live"|"taking"} */
    phase: "off",
    problem: null,
    progress: null,
    status: null,
    heat: null,
    heatOn: false,
    practising: false,
    camera: null,
    several: false,
    refused: null,
    tries: new Tries(),
    waiting: { photo: null, photos: 0, rows: 0, old: false },
    lasting: true,
    online: true,
    dismissed: false,
    said: "",
    here,
  };

  const draw = () => view?.draw(state, data);

  function set(changes) {
    Object.assign(state, changes);
    draw();
  }

  function report(reason) {
    if (reason === reported || !tell) return;
    reported = reason;
    tell.report(reason);
  }

  function record(name, properties, attempt = streamSession?.attempt ?? 0) {
    outbox.addEvent({ name, t_ms: Math.round(performance.now() * 10) / 10, attempt, properties });
  }

  function trouble(reason) {
    if (reason !== state.problem) record("camera_failed", { reason });
    stop({ problem: reason });
    report(reason);
  }

  const rule = () => (state.practising && data.rules.practising) || data.rules.spot;

  // -- the camera ------------------------------------------------------------------------------------------

  async function start(deviceId = "") {
    if (state.phase !== "off") return;
    set({ phase: "starting", problem: null, progress: null, said: "", refused: null });
    await ready; // pressed before there was an outbox to note it
    try {
      // Asked for first, while the press is fresh: the checker may take a while to arrive.
      camera = await openCamera(deviceId);
      fetchDrawings();
      await openChecker();
      streamSession ??= newSession(await lastAttempt());
      if (state.phase !== "starting") return stop();
      await useCamera();
    } catch (error) {
      console.warn(error);
      if (error instanceof CameraError) return trouble(error.reason);
      return failed(error);
    }
    report("ok");
    set({ phase: "live", progress: null });
    away ??= import("./keep_page.js").then(({ keepPage }) => keepPage(base(), data, view.root.host)).catch(console.warn);
    running = { on: true };
    watch(running);
    prepareHere();
  }

  /** Fetch the second network where it is wanted, once the checker is at work: the first photo need not wait for it. */
  function prepareHere() {
    // Where it fails the page says so; it is tried again with the photo.
    if (data.keep && state.phase === "live") here.prepare().catch((error) => console.warn(error));
  }

  function base() {
    return new URL(data.base, document.baseURI).href;
  }

  /** Open the checker, once; `opening` is also what a page opens beforehand, where it has everything. */
  function openChecker() {
    opening ??= openEverything().catch((error) => {
      opening = null;
      throw error;
    });
    return opening;
  }

  async function openEverything() {
    const parts = new Map();
    const onProgress = ({ what, name, loaded, total }) => {
      if (name) return what === "network" && here.progress({ loaded, total });
      parts.set(what, [loaded, total]);
      const [come, all] = [...parts.values()].reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
      if (state.phase === "starting") set({ progress: all ? come / all : null });
    };
    engine = await openEngine({ base: base(), backend: data.backend, onProgress });
  }

  /** The number of the visit's last try. A page that was loaded again first shows its visit to Python (ui/keeper.js). */
  async function lastAttempt() {
    const shown = globalThis.retakeKeeper?.shown;
    const until = seconds() + MEET_WITHIN_S;
    while (shown && shown !== data.visit?.met && seconds() < until) await sleep(50);
    return Math.max(data.visit?.attempts ?? 0, await outbox.attempts());
  }

  /** @param {number} attempt the number of the last try in this visit, before the page was loaded again */
  function newSession(attempt) {
    const seen = {
      ...engine,
      // What the newest frame was found to be, for the heat map.
      assess: async (source) => (judged = await engine.assess(source, { features: state.heatOn, frame: true })),
    };
    const copy = (frame) => createImageBitmap(frame);
    return new StreamSession({ engine: seen, rule: rule(), preset: data.preset, clock: seconds, record, copy, attempt });
  }

  function failed(error) {
    // Nothing that the person could put right: the server can check the picture instead.
    const reason = ["network", "altered"].includes(error.code) ? "engine_network" : "unfit";
    trouble(reason);
  }

  async function useCamera() {
    const { track } = camera;
    track.addEventListener("ended", () => trouble("ended"));
    // An iPhone holds the camera while its page is in the background, and may leave the video paused after that.
    track.addEventListener("mute", () => state.phase === "live" && camera?.track === track && seen(streamSession.lost()));
    track.addEventListener("unmute", () => camera?.track === track && view?.video.play().catch(() => {}));
    const { facingMode } = track.getSettings();
    streamSession.facing = ["user", "environment"].includes(facingMode) ? facingMode : null;
    await view.play(camera.stream);
    const several = Boolean(await nextCamera(camera));
    set({ camera, several });
  }

  /** Turn the camera off; `changes` say what is to be seen then. */
  function stop(changes = {}) {
    if (running) running.on = false;
    running = null;
    closeCamera(camera);
    camera = null;
    judged = null;
    streamSession?.endStream();
    view?.play(null);
    set({ phase: "off", camera: null, status: null, heat: null, progress: null, refused: null, ...changes });
    outbox.flush();
  }

  async function another() {
    const next = await nextCamera(camera);
    if (!next || state.phase !== "live") return;
    const { lit, ...before } = camera;
    closeCamera(before);
    streamSession.endStream();
    try {
      camera = await openCamera(next);
      await useCamera();
    } catch (error) {
      trouble(error.reason ?? "unsupported");
    }
  }

  // -- frames ----------------------------------------------------------------------------------------------

  async function watch(run) {
    const { timing, camera: limits } = data.preset;
    const newest = new Newest();
    while (run.on) {
      if (document.hidden || state.phase !== "live") {
        await sleep(150);
        continue;
      }
      if (!(await newest.next(view.video, limits.missing_after_s * 1000))) {
        if (run.on && !document.hidden) seen(streamSession.lost());
        continue;
      }
      if (!run.on || state.phase !== "live") continue;
      const began = performance.now();
      try {
        const status = await streamSession.processFrame(await grab(view.video), seconds());
        if (run.on) seen(status);
      } catch (error) {
        console.warn(error); // the video was taken away meanwhile
      }
      await sleep(restAfter(performance.now() - began, timing.assess_every_ms));
    }
    newest.stop();
  }

  function seen(status) {
    const problem = status.broken ? "assessor" : null;
    set({ status, problem, heat: state.heatOn ? heatOf(status) : null });
    if (status.due) shoot(() => press(hand, true));
  }

  /** Where the network looked for what is said now. */
  function heatOf(status) {
    if (!judged?.heat || !status.verdict) return null;
    const { verdict } = status;
    const key = family(status.key);
    // A map of what is not there would still be brightest somewhere.
    const shown = condition(verdict, data.preset, rule().healthy_skin_passes);
    const there = points(verdict, rule().thresholds, shown).some((point) => point.key === key && point.hasPlace);
    const target = there || key in verdict.quality ? key : verdict.label;
    return { target, ...judged.heat(target) };
  }

  // -- the photo -------------------------------------------------------------------------------------------

  async function judgedStill(picture) {
    const jpeg = await toJpeg(picture, data.most_bytes);
    // What is judged is what will be sent, not what it was made of.
    const verdict = judge(await engine.assess(await createImageBitmap(jpeg), { features: false }), rule());
    return { jpeg, verdict };
  }

  const hand = {
    get streamSession() {
      return streamSession;
    },
    condition: (verdict) => condition(verdict, data.preset, rule().healthy_skin_passes),
    take() {
      return bestStill({
        kept: streamSession.takeBest(),
        shoot: () => takeStill(camera, view.video),
        judged: judgedStill,
        healthySkinPasses: rule().healthy_skin_passes,
      });
    },
  };

  async function shoot(way) {
    if (state.phase !== "live") return;
    state.phase = "taking";
    draw();
    const taken = await way();
    if (state.phase !== "taking") return; // the camera went away meanwhile
    if (taken.outcome !== "accepted") {
      if (taken.still) {
        taken.key = mergedInto(hand.condition(taken.still.verdict), data.preset);
        state.tries.refused(taken.still.jpeg, data.preset.prompts[taken.key]?.text ?? "");
      }
      const refused = taken.outcome === "locked" ? state.refused : taken;
      return set({ phase: "live", refused, status: streamSession.status() });
    }
    if (!taken.overridden) state.tries.used(taken.still.jpeg);
    const { shot } = data;
    const { attempt } = streamSession;
    if (data.keep) {
      const { overridden, still } = taken;
      const shown = here.show(still, { overridden, attempt, thresholds: rule().thresholds });
      stop(); // stopping also sends what happened
      return shown;
    }
    const facts = { attempt, overridden: taken.overridden, practising: state.practising, shot };
    await outbox.addPhoto(taken.still.jpeg, facts);
    stop(); // the light goes off while the result is read; stopping also sends
  }

  const refusedStill = () => (state.refused?.outcome === "refused" ? state.refused : null);

  // -- what the person does --------------------------------------------------------------------------------

  const actions = {
    start: () => start(),
    stop: () => stop(),
    shutter: () => shoot(() => press(hand)),
    anyway: () => shoot(() => useAnyway(hand, refusedStill())),
    another,
    light: () =>
      light(camera, !camera.lit).then(draw, () => {
        camera.torch = false; // it was promised and is not there
        draw();
      }),
    zoom: (factor) => camera && zoomTo(camera, factor).catch(() => {}),
    practising(on) {
      state.practising = on;
      streamSession?.setRule(rule());
      draw();
    },
    where(on) {
      set({ heatOn: on, heat: null });
      record("gradcam_toggled", { network: "imageqx", on });
    },
    remove: () => outbox.remove(),
    send: () => outbox.allow(state.waiting.photo.id),
    dismiss: () => set({ dismissed: true }),
    retake() {
      here.forget();
      state.tries.forget();
      streamSession?.retake();
      draw();
      start();
    },
    open: () => here.open(),
    again: () => here.again(),
    choose: (label) => here.choose(label),
  };

  // -- Streamlit -------------------------------------------------------------------------------------------

  async function first() {
    outbox = await openOutbox({
      send: (message) => tell?.message(message),
      reachable: () => state.online && tell !== null,
      onChange: (waiting) => set({ waiting, lasting: outbox?.lasting ?? state.lasting }),
    });
    state.lasting = outbox.lasting;
    server = watchServer(new URL(data.health, document.baseURI).href, (online) => {
      set({ online, dismissed: false });
      if (!online) outbox.cutOff();
      // Streamlit needs a moment to find its way back; a message before that is dropped and sent again.
      if (online) setTimeout(() => outbox.again(), 1500);
    });
    setInterval(() => outbox.flush(), SEND_EVERY_MS);
    setInterval(() => (state.waiting.photos || outbox.unanswered) && outbox.flush(), 2000);
    document.addEventListener("visibilitychange", () => document.hidden && outbox.flush());
    window.addEventListener("beforeunload", (event) => {
      if (state.waiting.photo && !state.lasting) event.preventDefault(); // it would be lost with the page
    });
    navigator.mediaDevices?.addEventListener("devicechange", look);
    window.addEventListener("focus", look);
    navigator.permissions
      ?.query({ name: "camera" })
      .then((permission) => permission.addEventListener("change", look))
      .catch(() => {});
    outbox.flush();
    look();
    // Where it fails, the press on Start tries again and says so.
    if (fit()) openEarly({ base: base(), usable, open: openChecker }).catch((error) => console.warn(error));
  }

  const noCamera = async () => noCameraHere() ?? (await noCameraNow().catch(() => null));
  const usable = async () => (await noCamera()) === null;

  /** What the browser says of its camera while none is in use. */
  async function look() {
    if (state.phase !== "off" || !data) return;
    if (!fit()) return report("unfit");
    const reason = await noCamera();
    if (state.phase !== "off" || !(reason || BEFORE_USE.has(state.problem))) return;
    if (reason && reason !== state.problem) record("camera_failed", { reason });
    set({ problem: reason });
    report(reason ?? "ok");
  }

  let ready = null;

  return {
    /** Show the stage in a place, with what Python says; called again on each of its updates. */
    async show(root, given, way) {
      tell = way;
      const before = data?.shot ?? null;
      data = given;
      reported ??= given.report;
      const back = ready !== null && view?.root !== root;
      if (view?.root !== root) {
        view = openView(root, actions);
        if (camera) view.play(camera.stream);
      }
      ready ??= first();
      draw();
      await ready;
      if (given.visit) outbox.belongsTo(given.visit.id, given.visit.t_ms);
      if (back) {
        look();
        outbox.flush(); // what came up while there was no place to tell it from
      }
      const broken = given.answers.find(({ sentence }) => sentence)?.sentence ?? "";
      if (broken && state.said !== broken) set({ said: broken });
      await outbox.answered(given.answers.map(({ id }) => id), given.held);
      streamSession?.setRule(rule());
      prepareHere();
      if (given.again > again) {
        again = given.again;
        state.tries.forget();
        // The next of a series is no second try at the last one.
        if (given.shot === before) streamSession?.retake();
        if (data.scene === "camera") start();
      }
      // Asked of the newest word: another photo may have been wanted while this one waited for the outbox.
      if (data.scene === "result" && camera) stop();
    },

    /** A place left the page; without another one the camera goes off. */
    left(root) {
      if (view?.root === root) tell = null; // until it is shown again, here or elsewhere
      const patience = state.online ? GONE_AFTER_MS : GONE_WHEN_CUT_MS;
      setTimeout(() => {
        if (view?.root !== root || (root.host ?? root).isConnected) return;
        stop();
        view = null;
      }, patience);
    },
  };
}

// What `look` may take back by itself: the others stay until the camera is started again.
const BEFORE_USE = new Set(["insecure", "unsupported", "denied", "missing"]);
