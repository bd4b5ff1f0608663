"""A server's overview in words: sentences, rows of facts, and tables, all translated."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Any, Final

from core.i18n import _, ngettext
from core.quality.labels import QUALITY_CLASSES
from core.quality.registry import ENTRIES
from core.ready import Check
from core.reports.tables import Table
from core.serving.figures import Speed
from core.serving.overview import NetworkFacts, Overview, size_text
from core.text.wording import quality_name

Facts = tuple[tuple[str, str], ...]
DIGITS: Final = 12
"""How many digits of a SHA-256 are shown."""


def state_line(problems: int) -> str:
    """Whether all is well, in one sentence."""
    if not problems:
        return _("Everything is ready")
    sentence = ngettext("{count} thing needs you", "{count} things need you", problems)
    return sentence.format(count=problems)


def checks_html(checks: Iterable[Check]) -> str:
    """Each check with a sign, its name, and what is wrong with it."""
    return f'<ul class="rt-list rt-checks">{"".join(map(_check, checks))}</ul>'


def _check(check: Check) -> str:
    kind, sign = ("ask", "!") if check.problem else ("good", "✓")
    sentence = check.problem or _("Fine")
    return (
        f'<li class="{kind}"><span class="rt-tick" aria-hidden="true">{sign}</span>'
        f"<b>{escape(_name(check.name))}</b><span>{escape(sentence)}</span></li>"
    )


def _name(check: str) -> str:
    named = {
        "manifest": _("The list of networks"),
        "browser": _("What browsers fetch"),
        "setting": _("The settings"),
        "database": _("The study database"),
        "disk": _("Room on the disk"),
    }
    if check in named:
        return named[check]
    by_network = check not in ENTRIES or ENTRIES[check].network is not None
    return (_("The network {name}") if by_network else _("The assessor {name}")).format(name=check)


def facts_html(facts: Facts) -> str:
    """Rows of a name and a value."""
    rows = (f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return f'<dl class="rt-facts">{"".join(rows)}</dl>'


def tables_html(tables: Iterable[Table]) -> str:
    """Tables beside each other where there is room."""
    return f'<div class="rt-tables">{"".join(f"<div>{table.html()}</div>" for table in tables)}</div>'


def now(found: Overview) -> Facts:
    """What goes on at this moment, and since the start."""
    figures, unknown = found.figures, "–"
    sessions = unknown if figures.sessions is None else f"{figures.sessions:,}"
    return (
        (_("Running since"), _since(found)),
        (_("Open pages"), sessions),
        (_("Cameras watched by the server"), f"{figures.streams:,}"),
        (_("Camera frames received"), f"{figures.frames:,}"),
        (_("Frames judged"), f"{figures.judged.get('frame', 0):,}"),
        (_("Frames dropped for a newer one"), f"{figures.dropped:,}"),
        (_("Photos that could not be read"), f"{sum(figures.refused.values()):,}"),
        (_("Errors in the log"), f"{sum(figures.errors.values()):,}"),
        (_("Memory"), unknown if figures.memory_bytes is None else size_text(figures.memory_bytes)),
    )


def storage(found: Overview) -> Facts:
    """Where things are stored, and how much room there is."""
    disk, database = found.disk, found.database
    room = _("{free} of {total}").format(free=size_text(disk.free), total=size_text(disk.total))
    size = "–" if database.size_bytes is None else size_text(database.size_bytes)
    return (
        (_("Data folder"), disk.folder),
        (_("Free on its disk"), room),
        (_("Study database"), database.kind or "–"),
        (_("Its place"), database.name or "–"),
        (_("Its size"), size),
    )


def _since(found: Overview) -> str:
    since = found.since
    return "–" if since is None else f"{moment(since)} ({duration(found.at - since)})"


def moment(at: datetime) -> str:
    """A time of day in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def duration(length: timedelta) -> str:
    """Days and hours, or hours and minutes."""
    minutes = max(int(length.total_seconds() // 60), 0)
    hours, days = minutes // 60, minutes // (60 * 24)
    if days:
        return _("{days} d {hours} h").format(days=days, hours=hours % 24)
    return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes % 60)


def figures_tables(found: Overview) -> list[Table]:
    """Speed, verdicts, refused photos and errors; those without a row are left out."""
    tables = [_speed(found), _verdicts(found), _refused(found.figures.refused), _errors(found.figures.errors)]
    return [table for table in tables if table.rows]


def _speed(found: Overview) -> Table:
    rows = tuple(
        (_source(one.source), one.count, _milliseconds(one.p50_ms, one), _milliseconds(one.p95_ms, one))
        for one in found.figures.speed
    )
    return Table(
        _("How long the assessor took"),
        (_("Picture"), _("Judged"), _("Half within"), _("95 of 100 within")),
        rows,
        _("Interpolated between the bounds that are counted."),
    )


def _milliseconds(value: float, speed: Speed) -> str:
    return f"{'≥ ' if value >= speed.most_ms else ''}{value:,.0f} ms"


def _verdicts(found: Overview) -> Table:
    rows = tuple(
        (quality_name(label) if label in QUALITY_CLASSES else label, passes, not_yet)
        for label, (passes, not_yet) in sorted(found.figures.verdicts.items())
    )
    return Table(_("Verdicts"), (_("Label"), _("Passes"), _("Does not pass")), rows)


def _refused(refused: Mapping[str, int]) -> Table:
    rows = tuple((_refusal(code), count) for code, count in sorted(refused.items()))
    return Table(_("Photos that could not be read"), (_("Why"), _("Photos")), rows)


def _errors(errors: Mapping[str, int]) -> Table:
    return Table(_("Errors in the log"), (_("Part"), _("Errors")), tuple(sorted(errors.items())))


def _source(source: str) -> str:
    return {
        "frame": _("Camera frame"),
        "still": _("Photo from a watched camera"),
        "device_still": _("Photo sent by a device"),
        "upload": _("Upload"),
    }.get(source, source)


def _refusal(code: str) -> str:
    return {
        "empty": _("Empty"),
        "file_too_big": _("Larger than 20 MB"),
        "not_an_image": _("No photo"),
        "unsupported_kind": _("A kind that is not read"),
        "corrupt": _("Damaged or incomplete"),
        "too_complex": _("Too complex"),
        "too_many_pixels": _("More than 64 megapixels"),
        "too_small": _("Too small"),
        "cannot_decode": _("No process to decode it: see the log"),
    }.get(code, code)


def networks_table(networks: Iterable[NetworkFacts]) -> Table:
    """Each network, whether it is in use, and the first digits of its SHA-256."""
    rows = tuple(
        (one.name, _("✓ in use") if one.used else "–", one.sha256[:DIGITS], size_text(one.size_bytes))
        for one in networks
    )
    return Table(_("Networks"), (_("Name"), _("In use"), "SHA-256", _("Size")), rows)


def settings_facts(found: Overview) -> Facts:
    """Each setting that is set, and its value; of those that may hold a secret only that they are."""
    return tuple((one.name, one.value or _("set")) for one in found.settings if one.is_set)


def settings_unset(found: Overview) -> str:
    """Which settings have their default, in one sentence; empty for none."""
    names = ", ".join(one.name for one in found.settings if not one.is_set)
    return _("Not set, so the default counts: {names}.").format(names=names) if names else ""


def build_facts(found: Overview) -> Facts:
    """What runs here."""
    build = found.build
    return (
        ("Retake", build.version),
        (_("Code"), build.code[:DIGITS]),
        ("Python", build.python),
        (_("System"), build.system),
        *build.packages.items(),
    )


def log_table(log: Iterable[Mapping[str, Any]]) -> Table:
    """The last warnings and errors, the newest first."""
    return Table(
        _("Last lines of the log"),
        (_("Time (UTC)"), _("Level"), _("Part"), _("What happened")),
        tuple(_line(line) for line in log),
        _("Warnings and errors since the start, without what people handed in."),
    )


def _line(line: Mapping[str, Any]) -> tuple[str, str, str, str]:
    level = str(line["level"])
    sign = {"WARNING": _("▲ Warning"), "ERROR": _("✖ Error")}.get(level, level)
    text = str(line["message"])
    error = line.get("error")
    if error:
        text += f" ({error['type']}, {error['at'][-1]})" if error["at"] else f" ({error['type']})"
    return str(line["time"])[:19].replace("T", " "), sign, str(line["logger"]).removeprefix("core."), text
