"""The load bench from end to end: a real server, one visitor without a browser, real WebRTC."""

import pytest

from core.load.bench import load

pytestmark = [pytest.mark.browser, pytest.mark.webrtc]


def test_a_visitor_without_a_browser_is_coached_over_webrtc():
    (found,) = load(most=1, seconds=3)
    assert (found.streams, found.served) == (1, 1)
    assert found.rate > 0
    assert 0 < found.p50_s < 5
    assert found.cores > 0
    assert found.memory_mb > 100
