"""Who judges photos on this computer: the setting ``RETAKE_ASSESSOR``."""

import os
from typing import Final

from core.errors import UserFacingError
from core.i18n import _
from core.quality import registry

VARIABLE: Final = "RETAKE_ASSESSOR"


class SettingError(UserFacingError):
    """The setting names no assessor; ``message`` is a translated sentence that says what to do."""


def asked_for(preset: str | None = None, *, setting_first: bool = False) -> str:
    """The assessor's name: the preset's, else ``RETAKE_ASSESSOR``, else the registry's default.

    Args:
        preset: what the preset names, None where it names none.
        setting_first: whether ``RETAKE_ASSESSOR`` goes before the preset: on the command line it was given
            for this very run.

    Raises:
        SettingError: there is no assessor of that name.
    """
    setting = os.environ.get(VARIABLE)
    name = (setting or preset if setting_first else preset or setting) or registry.DEFAULT
    if name not in registry.ENTRIES:
        message = _("There is no assessor {name}. Set {variable} to one of these: {choices}.")
        choices = ", ".join(registry.names())
        raise SettingError(message.format(name=name, variable=VARIABLE, choices=choices))
    return name
