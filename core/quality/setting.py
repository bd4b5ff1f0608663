"""Who judges photos on this computer: the setting ``RETAKE_ASSESSOR``."""

import os
from typing import Final

from core.i18n import _

VARIABLE: Final = "RETAKE_ASSESSOR"
ASSESSORS: Final = ("imageqx", "classical")


class SettingError(Exception):
    """The setting names no assessor; ``message`` is a translated sentence that says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def asked_for() -> str:
    """The assessor's name: ``RETAKE_ASSESSOR``, else ``"imageqx"``.

    Raises:
        SettingError: there is no assessor of that name.
    """
    name = os.environ.get(VARIABLE) or ASSESSORS[0]
    if name not in ASSESSORS:
        message = _("There is no assessor {name}. Set {variable} to imageqx or classical.")
        raise SettingError(message.format(name=name, variable=VARIABLE))
    return name
