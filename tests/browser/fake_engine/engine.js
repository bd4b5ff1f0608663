// A checker for tests, of the same interface as core/browser/web/engine.js: it judges by mean colour, as
// tests/conftest.py's FakeImageQX does, so that a film decides what it says.

const CLASSES = ["lesion", "no_skin", "healthy_skin", "poor_quality"];
const POINTS = ["bad_framing", "bad_light", "blurry", "low_resolution", "too_far_away"];
const SIDE = 16;

export class EngineError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

export async function openEngine({ onProgress }) {
  const wanted = new URLSearchParams(location.search).get("engine");
  if (wanted) throw new EngineError(wanted, "as the test asked");
  onProgress({ what: "network", loaded: 1, total: 2 });
  return { backend: "wasm", threads: 1, assess, openLesion, predict, close() {} };
}

const KINDS = [
  "acne", "alopecia", "blister", "crust", "erythema", "leukoderma", "pigmented_macula", "tumor", "ulcer", "wheal",
];

// A test says what becomes of the second network: `lesion.fail` is an EngineError's code, `lesion.reason` holds back.
window.lesion ??= { fail: "", reason: "" };

async function openLesion() {
  if (window.lesion.fail) throw new EngineError(window.lesion.fail, "as the test asked");
}

async function predict(source) {
  await openLesion();
  source.close();
  const map = Float32Array.from({ length: 49 }, (_, place) => (place === 24 ? 1 : 0));
  const probabilities = KINDS.map((_, place) => (place ? 0.05 : 0.55));
  const heat = () => ({ map, size: 7, blank: false });
  return { labels: KINDS, probabilities, reason: window.lesion.reason, milliseconds: 1, heat };
}

async function assess(source, { features, frame = false }) {
  (window.judgedAs ??= []).push(frame ? "frame" : "photo");
  const { width = source.displayWidth, height = source.displayHeight } = source;
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(source, 0, 0, SIDE, SIDE);
  source.close();
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const mean = [0, 1, 2].map((part) => {
    let sum = 0;
    for (let at = part; at < data.length; at += 4) sum += data[at];
    return sum / (SIDE * SIDE);
  });
  const luma = Int32Array.from({ length: SIDE * SIDE }, (_, i) => (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3);
  // The mark of canvas_camera.js, in the upper right corner.
  const [red, green, blue] = data.slice(4 * (SIDE - 1), 4 * (SIDE - 1) + 3);
  const blurry = red < 80 && blue > 180 ? 0.02 + (0.08 * green) / 255 : 0.1;
  const dark = (mean[0] + mean[1] + mean[2]) / 3 < 60;
  const best = dark ? "poor_quality" : mean[2] > mean[0] + 20 ? "no_skin" : mean[0] > 235 ? "healthy_skin" : "lesion";
  const judged = {
    quality: Object.fromEntries(CLASSES.map((name) => [name, name === best ? 0.91 : 0.03])),
    explanations: Object.fromEntries(POINTS.map((name) => [name, dark && name === "bad_light" ? 0.9 : name === "blurry" ? blurry : 0.1])),
    stats: { cells: luma, skin: 0, x: 0, y: 0, luma: 0.5, blown: 0, shading: 1, hasSkin: false },
    where: null,
    width,
    height,
    milliseconds: 1,
  };
  if (features) {
    judged.heat = (target) => {
      const map = new Float32Array(49);
      map[24] = target === "lesion" ? 0 : 1;
      return { map, size: 7, blank: target === "lesion" };
    };
  }
  (window.judged ??= []).push(blurry);
  return judged;
}
