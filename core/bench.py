"""How fast and how large is Retake on this machine? Every key names its unit, and its baseline if it has one.

Two things that are compared are run in turns, round by round, so that whatever else the machine does meets
both; a figure is the median over all rounds.
"""

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from core.explain.closed_form import grad_cam
from core.explain.gradients import Gradients, MissingTorchError
from core.i18n import _
from core.lesion.classifier import LesionClassifier
from core.photo import photo_from_array, read_photo
from core.quality.imageqx import ImageQX
from core.runtime.engine import default_threads, open_engine
from core.runtime.manifest import load_manifest
from core.runtime.preprocess import network_input
from core.serving import process
from core.synthetic.phantoms import draw

ROOT: Final = Path(__file__).resolve().parents[1]
TORCH_KEYS: Final = (
    "imageqx_torch_eager_channels_last_ms",
    "imageqx_torch_eager_channels_last_folded_ms",
    "imageqx_speedup",
    "imageqx_speedup_over_folded",
    "lesion_torch_eager_channels_last_ms",
    "lesion_torch_eager_channels_last_folded_ms",
    "lesion_speedup",
    "lesion_speedup_over_folded",
    "pytorch_grad_cam_ms",
    "cam_speedup",
    "guided_backpropagation_ms",
)
"""What is null where torch is not installed."""

_PAUSE_S: Final = 0.02
"""How finely it is told when an app answers."""

_PACKAGES: Final = (
    "onnxruntime",
    "torch",
    "torchvision",
    "grad-cam",
    "numpy",
    "opencv-python",
    "pillow",
    "streamlit",
)

# Run in a process of its own: what this one has imported must not count.
_MEMORY_PROGRAM: Final = """
import json, resource, sys
import numpy as np
from core.lesion.classifier import LesionClassifier
from core.quality.imageqx import ImageQX
from core.runtime.engine import open_engine
from core.runtime.manifest import load_manifest
manifest = load_manifest()
quality = ImageQX(open_engine("imageqx", manifest), manifest.networks["imageqx"])
lesion = LesionClassifier(open_engine("lesion", manifest), manifest.networks["lesion"])
picture = np.full((480, 640, 3), 128, np.uint8)
quality.assess(picture, quality.rule())
lesion.explain_all(picture)
try:
    status = open("/proc/self/status").read()
    kilobytes = int(status.split("VmRSS:")[1].split()[0])
except OSError:  # no /proc: the peak is the next best, in bytes on a Mac
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kilobytes = peak // 1024 if sys.platform == "darwin" else peak
print(json.dumps({"mb": kilobytes / 1024, "torch": "torch" in sys.modules}))
"""


# Another process: it visits the app as a browser's script would, and core itself knows no Streamlit.
_VISITOR_PROGRAM: Final = """
import sys, time
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect
print("ready", flush=True)
sys.stdin.readline()
while True:
    try:
        with connect(sys.argv[1], subprotocols=["streamlit"], max_size=None) as page:
            ask = BackMsg()
            ask.rerun_script.query_string = ""
            page.send(ask.SerializeToString())
            answer = ForwardMsg()
            while answer.WhichOneof("type") != "script_finished":
                answer.ParseFromString(page.recv())
        break
    except OSError:
        time.sleep(0.02)
print("drawn", flush=True)
"""


def medians_ms(
    subjects: Mapping[str, Callable[[], object]], rounds: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Median milliseconds of each subject, run once a round in turns, after one unmeasured round.

    Args:
        subjects: what to run, by name.
        rounds: how often, at least 1.
        clock: seconds.
    """
    taken: dict[str, list[float]] = {name: [] for name in subjects}
    for turn in range(rounds + 1):
        for name, run in subjects.items():
            started = clock()
            run()
            if turn:
                taken[name].append((clock() - started) * 1000)
    return {name: statistics.median(times) for name, times in taken.items()}


def resident_memory_mb() -> tuple[float, bool]:
    """Resident memory (MiB) of a fresh process with both networks loaded and run; was torch imported?"""
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY_PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    return answer["mb"], answer["torch"]


def app_first_page_s(
    clock: Callable[[], float], app: Path = ROOT / "app.py", limit_s: float = 120
) -> tuple[float, float]:
    """Seconds from the start of ``streamlit run`` until the first page is there.

    Returns:
        seconds until the health address and the page both answer over HTTP; seconds until the page's script
        has run to its end for the first visitor, who connects as soon as that is possible.

    Raises:
        RuntimeError: the server ended or did not answer within ``limit_s``.
    """
    port = process.free_port()
    url = f"http://127.0.0.1:{port}"
    visit = [sys.executable, "-c", _VISITOR_PROGRAM, f"ws://127.0.0.1:{port}/_stcore/stream"]
    command = [sys.executable, "-m", "streamlit", "run", str(app), "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1", "--server.fileWatcherType=none"]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        log = stack.enter_context((folder / "log").open("w+b"))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        visitor = stack.enter_context(process.running(visit, stderr=log, **pipes))
        assert visitor.stdin
        assert visitor.stdout
        visitor.stdout.readline()  # its imports are done and do not count

        started = clock()
        server = stack.enter_context(process.running(command, cwd=ROOT, stdout=log, stderr=log))
        visitor.stdin.write(b"go\n")
        visitor.stdin.flush()

        def answers() -> bool:
            return process.is_healthy(url) and bool(process.fetched(url))

        if process.wait_until(server, answers, limit_s, _PAUSE_S):
            answered = clock() - started
            left_s = limit_s - answered
            process.wait_until(server, lambda: visitor.poll() is not None, left_s, _PAUSE_S)
            if visitor.returncode == 0:
                return answered, clock() - started
        raise RuntimeError(process.last_line(folder / "log") or "no answer")


def bench(
    rounds: int = 15,
    threads: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[str], object] = lambda text: None,
) -> dict[str, Any]:
    """Measure everything.

    Args:
        rounds: rounds of each comparison.
        threads: intra-op threads, for ONNX Runtime and torch alike; the engine's default when None.
        clock: seconds.
        progress: told what is measured next.

    Returns:
        figures by key; what could not be measured is None, and ``notes`` says why.
    """
    threads = threads or default_threads()
    notes: dict[str, str] = {}
    manifest = load_manifest()
    quality_engine = open_engine("imageqx", manifest, threads)
    quality = ImageQX(quality_engine, manifest.networks["imageqx"])
    lesion_engine = open_engine("lesion", manifest, threads)
    lesion = LesionClassifier(lesion_engine, manifest.networks["lesion"])
    progress(_("Drawing the test picture"))
    # Drawn at a third and enlarged: what counts here is the number of pixels to decode.
    picture = photo_from_array(draw("lesion", seed=1, size=(1000, 1333)).rgb)
    large = _enlarged_jpeg(picture.full(), width=4000, height=3000)
    batch = network_input(picture.small)
    views = [batch] * len(quality_engine.inputs)
    rule = quality.rule()

    def bytes_to_verdict() -> None:
        photo = read_photo(large)
        quality.assess(photo.small, rule, width=photo.width, height=photo.height)

    figures: dict[str, Any] = {"threads": threads, "rounds": rounds, **dict.fromkeys(TORCH_KEYS)}
    target = lesion.predict(picture.small).labels[0]
    features = lesion_engine.run(batch)["features"][0]
    slopes = np.linspace(-1, 1, len(features), dtype=np.float32)
    groups: list[dict[str, Callable[[], object]]] = [
        {"imageqx_onnx_ms": lambda: quality_engine.run(*views)},
        {"lesion_onnx_ms": lambda: lesion_engine.run(batch)},
        {"closed_form_cam_ms": lambda: lesion.explain(picture.small, target)},
        {"jpeg_12mp_to_verdict_ms": bytes_to_verdict},
        {"closed_form_map_ms": lambda: grad_cam(features, slopes)},
    ]
    try:
        gradients = Gradients("lesion", manifest.networks["lesion"])
    except MissingTorchError as error:
        notes |= dict.fromkeys(TORCH_KEYS, error.message)
    else:
        for group, name in zip(groups, ("imageqx", "lesion"), strict=False):
            arch = manifest.networks[name].provenance.get("arch", "efficientnet_b0")
            group |= _torch_subjects(name, arch, batch, threads)
        groups[2]["pytorch_grad_cam_ms"] = lambda: gradients.cam(picture.small, target)
        groups.append(
            {"guided_backpropagation_ms": lambda: gradients.guided_backpropagation(picture.small, target)}
        )
        notes["imageqx_torch_eager_channels_last_ms"] = (
            "the network as trained, with BatchNorm; the _folded_ key is without, as shipped"
        )
    for group in groups:
        progress(_("Measuring {names}").format(names=", ".join(group)))
        figures |= medians_ms(group, rounds, clock)
    notes["closed_form_map_ms"] = "from the feature map, which the prediction has made already, to the map"
    notes["closed_form_cam_ms"] = (
        "lesion classifier, from the picture to one heat map; pytorch_grad_cam_ms alike"
    )
    _add_ratios(figures)

    progress(_("Measuring memory"))
    figures["resident_memory_mb"], figures["torch_imported_while_serving"] = resident_memory_mb()
    progress(_("Starting the app"))
    try:
        figures["app_first_page_s"], figures["app_first_run_s"] = app_first_page_s(clock)
        notes["app_first_page_s"] = "process start until /_stcore/health and the page answer over HTTP"
        notes["app_first_run_s"] = "process start until the first visitor's page is drawn in full"
    except (RuntimeError, OSError) as error:
        figures |= {"app_first_page_s": None, "app_first_run_s": None}
        notes["app_first_page_s"] = str(error)
    return figures | {"notes": notes} | machine()


def machine() -> dict[str, Any]:
    """What the figures were measured on: processor, count of cores, versions of what ran."""
    versions: dict[str, str | None] = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "cpu_count": os.cpu_count(),
        "cpu": _cpu_name(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": versions,
    }


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _add_ratios(figures: dict[str, Any]) -> None:
    """How many times faster the served way is than each baseline that was measured."""
    for name in ("imageqx", "lesion"):
        for baseline, key in (("", "speedup"), ("_folded", "speedup_over_folded")):
            slow = figures[f"{name}_torch_eager_channels_last{baseline}_ms"]
            if slow is not None:
                figures[f"{name}_{key}"] = slow / figures[f"{name}_onnx_ms"]
    if figures["pytorch_grad_cam_ms"] is not None:
        figures["cam_speedup"] = figures["pytorch_grad_cam_ms"] / figures["closed_form_cam_ms"]


def _enlarged_jpeg(rgb: np.ndarray, width: int, height: int) -> bytes:
    large = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_CUBIC)
    return photo_from_array(large).jpeg()


def _torch_subjects(name: str, arch: str, batch: np.ndarray, threads: int) -> dict[str, Callable[[], object]]:
    """The same network in eager fp32 PyTorch, channels-last, under inference_mode, on as many threads."""
    import torch

    from core.networks.build import build
    from core.networks.fold import fold

    torch.set_num_threads(threads)
    # Weights make no difference to the time, so a fresh network will do.
    trained = build(name, arch).eval()
    images = torch.from_numpy(batch).to(memory_format=torch.channels_last)
    views = [images] * getattr(trained, "views", 1)

    def runner(net: torch.nn.Module) -> Callable[[], object]:
        net = net.to(memory_format=torch.channels_last)

        def run() -> object:
            with torch.inference_mode():
                return net(*views)

        return run

    return {
        f"{name}_torch_eager_channels_last_ms": runner(trained),
        f"{name}_torch_eager_channels_last_folded_ms": runner(fold(trained)),
    }
