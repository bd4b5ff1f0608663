"""The command line: ``python -m core COMMAND ...``. Only the module of the command asked for is imported."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence

from core.cli.faults import debugging, not_written, redirect_to_null, sentence_of, tell

COMMANDS = {
    "assess": ("core.cli.assess", "say whether photos are good enough, and what to do"),
    "classify": ("core.cli.classify", "say what photos might show (not a diagnosis)"),
    "train": ("training.cli", "train a network"),
    "evaluate": ("training.evaluate_cli", "measure a network or the classical checks on photographs"),
    "bench": ("core.cli.bench", "measure speed and memory on this machine"),
    "ready": ("core.cli.ready", "say whether this copy can judge photos: for whatever watches a server"),
    "serve-networks": ("core.cli.serve_networks", "run the networks on Ray, for many apps"),
    "study": ("core.cli.study", "list, export, purge, delete, back up, restore, simulate studies"),
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
        return _flushed(_status(argv))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        redirect_to_null(sys.stdout)  # the reader of our output has closed it
        return 0


def _flushed(status: int) -> int:
    """The status, once all output is out: a full disk may tell so only now."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        redirect_to_null(sys.stdout)
        tell(not_written("stdout", error))
        return 1
    return status


def _status(argv: list[str]) -> int:
    try:
        return _run(argv)
    except SystemExit as stop:  # argparse: 0 after --help, 2 for wrong usage
        return stop.code if isinstance(stop.code, int) else 1
    except BrokenPipeError:
        raise
    except Exception as error:
        if debugging():
            raise
        tell(sentence_of(error))
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


if __name__ == "__main__":
    sys.exit(main())
