"""The server dies in the middle of a participant's session, and nothing that it acknowledged is lost."""

import os
import signal

import pytest
from device_steps import wait_for
from playwright.sync_api import expect
from study_steps import LOOK_AWAY, WATCH, design, press, stored

from core.serving.process import free_port
from core.study.database import FILE_NAME, open_database
from core.study.links import address_of
from core.study.store import StudyStore
from scripts import drive

pytestmark = pytest.mark.browser


def test_a_killed_server_loses_no_acknowledged_event_and_the_participant_goes_on(run, open_page, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    store = StudyStore(open_database(f"sqlite:///{data / FILE_NAME}"))
    study_id = store.create(design())
    store.open(study_id)
    (link,) = store.add_links(study_id)
    port = free_port()
    with run(port=port, RETAKE_DATA=str(data)) as server:
        page = open_page(server, address_of(link, server.url), setting=WATCH, size=drive.DESKTOP)
        for words in ("Start", "I agree and take part", "Start the task", "Start camera"):
            press(page, words)
        wait_for(page, "ready")
        shutter = page.get_by_role("button", name="Take photo")
        assert shutter.bounding_box()["width"] > 200, "there is room beside the picture"
        page.evaluate(LOOK_AWAY)
        page.wait_for_function("() => window.acknowledged.answered.length > 0")
        os.kill(server.pid, signal.SIGKILL)
        answered, sent = page.evaluate("[acknowledged.answered, acknowledged.sent]")
        before = stored(store)
        assert set(answered) <= set(before)
        assert {"consent_given", "task_started", "camera_started"} <= set(before.values())
    with run(port=port, RETAKE_DATA=str(data)) as server:
        # What the first server did not answer for is sent to the second, and the task is still under way.
        page.wait_for_function("(ids) => ids.every((id) => acknowledged.answered.includes(id))", arg=sent)
        expect(page.get_by_text("Step 2 of")).to_be_visible()
        press(page, "I cannot do this")
        expect(page.get_by_role("radiogroup")).to_have_count(1)

        events = store.load(study_id).events
        assert [one.seq for one in events] == list(range(len(events)))
        ids, names = [one.event_id for one in events], [one.event for one in events]
        assert ids[: len(before)] == list(before)
        assert set(sent) <= set(ids)
        for name in ("task_started", "camera_started", "task_abandoned"):
            assert names.count(name) == 1
        store.database.close()
        assert "Traceback" not in server.printed(), server.printed()
