"""Whether measures and tests find a difference that is there, and none that is not, over whole studies.

Each study is simulated as event rows and goes the whole way: rows, measures, test. The power is stated
before, from a pilot with other seeds, and then compared with how often the difference was found.
"""

import json
import time
from argparse import Namespace
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import numpy as np

from core.study.behaviour import BEGIN, Behaviour, visit
from core.study.design import Arm, Consent, StudyDesign, Task
from core.study.events import Event
from core.study.measures import Time, values
from core.study.records import SessionRecord, StudyData
from core.study.statistics import LEVEL, exact_interval, p_value, power_from_pilot

ARMS: Final = ("plain", "coached")
EFFECT: Final = 2.0
"""How many times as long a prompt takes to be followed in the first arm as in the second."""
# Participants an arm. A pilot errs, too: with 300 the power that it states is off by 0.1, with this by 0.03.
_PILOT: Final = 3000
_PILOT_STUDIES: Final = 1000
_PILOT_SEED: Final = 10**6
_DESIGN: Final = StudyDesign(
    title="Simulated comparison of two sets of prompts",
    consent=Consent(text={"en": "Nobody takes part: participants are simulated."}),
    arms=(Arm(name="plain", preset="quiet"), Arm(name="coached", preset="coach")),
    tasks=(Task(name="spot", title={"en": "A spot"}, scenario={"en": "Take a photo of a spot."}),),
)


def study(participants: int, seed: int, effect: float = EFFECT) -> StudyData:
    """One simulated study, its arms equally large up to one.

    Args:
        effect: see :data:`EFFECT`; 1 for arms that do not differ.
    """
    rng = np.random.default_rng(seed)
    sessions: list[SessionRecord] = []
    events: list[Event] = []
    for place in range(participants):
        arm = ARMS[place % 2]
        started = BEGIN + timedelta(minutes=20 * place)
        session = SessionRecord(
            session_id=f"sim-{seed}-{place}",
            participant_id=f"P{place + 1:03d}",
            study_id="simulated",
            design_version=1,
            design_hash=_DESIGN.hash,
            consent_hash=_DESIGN.consent.hash,
            arms=(arm,),
            tasks=("spot",),
            language="en",
            status="completed",
            started_at=started,
            last_seen_at=started + timedelta(minutes=10),
            ended_at=started + timedelta(minutes=10),
            simulated=True,
        )
        behaviour = Behaviour(fix_s=6.0 * (effect if arm == "plain" else 1.0))
        sessions.append(session)
        events += visit(rng, session, _DESIGN, behaviour).events
    return StudyData("simulated", {1: _DESIGN}, tuple(sessions), tuple(events), ())


def report(participants: int = 40, seeds: int = 200) -> dict[str, Any]:
    """How often the difference was found, and how often one was found that is not there.

    Returns:
        plain values: the stated power, and for the true difference and for none: how many studies were
        significant, their share, its exact 95 % interval, and whether what was stated lies within it.

    Raises:
        ValueError: fewer than 4 participants, or no seed.
    """
    if participants < 4 or seeds < 1:
        raise ValueError("a simulation needs at least 4 participants and 1 seed")
    begun = time.perf_counter()
    pilot = _arms(study(2 * _PILOT, _PILOT_SEED))
    stated = power_from_pilot((pilot[0], pilot[1]), participants // 2, studies=_PILOT_STUDIES)
    return {
        "participants": participants,
        "seeds": seeds,
        "effect": EFFECT,
        "outcome": _DESIGN.outcome,
        "stated_power": round(stated, 3),
        "difference": _found(participants, seeds, EFFECT, stated),
        "null": _found(participants, seeds, 1.0, 1 - LEVEL),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def run(args: Namespace) -> int:
    """Print the report as JSON; 1 where what was stated does not lie within an interval."""
    found = report(args.participants, args.seeds)
    print(json.dumps(found, indent=1))
    return 0 if found["difference"]["as_stated"] and found["null"]["as_stated"] else 1


def _found(participants: int, seeds: int, effect: float, stated: float) -> dict[str, Any]:
    significant = 0
    for seed in range(seeds):
        first, second = _arms(study(participants, seed, effect))
        # Not the seed of the data: the arrangements are to know nothing of them.
        p = p_value(first, second, seed=_PILOT_SEED + 1 + seed)
        significant += p is not None and p <= 1 - LEVEL
    low, high = exact_interval(significant, seeds)
    return {
        "significant": significant,
        "share": round(significant / seeds, 3),
        "interval": [round(low, 3), round(high, 3)],
        "as_stated": bool(low <= stated <= high),
    }


def _arms(data: StudyData) -> tuple[Sequence[Time | float], Sequence[Time | float]]:
    found = values(data, _DESIGN.outcome)
    return [one.value for one in found if one.arm == ARMS[0]], [
        one.value for one in found if one.arm == ARMS[1]
    ]
