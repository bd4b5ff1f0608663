"""How far a command has come, on one line of standard error."""

import sys


def show_progress(what: str, done: int, total: int) -> None:
    """Show that ``done`` of ``total`` are done; without a terminal only the last is shown."""
    if sys.stderr.isatty() or done == total:
        print(f"\r{what} {done}/{total}", end="\n" if done == total else "", file=sys.stderr, flush=True)
