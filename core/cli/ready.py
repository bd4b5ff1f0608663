"""``python -m core ready``: could this copy of Retake judge a photo right now?"""

import argparse

from core.cli.faults import tell
from core.i18n import _
from core.ready import problems


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add ``ready`` to the command line."""
    subparsers.add_parser("ready", help="judge a drawn picture and say whether all is there")


def run(_args: argparse.Namespace) -> int:
    """Say that all is well and return 0, or each problem on standard error and return 1."""
    found = problems()
    for sentence in found:
        tell(sentence)
    if not found:
        print(_("Ready"))
    return int(bool(found))
