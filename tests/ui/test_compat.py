"""What Retake relies on in Streamlit and Starlette beyond what they promise."""

import asyncio
import json
import time
import urllib.request
import uuid
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from starlette.formparsers import MultiPartParser
from starlette.requests import Request
from streamlit import runtime
from streamlit.config import get_option
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.forward_msg_cache import populate_hash_if_needed
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import (
    RerunData,
    ScriptRequests,
    ScriptRequestType,
)
from streamlit.runtime.session_manager import SessionInfo
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.runtime.state.session_state import SessionState
from streamlit.testing.v1 import AppTest
from websockets.sync.client import connect

from core.photo import MAX_BYTES
from core.ui import _compat
from scripts import drive

TOKEN = "abcdefghijklmnop"
HEAD = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'


def form_with(data: bytes):
    """What Starlette makes of an upload of these bytes."""
    body = HEAD + data + b"\r\n--edge--\r\n"

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", b"multipart/form-data; boundary=edge")]
    scope = {"type": "http", "method": "PUT", "path": "/", "headers": headers, "query_string": b""}

    async def form():
        return await Request(scope, receive).form()

    return asyncio.run(form())


def test_an_upload_stays_in_memory_while_it_arrives(monkeypatch):
    # As Starlette comes: a page that ran in this process before has changed it.
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1024 * 1024)
    assert form_with(bytes(2_000_000))["file"].file._rolled, "Starlette keeps it in memory by itself now"
    _compat.keep_uploads_off_disk()
    assert not form_with(bytes(2_000_000))["file"].file._rolled


def test_streamlit_takes_every_file_that_the_page_lets_through():
    assert get_option("server.maxUploadSize") * 1024 * 1024 == MAX_BYTES


def test_no_message_is_left_to_the_browser_to_remember():
    message = ForwardMsg()
    message.delta.new_element.markdown.body = "x" * 5_000_000
    populate_hash_if_needed(message)
    assert not message.metadata.cacheable


@pytest.fixture
def as_streamlit_comes(monkeypatch):
    monkeypatch.setattr(SafeSessionState, "on_script_will_rerun", _compat._run_callbacks)


def page_whose_press_meets_a_newer_request():
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx
    from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

    def count():
        # As when the message of a camera arrives.
        get_script_run_ctx().script_requests.request_rerun(RerunData())
        st.session_state.presses = st.session_state.get("presses", 0) + 1
        st.toast("counted")

    st.session_state.runs = st.session_state.get("runs", 0) + 1
    st.button("Count", on_click=count)


@pytest.mark.usefixtures("as_streamlit_comes")
def test_what_a_press_calls_runs_to_its_end():
    lost = AppTest.from_function(page_whose_press_meets_a_newer_request).run()
    lost.button[0].click().run()
    assert "presses" not in lost.session_state, "Streamlit keeps the press by itself now"
    _compat.finish_callbacks()
    at = AppTest.from_function(page_whose_press_meets_a_newer_request).run()
    at.button[0].click().run()
    assert not at.exception
    assert at.session_state.presses == 1
    at.run()
    assert (at.session_state.presses, at.session_state.runs) == (1, 3)


@pytest.mark.usefixtures("as_streamlit_comes")
def test_a_press_counts_though_something_newer_is_asked_for_before_its_run_looks_for_it():
    class Runner:
        _execing = True

        def end_for_a_newer_one(self):
            if self._execing:
                raise RerunException(RerunData())

    runner = Runner()
    state = SafeSessionState(SessionState(), runner.end_for_a_newer_one)
    with pytest.raises(RerunException):
        state.on_script_will_rerun(None)
    _compat.finish_callbacks()
    state.on_script_will_rerun(None)
    assert runner._execing
    SafeSessionState(SessionState(), lambda: None).on_script_will_rerun(None)


def test_a_press_whose_run_has_not_begun_joins_what_is_asked_for_next():
    """With ``runner.fastReruns`` Streamlit would stop that run, and the press would be gone."""
    requests = ScriptRequests()
    pressed = ClientState()
    pressed.widget_states.widgets.add(id="a button", trigger_value=True)
    requests.request_rerun(RerunData(widget_states=pressed.widget_states))
    session = Mock(_scriptrunner=requests, _client_state=ClientState())
    AppSession.request_rerun(session, ClientState())
    begun = requests.on_scriptrunner_ready()
    assert begun.type == ScriptRequestType.RERUN
    assert [one.trigger_value for one in begun.rerun_data.widget_states.widgets] == [True]


def test_a_visit_that_cannot_come_back_is_let_go_without_waiting_for_another(monkeypatch):
    ended = []
    storage = MemorySessionStorage(ttl_seconds=0)
    state = SessionState()
    state["tray"] = "a photo"
    visit = SimpleNamespace(id="left", shutdown=lambda: ended.append("left"), session_state=state)
    storage.save(SessionInfo(client=None, session=visit))
    holder = SimpleNamespace(_session_mgr=SimpleNamespace(_session_storage=storage))
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: holder)
    _compat.forget_left_visits()
    assert ended == ["left"]
    assert not storage._cache._data
    assert "tray" not in state


def test_streamlit_lets_a_visit_come_back_for_no_longer_than_is_waited_here():
    assert MemorySessionStorage()._cache.ttl < _compat.LEFT_FOR_GOOD_S


@pytest.fixture
def server(tmp_path):
    environment = {
        "RETAKE_ASSESSOR": "classical",
        "RETAKE_DATA": str(tmp_path / "data"),
        "STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false",
        "RETAKE_METRICS_TOKEN": TOKEN,
        "RETAKE_LOG": "json",
    }
    with drive.serve(tmp_path / "log", environment) as started:
        yield started


def next_of(stream, kind: str) -> ForwardMsg:
    while True:
        message = ForwardMsg.FromString(stream.recv(timeout=120))
        if message.WhichOneof("type") == kind:
            return message


def metrics(server, path: str) -> list[str]:
    asked = urllib.request.Request(f"{server.url}/{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(asked) as answer:
        return answer.read().decode().splitlines()


def kept(server) -> int:
    """Bytes of what was uploaded and is still in Streamlit's store."""
    lines = metrics(server, "_stcore/metrics?families=cache_memory_bytes")
    return sum(int(float(line.split()[-1])) for line in lines if "UploadedFileManager" in line)


def until(condition) -> None:
    patience = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < patience
        time.sleep(0.2)


def test_what_was_uploaded_goes_when_the_page_is_closed(server):
    with connect(server.url.replace("http", "ws", 1) + "/_stcore/stream", max_size=None) as stream:
        ask = BackMsg()
        ask.rerun_script.page_name = "check"
        stream.send(ask.SerializeToString())
        visit = next_of(stream, "new_session").new_session.initialize.session_id
        next_of(stream, "script_finished")
        place = f"{server.url}/_stcore/upload_file/{visit}/{uuid.uuid4()}"
        body = (
            b'--edge\r\nContent-Disposition: form-data; name="f"; filename="a.jpg"\r\n\r\nabc\r\n--edge--\r\n'
        )
        headers = {"Content-Type": "multipart/form-data; boundary=edge"}
        with urllib.request.urlopen(urllib.request.Request(place, body, headers, method="PUT")) as answer:
            assert answer.status == 204
        told = metrics(server, "metrics")
    until(lambda: kept(server) == 0)
    assert "Traceback" not in server.printed()
    # Its sessions are joined to what is counted here, and its log is written as ours is.
    assert {"active_sessions 1", 'session_events_total{type="connect"} 1'} <= set(told)
    assert told[-1] == "# EOF"
    logged = [json.loads(line) for line in server.printed().splitlines() if line.startswith("{")]
    assert "uvicorn.error" in {line["logger"] for line in logged}
