"""From a changed picture to the prompt that fits it, on screen: nothing is judged by how long that takes."""

import pytest
from device_steps import start, wait_for
from hint_delays import delays, fitting, latency

from core.guidance.preset import load_preset
from scripts import drive

pytestmark = pytest.mark.browser
CHANGES = 6
SCENES = "bad_light", "ready"

# Turns the light off and on, each time once the fitting words have stood longer than the coach remembers.
TURN = """async ([changes, words, rest]) => {
  const roots = [...document.querySelectorAll("*")].map((one) => one.shadowRoot).filter(Boolean);
  const shown = roots.find((root) => root.querySelector(".stage")).querySelector(".banner .text");
  const seen = { scenes: [{ what: 1, at: 0 }], hints: [] };
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  for (let change = 0; change < changes; change += 1) {
    camera.dark = !camera.dark;
    const scene = camera.dark ? 0 : 1;
    seen.scenes.push({ what: scene, at: performance.now() });
    const until = performance.now() + 20000;
    while (!words[scene].includes(shown.textContent) && performance.now() < until) await sleep(10);
    seen.hints.push({ what: shown.textContent, at: performance.now() });
    await sleep(rest);
  }
  return seen;
}"""


def test_every_change_of_the_picture_gets_its_prompt(open_page, on_device, measured):
    page = open_page(on_device, size=drive.PHONE)
    start(page)
    wait_for(page, "ready")
    preset = load_preset()
    page.wait_for_timeout(preset.timing.window_ms)
    words = [sorted(fitting(key, preset)) for key in SCENES]
    seen = page.evaluate(TURN, [CHANGES, words, preset.timing.window_ms + 200])
    found = delays(seen, [set(each) for each in words])
    assert len(found) == CHANGES
    figures = latency(found, SCENES, 1000 / preset.timing.assess_every_ms)
    measured(
        "picture to prompt {picture_to_prompt_median_s:.2f} s (95 of 100 within "
        "{picture_to_prompt_p95_s:.2f} s), of that beyond the smoothing {beyond_smoothing_median_s:.2f} s "
        "({beyond_smoothing_p95_s:.2f} s), ".format(**figures)
        + f"{CHANGES} changes"
    )
