"""/metrics: who may read it, and what it tells."""

import logging

import numpy as np
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.applications import Starlette

from core.live.scheduler import Action, Place
from core.live.stream_session import Frame
from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES
from core.quality.verdict import Verdict
from core.serving import counters
from core.serving.setting import Setting
from core.ui import _compat, routes
from tests.asgi import ask

TOKEN = "abcdefghijklmnop"
PATHS = ("/metrics", "/_stcore/metrics", "/base/_stcore/metrics", "/_stcore/metrics/")


def server(token=""):
    setting = Setting(metrics_token=token)
    return Starlette(routes=routes.routes(), middleware=routes.middleware(setting))


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", PATHS)
def test_nobody_reads_metrics_without_the_token(path):
    from_here = {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1"}
    for headers in ({}, from_here, bearer(""), bearer("x"), {"Authorization": ""}):
        answer = ask(server(), path, headers=headers)
        assert (answer.status, answer.body) == (404, b"Not Found")
        assert "content-security-policy" in answer.headers, "its headers stand around the refusal too"
    wrong = (bearer(TOKEN[:-1]), bearer(TOKEN + "x"), {"Authorization": f"Basic {TOKEN}"}, bearer("ä" * 16))
    for headers in ({}, from_here, *wrong):
        answer = ask(server(TOKEN), path, headers=headers)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.body == b"Unauthorized"


def test_other_addresses_need_no_token():
    answer = ask(server(TOKEN), "/healthz")
    assert (answer.status, answer.body) == (200, b"ok")


def sums():
    """Every sample: name and labels, to its value."""
    answer = ask(server(TOKEN), "/metrics", headers=bearer(TOKEN))
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def grown(before, after):
    changed = {
        name: value - before.get(name, 0) for name, value in after.items() if name[0].startswith("retake_")
    }
    return {name: by for name, by in changed.items() if by and not name[0].endswith("_created")}


def verdict(milliseconds, passes):
    return Verdict(
        assessor="imageqx",
        width=640,
        height=480,
        quality=dict.fromkeys(QUALITY_CLASSES, 0.25),
        label="lesion" if passes else "poor_quality",
        explanations=dict.fromkeys(EXPLANATIONS, 0.1),
        flagged=(),
        passes=passes,
        nearest=None,
        milliseconds=milliseconds,
    )


def test_frames_verdicts_time_and_errors_are_counted(monkeypatch):
    before, place = sums(), Place(None, pause_s=0.1, lost_after_s=3, gone_after_s=20)
    for picture in np.zeros((3, 2, 2)):
        counters.frame_came(place.put(Frame(picture, at=0.0)))
    place.begin(Action.FRAME, now=0.0)
    counters.frame_came(place.put(Frame(np.zeros((2, 2)), at=0.0)))
    for milliseconds, passes in ((8.0, True), (40.0, False)):
        given = verdict(milliseconds, passes)
        assert counters.judged("frame", given) is given
    handler, log = counters.ErrorCounter(), logging.getLogger("core.made_up")
    # Where another test has imported serve.py, the logger above counts, too.
    monkeypatch.setattr(log, "propagate", False)
    log.addHandler(handler)
    try:
        log.warning("no error")
        log.error("one")
    finally:
        log.removeHandler(handler)
    by = grown(before, sums())
    assert by.pop(("retake_assessment_seconds_sum", ("source", "frame"))) == pytest.approx(0.048)
    buckets = {name[1][1]: by.pop(name) for name in list(by) if name[0] == "retake_assessment_seconds_bucket"}
    assert (buckets["0.01"], buckets["0.02"], buckets["0.05"]) == (1, 1, 2)
    passed, refused = (
        (("label", label), ("passes", told), ("source", "frame"))
        for label, told in (("lesion", "true"), ("poor_quality", "false"))
    )
    assert by == {
        ("retake_frames_total",): 4,
        ("retake_frames_dropped_total",): 2,
        ("retake_assessment_seconds_count", ("source", "frame")): 2,
        ("retake_verdicts_total", *passed): 1,
        ("retake_verdicts_total", *refused): 1,
        ("retake_errors_total", ("logger", "core.made_up")): 1,
    }


def test_streamlits_sessions_are_told_beside_what_is_counted_here(monkeypatch):
    assert _compat.statistics() == "", "no server runs"
    monkeypatch.setattr(_compat, "statistics", lambda: "# TYPE active_sessions gauge\nactive_sessions 3\n")
    found = sums()
    assert found[("active_sessions",)] == 3
    assert found[("process_resident_memory_bytes",)] > 0
