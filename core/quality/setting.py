"""Who judges photos on this computer: the setting ``RETAKE_ASSESSOR``."""

import os
from typing import Final

from core.i18n import _
from core.quality import registry

VARIABLE: Final = "RETAKE_ASSESSOR"


class SettingError(Exception):
    """The setting names no assessor; ``message`` is a translated sentence that says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def asked_for() -> str:
    """The assessor's name: ``RETAKE_ASSESSOR``, else the registry's default.

    Raises:
        SettingError: there is no assessor of that name.
    """
    name = os.environ.get(VARIABLE) or registry.DEFAULT
    if name not in registry.ENTRIES:
        message = _("There is no assessor {name}. Set {variable} to one of these: {choices}.")
        choices = ", ".join(registry.names())
        raise SettingError(message.format(name=name, variable=VARIABLE, choices=choices))
    return name
