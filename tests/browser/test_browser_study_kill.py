"""The server dies in the middle of a participant's session, and nothing that it acknowledged is lost."""

import pytest
from study_steps import WATCH, begin, design, give_up, goes_on, kill, let_it_send

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
        begin(page)
        shutter = page.get_by_role("button", name="Take photo")
        assert shutter.bounding_box()["width"] > 200, "there is room beside the picture"
        let_it_send(page)
        sent, before = kill(server, page, store)
    with run(port=port, RETAKE_DATA=str(data)) as server:
        goes_on(page, sent, server)
        give_up(page, store, study_id, sent, before, server)
        store.database.close()
        assert "Traceback" not in server.printed(), server.printed()
