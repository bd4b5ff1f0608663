"""What the tests leave to be shown at the end of the run, whether they ran in this process or in workers."""

from dataclasses import dataclass, field

import pytest

_REMARKS = "retake_remarks"
# What to do about an engine that is missing.
HOW = {
    "Chromium": "there is no Chromium here. Install it (Debian, Ubuntu: sudo apt-get install chromium), or "
    "name one in RETAKE_CHROMIUM.",
    "firefox": "there is no Firefox here. Install it (Debian: sudo apt-get install firefox-esr).",
    "webkit": "there is no WebKitGTK here, or no screen for it. Install both (Debian: sudo apt-get install "
    "webkit2gtk-driver xvfb).",
}


@dataclass
class Remarks:
    """How many tests were left out: in Chromium, of training, in each other engine; and lines on others."""

    left_out: int = 0
    unchanged: int = 0
    lacking: list[str] = field(default_factory=list)
    measured: list[str] = field(default_factory=list)
    engines: dict[str, int] = field(default_factory=dict)


KEY = pytest.StashKey[Remarks]()


def remarks(config):
    """Those of this process."""
    return config.stash.setdefault(KEY, Remarks())


def pytest_sessionfinish(session):
    output = getattr(session.config, "workeroutput", None)
    if output is not None:  # a worker of pytest-xdist: it has no screen of its own
        output[_REMARKS] = vars(remarks(session.config))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    given = getattr(node, "workeroutput", {}).get(_REMARKS)
    if given:
        all_of_them = remarks(node.config)
        for name in ("left_out", "unchanged"):  # each worker collects all tests
            setattr(all_of_them, name, max(getattr(all_of_them, name), given[name]))
        all_of_them.engines |= given["engines"]
        all_of_them.measured += given["measured"]
        all_of_them.lacking += [line for line in given["lacking"] if line not in all_of_them.lacking]


def pytest_terminal_summary(terminalreporter, config):
    shown = remarks(config)
    for line in shown.measured:
        terminalreporter.write_line(f"measured, not judged: {line}")
    if shown.unchanged:
        terminalreporter.write_line(
            f"{shown.unchanged} tests of training were left out: nothing they depend on has changed since "
            "they passed here. All of them: make test ARGS=tests/training",
            yellow=True,
        )
    left_out = {"Chromium": shown.left_out} | shown.engines
    if any(left_out.values()) or shown.lacking:
        terminalreporter.section("NOT EVERYTHING WAS TESTED", red=True, bold=True)
    for line in shown.lacking:
        terminalreporter.write_line(line, red=True)
    for name, count in left_out.items():
        if count:
            kind = "browser tests" if name == "Chromium" else f"tests in {name}"
            terminalreporter.write_line(f"{count} {kind} were left out: {HOW[name]}", red=True)
