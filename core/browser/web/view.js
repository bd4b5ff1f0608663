// What is seen of the stage. `draw` puts the page in step with the state; nothing here decides anything.

import { bar, element, line, pointItems, showShare } from "./bars.js";
import { openCard } from "./card.js";
import { condition } from "./conditions.js";
import { hush, onChoice, showSwitches, tell } from "./cues.js";
import { drawGuide, drawHeat } from "./guide.js";
import { drawHelp } from "./help.js";
import { showHint } from "./hint.js";
import { points } from "./points.js";
import { drawComparison, drawTries } from "./tries.js";

const ICONS = {
  camera: "M4 7h3.5L9 5h6l1.5 2H20v12H4zM12 10a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  turn: "M4 12a8 8 0 0 1 13.5-5.8L20 8M20 4v4h-4M20 12a8 8 0 0 1-13.5 5.8L4 16M4 20v-4h4",
  light: "M7 3h10v4l-2 3v11H9V10L7 7zM12 13v2",
  skip: "M5 5l8 7-8 7zM18 5v14",
  eye: "M3 20V10M9 20V4M15 20v-8M21 20V7",
};

const icon = (name) =>
  `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="${ICONS[name]}"></path></svg>`;

const littleMotion = matchMedia("(prefers-reduced-motion: reduce)");

/** Change only what differs, so that nothing blinks and no live region says a thing twice. */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function label(button, name, words) {
  if (button.dataset.label === `${name} ${words}`) return;
  button.dataset.label = `${name} ${words}`;
  button.innerHTML = name ? icon(name) : "";
  if (button.classList.contains("round")) {
    button.setAttribute("aria-label", words);
    button.title = words;
  } else button.append(words);
}

/**
 * Take hold of a place that holds the markup of view.html.
 * @param {ShadowRoot} root
 * @param {Record<string, Function>} actions what the person can do, see stage.js
 * @returns {{root: ShadowRoot, video: HTMLVideoElement, play: Function, draw: Function}}
 */
export function openView(root, actions) {
  const $ = (selector) => root.querySelector(selector);
  const stage = $(".stage");
  const video = $("video");
  const over = $(".over");
  const card = openCard($(".card"), actions);
  let pictured = null; // the blob whose thumbnail is shown
  let astray = false; // whether what had the focus went away
  let asked = null; // the photo of a series that was asked for aloud
  let redraw = () => {};

  const press = (selector, act) =>
    root.querySelectorAll(selector).forEach((one) => one.addEventListener("click", () => act()));
  for (const name of ["start", "stop", "anyway", "another", "light", "remove", "send", "dismiss", "again"]) {
    press(`button.${name}`, actions[name]);
  }
  press("button.shutter", () => {
    // A locked one still answers, in words: a button that is out of the way of the keyboard tells nobody why.
    $(".why").classList.toggle("pressed", $(".shutter").getAttribute("aria-disabled") === "true");
    actions.shutter();
  });
  $(".zoom input").addEventListener("input", ({ target }) => actions.zoom(Number(target.value)));
  $(".practising input").addEventListener("change", ({ target }) => actions.practising(target.checked));
  $(".where input").addEventListener("change", ({ target }) => actions.where(target.checked));
  stage.addEventListener("cancel", (event) => {
    event.preventDefault();
    actions.dismiss();
  });
  // A second Escape closes it without asking. What is shown in it stays, in its place in the page.
  stage.addEventListener("close", closedByBrowser);

  let onTop = false;

  // The event comes a moment after the closing, in which another frame may have been drawn.
  function closedByBrowser() {
    if (stage.open || !onTop) return;
    onTop = false;
    inPlace();
    actions.dismiss();
  }

  function inPlace() {
    root.host?.removeAttribute("data-react-aria-top-layer");
    stage.setAttribute("role", "group");
    stage.setAttribute("open", "");
  }

  onChoice(() => redraw());

  function shape() {
    if (video.videoWidth) stage.style.setProperty("--ratio", String(video.videoWidth / video.videoHeight));
  }
  video.addEventListener("resize", shape);
  video.addEventListener("loadedmetadata", shape);

  /** Show a stream, or none. */
  async function play(stream) {
    video.srcObject = stream;
    video.hidden = !stream;
    if (!stream) return;
    await video.play().catch(() => {}); // a newer stream took its place
    shape();
  }

  /** Above Streamlit's own messages, or in its place in the page. */
  function layer(on) {
    if (onTop && !stage.open) return closedByBrowser();
    if (on === stage.matches(":modal")) return;
    onTop = on;
    const focused = root.activeElement;
    // Streamlit's message swallows every press that is not its own, but for what says that it lies above.
    stage.close();
    if (on) {
      root.host?.setAttribute("data-react-aria-top-layer", "");
      stage.removeAttribute("role");
      stage.showModal();
    } else inPlace();
    focused?.focus({ preventScroll: true });
    if (video.srcObject) video.play().catch(() => {});
  }

  function hint(state, { preset, words }) {
    if (state.problem) {
      const spoken = words.trouble[state.problem] ?? words.trouble.unsupported;
      return { key: state.problem, text: words.unavailable, spoken, tone: "trouble" };
    }
    if (state.waiting.photo) {
      const [text, spoken] = state.online ? words.sending : words.waiting;
      return { key: "waiting", text, spoken, tone: "calm" };
    }
    if (state.phase === "off") return { key: "off", text: words.off[0], spoken: words.off[1], tone: "start" };
    if (state.phase === "starting") {
      return { key: "connecting", text: words.starting[0], spoken: words.starting[1], tone: "calm" };
    }
    const key = state.status?.key ?? "searching";
    const tone = key.startsWith("camera_") ? "trouble" : { ready: "good", counting: "good", searching: "calm" }[key] ?? "ask";
    return { key, ...preset.prompts[key], tone };
  }

  const announce = ({ words, preset }, hint) => tell(hint, { language: words.language, feedback: preset.feedback });

  /** What had the focus may have gone: the next thing to press takes it, unless the person moved on. */
  function keepFocus(focused) {
    if (focused && !focused.getClientRects().length) astray = true;
    const elsewhere = ![null, document.body, root.host].includes(document.activeElement);
    if (!astray || elsewhere) return void (astray = false);
    const next = [".shutter", ".start"].map($).find((one) => one.getClientRects().length);
    if (!next) return;
    next.focus({ preventScroll: true });
    astray = false;
  }

  let moving = 0; // the next step of the countdown, between two frames that are checked
  function overlay(state, { preset }) {
    cancelAnimationFrame(moving);
    const context = over.getContext("2d");
    const pixels = Math.min(2, window.devicePixelRatio || 1);
    const [width, height] = [over.clientWidth * pixels, over.clientHeight * pixels].map(Math.round);
    if (over.width !== width || over.height !== height) [over.width, over.height] = [width, height];
    context.clearRect(0, 0, width, height);
    if (!width || !state.status) return;
    const mirrored = Boolean(state.camera?.mirrored);
    if (state.heat && !state.heat.blank) {
      context.save();
      if (mirrored) context.setTransform(-1, 0, 0, 1, width, 0);
      drawHeat(context, state.heat);
      context.restore();
    }
    const { key, where, progress } = state.status;
    drawGuide(context, key, where && { x: mirrored ? -where.x : where.x, y: where.y }, preset, progress);
    if (!(progress > 0 && progress < 1) || state.heat || littleMotion.matches) return;
    const drawn = performance.now();
    moving = requestAnimationFrame(() => {
      const on = progress + (performance.now() - drawn) / preset.gate.countdown_ms;
      overlay({ ...state, status: { ...state.status, progress: Math.min(0.99, on) } }, { preset });
    });
  }

  function tools(state, { words }) {
    const { camera } = state;
    $(".another").hidden = !state.several;
    label($(".another"), "turn", words.another);
    $(".light").hidden = !camera?.torch;
    $(".light").setAttribute("aria-pressed", String(Boolean(camera?.lit)));
    label($(".light"), "light", words.light);
    $(".zoom").hidden = !camera?.zoom;
    put($(".zoom span"), words.zoom);
    if (camera?.zoom) Object.assign($(".zoom input"), camera.zoom);
  }

  function shutter(state, { words }) {
    const live = state.phase === "live" || state.phase === "taking";
    const open = state.phase === "live" && Boolean(state.status?.ready);
    const button = $(".shutter");
    button.hidden = $(".why").hidden = !live;
    button.setAttribute("aria-disabled", String(!open));
    label(button, open ? "camera" : "lock", words.take);
    put($(".why"), open ? "" : state.phase === "taking" ? words.taking : words.locked);
    if (open) $(".why").classList.remove("pressed");
    $(".anyway").hidden = !(live && state.status?.mayOverride);
    label($(".anyway"), "skip", words.anyway);
  }

  function refused(state, data) {
    const { words, preset } = data;
    const place = $(".refused");
    const taken = state.refused;
    drawTries($(".tries"), state.tries, words);
    if (!taken) return place.replaceChildren();
    if (place.taken === taken && place.firstChild) return;
    place.taken = taken;
    const advice = preset.prompts[taken.key]?.text ?? "";
    const sentence = taken.outcome === "no_picture" ? words.no_picture : words.refused;
    place.replaceChildren(element("p", "", ...(advice ? [element("b", "", advice)] : []), sentence));
    announce(data, { spoken: `${sentence} ${preset.prompts[taken.key]?.spoken ?? ""}`, tone: "bad" });
  }

  function waiting(state, { words }) {
    const { photo, rows, old } = state.waiting;
    const place = $(".waiting");
    place.hidden = !photo;
    const sentence = !photo ? "" : old ? words.left_behind : state.online ? words.sending[1] : words.waiting[1];
    put(place.querySelector("p"), sentence + (photo && !state.lasting ? ` ${words.fleeting}` : ""));
    $(".send").hidden = !old;
    label($(".send"), "", words.send);
    root.querySelectorAll(".remove").forEach((button) => label(button, "", words.remove));
    const kept = !photo && !state.online && rows > 0;
    $(".kept").hidden = !kept;
    put($(".kept span"), words.kept);
    if (pictured === photo?.id) return;
    pictured = photo?.id ?? null;
    const image = place.querySelector("img");
    if (image.src) URL.revokeObjectURL(image.src);
    if (photo) image.src = URL.createObjectURL(photo.jpeg);
    else image.removeAttribute("src");
    image.alt = words.your_photo;
  }

  /** What is said before there is a photo, where it will stay here. */
  function keeping({ here: { network } }, { keep }) {
    $(".stays").hidden = !keep;
    if (!keep) return void ($(".second").hidden = true);
    label($(".stays"), "lock", keep.stays);
    const coming = network.state === "fetching";
    const failed = network.state === "failed";
    $(".second").hidden = !coming && !failed;
    put($(".second p"), coming ? keep.fetching : failed ? keep.failed[network.code] ?? keep.failed.runtime : "");
    showShare($(".second progress"), coming, network.share, keep.fetching);
    $(".second button").hidden = !failed;
    label($(".second button"), "", keep.try_again);
  }

  function where(state, { words }, live) {
    $(".where").hidden = !live;
    put($(".where span"), words.where);
    $(".where input").checked = state.heatOn;
    const heat = live && state.heatOn ? state.heat : null;
    $(".legend").hidden = !heat || heat.blank;
    put($(".legend span"), words.less);
    put($(".legend span:last-child"), words.most);
    $(".where-said").hidden = !heat;
    const name = heat && (words.points[heat.target] ?? words.classes[heat.target] ?? heat.target);
    put($(".where-said"), !heat ? "" : heat.blank ? words.blank : words.looked.replace("{point}", name));
  }

  function details(state, { words, preset, rules }) {
    put($(".sees summary"), words.sees);
    const verdict = state.status?.verdict;
    put($(".nothing"), words.nothing);
    put($(".bars"), words.bars);
    $(".bars").hidden = !verdict;
    $(".nothing").hidden = Boolean(verdict);
    if (!$(".sees").open || !verdict) return $(".points").replaceChildren(), $(".classes").replaceChildren();
    const { thresholds, healthy_skin_passes: healthy } = (state.practising && rules.practising) || rules.spot;
    // Western digits everywhere, as on the other pages.
    const { format: percent } = new Intl.NumberFormat(`${words.language}-u-nu-latn`, { style: "percent" });
    $(".points").replaceChildren(
      ...pointItems(points(verdict, thresholds, condition(verdict, preset, healthy)), verdict, thresholds, preset, words),
    );
    $(".classes").replaceChildren(
      ...Object.keys(words.classes).map((key) => {
        const share = verdict.quality[key];
        return element("li", "", line(words.classes[key], percent(share), ""), bar(share));
      }),
    );
  }

  /** Put the page in step with the state. */
  function draw(state, data) {
    const { words, preset } = data;
    const live = state.phase === "live" || state.phase === "taking";
    const focused = root.activeElement;
    redraw = () => draw(state, data);
    const kept = state.here.card;
    drawComparison($(".compare"), state.tries, data.scene === "result" || Boolean(kept), words);
    stage.classList.remove("blank");
    stage.hidden = data.scene !== "camera";
    stage.setAttribute("aria-label", words.stage);
    const begun = live && !stage.classList.contains("live");
    stage.classList.toggle("live", live);
    // A phone on its side has room for the picture or for what stands above it.
    if (begun && window.innerHeight < 500) stage.scrollIntoView({ block: "start" });
    stage.dataset.banner = preset.overlay.banner;
    stage.classList.toggle("mirrored", Boolean(state.camera?.mirrored));
    if (stage.hidden) return;
    layer(!state.online && !state.dismissed && (state.phase !== "off" || Boolean(state.waiting.photo) || Boolean(kept)));
    $(".offline").hidden = state.online;
    put($(".offline p"), state.online ? "" : words.offline);
    label($(".dismiss"), "", words.dismiss);
    $(".dismiss").hidden = !stage.matches(":modal");
    stage.classList.toggle("carded", Boolean(kept));
    keeping(state, data);
    const verdict = card.draw(state.here, data);
    if (verdict) announce(data, { spoken: `${verdict.headline}. ${verdict.advice}`, tone: verdict.good ? "good" : "bad" });
    if (kept) return;
    put($("h1"), live ? words.title_live : words.title);
    put($(".intro"), words.intro);
    hush(root, preset.feedback);
    showSwitches($(".cues"), words, preset.feedback);
    const shown = hint(state, data);
    if (showHint(root, shown, preset.overlay.icons)) announce(data, shown);
    if (data.shot !== asked && state.phase === "starting") {
      asked = data.shot;
      if (asked) announce(data, { spoken: preset.prompts[`shot_${asked}`].spoken, tone: "ask" });
    }
    const help = (live && state.status?.help) || null;
    drawHelp($(".help"), help, words, preset.prompts[help]?.spoken ?? "", preset.overlay.help_drawing);
    const photo = Boolean(state.waiting.photo);
    stage.classList.toggle("kept-photo", photo);
    for (const place of [".picture", ".top", ".sees", ".private"]) $(place).hidden = photo;
    $(".practising").hidden = photo || !data.rules.practising;
    label($(".start"), "camera", words.start);
    $(".start").hidden = state.phase !== "off";
    showShare($(".picture progress"), state.phase === "starting", state.progress, words.starting[0]);
    $(".trouble").hidden = !state.problem;
    put($(".trouble"), state.problem ? words.trouble[state.problem] ?? words.trouble.unsupported : "");
    put($(".said"), state.said);
    $(".stop").hidden = !live;
    label($(".stop"), "", words.stop);
    put($(".practising span"), words.practising);
    $(".practising").title = words.practising_help;
    $(".practising input").checked = state.practising;
    put($(".private"), data.keep ? data.keep.private : words.private);
    tools(state, data);
    shutter(state, data);
    refused(state, data);
    waiting(state, data);
    where(state, data, live);
    details(state, data);
    overlay(state, data);
    keepFocus(focused);
  }

  return { root, video, play, draw };
}
