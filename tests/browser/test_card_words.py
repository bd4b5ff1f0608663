"""The card in the browser says what the server's card says, of the same verdicts and predictions."""

import json

import pytest
from module_page import site

from core.browser.publish import lay_out_page
from core.browser.settings import preset_json, rule_json
from core.guidance.preset import load_preset
from core.i18n import percent, speaking
from core.lesion.confused import known_pair
from core.lesion.prediction import Prediction
from core.lesion.taxonomy import shipped
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule, judge
from core.runtime.manifest import load_manifest
from core.text.camera import words
from core.text.device_card import device_words
from core.text.wording import abstained, beside, mixed_up, most_like, say
from scripts.on_device_vectors import FILE

pytestmark = pytest.mark.browser
SHARES = (0.0, 0.004, 0.0449, 0.3, 0.876, 1.0)

SAY = """async ({ cases, card, shares }) => {
  const { judge } = await import("/verdict.js");
  const { condition } = await import("/conditions.js");
  const { points } = await import("/points.js");
  const { say, mixedUp, percent } = await import("/verdict_text.js");
  const said = cases.map(({ judged, rule, preset }) => {
    const verdict = judge(judged, rule);
    const found = points(verdict, rule.thresholds, condition(verdict, preset));
    return say(verdict, found, preset, card.verdictWords);
  });
  const names = Object.keys(card.classes);
  const pairs = names.map((first) => names.map((second) => mixedUp([first, second], card.pairs)));
  return { said, pairs, shares: shares.map((share) => percent(share, card.percent)) };
}"""

# A card with its network replaced: one answer, and what holds it back.
DRAW = """async ({ card, words, preset, judged, rule, labels, reason, overridden }) => {
  const { openCard } = await import("/card.js");
  const { KeepHere } = await import("/keep_here.js");
  const { judge } = await import("/verdict.js");
  const canvas = new OffscreenCanvas(64, 48);
  canvas.getContext("2d").fillRect(0, 0, 64, 48);
  const jpeg = await canvas.convertToBlob({ type: "image/jpeg" });
  const probabilities = labels.map((_, place) => (place ? 0.5 / (labels.length - 1) : 0.5));
  const map = Float32Array.from({ length: 49 }, (_, place) => Number(place === 24));
  const heat = () => ({ map, size: 7, blank: false });
  const predict = async () => ({ labels, probabilities, reason: reason, milliseconds: 1, heat });
  const engine = async () => ({ openLesion: async () => {}, predict });
  document.body.replaceChildren(document.createElement("section"));
  const noted = [];
  let here = null;
  const actions = { open: () => here.open(), choose: (label) => here.choose(label) };
  const drawn = openCard(document.querySelector("section"), actions);
  const changed = () => drawn.draw(here, { keep: card, words, preset });
  caches.open = async () => { throw new Error("nothing is kept"); };
  const record = (name, properties) => noted.push({ name, properties });
  here = new KeepHere({ engine, base: () => "/", changed, record });
  const facts = { overridden, attempt: 1, thresholds: rule.thresholds };
  await here.show({ jpeg, verdict: judge(judged, rule) }, facts);
  const before = document.querySelector(".told").textContent;
  const despite = document.querySelector(".despite");
  if (despite) {
    despite.click();
    const soon = () => new Promise((done) => setTimeout(done, 20));
    for (let turn = 0; turn < 100 && here.card.step !== "shown"; turn++) await soon();
  }
  document.querySelector("[role=switch]").click();
  return { before, held: Boolean(despite), noted, text: document.querySelector("section").textContent,
           kinds: [...document.querySelectorAll(".kinds li")].map((item) => item.textContent) };
}"""


def cases():
    """The verdicts of the shared vectors: what an engine measured, the rule, and Python's verdict."""
    for case in json.loads(FILE.read_text(encoding="utf-8"))["verdicts"]:
        if case["where"] is None:
            rule = PassRule(**case["rule"])
            yield case, judged(case["quality"], case["explanations"], rule)


def judged(quality, faults, rule):
    return judge(
        assessor="imageqx",
        width=640,
        height=480,
        quality=quality,
        explanations=faults,
        rule=rule,
        milliseconds=1,
    )


def measured(quality, faults):
    return {"quality": quality, "explanations": faults, "where": None, "width": 640, "height": 480}


@pytest.fixture
def page(window, tmp_path):
    lay_out_page(tmp_path)
    with site(tmp_path) as served, window() as context:
        page = context.pages[0]
        page.goto(served.url)
        yield page


@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_verdicts_pairs_and_shares_are_worded_alike(page, language):
    entry, taxonomy = load_manifest().networks["lesion"], shipped()
    fine = dict.fromkeys(EXPLANATIONS, 0.1)
    rules = [PassRule(dict.fromkeys(EXPLANATIONS, 0.5), healthy) for healthy in (False, True)]
    made = [
        (label, fine | {"blurry": blurry}, rule)
        for label in QUALITY_CLASSES
        for blurry in (0.1, 0.45, 0.9)
        for rule in rules
    ]
    with speaking(language):
        asked, expected = [], []
        for name in ("balanced", "quiet"):
            preset = load_preset(name)
            for case, verdict in cases():
                asked.append((measured(case["quality"], case["explanations"]), case["rule"], preset))
                expected.append(say(verdict, preset, case["rule"]["thresholds"]))
            for label, faults, rule in made:
                quality = {one: 0.7 if one == label else 0.1 for one in QUALITY_CLASSES}
                asked.append((measured(quality, faults), rule_json(rule), preset))
                expected.append(say(judged(quality, faults, rule), preset, rule.thresholds))
        told = [
            {"judged": one, "rule": rule, "preset": preset_json(preset, language)}
            for one, rule, preset in asked
        ]
        card = device_words(load_preset(), entry, taxonomy)
        found = page.evaluate(SAY, {"cases": told, "card": card, "shares": SHARES})
        assert [(one["good"], one["headline"], one["advice"]) for one in found["said"]] == [
            (one.good, one.headline, one.advice) for one in expected
        ]
        assert found["shares"] == [percent(share) for share in SHARES]
        for first, row in zip(entry.labels, found["pairs"], strict=True):
            for second, sentence in zip(entry.labels, row, strict=True):
                pair = known_pair(Prediction((first, second), (0.6, 0.4), False, None, 1), entry.confused)
                assert sentence == ("" if pair is None else mixed_up(pair, taxonomy))


@pytest.mark.parametrize("reason", ["", "not_a_lesion", "low_confidence", "not_passed"])
def test_a_prediction_is_shown_or_held_back_in_the_servers_words(page, reason):
    entry, taxonomy, preset = load_manifest().networks["lesion"], shipped(), load_preset()
    labels = list(entry.labels)
    poor = reason == "not_passed"
    rule = PassRule(dict.fromkeys(EXPLANATIONS, 0.5))
    quality = {name: 0.7 if name == "lesion" else 0.1 for name in QUALITY_CLASSES}
    faults = dict.fromkeys(EXPLANATIONS, 0.1) | {"blurry": 0.9 if poor else 0.1}
    found = page.evaluate(
        DRAW,
        {
            "card": device_words(preset, entry, taxonomy),
            "words": words(),
            "preset": preset_json(preset),
            "judged": measured(quality, faults),
            "rule": rule_json(rule),
            "labels": labels,
            "reason": "" if poor else reason,
            "overridden": poor,
        },
    )
    said = say(judged(quality, faults, rule), preset, rule.thresholds)
    assert said.headline in found["text"]
    assert said.advice in found["text"]
    assert most_like(labels[0], taxonomy).replace("**", "") in found["text"]
    assert found["held"] is bool(reason)
    if reason:
        assert found["before"] == f"{abstained(reason).why} {abstained(reason).advice}"
        assert abstained(reason).opened in found["text"]
    assert len(found["kinds"]) == 10
    for label, kind in zip(labels, found["kinds"], strict=True):
        assert kind.startswith(f"{taxonomy.lay_name(label)} {beside(label, taxonomy)}")
    properties = {"label": labels[0], "overridden": poor, "reason": reason or None}
    assert found["noted"] == [{"name": "prediction_shown", "properties": properties}]
