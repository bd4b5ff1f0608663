import json

import pytest

from core.guidance import replay
from core.guidance.preset import load_preset
from core.guidance.streams import Frame, StreamError, read, synthetic_stream

PRESET = load_preset()


def steady(*parts, step=0.1):
    """Frames of one condition after the other: (key, seconds), or (key, seconds, truth)."""
    frames, now = [], 0.0
    for key, seconds, *truth in parts:
        for _turn in range(round(seconds / step)):
            now += step
            frames.append(Frame(round(now, 3), key, truth[0] if truth else key))
    return frames


def test_a_perfect_stream_without_smoothing_is_right_at_once():
    found = replay.measure([steady(("blurry", 3), ("ready", 3))], lambda clock: replay.Unsmoothed())
    assert found.first_correct == (0, 0)
    assert (found.never, found.wrong) == (0, 0)
    assert found.changes == pytest.approx(60 / 5.9)
    assert found.shortest == pytest.approx(3)


def test_what_is_never_said_counts_as_never():
    stream = steady(("blurry", 3), ("blurry", 3, "ready"))
    found = replay.measure([stream], lambda clock: replay.Unsmoothed())
    assert found.never == 0.5
    assert found.wrong == pytest.approx(0.5, abs=0.02)
    assert "never" in replay.table({"raw": found})


def test_a_smoother_waits_and_changes_less():
    streams = [synthetic_stream(seed, PRESET) for seed in range(40)]
    rows = {name: replay.measure(streams, one) for name, one in replay.smoothers(PRESET).items()}
    raw, ours, whole = rows.values()
    assert ours.changes < 0.3 * raw.changes
    assert min(ours.shortest, whole.shortest) >= 1.0 - 1e-9
    assert raw.shortest < 0.5
    assert ours.first_correct[0] < 0.8
    assert ours.wrong < 0.28
    assert whole.first_correct[0] < 1.0
    assert len(replay.table(rows).splitlines()) == 2 + len(rows)


def test_made_streams_are_the_same_for_the_same_seed():
    assert synthetic_stream(3, PRESET) == synthetic_stream(3, PRESET) != synthetic_stream(4, PRESET)
    assert synthetic_stream(3, PRESET)[-1].truth == "ready"


def log_row(t_ms, **properties):
    shown = {
        "label": "lesion",
        "quality": {"lesion": 0.9},
        "explanations": dict.fromkeys(("blurry", "bad_light"), 0.2),
        "flagged": [],
        "passes": True,
    }
    return {"event": "frame_assessed", "t_ms": t_ms, "properties": {**shown, **properties}}


def test_a_sessions_log_is_judged_with_hindsight(tmp_path):
    rows = [{"event": "camera_started", "t_ms": 0, "properties": {}}]
    rows += [log_row(500 * n, passes=False, flagged=["blurry"]) for n in range(1, 8)]
    rows[4] = log_row(2000)  # one odd frame
    rows += [log_row(500 * n) for n in range(8, 15)]
    path = tmp_path / "session.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    stream = read(path, PRESET)
    assert [frame.key for frame in stream[:5]] == ["blurry", "blurry", "blurry", "ready", "blurry"]
    assert {frame.truth for frame in stream[:5]} == {"blurry"}
    assert stream[-1].truth == "ready"
    assert stream[0].at == 0.5


def test_the_command_prints_the_table_and_says_what_is_wrong_with_a_file(tmp_path, capsys):
    path = tmp_path / "stream.jsonl"
    lines = [{"t": n / 10, "key": "blurry", "truth": "blurry"} for n in range(50)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert replay.main([str(path)]) == 0
    printed = capsys.readouterr().out
    assert "| no smoothing | 0.00 s |" in printed
    assert "Retake with the gate" in printed
    for content, says in (
        ("", "no assessed frame"),
        ("{}", "line 1"),
        ('{"t": 1, "key": "nonsense"}', "line 1"),
        ("not json", "line 1"),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(StreamError):
            read(path, PRESET)
        assert replay.main([str(path)]) == 1
        assert says in capsys.readouterr().err
    assert replay.main([str(tmp_path / "none.jsonl")]) == 1
    assert replay.main(["--preset", "nonsense"]) == 1
