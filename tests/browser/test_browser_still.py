"""Which picture becomes the photo: the browser's module alone, with made-up pictures and verdicts."""

import pytest
from module_page import site

from core.browser.publish import lay_out_page

pytestmark = pytest.mark.browser

# Which of the two was chosen, how often a picture was judged, and whether both were let go.
CHOOSE = """async ({ kept, shot }) => {
  const { bestStill } = await import("/still.js");
  const close = function () { this.closed += 1; };
  const make = (one) => one && { ...one, height: one.width * 0.75, closed: 0, close };
  const [frame, still] = [make(kept), make(shot)];
  let judged = 0;
  const names = ["bad_framing", "bad_light", "blurry", "low_resolution", "too_far_away"];
  const told = {
    kept: frame,
    shoot: async () => still ?? Promise.reject(new Error("no still")),
    judged: async ({ passes, chance, name }) => {
      judged += 1;
      const explanations = Object.fromEntries(names.map((one) => [one, 0]));
      return { jpeg: name, verdict: { passes, quality: { lesion: chance }, explanations } };
    },
    healthySkinPasses: false,
  };
  const chosen = await bestStill(told).then((one) => one.jpeg, () => "none");
  const closed = [frame, still].filter(Boolean).map((one) => one.closed);
  return [chosen, judged, closed];
}"""


@pytest.fixture(scope="module")
def page(window, tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    lay_out_page(folder)
    with site(folder) as served, window() as context:
        context.pages[0].goto(served.url)
        yield context.pages[0]


def picture(name, width, passes=True, chance=0.9):
    return {"name": name, "width": width, "passes": passes, "chance": chance}


@pytest.mark.parametrize(
    ("kept", "shot", "chosen", "judged"),
    [
        (None, picture("still", 1920), "still", 1),
        (None, None, "none", 0),
        (picture("frame", 640), None, "frame", 1),
        (picture("frame", 640), picture("still", 640), "frame", 1),
        (picture("frame", 640), picture("still", 1920), "still", 2),
        (picture("frame", 640), picture("still", 1920, chance=0.95), "still", 2),
        (picture("frame", 640), picture("still", 1920, chance=0.5), "frame", 2),
        (picture("frame", 640), picture("still", 1920, passes=False, chance=0.95), "frame", 2),
        (picture("frame", 640, passes=False), picture("still", 640, chance=0.1), "still", 2),
    ],
)
def test_the_still_is_used_where_it_has_more_pixels_and_is_as_good(page, kept, shot, chosen, judged):
    found = page.evaluate(CHOOSE, {"kept": kept, "shot": shot})
    assert found == [chosen, judged, [1] * (bool(kept) + bool(shot))]
