"""Takes the screenshots in docs/images from the running app, with drawn skin in front of its camera.

A tool for whoever changes the screens: ``.venv/bin/python -m scripts.screenshots [--out DIR]``. It needs the
packages of ``make test`` and a Chromium.
"""

import argparse
import io
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from core.guidance.hint import condition
from core.guidance.preset import load_preset
from core.quality import registry
from scripts import drive, fake_camera

PATIENCE_MS = 120_000


def film(path: Path, name: str) -> tuple[Path, str]:
    """Skin that asks for a prompt, then skin that passes, as that assessor sees them; and the prompt."""
    assessor, preset = registry.open_assessor(name), load_preset()
    rule = preset.rule(assessor.rule(point=preset.operating_point))
    shots = fake_camera.find_shots(lambda rgb: condition(assessor.assess(rgb, rule), preset))
    prompt = next(key for key in ("too_far_away", "blurry", "no_skin") if key in shots)
    order = [(shots[prompt], 12), (shots[None], 16)]
    shown = [fake_camera.Shot(rgb, seconds) for rgb, seconds in order]
    return fake_camera.write(path, shown, np.random.default_rng(0)), prompt


def states(page: Page, url: str, prompt: str) -> Iterator[str]:
    """Bring the page into one state after another, yielding the name of each."""
    page.goto(url)
    page.get_by_role("button", name="Start camera").click()
    banner = page.locator(".banner")
    shutter = page.get_by_role("button", name="Take photo")
    expect(banner.and_(page.locator(f"[data-key={prompt}]"))).to_be_visible()
    _settle(page)
    yield "prompt"
    expect(shutter).to_be_enabled()
    expect(banner.and_(page.locator("[data-key=ready]"))).to_be_visible()
    _settle(page)
    yield "ready"
    shutter.click()
    expect(page.get_by_text("This photo works")).to_be_visible()
    expect(page.get_by_role("img", name="Your photo", exact=True)).to_be_visible()
    _settle(page)
    yield "result"
    heat = page.get_by_role("img", name="coloured where the network looked for")
    expect(heat).to_be_visible()
    page.get_by_role("heading", name="What it looks most like").evaluate("title => title.scrollIntoView()")
    _settle(page)
    yield "prediction"
    page.goto(f"{url}/check")
    broken = {"name": "holiday.jpg", "mimeType": "image/jpeg", "buffer": b"\xff\xd8\xff\xe0 cut short"}
    page.locator("input[type=file]").set_input_files(broken)
    expect(page.get_by_role("alert")).to_be_visible()
    _settle(page)
    yield "error"
    page.goto(f"{url}/how_good")
    expect(page.get_by_role("heading", name="How good is it?")).to_be_visible()
    _settle(page)
    yield "how-good"
    # Where the figures of an evaluation lie in weights/, the tables and plots follow.
    beside = page.get_by_text("Beside the paper, row by row")
    if beside.count():
        beside.click()
        expect(page.get_by_role("img", name="Retake beside the paper")).to_be_visible()
        beside.evaluate("title => title.closest('summary').scrollIntoView()")
        _settle(page)
        yield "how-good-paper"
    page.goto(f"{url}/designer")
    expect(page.locator(".rt-strip").first).to_be_visible()
    _settle(page)
    yield "designer"
    page.get_by_text("Sample video", exact=True).click()
    video = page.get_by_role("img", name="Prompts over time")
    expect(video).to_be_visible()
    video.evaluate("plot => plot.scrollIntoView({ block: 'center' })")
    _settle(page)
    yield "designer-video"
    page.goto(f"{url}/compare")
    page.get_by_role("button", name="Compare on drawn samples").click()
    report = page.get_by_role("button", name="Download the report")
    expect(report).to_be_visible()
    _settle(page)
    yield "compare"
    page.goto(f"{url}/?lang=ar")
    expect(page.locator("html[dir=rtl]")).to_be_attached()
    expect(page.locator(".stage .start")).to_be_visible()
    _settle(page)
    yield "arabic"


def _settle(page: Page) -> None:
    """Let pictures load, drawing end, and the video arrive that the banner speaks of."""
    page.wait_for_function("() => [...document.images].every(picture => picture.complete)")
    page.wait_for_timeout(700)


def save(png: bytes, path: Path) -> None:
    """Keep a screenshot as a small JPEG."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.save(path, "JPEG", quality=80, optimize=True, subsampling=0)


def photograph(playwright: Playwright, url: str, camera: Path, prompt: str, out: Path) -> None:
    """All states at both sizes, light and dark, as ``STATE-WIDTHxHEIGHT-THEME.jpg``."""
    for size, dark in product((drive.PHONE, drive.DESKTOP), (False, True)):
        with (
            tempfile.TemporaryDirectory() as profile,
            drive.chromium(playwright, Path(profile), size=size, camera=camera, dark=dark) as context,
        ):
            page = context.pages[0]
            page.set_default_timeout(PATIENCE_MS)
            for state in states(page, url, prompt):
                name = f"{state}-{size[0]}x{size[1]}-{'dark' if dark else 'light'}.jpg"
                save(page.screenshot(), out / name)
                print(out / name)


def main(argv: Sequence[str] | None = None) -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(description="Take the screenshots of docs/images.")
    parser.add_argument("--out", type=Path, default=drive.ROOT / "docs" / "images")
    parser.add_argument("--assessor", choices=registry.names(), default=registry.DEFAULT)
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder:
        camera, prompt = film(Path(folder) / "skin.y4m", args.assessor)
        environment = {"RETAKE_DATA": folder, "RETAKE_ASSESSOR": args.assessor, "RETAKE_LIVE": "device"}
        with drive.serve(Path(folder) / "log", environment) as server, sync_playwright() as playwright:
            photograph(playwright, server.url, camera, prompt, args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
