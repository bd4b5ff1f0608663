"""Asks an ASGI application one question, without a server."""

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def ask(app, path="/", *, query="", headers=(), kind="http", root="", client=("127.0.0.1", 1)):
    """What it answers; raises what it raises, with what was sent before as ``error.answer``."""
    sent = []
    scope = {
        "type": kind,
        "method": "GET",
        "path": path,
        "root_path": root,
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in dict(headers).items()],
        "client": client,
    }

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    try:
        asyncio.run(app(scope, receive, send))
    except Exception as error:
        error.answer = _answer(sent)
        raise
    return _answer(sent)


def _answer(sent):
    pairs = [(name.decode().lower(), value.decode()) for name, value in sent[0].get("headers", ())]
    assert len(dict(pairs)) == len(pairs), "no header twice"
    return Answer(sent[0].get("status", 0), dict(pairs), b"".join(one.get("body", b"") for one in sent[1:]))
