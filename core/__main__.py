"""The command line: ``python -m core COMMAND ...``. Only the module of the command asked for is imported."""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from core.words import _

DEBUG_VARIABLE = "RETAKE_DEBUG"

COMMANDS = {
    "assess": ("core.cli.assess", "say whether photos are good enough, and what to do"),
    "classify": ("core.cli.classify", "say what photos might show (not a diagnosis)"),
    "train": ("core.training.cli", "train a network"),
    "evaluate": ("core.training.evaluate_cli", "measure a network or the classical checks on photographs"),
    "bench": ("core.cli.bench", "measure speed and memory on this machine"),
    "weights": ("core.runtime.cli", "check the network files"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the arguments after ``python -m core``; those of the process when None.

    Returns:
        exit status: 0 all is well, 1 something failed, 2 wrong usage.
    """
    argv = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(argv)
    except SystemExit as stop:  # argparse: 0 after --help, 2 for wrong usage
        return stop.code if isinstance(stop.code, int) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; keep the interpreter from complaining when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        print(_sentence(error), file=sys.stderr)
        return 1


def _run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m core",
        description="Retake: coaches a person through taking a skin photo. Not a medical device.",
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = next((word for word in argv if not word.startswith("-")), None)
    run: Callable[[argparse.Namespace], int] | None = None
    for name, (path, summary) in COMMANDS.items():
        if name == asked:
            module = importlib.import_module(path)
            module.add_parser(subparsers)
            run = module.run
        else:
            subparsers.add_parser(name, help=summary)
    args = parser.parse_args(argv)
    assert run is not None  # the parser refuses any other command
    return run(args)


def _sentence(error: Exception) -> str:
    """What to tell a person about an error, in place of a traceback."""
    if isinstance(getattr(error, "message", None), str):
        return error.message  # type: ignore[attr-defined]
    if isinstance(error, ModuleNotFoundError):
        return _(
            "This command needs the package {package}, which is not installed. "
            "Add it with: pip install -r requirements.txt"
        ).format(package=error.name)
    if isinstance(error, OSError) and error.strerror:
        return _("This file or folder cannot be used: {path} ({reason}). Please choose another.").format(
            path=error.filename, reason=error.strerror
        )
    return _(
        "Something went wrong inside Retake ({kind}: {reason}). "
        "Set {variable}=1 to see where, and please report it."
    ).format(kind=type(error).__name__, reason=error, variable=DEBUG_VARIABLE)


if __name__ == "__main__":
    sys.exit(main())
