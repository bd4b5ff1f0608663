"""The settings of a server, read from the environment once, when it starts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from core import embedding
from core.errors import UserFacingError
from core.i18n import _

ISOLATED: Final = "RETAKE_ISOLATED"
METRICS_TOKEN: Final = "RETAKE_METRICS_TOKEN"  # noqa: S105, a setting's name
LOG: Final = "RETAKE_LOG"
# What a header can carry: RFC 6750's b64token. Shorter ones could be guessed.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]{16,}=*")


class SettingError(UserFacingError):
    """A variable of the environment cannot be used.

    Attributes:
        message: one translated sentence with what to do.
    """


@dataclass(frozen=True)
class Setting:
    """How a server answers.

    Attributes:
        embed_origins: origins of the pages that may frame this one; None for no list.
        isolated: whether pages are cross-origin isolated, so that browsers give them threads.
        metrics_token: what a reader of the metrics has to show; empty where they cannot be read.
        json_logs: whether the log is JSON lines.
        left_out: parts of ``RETAKE_EMBED_ORIGINS`` that are no origins.
    """

    embed_origins: frozenset[str] | None = None
    isolated: bool = False
    metrics_token: str = ""
    json_logs: bool = False
    left_out: tuple[str, ...] = ()

    def remarks(self) -> tuple[str, ...]:
        """A translated sentence for each thing that was left out."""
        sentence = _("{variable}: {value} is no origin such as {example}, and is left out.")
        return tuple(
            sentence.format(variable=embedding.VARIABLE, value=part, example="https://clinic.example")
            for part in self.left_out
        )


def read(environment: Mapping[str, str]) -> Setting:
    """The settings of an environment.

    Raises:
        SettingError: ``RETAKE_ISOLATED``, ``RETAKE_METRICS_TOKEN`` or ``RETAKE_LOG`` cannot be used.
    """
    around = environment.get(embedding.VARIABLE, "").strip()
    return Setting(
        embed_origins=embedding.allowed(around) if around else None,
        isolated=_one_of(environment, ISOLATED, ("0", "1")) == "1",
        metrics_token=_token(environment.get(METRICS_TOKEN, "").strip()),
        json_logs=_one_of(environment, LOG, ("text", "json")) == "json",
        left_out=embedding.unusable(around),
    )


def _one_of(environment: Mapping[str, str], variable: str, values: tuple[str, ...]) -> str:
    """The value of a variable; the first of the values where it is unset or empty."""
    given = environment.get(variable, "").strip() or values[0]
    if given not in values:
        message = _("{variable} cannot be {value}. Set it to one of these: {choices}.")
        raise SettingError(message.format(variable=variable, value=given, choices=", ".join(values)))
    return given


def _token(given: str) -> str:
    if given and not _TOKEN.fullmatch(given):
        message = _(
            "{variable} is too short, or has characters that no header carries. Make one with: {command}"
        )
        command = 'python -c "import secrets; print(secrets.token_urlsafe())"'
        raise SettingError(message.format(variable=METRICS_TOKEN, command=command))
    return given
