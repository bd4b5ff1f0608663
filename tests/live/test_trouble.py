import pytest

from core.live import trouble
from core.live.stream_session import StreamStatus

REPORTS = ("insecure", "unsupported", "denied", "missing", "busy")


def find(
    report="ok",
    *,
    playing=True,
    connecting=False,
    failed=False,
    waited=1.0,
    frames=0,
    broken=False,
    refused=False,
    interrupted=False,
):
    status = StreamStatus(
        key="searching", verdict=None, frames=frames, refused=0, may_override=False, broken=broken
    )
    return trouble.find(
        report,
        playing=playing,
        connecting=connecting,
        failed=failed,
        waited=waited,
        status=status,
        refused=refused,
        interrupted=interrupted,
    )


OTHERS = ("connection", "interrupted", "full", "assessor")


@pytest.mark.parametrize("reason", [*REPORTS, *OTHERS])
def test_each_reason_has_its_own_sentence_and_says_what_to_do(reason):
    sentence = trouble.explain(reason)
    others = {trouble.explain(other) for other in (*REPORTS, *OTHERS) if other != reason}
    assert sentence.endswith(".")
    assert sentence not in others


def test_a_reason_nobody_knows_is_a_mistake():
    with pytest.raises(KeyError):
        trouble.explain("no_such_reason")


@pytest.mark.parametrize("report", REPORTS)
def test_what_the_browser_reports_counts_while_there_is_no_picture(report):
    assert find(report, playing=False) == report
    assert find(report, playing=True, frames=5) is None


def test_a_connection_has_its_time_and_then_counts_as_failed():
    assert find(playing=True, waited=9) is None
    assert find(playing=True, waited=11) == "connection"
    assert find(playing=False, connecting=True, waited=11) == "connection"
    assert find(playing=True, waited=60, frames=3) is None
    assert find(playing=False, waited=60) is None, "nobody started it"
    assert find(playing=False, failed=True) == "connection"


def test_a_stream_that_was_cut_off_is_told_until_the_camera_starts_again():
    assert find(playing=False, interrupted=True) == "interrupted"
    assert find("denied", playing=False, interrupted=True) == "denied"
    assert find(playing=False, connecting=True, interrupted=True) is None
    assert find(playing=True, frames=1, interrupted=True) is None


def test_an_assessor_that_breaks_is_told():
    assert find(frames=3, broken=True) == "assessor"


def test_a_server_without_a_place_says_so_before_and_after_the_camera_stops():
    assert find(refused=True) == "full"
    assert find(playing=False, waited=60, refused=True) == "full"
    assert find("denied", playing=False, refused=True) == "denied"
