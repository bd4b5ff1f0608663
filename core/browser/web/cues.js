// @ts-check
// Beside the words on screen, what a person may want to hear and feel: hints read aloud, a sound, a short buzz. All
// are theirs to choose, and chosen for this tab alone. While hints are read aloud their live regions keep quiet, so
// that no one hears a thing twice.

/**
 * What the person wants beside the words, by the names that presets use.
 * @typedef {{speech: boolean, sound: boolean, vibration: boolean}} Cues
 * @typedef {{cues: string, speech: string, speech_on: string, sound: string, vibration: string, language: string}} CueWords
 */

const KEPT_AS = "retake-cues";
const CHANGED = "retake-cues-changed";
/** By kind of cue: tones in hertz one after the other, and milliseconds of buzz and rest. */
const GOOD = { tones: [660, 880], buzz: [120] };
const BAD = { tones: [330, 247], buzz: [60, 80, 60] };
const TONE_S = 0.12;
const LOUD = 0.12;

/** What this browser can do. @returns {Cues} */
function possible() {
  return {
    speech: "speechSynthesis" in window,
    sound: "AudioContext" in window,
    // Computers have the function too, and nothing that shakes.
    vibration: "vibrate" in navigator && matchMedia("(pointer: coarse)").matches,
  };
}

/** What is chosen: by the person, else by the preset. @param {Partial<Cues>} [start] @returns {Cues} */
export function chosen(start = {}) {
  let kept = {};
  try {
    kept = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "{}");
  } catch {
    // Some private windows keep nothing.
  }
  const can = possible();
  const on = (/** @type {keyof Cues} */ name) => can[name] && Boolean(kept[name] ?? start[name] ?? false);
  return { speech: on("speech"), sound: on("sound"), vibration: on("vibration") };
}

/** @param {Partial<Cues>} change */
function choose(change) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "{}");
    sessionStorage.setItem(KEPT_AS, JSON.stringify({ ...kept, ...change }));
  } catch {
    // Then the choice cannot be kept, and the switch goes back.
  }
  window.dispatchEvent(new Event(CHANGED));
}

/** Say one thing aloud; what was being said before ends. @param {string} text @param {string} language */
export function speak(text, language) {
  speechSynthesis.cancel();
  const utterance = new SpeechSynthesisUtterance(text);
  utterance.lang = language;
  speechSynthesis.speak(utterance);
}

/** @type {AudioContext | null} */
let audio = null;

/** @param {number[]} tones */
function play(tones) {
  audio ??= new AudioContext();
  audio.resume();
  tones.forEach((tone, place) => {
    const context = /** @type {AudioContext} */ (audio);
    const from = context.currentTime + place * TONE_S;
    const source = context.createOscillator();
    const volume = context.createGain();
    source.frequency.value = tone;
    // Up and down in a moment: a tone that begins at once clicks.
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(LOUD, from + 0.02);
    volume.gain.linearRampToValueAtTime(0, from + TONE_S);
    source.connect(volume).connect(context.destination);
    source.start(from);
    source.stop(from + TONE_S);
  });
}

/** What is not read aloud: it changes often and asks nothing of anyone. */
const UNREAD = ["searching", "off"];

/**
 * Tell a hint that has just changed, in the ways that were chosen.
 * @param {{key?: string, spoken: string, tone: string}} hint
 * @param {{language: string, feedback?: Partial<Cues>}} given
 */
export function tell({ key = "", spoken, tone }, { language, feedback }) {
  const { speech, sound, vibration } = chosen(feedback);
  if (speech && !UNREAD.includes(key)) speak(spoken, language);
  const cue = { good: GOOD, bad: BAD }[tone];
  if (cue && sound) play(cue.tones);
  if (cue && vibration) navigator.vibrate(cue.buzz);
}

/** Keep quiet, in what screen readers read by themselves, what is read aloud here. @param {ParentNode} root @param {Partial<Cues>} [start] */
export function hush(root, start) {
  const live = chosen(start).speech ? "off" : "polite";
  for (const one of root.querySelectorAll(".banner [role=status], .refused")) {
    if (one.getAttribute("aria-live") !== live) one.setAttribute("aria-live", live);
  }
}

/** Be told when the person chose otherwise. @param {() => void} call @returns {() => void} ends it */
export function onChoice(call) {
  window.addEventListener(CHANGED, call);
  return () => window.removeEventListener(CHANGED, call);
}

/**
 * Put the switches into a `<details class="cues">`, and keep them in step.
 * @param {HTMLElement} place
 * @param {CueWords} words
 * @param {Partial<Cues>} [start]
 */
export function showSwitches(place, words, start) {
  const can = possible();
  const names = /** @type {(keyof Cues)[]} */ (["speech", "sound", "vibration"]).filter((name) => can[name]);
  place.hidden = !names.length;
  if (!place.childElementCount) {
    place.append(document.createElement("summary"));
    for (const name of names) place.append(switchOf(name, place));
  }
  Object.assign(place, { words });
  const now = chosen(start);
  put(/** @type {HTMLElement} */ (place.querySelector("summary")), words.cues);
  for (const name of names) {
    const label = /** @type {HTMLElement} */ (place.querySelector(`.${name}`));
    put(/** @type {HTMLElement} */ (label.querySelector("span")), words[name]);
    /** @type {HTMLInputElement} */ (label.querySelector("input")).checked = now[name];
  }
}

/** @param {HTMLElement} element @param {string} text */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {keyof Cues} name @param {HTMLElement & {words?: CueWords}} place */
function switchOf(name, place) {
  const label = document.createElement("label");
  label.className = `toggle ${name}`;
  label.innerHTML = '<input type="checkbox" role="switch"><span></span>';
  const input = /** @type {HTMLInputElement} */ (label.querySelector("input"));
  input.addEventListener("change", () => {
    choose({ [name]: input.checked });
    input.checked = chosen()[name];
    // In the press itself: some phones let a page speak or sound only after it did so once in a press.
    if (name === "speech") speechSynthesis.cancel();
    if (!input.checked) return;
    if (name === "speech" && place.words) speak(place.words.speech_on, place.words.language);
    if (name === "sound") play(GOOD.tones);
    if (name === "vibration") navigator.vibrate(GOOD.buzz);
  });
  return label;
}
