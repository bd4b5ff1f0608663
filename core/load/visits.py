"""Figures of the browser bench: visits and judged pictures, their medians and ratios. No browser here."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WAYS: Final = {"asked": "when Start is pressed", "early": "by itself"}
"""When the checker comes on a first visit; Start is pressed as soon as it is there."""
STEPS: Final = ("open", "fetch", "read", "unpack", "session", "first run")
"""What opening is made of, as ``core/browser/web/store.js`` and ``network.js`` note it."""


@dataclass(frozen=True)
class Visit:
    """One visit of the first page.

    Attributes:
        page_s: from the link until "Start camera" is there.
        open_s: from the link until the checker is open.
        steps_s: of opening, by name; ``fetch`` where something was fetched, ``read`` where it lay there.
    """

    page_s: float
    open_s: float
    steps_s: dict[str, float]


def visit_of(found: Mapping[str, Any], origin: float, there: float, compiled_s: float) -> Visit:
    """A visit from what its worker measured.

    Args:
        found: the worker's ``origin`` and its ``steps``: name, start and duration, in milliseconds.
        origin: the page's, on the same clock.
        there: when the page was there, after its origin.
        compiled_s: seconds that compiling takes by itself.
    """
    steps = {"compile": compiled_s}
    opened = 0.0
    for name, start, took in found["steps"]:
        kind = next((one for one in STEPS if name.startswith(f"retake {one}")), None)
        if kind is not None:
            # Several files come at the same time: the longest counts.
            steps[kind] = max(steps.get(kind, 0.0), took / 1000)
        if kind == "open":
            opened = (found["origin"] + start + took - origin) / 1000
    return Visit(there / 1000, opened, steps)


def figures(visits: Mapping[str, Sequence[Visit]], judged: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    """Medians, and ratios of one run.

    Args:
        visits: by ``"WAY, first visit"`` and ``"WAY, second visit"``.
        judged: what each round found, by name.
    """
    found: dict[str, Any] = {"visits": {name: _median(group) for name, group in visits.items()}}
    found |= {name: statistics.median(values) for name, values in judged.items()}
    asked = found["visits"]["asked, first visit"]
    early = found["visits"]["early, first visit"]
    found["early_open_over_asked"] = early["open_s"] / asked["open_s"]
    found["early_page_over_asked"] = early["page_s"] / asked["page_s"]
    one, two = (found[f"moving_{threads}_threads_a_second"] for threads in (1, 2))
    found["two_threads_over_one"] = two / one
    ready = {
        name: found[f"{name}_session_s"] + found[f"{name}_first_run_s"] for name in ("as_filed", "optimised")
    }
    found["optimised_over_as_filed"] = ready["optimised"] / ready["as_filed"]
    found["still_over_judged"] = found["still_a_second"] / found["still_judged_a_second"]
    return found


def _median(group: Sequence[Visit]) -> dict[str, Any]:
    names = sorted({step for one in group for step in one.steps_s})
    return {
        "page_s": statistics.median(one.page_s for one in group),
        "open_s": statistics.median(one.open_s for one in group),
        "steps_s": {name: statistics.median(one.steps_s.get(name, 0.0) for one in group) for name in names},
    }


def table(found: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    columns = ("page there", "checker open", "fetch or read", "unpack", "compile", "session", "first run")
    lines = [f"| the checker comes | visit | {' | '.join(columns)} |", "|---" * (2 + len(columns)) + "|"]
    for name, one in found["visits"].items():
        way, visit = name.split(", ")
        steps = one["steps_s"]
        shown = [one["page_s"], one["open_s"], max(steps.get("fetch", 0.0), steps.get("read", 0.0))]
        shown += [steps.get(step, 0.0) for step in ("unpack", "compile", "session", "first run")]
        cells = [WAYS[way], visit.removesuffix(" visit"), *(f"{value:.2f} s" for value in shown)]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| pictures of 1280 x 720 | a second | network asked |", "|---|---|---|"]
    for threads in (1, 2):
        rate = found[f"moving_{threads}_threads_a_second"]
        lines.append(f"| moving, threads: {threads} | {rate:.1f} | 100 % |")
    for name, words in (("still_judged", "still, each judged"), ("still", "still, as frames of a video")):
        share = 100 * found[f"{name}_share_judged"]
        lines.append(f"| {words} | {found[f'{name}_a_second']:.1f} | {share:.0f} % |")
    lines += ["", "| the graph that is opened | session | first run |", "|---|---|---|"]
    for name, words in (("as_filed", "as its file has it"), ("optimised", "optimised beforehand")):
        lines.append(
            f"| {words} | {found[f'{name}_session_s']:.2f} s | {found[f'{name}_first_run_s']:.2f} s |"
        )
    lines += ["", "| ratio in this run | |", "|---|---|"]
    for moment, words in (("open", "the open checker"), ("page", "the page")):
        ratio = found[f"early_{moment}_over_asked"]
        lines.append(f"| first visit to {words}: {WAYS['early']}, over {WAYS['asked']} | {ratio:.2f} |")
    ratio = found["optimised_over_as_filed"]
    lines.append(
        f"| session and first run: graph optimised beforehand, over as its file has it | {ratio:.2f} |"
    )
    lines.append(f"| two threads over one | {found['two_threads_over_one']:.2f} |")
    lines.append(f"| a still picture, over judging each frame | {found['still_over_judged']:.2f} |")
    return "\n".join(lines)
