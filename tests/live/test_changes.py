"""Pages are told when what they show of a stream has changed, and of nothing else."""

import asyncio
import gc

import numpy as np
import pytest

from core.guidance.preset import load_preset
from core.live.changes import Announced, Changes, known
from core.live.changes_route import route
from core.live.stream_session import Frame, StreamSession
from core.quality.verdict import PassRule

WAIT_S = 30  # only ends a test that would never end


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def told(changes, *shown):
    """How often who listens is told, while a stream shows one thing after another."""

    async def listen():
        count = 0
        with changes.listening() as changed:
            for what in shown:
                changes.show(what)
                await asyncio.sleep(0)
                count += changed.is_set()
                changed.clear()
        return count

    return asyncio.run(listen())


def test_only_something_else_is_told():
    assert told(Changes(), "blurry", "blurry", "ready", "ready", "blurry") == 3


def test_nobody_listens_before_and_after():
    changes = Changes()
    assert not changes.listened
    changes.show("blurry")

    async def listen():
        with changes.listening():
            assert changes.listened

    asyncio.run(listen())
    assert not changes.listened
    changes.show("ready")  # its loop is closed, and nobody is called there


def test_measurements_that_somebody_looks_at_are_told_at_their_pace():
    clock = Clock()
    changes = Changes(clock)
    assert told(changes, "ready") == 1
    changes.every_s = 0.7
    clock.now = 0.5
    assert told(changes, "ready") == 0
    clock.now = 0.7
    assert told(changes, "ready", "ready") == 1
    changes.every_s = None
    clock.now = 10
    assert told(changes, "ready") == 0


def test_a_token_names_its_stream_until_that_is_gone():
    changes = Changes()
    token = changes.token
    assert known(token) is changes
    assert Changes().token != token
    del changes
    gc.collect()
    assert known(token) is None


@pytest.fixture
def session(fakes):
    clock = Clock()
    preset = load_preset()
    rule = PassRule(dict.fromkeys(preset.priority, 0.5))
    made = StreamSession(fakes.SaysWhatItIsTold(), rule, preset, clock)
    made.clock = clock
    return made


def film(announced, session, seconds):
    """The camera sees the same noise-like picture for a while."""
    rng = np.random.default_rng(3)
    for _frame in range(round(seconds / 0.2)):
        session.clock.now += 0.2
        picture = rng.integers(90, 160, (48, 64, 3)).astype(np.uint8)
        announced.process_frame(Frame(picture, session.clock.now))


def test_a_stream_tells_of_its_first_frame_its_prompt_its_loss_and_its_end(session):
    shown = []
    changes = Changes(session.clock)
    changes.show = lambda what: shown.append(what) if [what] != shown[-1:] else None
    announced = Announced(session, changes)
    film(announced, session, 3)
    keys = [what[0] for what in shown]
    assert keys[0] == "searching"
    assert len(keys) == len(set(keys)) == 2, "the same prompt frame after frame is no change"
    assert keys[-1] == session.status().key
    announced.lost()
    assert shown[-1][0] == session.status().key != keys[-1]
    announced.end_stream()
    assert shown[-1] == ("searching", False, 0, False, False, False, None)


class Socket:
    """A browser's end of the WebSocket at an address."""

    def __init__(self, path):
        self.scope = {
            "type": "websocket",
            "path": path,
            "root_path": "",
            "query_string": b"",
            "headers": [],
            "subprotocols": [],
        }
        self.inbox, self.outbox = asyncio.Queue(), asyncio.Queue()
        self.inbox.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.ensure_future(self.talk())

    async def talk(self):
        match, more = route().matches(self.scope)
        assert match.name == "FULL"
        self.scope.update(more)
        await route().handle(self.scope, self.inbox.get, self.outbox.put)

    async def next(self):
        return await asyncio.wait_for(self.outbox.get(), WAIT_S)

    async def leave(self):
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(self.task, WAIT_S)


@pytest.mark.parametrize("base", ["", "/retake", "/a/b"])
def test_a_browser_is_told_wherever_the_app_is_served(base):
    changes = Changes()

    async def visit():
        socket = Socket(f"{base}/live/changes/{changes.token}")
        assert (await socket.next())["type"] == "websocket.accept"
        assert changes.listened
        changes.show("blurry")
        first = await socket.next()
        changes.show("ready")
        second = await socket.next()
        assert first == second
        assert first["text"] == "changed", "what changed is for the page alone to say"
        socket.inbox.put_nowait({"type": "websocket.receive", "text": "something"})
        changes.show("blurry")
        assert await socket.next() == first
        await socket.leave()

    asyncio.run(visit())
    assert not changes.listened


def test_who_does_not_know_a_stream_is_turned_away():
    async def visit():
        socket = Socket("/live/changes/guessed")
        assert (await socket.next())["type"] == "websocket.close"
        await asyncio.wait_for(socket.task, WAIT_S)

    asyncio.run(visit())
