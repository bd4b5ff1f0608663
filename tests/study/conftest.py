"""A design to begin with, a clock that is set, and a store over each database that there is."""

import shutil
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from cryptography.fernet import Fernet

from core.study.database import open_database
from core.study.design import Allocation, Arm, Consent, Question, StudyDesign, Task
from core.study.photos import PhotoStore
from core.study.session import StudySession
from core.study.store import StudyStore
from tests.postgres import SERVER, empty_database


@pytest.fixture
def make_design():
    """A design of two arms and two tasks; any part may be given anew."""

    def make(**parts):
        whole = {
            "title": "Does coaching help?",
            "consent": Consent(text={"en": "I agree."}, photos={"en": "Keep my photos."}),
            "arms": (Arm(name="coach", preset="coach"), Arm(name="quiet", preset="quiet")),
            "tasks": (
                Task(name="arm_spot", title={"en": "A spot"}, scenario={"en": "Photograph a spot."}),
                Task(name="hand", title={"en": "A hand"}, scenario={"en": "Photograph a hand."}),
            ),
            "screening": (
                Question(
                    name="adult",
                    text={"en": "Are you 18 or older?"},
                    choices={"yes": {"en": "Yes"}, "no": {"en": "No"}},
                    excludes=("no",),
                ),
            ),
            "allocation": Allocation(seed=7),
        }
        return StudyDesign(**(whole | parts))

    return make


class Day:
    """The time of day, set by hand."""

    def __init__(self):
        self.now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

    def __call__(self):
        return self.now

    def monotonic(self):
        return self.now.timestamp()

    def pass_by(self, **time):
        self.now += timedelta(**time)


@pytest.fixture
def day():
    return Day()


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory):
    """A database as opening makes it: made once, and copied from there."""
    path = tmp_path_factory.mktemp("migrated") / "studies.sqlite3"
    open_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", *(["postgresql"] if SERVER else [])])
def database_url(request, tmp_path):
    """An empty database of each kind that there is."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("_migrated"), tmp_path / "studies.sqlite3")
        yield f"sqlite:///{tmp_path / 'studies.sqlite3'}"
        return
    with empty_database(SERVER) as address:
        yield address


@pytest.fixture
def database(database_url):
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def photo_key():
    return Fernet.generate_key()


@pytest.fixture
def photos(tmp_path, photo_key):
    return PhotoStore(tmp_path / "photos", photo_key)


@pytest.fixture
def store(database, photos, day):
    return StudyStore(database, photos, day)


@pytest.fixture
def take_part(store, make_design, day):
    """Begin a session in a new open study, or in the one of that name; returns the participant's session."""

    def begin(study_id=None, consent=True, photos=False, **parts):
        if study_id is None:
            study_id = store.create(make_design(**parts))
            store.open(study_id)
        (link,) = store.add_links(study_id)
        session = StudySession.open(store, store.begin(link.token), day.monotonic)
        if consent:
            session.consent(photos=photos)
        return session

    return begin


@pytest.fixture
def png():
    return cv2.imencode(".png", np.full((8, 8, 3), 200, np.uint8))[1].tobytes()
