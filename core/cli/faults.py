"""What the command line tells a person about an error, in place of a traceback."""

import os
import sys
from contextlib import suppress
from typing import Final, TextIO

from core.i18n import _

DEBUG_VARIABLE: Final = "RETAKE_DEBUG"


def debugging() -> bool:
    """Whether tracebacks are wanted."""
    return bool(os.environ.get(DEBUG_VARIABLE))


def sentence_of(error: Exception) -> str:
    """One translated sentence about an error, with what to do."""
    message = getattr(error, "message", None)
    if isinstance(message, str):
        return message
    if isinstance(error, ModuleNotFoundError):
        return _(
            "This command needs the package {package}, which is not installed. "
            "Add it with: pip install -r requirements.txt"
        ).format(package=error.name)
    if isinstance(error, OSError) and error.strerror:
        if error.filename is None:
            return _("A file could not be read or written ({reason}). Check the disk and try again.").format(
                reason=error.strerror
            )
        return _("This file or folder cannot be used: {path} ({reason}). Please choose another.").format(
            path=error.filename, reason=error.strerror
        )
    return _(
        "Something went wrong inside Retake ({kind}: {reason}). "
        "Set {variable}=1 to see where, and please report it."
    ).format(kind=type(error).__name__, reason=error, variable=DEBUG_VARIABLE)


def not_written(place: object, error: OSError) -> str:
    """That something could not be written there, and what to do."""
    message = _("{path} could not be written ({reason}). Make room there, or choose another place.")
    return message.format(path=place, reason=error.strerror or error)


def tell(sentence: str) -> None:
    """Say something on standard error, where there is one."""
    with suppress(OSError):
        if sys.stderr is not None:
            print(sentence, file=sys.stderr)


def redirect_to_null(stream: TextIO | None) -> None:
    """Let what is left of a stream that failed go nowhere: else the interpreter complains when it ends."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            if stream is not None:
                os.dup2(nowhere, stream.fileno())
        finally:
            os.close(nowhere)
