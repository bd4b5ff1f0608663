"""What every part of the study store has: a database, a place for photos, and the time of day."""

from collections.abc import Callable
from datetime import UTC, datetime

from core.study.database import Database
from core.study.photos import PhotoStore


class Base:
    """A part of the store.

    Args:
        photos: where kept photos lie; without it none is kept.
        now: the time of day, with its zone.
    """

    def __init__(
        self,
        database: Database,
        photos: PhotoStore | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.database = database
        self.photos = photos
        self.now = now
