// Replays core/browser/vectors.json with the browser's modules and returns what differs, as sentences.

import { BestFrame } from "/best_frame.js";
import { GuidanceController } from "/controller.js";
import { condition } from "/conditions.js";
import { imageStats, moved } from "/image_stats.js";
import { guideStrokes } from "/guide.js";
import { heatOf, unpackHead } from "/heat.js";
import { lesionHeat, predictionOf, unpackLesion } from "/lesion.js";
import { points } from "/points.js";
import { refined } from "/refine.js";
import * as secondOpinion from "/second_opinion.js";
import { levelsOf, texture } from "/texture.js";
import { detailSquare, networkSquare, shrink } from "/resize.js";
import { fingerprint } from "/frames.js";
import { EXPLANATIONS, QUALITY_CLASSES, chanceGood, judge } from "/verdict.js";
import { StreamSession } from "/stream_session.js";
import { find } from "/localization.js";

const wrong = [];

/** Equal, numbers to nine digits: sums may be taken in another order. */
function same(a, b) {
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));
  if (a === null || b === null || typeof a !== "object" || typeof b !== "object") return a === b;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => same(a[key], b[key]));
}

function expect(found, wanted, place) {
  if (!same(found, wanted)) wrong.push(`${place}: ${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
}

function picture(width, height, step) {
  const data = new Uint8Array(width * height * step).fill(255);
  for (let i = 0; i < width * height * 3; i++) {
    const pixel = Math.floor(i / 3);
    const smooth = Math.floor(((pixel % width) * 255) / width);
    data[pixel * step + (i % 3)] = (((i * 7919) % 251) + smooth) >> 1;
  }
  return { data, width, height, step };
}

/** CRC-32 of all of a picture: the modules' own fingerprint takes every fourth pixel, so each is given four times. */
function crc(square) {
  const { data, width, height, step } = square;
  const wide = new Uint8Array(width * height * 16);
  for (let i = 0; i < width * height; i++) for (let c = 0; c < 3; c++) wide[i * 16 + c] = data[i * step + c];
  return fingerprint({ data: wide, width: width * height * 4, height: 1, step: 4 });
}

/** The made-up skin of scripts/on_device_vectors.py. */
function skin([red, green, blue, across, down, left, right, top, bottom, shine], step) {
  const data = new Uint8Array(224 * 224 * step).fill(255);
  const [cx, cy] = [Math.floor((left + right) / 2), Math.floor((top + bottom) / 2)];
  for (let y = 0; y < 224; y++) {
    for (let x = 0; x < 224; x++) {
      const light = Math.max(8, 256 + (((x - 112) * across + (y - 112) * down) >> 4));
      const grain = (x * 7919 + y * 104729) % 7;
      const out = x < left || x >= right || y < top || y >= bottom;
      const white = (x - cx) ** 2 + (y - cy) ** 2 < shine * shine;
      [red, green, blue].forEach((part, c) => {
        const lit = Math.min(255, ((part * light) >> 8) + grain);
        data[(y * 224 + x) * step + c] = white ? 255 : out ? [80, 90, 100][c] : lit;
      });
    }
  }
  return { data, width: 224, height: 224, step };
}

/** One number for all cells of image statistics. */
const summed = (cells) => cells.reduce((sum, cell, i) => sum + cell * (i + 1), 0);

const floats = (text) => new Float32Array(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);

function chances(key) {
  const label = QUALITY_CLASSES.includes(key) ? key : "lesion";
  const named = (names, value) => Object.fromEntries(names.map((name) => [name, value(name)]));
  return {
    quality: named(QUALITY_CLASSES, (name) => (name === label ? 0.91 : 0.03)),
    explanations: named(EXPLANATIONS, (name) => (name === key ? 0.9 : 0.1)),
  };
}

const parts = {
  lesions({ lesions }) {
    lesions.cases.forEach(({ abstention, values, logits, labels, probabilities, reason, map }, i) => {
      const lesion = unpackLesion({ ...lesions.card, abstention });
      const features = { values: floats(values), channels: lesion.channels, size: 3 };
      const found = predictionOf(lesion, logits, features);
      expect(found.labels, labels, `classes of lesion ${i}`);
      expect(found.reason, reason, `reason of lesion ${i}`);
      const off = Math.max(...probabilities.map((value, place) => Math.abs(value - found.probabilities[place])));
      if (!(off < 1e-6)) wrong.push(`probabilities of lesion ${i} are off by ${off}`);
      const heat = lesionHeat(lesion, features, labels[0]);
      const far = Math.max(...map.map((value, place) => Math.abs(value - heat.map[place])));
      if (!(far < 1e-5)) wrong.push(`heat of lesion ${i} is off by ${far}`);
    });
    const lesion = unpackLesion({ ...lesions.card, abstention: null, head: null });
    expect(lesionHeat(lesion, { values: new Float32Array(54), channels: 6, size: 3 }, "a"), null, "no heat maps");
  },
  squares({ squares }) {
    for (const { width, height, square, detail } of squares) {
      for (const step of [3, 4]) {
        const working = shrink(picture(width, height, step));
        const found = [crc(networkSquare(working, 224)), crc(detailSquare(working, 224))];
        expect(found, [square, detail], `squares of ${width} x ${height}, step ${step}`);
      }
    }
  },
  heats({ heats }) {
    const head = unpackHead(heats.head, QUALITY_CLASSES, EXPLANATIONS);
    heats.cases.forEach(({ values, logits, maps }, i) => {
      const features = { values: floats(values), channels: head.channels, size: 7, explanationLogits: logits };
      for (const [target, map] of Object.entries(maps)) {
        const heat = heatOf(features, head, target);
        const off = Math.max(...map.map((value, place) => Math.abs(value - heat.map[place])));
        if (!(off < 1e-5)) wrong.push(`heat ${i} of ${target} is off by ${off}`);
        expect(heat.blank, !map.some((value) => value > 0), `blank heat ${i} of ${target}`);
      }
      let refused = false;
      try {
        heatOf(features, head, "nonsense");
      } catch (error) {
        refused = error instanceof RangeError;
      }
      expect(refused, true, "heat of a word that is no target");
    });
  },
  places({ places }) {
    places.forEach(({ places: map, where }, i) => expect(find(map, 7, 7), where, `places ${i}`));
  },
  stats_cases({ stats_cases }) {
    let before = null;
    stats_cases.forEach(({ plan, stats: wanted, moved: far }, i) => {
      const found = imageStats(skin(plan, i % 2 ? 3 : 4));
      expect({ ...found, cells: summed(found.cells) }, wanted, `stats ${i}`);
      expect(before && moved(before, found), far, `movement ${i}`);
      before = found;
    });
  },
  refinements({ refinements, presets }) {
    refinements.forEach(({ preset, key, stats: seen, where, facing, said }, i) => {
      expect(refined(key, presets[preset], seen, where, facing), said, `refinement ${i}`);
    });
  },
  best_frames({ best_frames }) {
    for (const { most, steps } of best_frames) {
      const gone = [];
      const best = new BestFrame(1, most, (item) => gone.push(item));
      steps.forEach(([now, deed, item, score, after], i) => {
        const given = deed === "offer" ? (best.offer(item, score, now), null) : best[deed](now);
        expect([given, best.size, gone.splice(0)], after, `best of ${most}, ${i}`);
      });
    }
  },
  guides({ guides }) {
    guides.cases.forEach(({ key, size: [width, height], where, progress, strokes, overlay, colours }, i) => {
      const preset = { overlay, guide: { outline: guides.outlines[overlay.shape], colours } };
      const found = guideStrokes(key, { width, height }, where, preset, progress).map(({ points, width, colour }) => {
        const summed = (axis) => points.reduce((sum, point, place) => sum + (place + 1) * point[axis], 0);
        return [points.length, width, colour, [summed(0), summed(1)]];
      });
      expect(found, strokes, `guide ${i}`);
    });
  },
  verdicts({ verdicts, presets }) {
    verdicts.forEach((wanted, i) => {
      const { quality, explanations, rule, where } = wanted;
      const found = judge({ quality, explanations, where, width: 640, height: 480, milliseconds: 2.5 }, rule);
      const said = condition(found, presets[wanted.preset], rule.healthy_skin_passes);
      const { label, flagged, passes, nearest } = found;
      const chance = chanceGood(found, rule.healthy_skin_passes);
      const all = { label, shifted: found.quality, flagged, passes, nearest, chance, condition: said };
      // The vectors name a point's condition by what it was called when they were written.
      all.points = points(found, rule.thresholds, said).map(({ key, state, condition: named, ...rest }) => ({
        key, state, said: named, ...rest,
      }));
      const known = Object.fromEntries(Object.keys(all).map((name) => [name, wanted[name]]));
      expect(all, known, `verdict ${i}`);
    });
  },
  opinions({ opinions }) {
    opinions.forEach((wanted, i) => {
      const { quality, explanations, opinion, rule } = wanted;
      const square = skin(wanted.plan, i % 2 ? 3 : 4);
      const measured = { stats: imageStats(square), texture: texture(square), levels: levelsOf(square) };
      const read = secondOpinion.features(quality, explanations, measured, wanted.places, 7, wanted.framing);
      expect(read, wanted.features, `what opinion ${i} reads`);
      const chances = secondOpinion.chances(read, opinion);
      expect(chances, wanted.chances, `chances of opinion ${i}`);
      const judged = { quality, explanations, width: 640, height: 480, milliseconds: 2.5 };
      const truncated = secondOpinion.isTruncated(wanted.framing, opinion.truncated_from);
      expect(truncated, wanted.truncated, `truncation of opinion ${i}`);
      const found = judge({ ...judged, opinion: { chances, leastGood: wanted.least_good, truncated } }, rule);
      const { label, flagged, passes, nearest } = found;
      const known = ["label", "flagged", "passes", "nearest"].map((name) => [name, wanted[name]]);
      expect({ label, flagged, passes, nearest }, Object.fromEntries(known), `verdict of opinion ${i}`);
      const alone = judge({ ...judged, opinion: { chances, leastGood: 1, truncated } }, { ...rule, second_opinion: false });
      expect(alone, judge(judged, rule), `network alone ${i}`);
    });
  },
  coached({ coached, presets }) {
    for (const { preset, steps } of coached) {
      let now = 100;
      const controller = new GuidanceController(presets[preset], () => now);
      steps.forEach(([at, deed, key, stirred, after], i) => {
        now = at;
        let shown = null;
        if (deed === "see") shown = controller.see(key, stirred).key;
        else if (deed === "lost") shown = controller.lost().key;
        else if (deed === "rest") controller.countdown.rest();
        else controller.gate[deed]();
        const { gate, countdown, help } = controller;
        const found = [shown, gate.open, gate.steady, gate.refused, gate.mayOverride];
        expect([...found, countdown.progress, countdown.due, help], after, `${preset} controller ${i}`);
      });
    }
  },
  async watched({ watched, presets }) {
    for (const { preset, facing, rules, stats_cases, steps, events } of watched) {
      let now = 100;
      let says = null;
      const engine = {
        async assess({ width, height }) {
          if (says.says === null) throw new Error("told to break");
          const { where, luma, print } = says;
          const looks = { where, luma, print, stats: stats_cases[says.stats] };
          return { ...chances(says.says), ...looks, width: 640, height: 480, milliseconds: 2.5 };
        },
      };
      const recorded = [];
      const record = (event, properties, attempt) => recorded.push([event, attempt, properties]);
      const given = { engine, rule: rules.strict, preset: presets[preset], clock: () => now, record };
      const streamSession = new StreamSession(given);
      streamSession.facing = facing;
      const deeds = { end: "endStream", begin: "beginAttempt", lost: "lost", retake: "retake" };
      Object.assign(deeds, { refuse: "refuse", pressed: "pressed" });
      for (const [i, [at, deed, frame, after]] of steps.entries()) {
        now = at;
        says = frame;
        if (deed === "look") await streamSession.processFrame(frame, at);
        else if (deed in rules) streamSession.setRule(rules[deed]);
        else streamSession[deeds[deed]]();
        const { key, ready, verdict, frames, refused, mayOverride, broken, where, ...status } = streamSession.status();
        const found = [key, ready, verdict?.label ?? null, frames, refused, mayOverride, broken, where];
        expect([...found, status.progress, status.due, status.help], after, `${preset} streamSession ${i} (${deed})`);
      }
      expect(recorded, events, `${preset} events`);
    }
  },
};

/** @param {string} part @param {object} vectors @returns {Promise<string[]>} */
export async function replay(part, vectors) {
  wrong.length = 0;
  await parts[part](vectors);
  return wrong.slice(0, 5);
}
