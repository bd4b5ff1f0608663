"""A Methods paragraph for a paper, in English, from what the study's design and data say."""

from collections import Counter
from typing import Final

from core.i18n import speaking
from core.study.design import StudyDesign, text_in
from core.study.measures import ANALYSED, MEASURES, counted_sessions, task_runs
from core.study.questionnaires import QUESTIONNAIRES
from core.study.records import StudyData, devices_of

_SHORT_HASH: Final = 12
_ALLOCATION: Final = {
    "least_filled": "to the condition with the fewest participants so far, ties in a seeded random order",
    "blocks": "in seeded random blocks",
    "latin_square": "to an order of all conditions by a balanced Latin square",
    "fixed": "by the facilitator's link",
}


def methods_paragraph(data: StudyData) -> str:
    """What was done, for whom and how it was analysed; a starting point that its authors complete."""
    if not data.designs:
        return "No design was recorded."
    version = max(data.designs)
    design = data.designs[version]
    sentences = [
        *_participants(data),
        *_conditions(design),
        *_stimuli(data),
        *_tasks(design),
        *_analysis(design),
    ]
    sentences.append(
        f"The design with its analysis plan is enclosed (version {version}, SHA-256 {design.hash})."
    )
    if len(data.designs) > 1:
        sentences.append(f"Participants met {len(data.designs)} versions of the design, which are enclosed.")
    return " ".join(sentences)


def _participants(data: StudyData) -> list[str]:
    counts = Counter[str](session.status for session in data.sessions)
    counted = counted_sessions(data)
    runs = [run for run in task_runs(data) if run.session_id in counted]
    met = dict.fromkeys((run.session_id, run.arm) for run in runs)
    began = {session for session, _arm in met}
    analysed = [one for one in data.sessions if one.session_id in began]
    by_arm = Counter(arm for _session, arm in met if arm is not None)
    early = sum(counts[status] for status in ANALYSED) - len(analysed)
    simulated = sum(session.simulated for session in data.sessions)
    left_out = ", ".join(
        f"{count} {words}"
        for count, words in (
            (counts["declined"], "declined or left before agreeing"),
            (counts["screened_out"], "did not meet the criteria"),
            (counts["withdrawn"] + data.deleted.get("withdrawn", 0), "withdrew"),
            (data.deleted.get("asked", 0), "had their data deleted"),
            (counts["live"], "had not finished"),
            (early, "left before the first task or began anew"),
        )
        if count
    )
    begun = len(data.sessions) + sum(data.deleted.get(reason, 0) for reason in ("withdrawn", "asked"))
    languages = sorted({session.language for session in analysed})
    sentences = [
        f"Of {_counted(begun, 'session')} that were begun, {len(analysed)} were analysed"
        + (f" ({left_out})." if left_out else ".")
    ]
    if analysed:
        first, last = (pick(one.started_at for one in analysed).date().isoformat() for pick in (min, max))
        broken_off = sum(one.status == "ended" for one in analysed)
        sentences.append(
            f"These were held from {first} to {last}"
            + (f"; {broken_off} that broke off before the end included." if broken_off else ".")
        )
    devices = Counter(kind for session, kind in devices_of(data).items() if session in began)
    if devices:
        named = ", ".join(f"{kind} {count}" for kind, count in sorted(devices.items()))
        sentences.append(f"Devices, as browsers tell them: {named}.")
    if len(by_arm) > 1:
        sentences.append(f"By condition: {', '.join(f'{arm} {count}' for arm, count in by_arm.items())}.")
    if simulated:
        sentences.append(f"NOTE: {_counted(simulated, 'session')} were simulated and are nobody's data.")
    if languages and languages != ["en"]:
        sentences.append(
            f"Sessions were held in {', '.join(languages)}; questionnaires in other languages than English "
            "were translations that have not been validated."
        )
    return sentences


def _conditions(design: StudyDesign) -> list[str]:
    arms = "; ".join(
        f"{arm.name} (prompts '{arm.preset}', assessor {arm.assessor}, "
        f"judged {'on the server' if arm.way == 'server' else 'in the browser'})"
        for arm in design.arms
    )
    if len(design.arms) == 1:
        return [f"All participants used one condition: {arms}."]
    kind = "within" if design.allocation.kind == "latin_square" else "between"
    return [
        f"Conditions were compared {kind} subjects: {arms}.",
        f"Participants were allocated {_ALLOCATION[design.allocation.kind]} (seed {design.allocation.seed}).",
    ]


def _stimuli(data: StudyData) -> list[str]:
    """Which files the participants of each condition met, as the rows of their tasks' starts say."""
    met: dict[str, dict[str, None]] = {}
    for event in data.events:
        files = ", ".join(
            f"{name} {str(event.properties[key])[:_SHORT_HASH]}"
            for name, key in (("prompts", "preset_sha256"), ("network", "network_sha256"))
            if key in event.properties
        )
        if event.event == "task_started" and files:
            files_met = f"{event.properties.get('preset')} ({files})"
            met.setdefault(event.variant or "", {})[files_met] = None
    sentences = []
    if met:
        named = "; ".join(f"{arm}: {' and '.join(found)}" for arm, found in sorted(met.items()))
        sentences.append(f"The files in use, by the first digits of their SHA-256, were {named}.")
    if any(len(found) > 1 for found in met.values()):
        sentences.append("NOTE: these files changed while the study ran.")
    return sentences


def _tasks(design: StudyDesign) -> list[str]:
    tasks = "; ".join(
        f"{text_in(task.title, 'en') or task.name} "
        f"({'own skin' if task.subject == 'own_skin' else 'a drawn picture'})"
        for task in design.tasks
    )
    used = dict.fromkeys((*(name for task in design.tasks for name in task.after), *design.after))
    sentences = [
        f"After informed consent participants did {_counted(len(design.tasks), 'task')} with Retake, a web "
        f"app that guides a person through taking a photo of their skin: {tasks}."
    ]
    if used:
        named = "; ".join(f"{QUESTIONNAIRES[name].title} [{QUESTIONNAIRES[name].source}]" for name in used)
        sentences.append(f"They answered: {named}. Scores with a missing item were left out, not imputed.")
    return sentences


def _analysis(design: StudyDesign) -> list[str]:
    outcome = MEASURES.get(design.outcome)
    asked = {str(key): one.title for key, one in QUESTIONNAIRES.items()}
    with speaking("en"):
        name = outcome.title().lower() if outcome is not None else asked.get(design.outcome, design.outcome)
    sentences = [f"The primary outcome was {name}."] if len(design.arms) > 1 else []
    sentences.append(
        "Times that were not reached were treated as right-censored and are shown as Kaplan-Meier curves."
    )
    if len(design.arms) > 1:
        paired = design.allocation.kind == "latin_square"
        ranks = "Wilcoxon's signed-rank test" if paired else "Wilcoxon's rank-sum test"
        shares = "McNemar's exact test" if paired else "Fisher's exact test"
        sentences.append(
            f"Times were compared by a permutation log-rank test, counts and scores by {ranks} as a "
            f"permutation test (exact for small samples, else 9999 random permutations), shares by {shares}; "
            "all two-sided"
            + (", adjusted by Holm's method over pairs of conditions." if len(design.arms) > 2 else ".")
        )
        sentences.append(
            "Effect sizes are Cliff's delta and differences of medians with bootstrap intervals."
        )
    sentences.append("Intervals cover 95 %; those of shares are adjusted Wald intervals.")
    return sentences


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
