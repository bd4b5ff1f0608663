"""What one file may cost: told from its header, and held by the process that decodes."""

import io
import os
import signal
import struct
import subprocess
import sys
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pngs import chunk

from core import photo as photo_module
from core.decoding import pool
from core.decoding.jpeg_file import parse
from core.decoding.limits import MOST_WORKERS, Refusal
from core.photo import PhotoError, read_photo

ROOT = Path(__file__).parents[2]
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def large_png():
    """64 megapixels of one colour with transparency, in a quarter of a megabyte."""
    packer = zlib.compressobj(9)
    row = b"\0" + bytes([200, 120, 100, 255]) * 8000
    data = b"".join(packer.compress(row) for _ in range(8000)) + packer.flush()
    head = struct.pack(">IIBBBBB", 8000, 8000, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def progressive():
    """A progressive JPEG of 64 grey megapixels."""
    out = io.BytesIO()
    Image.new("L", (8000, 8000), 90).save(out, "JPEG", progressive=True)
    return out.getvalue()


def process_ids() -> list[int]:
    """The processes that wait for a photo now."""
    return [worker.process.pid for worker in pool._idle if worker.alive]


def peak(pid: int) -> int:
    """The most memory that a process has had, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


class TestHeaders:
    def test_34_bytes_of_webp_that_ask_for_gigabytes(self, outcome):
        side = (16382).to_bytes(3, "little")
        head = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + side + side + bytes(4)
        assert outcome(b"RIFF" + struct.pack("<I", 26) + b"WEBP" + head) == "too_many_pixels"
        side = (7999).to_bytes(3, "little")
        head = b"VP8X" + struct.pack("<I", 10) + b"\x02\0\0\0" + side + side + bytes(4)
        assert outcome(b"RIFF" + struct.pack("<I", 26) + b"WEBP" + head) == "too_complex"

    def test_scans_that_are_repeated(self, progressive, outcome):
        last = progressive.rindex(b"\xff\xda")
        assert outcome(progressive) == "read"
        assert outcome(progressive[:-2] + progressive[last:-2] * 20 + b"\xff\xd9") == "too_complex"

    def test_scans_of_a_large_colour_picture_that_must_all_be_held(self, drawn, encode):
        data = bytearray(encode(drawn, "JPEG", progressive=True, subsampling=0))
        at = data.index(b"\xff\xc2") + 5
        data[at : at + 4] = struct.pack(">HH", 7900, 8000)
        assert parse(bytes(data)).coefficient_bytes > 320 * MEGABYTE
        with pytest.raises(PhotoError) as caught:
            read_photo(bytes(data))
        assert caught.value.code == "too_complex"
        assert caught.value.message.startswith("This photo is too complex to open.")

    def test_15_megabytes_of_comments_are_passed_over(self, drawn, encode):
        data = encode(drawn, "JPEG", quality=95)
        comment = b"\xff\xfe\xff\xff" + bytes(65533)
        commented = data[:2] + comment * 235 + data[2:]
        np.testing.assert_array_equal(read_photo(commented).small, read_photo(data).small)
        assert len(parse(commented).clean) <= len(data)

    @pytest.mark.parametrize("part", [b"\xff\xfe\0\x02", b"\xff\xe1\0\x08Exif\0\0"])
    def test_millions_of_parts_are_not_all_looked_at(self, drawn, encode, outcome, part):
        data = encode(drawn, "JPEG")
        assert outcome(data[:2] + part * (12 * MEGABYTE // len(part)) + data[2:]) == "too_complex"

    def test_a_usual_photo_of_48_megapixels_is_read(self, outcome):
        out = io.BytesIO()
        Image.new("RGB", (8000, 6000), (190, 130, 110)).save(out, "JPEG", quality=60, progressive=True)
        assert outcome(out.getvalue()) == "read"


class TestProcess:
    def test_one_photo_takes_less_than_400_megabytes_and_none_of_them_here(self, large_png, drawn, encode):
        pool.end_idle()
        before = peak(os.getpid())
        found = read_photo(large_png)
        assert found.small.shape == (640, 640, 3)
        assert (found.small == [200, 120, 100]).all()
        (worker,) = process_ids()
        assert 200 * MEGABYTE < peak(worker) < 400 * MEGABYTE
        assert peak(os.getpid()) - before < 30 * MEGABYTE
        pool.end_idle()

    def test_as_many_at_once_as_may_be_and_no_more(self, drawn, encode):
        pool.end_idle()
        data = encode(drawn, "PNG")
        running: list[int] = []
        most: list[int] = []
        ask = pool._Worker.ask

        def counted(worker, *args):
            running.append(1)
            most.append(len(running))
            try:
                return ask(worker, *args)
            finally:
                running.pop()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pool._Worker, "ask", counted)
            threads = [threading.Thread(target=read_photo, args=(data,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(most) == 8
        assert max(most) <= MOST_WORKERS
        assert 1 <= len(process_ids()) <= MOST_WORKERS

    def test_one_that_dies_is_a_refusal_and_the_next_photo_is_read(self, drawn, encode, outcome, large_png):
        data = encode(drawn, "PNG")
        assert outcome(data) == "read"
        (first, *_others) = process_ids()
        codes = []
        pool.end_idle()
        start = pool._Worker.__init__

        def dying(worker):
            start(worker)
            worker.process.kill()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pool._Worker, "__init__", dying)
            codes.append(outcome(large_png))
        assert codes == ["too_complex"]
        assert outcome(data) == "read"
        assert first not in process_ids()

    def test_one_that_was_ended_while_idle_is_replaced(self, drawn, encode, outcome):
        data = encode(drawn, "PNG")
        assert outcome(data) == "read"
        for worker in list(pool._idle):
            os.kill(worker.process.pid, signal.SIGKILL)
            worker.process.wait()
        assert outcome(data) == "read"

    def test_what_takes_too_long_is_ended(self, monkeypatch, drawn, encode, outcome):
        data = encode(drawn, "PNG")
        assert outcome(data) == "read"
        monkeypatch.setattr(pool, "WALL_SECONDS", 0.0)
        monkeypatch.setattr(pool._Worker, "_reply", lambda worker: worker._exactly(10**7) and {})
        assert outcome(data) == "too_complex"
        monkeypatch.undo()
        assert outcome(data) == "read"

    def test_an_answer_that_makes_no_sense_is_not_believed(self, monkeypatch, drawn, encode, outcome):
        for reply in (b"[1]", b'{"code": "fine"}', b'{"width": 1, "height": 1}'):
            monkeypatch.setattr(
                pool._Worker,
                "_exactly",
                lambda worker, count, r=reply: struct.pack("<I", len(r)) if count == 4 else r,
            )
            assert outcome(encode(drawn, "PNG")) == "too_complex"

    def test_a_computer_that_cannot_start_one_says_so_and_does_not_blame_the_photo(
        self, monkeypatch, drawn, encode
    ):
        pool.end_idle()
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(PhotoError) as caught:
            read_photo(encode(drawn, "PNG"))
        assert caught.value.code == "cannot_decode"
        assert "Please try again later" in caught.value.message

    def test_the_system_holds_its_memory_and_its_time(self):
        code = (
            "import resource\n"
            "from core.decoding.worker import _address_space, _limit\n"
            "from core.decoding.limits import CPU_SECONDS\n"
            "_limit(_address_space(), False)\n"
            "assert 0 < resource.getrlimit(resource.RLIMIT_CPU)[0] <= CPU_SECONDS + 3\n"
            "some = bytearray(300_000_000)\n"
            "del some\n"
            "try:\n"
            "    bytearray(600_000_000)\n"
            "except MemoryError:\n"
            "    print('held')\n"
        )
        assert run(code) == "held\n"

    def test_it_imports_neither_the_pages_nor_the_networks(self):
        code = (
            "import sys\n"
            "from core.decoding import formats, worker\n"
            "print(sorted({'torch', 'streamlit', 'onnxruntime', 'babel', 'core.i18n'} & set(sys.modules)))"
        )
        assert run(code) == "[]\n"

    def test_it_ends_when_whoever_started_it_is_gone(self):
        # Their end of this pipe closes with them, however they went.
        worker = subprocess.Popen(
            [sys.executable, "-m", "core.decoding.worker"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert worker.stdout.read(1) == b"\x01"
        worker.stdin.close()
        assert worker.wait(timeout=60) == 0
        worker.stdout.close()

    def test_closed_standard_streams_do_no_harm(self, drawn, encode, tmp_path):
        path = tmp_path / "photo.jpg"
        path.write_bytes(encode(drawn, "JPEG"))
        code = (
            "import os, pathlib\n"
            "os.close(0); os.close(2)\n"
            "from core.photo import read_photo\n"
            f"os.write(1, str(read_photo(pathlib.Path({str(path)!r})).width).encode())\n"
        )
        assert run(code) == "640"


class TestPhoto:
    def test_a_picture_for_the_screen_does_not_need_all_pixels_here(self, drawn, encode, monkeypatch):
        asked = []
        decode = pool.decode
        monkeypatch.setattr(
            photo_module.pool, "decode", lambda data, side: asked.append(side) or decode(data, side)
        )
        photo = read_photo(encode(np.tile(drawn, (3, 3, 1)), "PNG", compress_level=1))
        assert Image.open(io.BytesIO(photo.jpeg(1200))).size == (1200, 900)
        assert asked == [640, 1200]

    def test_a_picture_that_is_too_complex_for_all_its_pixels_says_so(self, monkeypatch, drawn, encode):
        photo = read_photo(encode(drawn, "PNG"))

        def refuse(data, side):
            raise Refusal("too_complex")

        monkeypatch.setattr(pool, "decode", refuse)
        with pytest.raises(PhotoError) as caught:
            photo.full()
        assert caught.value.code == "too_complex"


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=120, check=True
    ).stdout
