// @ts-check
// The card of a photo that stays on this device: what is seen of it. What it says comes from Python; keep_here.js
// decides how far it is. Each part is made anew only when what it shows is another, so that nothing loses its focus.

import { bar, element, line, pointItems, showShare } from "./bars.js";
import { condition } from "./conditions.js";
import { drawHeat } from "./guide.js";
import { points } from "./points.js";
import { mixedUp, parts, percent, say } from "./verdict_text.js";

const FIRST_CLASSES = 3;
const LONG_SIDE = 1200;
const STRENGTH = 50;
const LOCK = "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3";

/** @param {string} path */
function icon(path) {
  const made = element("span", "lock");
  made.innerHTML = `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="${path}"></path></svg>`;
  return made;
}

/** A sentence with its bold names. @param {HTMLElement} place @param {string} sentence */
function put(place, sentence) {
  if (place.dataset.says === sentence) return;
  place.dataset.says = sentence;
  place.replaceChildren(...parts(sentence).map(({ text, bold }) => (bold ? element("b", "", text) : text)));
}

/** @param {string} className @param {string} words @param {() => void} act */
function button(className, words, act) {
  const made = /** @type {HTMLButtonElement} */ (element("button", className, words));
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/**
 * @param {HTMLElement} place an empty `<section class="card">`
 * @param {Record<string, Function>} actions what the person can do, see stage.js
 */
export function openCard(place, actions) {
  /** @type {import("./keep_here.js").Card | null} */
  let shown = null;
  let spoken = ""; // the language and words that it was drawn in
  let step = "";
  /** @type {any} */
  let kept = null; // the words, also when the next photo will be sent
  let strength = STRENGTH;
  /** @type {ImageBitmap | null} */
  let picture = null;

  /** @param {string} selector @returns {any} */
  const $ = (selector) => place.querySelector(selector);

  /** The verdict, the photo, and what was checked. @param {import("./keep_here.js").Card} card @param {any} data */
  function top({ url, verdict, thresholds }, { words, preset }) {
    const found = points(verdict, thresholds, condition(verdict, preset));
    const verdictText = say(verdict, found, preset, kept.verdictWords);
    const title = element("h1", "", kept.title);
    title.tabIndex = -1;
    const sign = element("span", "sign", verdictText.good ? "✓" : "↻");
    sign.setAttribute("aria-hidden", "true");
    const image = /** @type {HTMLImageElement} */ (element("img", ""));
    Object.assign(image, { src: url, alt: kept.title });
    const list = element("ul", "points", ...pointItems(found, verdict, thresholds, preset, words));
    const save = /** @type {HTMLAnchorElement} */ (element("a", "button", kept.save));
    Object.assign(save, { href: url, download: kept.file });
    place.replaceChildren(
      title,
      element("p", "stays", icon(LOCK), element("span", "", kept.stays)),
      element("div", `verdict ${verdictText.good ? "good" : "ask"}`, sign, element("div", "", element("b", "", verdictText.headline), element("p", "", verdictText.advice))),
      element(
        "div",
        "pair",
        element("div", "shot", image),
        element(
          "div",
          "",
          element("h2", "small", kept.reasons),
          list,
          ...(found.some(({ measured }) => measured) ? [element("p", "bars note", words.bars)] : []),
          button(verdict.passes ? "retake" : "retake primary", kept.another, () => actions.retake()),
          save,
          element("p", "note", kept.fleeting),
        ),
      ),
      element("section", "prediction"),
      element("p", "note more", kept.more),
      element("p", "note", kept.disclaimer),
    );
    const section = $(".prediction");
    section.append(element("h2", "", kept.prediction), element("p", "told"), progress(), element("div", "rest"));
    $(".prediction h2").tabIndex = -1;
    $(".told").setAttribute("role", "status");
    return verdictText;
  }

  function progress() {
    const made = /** @type {HTMLProgressElement} */ (element("progress", ""));
    made.max = 1;
    return made;
  }

  /** What it might show, as far as that is known. @param {import("./keep_here.js").KeepHere} here @param {import("./keep_here.js").Card} card */
  function prediction({ network }, card) {
    const line = $(".told");
    const { reason } = card;
    put(line, sentence(card));
    $(".prediction h2").hidden = card.step === "nothing";
    showShare($("progress"), card.step === "fetching", network.share, kept.fetching);
    line.classList.toggle("warn", card.step === "warned" || card.step === "failed");
    const rest = $(".rest");
    const now = [card.step, card.opened, Boolean(card.prediction)].join();
    if (now === step) return;
    step = now;
    const focused = rest.contains(/** @type {ShadowRoot} */ (place.getRootNode()).activeElement);
    const next = { warned: [kept.show, actions.open], failed: [kept.try_again, actions.again] }[/** @type {string} */ (card.step)];
    rest.replaceChildren();
    if (next) rest.append(button("despite", next[0], () => next[1]()));
    if (card.step === "shown") everything(rest, card, reason);
    if (focused) $(".prediction h2").focus({ preventScroll: true });
  }

  /** @param {import("./keep_here.js").Card} card */
  function sentence({ step, code, reason, prediction }) {
    if (step === "nothing") return kept.nothing;
    if (step === "fetching") return kept.fetching;
    if (step === "thinking") return kept.thinking;
    if (step === "failed") return kept.failed[code] ?? kept.failed.runtime;
    if (step === "warned") return kept.abstained[reason].before;
    return kept.classes[/** @type {any} */ (prediction).labels[0]].most_like;
  }

  /** @param {HTMLElement} rest @param {import("./keep_here.js").Card} card @param {string} reason */
  function everything(rest, card, reason) {
    const found = /** @type {import("./engine.js").Predicted} */ (card.prediction);
    const { labels } = found;
    const left = element("div", "");
    if (reason) left.append(element("p", "warn", kept.abstained[reason].opened));
    if (reason === "not_passed" && found.reason) left.append(element("p", "note", kept.abstained[found.reason].why));
    left.append(element("p", "note", kept.classes[labels[0]].about));
    const pair = mixedUp(labels, kept.pairs);
    if (pair) put(/** @type {HTMLElement} */ (left.appendChild(element("p", ""))), pair);
    const list = element("ol", "kinds");
    left.append(list);
    const fill = (/** @type {number} */ most) => list.replaceChildren(...labels.slice(0, most).map((label, place) => kind(label, found.probabilities[place])));
    fill(FIRST_CLASSES);
    if (labels.length > FIRST_CLASSES) {
      const all = /** @type {HTMLInputElement} */ (element("input", ""));
      Object.assign(all, { type: "checkbox", role: "switch" });
      all.addEventListener("change", () => fill(all.checked ? labels.length : FIRST_CLASSES));
      left.append(element("label", "toggle", all, element("span", "", kept.all)));
    }
    left.append(element("p", "note", kept.shares));
    rest.append(element("div", "pair", left, heat(card)));
  }

  /** @param {string} label @param {number} share */
  function kind(label, share) {
    const { name, beside } = kept.classes[label];
    const named = element("span", "", element("b", "", name), " ", element("span", "term", beside));
    return element("li", "", line(named, percent(share, kept.percent), "value"), bar(share));
  }

  /** The photo under the heat map of a class. @param {import("./keep_here.js").Card} card */
  function heat(card) {
    const found = /** @type {import("./engine.js").Predicted} */ (card.prediction);
    if (!found.heat(found.labels[0])) return element("p", "note", kept.no_map);
    const canvas = /** @type {HTMLCanvasElement} */ (element("canvas", ""));
    canvas.setAttribute("role", "img");
    const select = /** @type {HTMLSelectElement} */ (element("select", ""));
    for (const label of found.labels) {
      const option = new Option(kept.classes[label].name, label, false, label === card.target);
      select.append(option);
    }
    const slider = /** @type {HTMLInputElement} */ (element("input", ""));
    Object.assign(slider, { type: "range", min: "0", max: "100", step: "5", value: String(strength) });
    const legend = element("div", "legend", element("span", "", kept.less), element("i", ""), element("span", "", kept.most));
    const blank = element("p", "note", kept.no_place);
    const paint = () => {
      const map = /** @type {import("./heat.js").Heat} */ (found.heat(card.target));
      canvas.setAttribute("aria-label", kept.classes[card.target].coloured);
      legend.hidden = map.blank;
      blank.hidden = !map.blank;
      if (!picture) return;
      const scale = Math.min(1, LONG_SIDE / Math.max(picture.width, picture.height));
      Object.assign(canvas, { width: Math.round(picture.width * scale), height: Math.round(picture.height * scale) });
      const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      if (!map.blank) drawHeat(context, map, strength / 100);
    };
    select.addEventListener("change", () => {
      actions.choose(select.value);
      paint();
    });
    slider.addEventListener("input", () => {
      strength = Number(slider.value);
      paint();
    });
    paint();
    createImageBitmap(card.jpeg).then((made) => {
      if (shown !== card) return made.close();
      picture?.close();
      picture = made;
      paint();
    });
    return element(
      "div",
      "heat",
      canvas,
      legend,
      blank,
      element("label", "field", element("span", "", kept.where), select),
      element("label", "field", element("span", "", kept.strength), slider),
    );
  }

  return {
    /**
     * Put the card in step.
     * @param {import("./keep_here.js").KeepHere} here
     * @param {any} data what Python told
     * @returns {import("./verdict_text.js").Saying | null} the verdict, where it is a new photo's
     */
    draw(here, data) {
      const { card } = here;
      if (data.keep) kept = { ...data.keep, less: data.words.less, most: data.words.most };
      place.hidden = !card || !kept;
      if (!card || !kept) {
        if (shown) place.replaceChildren();
        picture?.close();
        shown = picture = null;
        return null;
      }
      const another = card !== shown;
      let verdictText = null;
      const words = JSON.stringify([kept, data.words.states, data.words.points]);
      if (another || words !== spoken) {
        if (another) strength = STRENGTH;
        spoken = words;
        step = "";
        shown = card;
        verdictText = top(card, data);
      }
      prediction(here, card);
      if (!another) return null;
      $("h1").focus({ preventScroll: true });
      place.scrollIntoView({ block: "start" });
      return verdictText;
    },
  };
}
