"""The study store: what the pages call. Every change is committed before it returns.

A study has a draft, which may be edited, and frozen versions, which may not. People take part in the newest
version; a session keeps the version that it began with. Tokens are random; the store keeps the hash of those
that open one participant's session. Whoever asks for a study that is unknown, or not open, gets one answer.
"""

from core.study.store.data import Data
from core.study.store.links import Links
from core.study.store.sessions import Sessions
from core.study.store.traces import Traces


class StudyStore(Links, Sessions, Traces, Data):
    """All studies of a server; any thread, and any server with the same database, may ask."""
