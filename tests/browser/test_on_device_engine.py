"""The engine in the browser against Python: the same squares, probabilities, places and heat maps."""

import base64
import hashlib
import io
import json
import platform
from contextlib import contextmanager

import numpy as np
import pytest
from module_page import site
from PIL import Image

from core.browser import runtime, unfolded
from core.browser.publish import published
from core.lesion.networks import open_lesion
from core.quality import second_opinion
from core.quality.image_stats import image_stats
from core.quality.imageqx import ImageQX
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import PassRule
from core.runtime.engine import open_engine
from core.runtime.manifest import WEIGHTS_DIR, load_manifest
from core.runtime.preprocess import detail_square, network_square, square_batch
from core.synthetic.degrade import worsen
from core.synthetic.phantoms import draw
from scripts.on_device_vectors import FILE

pytestmark = pytest.mark.browser

# Drawn pictures: height, width, and what is wrong with them. 12 megapixels are a phone's.
PICTURES = [
    (480, 640, "lesion", None),
    (640, 480, "lesion", "blurry"),
    (720, 1280, "lesion", "bad_light"),
    (1280, 720, "lesion", "low_resolution"),
    (720, 1280, "lesion", "too_far_away"),
    (960, 1280, "lesion", "bad_framing"),
    (120, 160, "lesion", None),
    (200, 900, "healthy_skin", None),
    (224, 224, "no_skin", None),
    (333, 517, "healthy_skin", "blurry"),
    (1080, 1920, "no_skin", None),
    (3000, 4000, "lesion", None),
]
SQUARES = """async (png) => {
    const [{ pixelsOf }, resize] = await Promise.all([import("/frames.js"), import("/resize.js")]);
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    const asItIs = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }), asItIs);
    window.shown = await createImageBitmap(picture);
    const working = resize.shrink(pixelsOf(picture));
    const squares = [resize.networkSquare(working, 224), resize.detailSquare(working, 224)];
    return squares.map(({ data, step }) => {
        const rgb = new Uint8Array(3 * 224 * 224).map((_, i) => data[Math.floor(i / 3) * step + (i % 3)]);
        return btoa(Array.from(rgb, (value) => String.fromCharCode(value)).join(""));
    });
}"""
OPEN = """async ([backend, base, threads]) => {
    const { openEngine } = await import(`${base}engine.js`);
    window.progress = {};
    const onProgress = ({ what, loaded, total }) => { window.progress[what] = [loaded, total]; };
    try {
        window.engine = await openEngine({ base, backend, threads, onProgress });
    } catch (error) {
        return { failed: error.code };
    }
    return { backend: engine.backend, threads: engine.threads, progress: window.progress };
}"""
ASSESS = """async (features) => {
    const judged = await engine.assess(await createImageBitmap(window.shown), { features });
    const { quality, explanations, where, width, height, luma } = judged;
    const stats = { ...judged.stats, cells: [...judged.stats.cells] };
    const heats = {};
    if (judged.heat) {
        for (const name of [...Object.keys(quality), ...Object.keys(explanations)]) {
            const { map, size, blank } = judged.heat(name);
            heats[name] = { map: Array.from(map), size, blank };
        }
    }
    return { quality, explanations, where, width, height, luma, stats, heats, opinion: judged.opinion };
}"""
PREDICT = """async () => {
    const predicted = await engine.predict(await createImageBitmap(window.shown));
    const { labels, probabilities, reason } = predicted;
    const heats = Object.fromEntries(labels.map((label) => [label, Array.from(predicted.heat(label).map)]));
    return { labels, probabilities, reason, heats };
}"""
GREY = """async () => {
    const canvas = new OffscreenCanvas(64, 48);
    const context = canvas.getContext("2d");
    context.fillStyle = "#b09080";
    context.fillRect(0, 0, 64, 48);
    window.shown = canvas.transferToImageBitmap();
}"""


@pytest.fixture(scope="module")
def folder():
    found = published()
    assert found is not None, "ONNX Runtime for browsers is not here: python -m core.browser.runtime"
    return found.folder


@contextmanager
def modules(window, folder, apart=False):
    """A page of the modules, and its site."""
    with site(folder, apart) as served, window() as context:
        page = context.pages[0]
        page.set_default_timeout(300_000)
        page.goto(served.url)
        yield page, served


@pytest.fixture
def visit(window, folder):
    """A visit of its own: a page, and its site."""
    with modules(window, folder) as visit:
        yield visit


@pytest.fixture(scope="module")
def page(window, folder):
    """One page for all tests that only ask for answers, with an engine."""
    with modules(window, folder) as (page, _served):
        assert page.evaluate(OPEN, ["wasm", "/"])["backend"] == "wasm"
        yield page


@pytest.fixture(scope="module")
def imageqx():
    return ImageQX(open_engine("imageqx", threads=1), load_manifest().networks["imageqx"])


def drawn(height, width, kind, fault):
    placed = {"too_far_away": {"lesion_extent": 0.08}, "bad_framing": {"centre": (0.93, 0.5)}}.get(fault, {})
    phantom = draw(kind, height + width, (height, width), **placed)
    if fault is None or placed:
        return phantom.rgb
    return worsen(phantom.rgb, phantom.mask, fault, 0.7, np.random.default_rng(1))


def png(rgb):
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, "PNG", compress_level=1)
    return base64.b64encode(out.getvalue()).decode()


@pytest.mark.parametrize(("height", "width", "kind", "fault"), PICTURES[::3])
def test_a_lesion_is_classified_as_in_python(page, height, width, kind, fault):
    rgb = drawn(height, width, kind, fault)
    page.evaluate(SQUARES, png(rgb))
    found = page.evaluate(PREDICT)
    classifier = open_lesion("lesion", load_manifest(), threads=1)
    wanted = classifier.predict(rgb)
    assert found["labels"][:2] == list(wanted.labels[:2])
    np.testing.assert_allclose(found["probabilities"], wanted.probabilities, atol=1e-3)
    assert found["reason"] == (wanted.reason or "")
    for label, explanation in classifier.explain_all(rgb).items():
        np.testing.assert_allclose(found["heats"][label], explanation.heatmap.ravel(), atol=2e-3)


@pytest.mark.parametrize(("height", "width", "kind", "fault"), PICTURES)
def test_a_picture_is_judged_as_in_python(page, imageqx, height, width, kind, fault):
    rgb = drawn(height, width, kind, fault)
    squares = [np.frombuffer(base64.b64decode(text), np.uint8) for text in page.evaluate(SQUARES, png(rgb))]
    for found, wanted in zip(squares, (network_square(rgb), detail_square(rgb)), strict=True):
        off = np.abs(found.astype(int) - wanted.ravel())
        if platform.machine() in ("x86_64", "AMD64"):
            assert off.max() == 0
        else:  # OpenCV may fuse multiplication and addition there, and round the last bit otherwise
            assert off.max() <= 1
            assert off.mean() < 0.001
    found = page.evaluate(ASSESS, True)
    wanted = imageqx.assess(rgb, PassRule(dict.fromkeys(EXPLANATIONS, 0.5)))
    assert (found["width"], found["height"]) == (width, height)
    assert found["quality"] == pytest.approx(wanted.quality, abs=1e-3)
    assert found["explanations"] == pytest.approx(wanted.explanations, abs=1e-3)
    if wanted.where is None:
        assert found["where"] is None
    else:
        assert found["where"] == pytest.approx(vars(wanted.where), abs=1e-3)
    seen = image_stats(network_square(rgb))
    assert found["stats"].pop("hasSkin") == seen.has_skin
    assert found["stats"].pop("cells") == seen.cells.ravel().tolist()
    assert found["stats"] == pytest.approx({name: getattr(seen, name) for name in found["stats"]})
    opinion = load_manifest().networks["imageqx"].opinion
    weighed = imageqx.weigh(rgb, imageqx.rule())
    chances = second_opinion.chances(weighed.read, opinion.weights, opinion.bias, opinion.conditions)
    cut = second_opinion.is_truncated(weighed.framing, opinion.truncated_from)
    assert found["opinion"]["truncated"] == cut
    assert found["opinion"]["leastGood"] == opinion.least_good
    # Log-odds of answers that are nearly certain differ more than the answers do.
    assert found["opinion"]["chances"] == pytest.approx(chances, abs=2e-2)
    maps = imageqx.explain_all(rgb)
    assert set(found["heats"]) == set(maps) == {*QUALITY_CLASSES, *EXPLANATIONS}
    for name, explanation in maps.items():
        heat = found["heats"][name]
        assert heat["size"] == 7
        assert heat["blank"] == explanation.blank
        np.testing.assert_allclose(heat["map"], explanation.heatmap.ravel(), atol=1e-3, err_msg=name)


@pytest.mark.parametrize(
    "part", [name for name in json.loads(FILE.read_text(encoding="utf-8")) if name != "presets"]
)
def test_the_browser_does_what_the_vectors_say(page, part):
    vectors = json.loads(FILE.read_text(encoding="utf-8"))
    script = "async ([part, vectors]) => (await import('/replay.js')).replay(part, vectors)"
    assert page.evaluate(script, [part, vectors]) == []


def test_a_second_visit_fetches_neither_the_network_nor_the_runtime(visit):
    page, served = visit
    large = {"imageqx.json", "imageqx.onnx.gz", runtime.kept_as(runtime.BINARIES["wasm"])}
    first = page.evaluate(OPEN, ["auto", "/"])
    assert large <= set(served.asked)
    assert runtime.kept_as(runtime.BINARIES["webgpu"]) not in served.asked
    page.goto(served.url)
    served.asked.clear()
    again = page.evaluate(OPEN, ["auto", "/"])
    assert not large & set(served.asked)
    for progress in (first["progress"], again["progress"]):
        assert set(progress) == {"network", "runtime"}
        assert all(loaded == total > 1e6 for loaded, total in progress.values())


def test_what_an_older_page_kept_is_let_go(page):
    keys = """async () => {
        const store = await caches.open("retake-on-device");
        return (await store.keys()).map(({ url }) => url);
    }"""
    page.evaluate(
        "async () => (await caches.open('retake-on-device')).put('/app/old/x.gz', new Response('x'))"
    )
    kept = page.evaluate(keys)
    base = next(url for url in kept if url.endswith("imageqx.json")).removesuffix("imageqx.json")
    page.evaluate(
        "async (base) => (await import('/store.js')).forgetOthers(base)", base.replace("127.0.0.1", "other")
    )
    assert page.evaluate(keys) == []


def test_a_damaged_copy_is_fetched_anew(visit):
    page, served = visit
    damaged = """async () => {
        const store = await caches.open("retake-on-device");
        await store.put("/imageqx.onnx.gz", new Response("not what it was"));
        const { stored } = await import("/store.js");
        return (await stored(new URL("/imageqx.onnx.gz", location).href)).byteLength;
    }"""
    assert page.evaluate(damaged) == load_manifest().networks["imageqx"].bytes
    assert served.asked.count("imageqx.onnx.gz") == 1


def test_a_download_that_fails_is_told_apart_and_can_be_tried_again(visit):
    page, served = visit
    served.broken.add("imageqx.onnx.gz")
    assert page.evaluate(OPEN, ["auto", "/"]) == {"failed": "network"}
    served.broken.clear()
    assert page.evaluate(OPEN, ["auto", "/"])["backend"] == "wasm"


@pytest.mark.parametrize("missing", ["worker.js", "imageqx.json", runtime.MODULES["wasm"]])
def test_whatever_does_not_come_is_a_failed_download(visit, missing):
    page, served = visit
    served.broken.add(missing)
    assert page.evaluate(OPEN, ["auto", "/"]) == {"failed": "network"}


def test_a_browser_that_lacks_something_is_told_so(visit):
    page, _served = visit
    page.evaluate("delete globalThis.OffscreenCanvas")
    assert page.evaluate(OPEN, ["auto", "/"]) == {"failed": "unsupported"}


def test_without_a_graphics_processor_it_runs_on_simd(visit):
    # Chromium under test has none: asking for it must not fail.
    page, _served = visit
    assert page.evaluate(OPEN, ["webgpu", "/"])["backend"] == "wasm"


def test_a_graphics_processor_that_is_lost_on_the_way_is_replaced(visit):
    page, _served = visit
    page.evaluate(
        """() => {
            const Real = window.Worker;
            window.Worker = class {
                constructor(_url, options) { return new Real("/fake_gpu_worker.js", options); }
            };
        }"""
    )
    assert page.evaluate(OPEN, ["auto", "/"])["backend"] == "webgpu"
    page.evaluate(GREY)
    on_gpu = page.evaluate(ASSESS, True)
    assert page.evaluate("engine.backend") == "webgpu"
    after = page.evaluate(ASSESS, True)
    assert page.evaluate("engine.backend") == "wasm"
    assert after["quality"] == pytest.approx(on_gpu["quality"], abs=1e-6)
    assert page.evaluate(ASSESS, False)["quality"] == pytest.approx(on_gpu["quality"], abs=1e-6)


def test_a_backend_that_answers_wrongly_is_not_believed(visit):
    page, served = visit
    lying = """async (base) => {
        const { openNetwork } = await import("/network.js");
        const network = await openNetwork({ base, backend: "wasm", onProgress() {} });
        await network.check();
        network.card.check.logits[0] += 1;
        return network.check().then(() => "believed", (error) => error.code);
    }"""
    assert page.evaluate(lying, f"{served.url}/") == "runtime"


UNFOLD = """async () => {
    const [{ stored }, { unfold }] = await Promise.all([import("/store.js"), import("/unfold.js")]);
    const [card, file] = await Promise.all(
        ["imageqx.json", "imageqx.onnx.gz"].map((name) => stored(new URL(name, location).href)));
    const { unfolded } = JSON.parse(new TextDecoder().decode(card));
    const { data } = unfold(file, unfolded).weights;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}"""


def test_the_weights_of_the_optimised_graph_are_those_that_python_makes(page):
    path = WEIGHTS_DIR / "imageqx.onnx"
    _graph, weights = unfolded._optimised(path)
    assert page.evaluate(UNFOLD) == hashlib.sha256(weights).hexdigest()


@pytest.mark.parametrize("broken", [False, True], ids=["as it is", "broken"])
def test_a_graph_optimised_beforehand_is_used_and_one_that_does_not_open_is_not(visit, broken):
    page, served = visit
    told = []
    page.on("console", lambda message: told.append(message.text))
    found = page.evaluate(
        """async ([base, broken]) => {
            const { openNetwork } = await import("/network.js");
            const fetched = window.fetch;
            window.fetch = async (url, ...rest) => {
                const answer = await fetched(url, ...rest);
                if (!broken || !String(url).endsWith("imageqx.json")) return answer;
                const card = await answer.json();
                card.unfolded.graph = btoa("no graph");
                return new Response(JSON.stringify(card));
            };
            const network = await openNetwork({ base, backend: "wasm", onProgress() {} });
            const size = { width: 224, height: 224, step: 3 };
            const square = (level) => ({ data: new Uint8Array(224 * 224 * 3).fill(level), ...size });
            return Array.from((await network.run(square(90), square(130), false)).logits);
        }""",
        [f"{served.url}/", broken],
    )
    views = [np.full((224, 224, 3), level, np.uint8) for level in (90, 130)]
    entry = load_manifest().networks["imageqx"]
    given = [square_batch(view, entry.mean, entry.std) for view in views]
    np.testing.assert_allclose(found, open_engine("imageqx", threads=1).run(*given)["logits"][0], atol=1e-3)
    assert any("optimised beforehand is not used" in text for text in told) == broken


def test_threads_are_used_where_memory_may_be_shared(window, folder):
    with modules(window, folder, apart=True) as (page, _served):
        assert page.evaluate("crossOriginIsolated")
        cores = page.evaluate("navigator.hardwareConcurrency")
        assert page.evaluate(OPEN, ["wasm", "/"])["threads"] == min(4, max(1, cores // 2))
        assert page.evaluate(OPEN, ["wasm", "/", 2])["threads"] == 2
        page.evaluate(GREY)
        assert sum(page.evaluate(ASSESS, False)["quality"].values()) == pytest.approx(1)


def test_the_page_never_waits_for_the_network(page):
    # While three pictures are judged, the page's own clock goes on ticking between the answers.
    page.evaluate(GREY)
    ticks = page.evaluate("""async () => {
        const ticks = [];
        let judged = 0;
        const all = Promise.all([1, 2, 3].map(async () => {
            await engine.assess(await createImageBitmap(window.shown), { features: true });
            judged += 1;
        }));
        while (judged < 3) {
            ticks.push(judged);
            await new Promise((next) => setTimeout(next, 0));
        }
        await all;
        return ticks;
    }""")
    assert {0, 1, 2} <= set(ticks)


VIDEO = """async () => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [320, 240];
    const context = canvas.getContext("2d");
    window.paint = (shade) => {
        context.fillStyle = `rgb(${shade} 120 100)`;
        context.fillRect(0, 0, 320, 240);
        context.fillStyle = "#543";
        context.fillRect(140, 100, 60, 50);
        stream.getVideoTracks()[0].requestFrame();
    };
    const stream = canvas.captureStream(0);
    window.film = document.createElement("video");
    film.muted = true;
    film.srcObject = stream;
    document.body.append(film);
    paint(200);
    await film.play();
    const { Newest, grab } = await import("/newest.js");
    Object.assign(window, { newest: new Newest(), grab });
}"""


def test_a_picture_that_came_meanwhile_is_taken_at_once_and_only_once(page):
    page.evaluate(VIDEO)
    seen = page.evaluate("""async () => {
        const come = () => new Promise((done) => film.requestVideoFrameCallback(done));
        const seen = [];
        const first = newest.next(film, 60_000);
        paint(190);
        seen.push(await first);
        const meanwhile = come();
        paint(180);
        await meanwhile;
        seen.push(await newest.next(film, 60_000)); // none comes after it: it would wait for a minute
        seen.push(await newest.next(film, 100));
        newest.stop();
        return seen;
    }""")
    assert seen == [True, True, False]


def test_a_slow_device_is_left_more_time_and_a_quick_one_is_asked_as_often_as_the_preset_says(page):
    rests = page.evaluate("""async () => {
        const { restAfter } = await import("/newest.js");
        const given = [[40, 120, 8], [110, 120, 8], [400, 120, 8], [400, 120, 2]];
        return given.map((one) => restAfter(...one));
    }""")
    assert rests == pytest.approx([80, 11, 40, 100])


def test_a_picture_of_a_video_is_judged_alike_whatever_it_is_handed_over_as(page):
    page.evaluate(VIDEO)
    found = page.evaluate("""async () => {
        const taken = await grab(film);
        const kind = taken.constructor.name;
        const answers = [await engine.assess(taken), await engine.assess(await createImageBitmap(film))];
        const told = ({ quality, width, height, print }) => ({ quality, width, height, print });
        return { kind, answers: answers.map(told) };
    }""")
    assert found["kind"] == "VideoFrame"
    frame, bitmap = found["answers"]
    assert frame == bitmap
    assert (frame["width"], frame["height"]) == (320, 240)


FILM = """() => {
    const canvas = new OffscreenCanvas(320, 240);
    const context = canvas.getContext("2d", { willReadFrequently: true });
    let seed = 1;
    const next = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const noise = () => 6 * next() - 3;
    // Skin with fine structure and a spot, and the noise of a camera; `soft` blurs it, `dx` moves it.
    window.filmed = async (options = {}, { dx = 0, soft = 0, light = 0 } = {}) => {
        context.filter = soft ? `blur(${soft}px)` : "none";
        context.fillStyle = `rgb(${200 + light} ${150 + light} ${130 + light})`;
        context.fillRect(0, 0, 320, 240);
        context.fillStyle = `rgb(${190 + light} ${140 + light} ${120 + light})`;
        for (let i = 0; i < 900; i++) context.fillRect((i * 97) % 320, (i * 61) % 240, 2, 2);
        context.fillStyle = "#643";
        context.fillRect(140 + dx, 100, 40, 32);
        const image = context.getImageData(0, 0, 320, 240);
        for (let i = 0; i < image.data.length; i++) if (i % 4 < 3) image.data[i] += Math.round(noise());
        context.filter = "none";
        return engine.assess(await createImageBitmap(image), options);
    };
}"""


def test_a_still_picture_is_judged_once_in_a_while_and_a_changed_one_at_once(page):
    page.evaluate(FILM)
    seen = page.evaluate("""async () => {
        const still = [];
        for (let i = 0; i < 19; i++) still.push(await filmed({ frame: true }));
        const asked = still.map(({ recalled }) => !recalled);
        const qualities = new Set(still.slice(0, 9).map(({ quality }) => JSON.stringify(quality)));
        const others = {};
        for (const change of [{ dx: 6 }, { soft: 1 }, { light: 9 }]) {
            await filmed({ frame: true });
            const { recalled } = await filmed({ frame: true }, change);
            others[Object.keys(change)[0]] = recalled;
        }
        // A photo is never answered by a frame of the video, whatever it shows.
        await filmed({ frame: true });
        const photo = await filmed();
        const prints = new Set(still.map(({ print }) => print));
        return { asked, answers: qualities.size, prints: prints.size, others, photo: photo.recalled };
    }""")
    assert seen["asked"] == [True, *[False] * 8, True, *[False] * 8, True]
    assert seen["answers"] == 1
    assert seen["prints"] == 19, "a stuck camera would still be told: each frame has its own print"
    assert seen["others"] == {"dx": False, "soft": False, "light": False}
    assert seen["photo"] is False


def test_a_frame_that_is_not_judged_anew_has_its_heat_map_too(page):
    page.evaluate(FILM)
    maps = page.evaluate("""async () => {
        await filmed({ frame: true }, { dx: 20 });
        const maps = [];
        for (let i = 0; i < 3; i++) {
            const judged = await filmed({ frame: true, features: true }, { dx: 20 });
            maps.push([judged.recalled, Array.from(judged.heat("lesion").map)]);
        }
        return maps;
    }""")
    assert [recalled for recalled, _map in maps] == [False, True, True]
    assert maps[0][1] == maps[1][1] == maps[2][1]


def test_no_feature_map_is_sent_that_nobody_asked_for(page):
    page.evaluate(GREY)
    assert page.evaluate(ASSESS, False)["heats"] == {}


def test_a_closed_engine_says_so(visit):
    page, _served = visit
    page.evaluate(OPEN, ["wasm", "/"])
    page.evaluate(GREY)
    ended = """async () => {
        const { createImageBitmap: copy } = window;
        const waiting = engine.assess(await copy(window.shown));
        engine.close();
        const codes = [];
        for (const asked of [waiting, engine.assess(await copy(window.shown))]) {
            codes.push(await asked.then(() => "answered", (error) => error.code));
        }
        return codes;
    }"""
    assert page.evaluate(ended) == ["runtime", "runtime"]
