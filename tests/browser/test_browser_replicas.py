"""Two servers behind nginx on one PostgreSQL: one of them is killed, and its visitors go on at the other."""

from contextlib import ExitStack

import pytest
from browser_steps import hand_in
from playwright.sync_api import expect
from study_steps import WATCH, begin, design, give_up, goes_on, kill, let_it_send

from core.serving.process import free_port
from core.study.database import VARIABLE, open_database
from core.study.links import address_of
from core.study.store import StudyStore
from scripts import drive, replicas
from tests.postgres import SERVER, empty_database

pytestmark = [pytest.mark.browser, pytest.mark.needs("nginx", "postgresql")]

NAMES = ("one", "two")
CHECKED = "What was checked"
LOST = "The server no longer has the photos of this visit"


def serving(page):
    """The number of the server that has this visitor."""
    (found,) = (one["value"] for one in page.context.cookies() if one["name"] == "retake_server")
    return NAMES.index(found)


def test_a_killed_replicas_visitors_go_on_at_the_other(run, open_page, jpeg_of, tmp_path):
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(SERVER or stack.enter_context(replicas.postgres())))
        store = StudyStore(open_database(url))
        stack.callback(store.database.close)
        study_id = store.create(design())
        store.open(study_id)
        (link,) = store.add_links(study_id)

        setting = {**replicas.alike({}), VARIABLE: url, "RETAKE_DATA": str(tmp_path / "data")}
        ports, servers = [], []
        for _name in NAMES:
            ports.append(free_port())
            servers.append(stack.enter_context(run(port=ports[-1], **setting)))
        front = f"http://127.0.0.1:{free_port()}"
        stack.enter_context(replicas.nginx(int(front.rsplit(":", 1)[1]), ports))

        page = open_page(servers[0], address_of(link, front), setting=WATCH, size=drive.DESKTOP)
        begin(page)
        check = page.context.new_page()
        check.goto(f"{front}/check")
        hand_in(check, "spot.jpg", jpeg_of((200, 140, 120)))
        expect(check.get_by_text(CHECKED)).to_be_visible()
        let_it_send(page)

        killed = serving(page)
        sent, before = kill(servers[killed], page, store)
        while serving(page) == killed:  # until it has connected anew
            page.wait_for_timeout(100)
        goes_on(page, sent, servers[serving(page)])
        # A file that was handed in was in the memory of the first alone, and the page says so.
        expect(check.get_by_text(LOST)).to_be_visible()

        # Back again, the first gets nothing of those who went over to the second.
        stack.enter_context(run(port=ports[killed], **setting))
        hand_in(check, "spot.jpg", jpeg_of((200, 140, 120)))
        expect(check.get_by_text(CHECKED)).to_be_visible()
        expect(check.get_by_text(LOST)).to_be_hidden()
        assert serving(page) != killed
        give_up(page, store, study_id, sent, before, servers[serving(page)])
        for server in servers:
            assert "Traceback" not in server.printed(), server.printed()
