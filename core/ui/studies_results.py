"""What a study shows: filters, figures and plots, sessions to replay, and files to take away."""

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from core.i18n import LANGUAGES, _, ngettext
from core.reports.plots import figure
from core.reports.svg import Plot
from core.reports.tables import STYLE, Table
from core.study import export, figures, views
from core.study.export_tables import tables_of
from core.study.filters import Filter, narrowed
from core.study.measures import MEASURES, values
from core.study.methods import methods_paragraph
from core.study.questionnaires import QUESTIONNAIRES, Score, scores_of, sus_adjective
from core.study.records import StudyData
from core.study.results import Result, result_of
from core.text.markdown import plain
from core.ui import session, studies_replay
from core.ui.designer_views import pick

Told = Callable[[str], None]


def results(data: StudyData, stamp: Hashable, told: Told = lambda _action: None) -> None:
    """Draw the results.

    Args:
        stamp: tells these data from any others of this visit, such as the study and when it was loaded.
        told: takes what was done, such as ``"exported"``, for the audit log.
    """
    st.html(f"<style>{STYLE}</style>")
    if not data.sessions:
        st.info(_("Nobody has taken part yet. Results appear here as soon as somebody has."))
        return
    if all(one.simulated for one in data.sessions):
        st.warning(_("Simulated data: nobody took part. For looking around only."), icon=":material/science:")
    wanted = _filters(data)
    shown = session.held(("narrowed", stamp, wanted), lambda: narrowed(data, wanted))
    st.caption(figures.counts_text(figures.status_counts(shown)))
    versions = len({one.design_version for one in shown.sessions})
    if versions > 1:
        words = _(
            "Sessions of {count} versions of the design are taken together, with the newest version's arms "
            "and tasks. The filter above shows one version alone."
        )
        st.warning(words.format(count=versions), icon=":material/difference:")
    if not shown.sessions:
        st.info(_("No session fits these filters."))
        return
    key = ("result", stamp, wanted)
    whole = replace(wanted, arm=None)
    part = pick(
        _("Show"),
        {
            "outcome": (_("Outcome"), lambda: _outcome(shown, key)),
            "scores": (_("Questionnaires"), lambda: _scores(shown)),
            "prompts": (_("Prompts"), lambda: _prompts(shown, key)),
            "sessions": (_("Sessions"), lambda: studies_replay.sessions(shown)),
            "export": (_("Export"), lambda: _export(narrowed(data, whole), ("zip", stamp, whole), told)),
        },
        "studies-results",
    )
    part()


def _filters(data: StudyData) -> Filter:
    """The choices there are; what has only one value is not asked."""
    versions = sorted({one.design_version for one in data.sessions})
    arms = views.arms_of(data)
    languages = sorted({one.language for one in data.sessions})
    kinds = sorted({one.simulated for one in data.sessions})
    every = _("All")
    found = Filter()
    if max(map(len, (versions, arms, languages, kinds))) < 2:
        return found
    with st.container(key="rt-filters", horizontal=True):
        if len(versions) > 1:
            version = st.selectbox(
                _("Version"),
                [None, *versions],
                format_func=lambda one: str(one or every),
                key="studies-version",
            )
            found = replace(found, version=version)
        if len(arms) > 1:
            arm = st.selectbox(
                _("Arm"), [None, *arms], format_func=lambda one: one or every, key="studies-arm"
            )
            found = replace(found, arm=arm)
        if len(languages) > 1:
            language = st.selectbox(
                _("Language"),
                [None, *languages],
                format_func=lambda one: LANGUAGES.get(one, one) if one else every,
                key="studies-language",
            )
            found = replace(found, language=language)
        if len(kinds) > 1:
            names = {None: every, False: _("People"), True: _("Simulated")}
            kind = st.selectbox(
                _("Who"), [None, False, True], format_func=names.__getitem__, key="studies-kind"
            )
            found = replace(found, simulated=kind)
    return found


def _outcome(data: StudyData, key: tuple[Hashable, ...]) -> None:
    design = data.designs[max(data.designs)]
    names = [*MEASURES, *QUESTIONNAIRES]
    start = names.index(design.outcome) if design.outcome in names else 0
    left, right = st.columns([3, 2])
    with left:
        name = st.selectbox(_("Measure"), names, start, format_func=lambda one: _measure(one, design.outcome))
    tasks = [task.name for task in design.tasks]
    task = None
    if len(tasks) > 1:
        with right:
            task = st.selectbox(
                _("Task"), [None, *tasks], format_func=lambda one: one or _("All tasks together")
            )
    if name in MEASURES and MEASURES[name].kind == "time":
        # Without any time there is no curve to draw.
        timed = any(one.value is not None for one in values(data, name, task=task))
        _plots(*((views.survival_plot(data, name, task),) if timed else ()), views.funnel_plot(data))
    elif name in QUESTIONNAIRES:
        _plots(views.score_plot(data, name))
    else:
        _plots(views.funnel_plot(data))
    result = session.held((*key, name, task), lambda: result_of(data, name, task=task))
    _tables(result)
    if design.plan:
        with st.expander(_("Analysis plan, as it was written down before")):
            st.text(design.plan)


def _measure(name: str, primary: str) -> str:
    words = figures.result_name(name)
    return _("{name}: the primary outcome").format(name=words) if name == primary else words


def _tables(result: Result) -> None:
    compared = figures.comparisons_table(result)
    tables = [figures.arms_table(result), *([compared] if compared else [])]
    st.html("".join(table.html() for table in tables))
    for (first, second), sentence in result.warnings.items():
        if sentence:
            pair = "" if len(result.warnings) < 2 else f"{plain(first)}, {plain(second)}: "
            st.info(pair + plain(sentence), icon=":material/groups:")


def _scores(data: StudyData) -> None:
    scores = scores_of(data)
    given = {one.questionnaire for one in scores}
    if not given:
        st.info(_("No questionnaire was answered yet."))
    else:
        _plots(*(views.score_plot(data, name) for name in QUESTIONNAIRES if name in given))
        if "sus" in given:
            _adjectives(data, scores)
        st.html(figures.scores_table(data).html())
    asked = figures.screening_table(data)
    if asked is not None:
        st.html(asked.html())
    comments = [one for one in data.answers if one.questionnaire == "comments" and one.value]
    st.subheader(_("Comments"), anchor=False)
    if not comments:
        st.caption(_("Nobody left a comment."))
    who = {one.session_id: one for one in data.sessions}
    rows = tuple(
        (who[one.session_id].participant_id, ", ".join(who[one.session_id].arms), str(one.value))
        for one in comments
    )
    if rows:
        st.html(Table(_("Comments"), (_("Participant"), _("Arm"), _("Comment")), rows).html())


def _adjectives(data: StudyData, scores: Sequence[Score]) -> None:
    lines = []
    for arm in views.arms_of(data):
        values = [
            one.value
            for one in scores
            if one.questionnaire == "sus" and one.arm == arm and one.value is not None
        ]
        if values:
            mean = sum(values) / len(values)
            words = _("{arm}: SUS {score} on average, nearest to “{adjective}”")
            lines.append(
                "- " + words.format(arm=plain(arm), score=f"{mean:.0f}", adjective=sus_adjective(mean).word())
            )
    st.markdown("\n".join(lines))


def _prompts(data: StudyData, key: tuple[Hashable, ...]) -> None:
    arms = views.arms_of(data)
    plots = [
        session.held((*key, "transitions", arm), partial(views.transition_plot, data, arm)) for arm in arms
    ]
    _plots(*plots)
    st.html(figures.prompts_table(data).html())


def _export(data: StudyData, key: Hashable, told: Told) -> None:
    st.markdown(
        _(
            "All tables as CSV, Parquet and JSON lines, with a data dictionary, the design and the Methods "
            "paragraph, in the layout of Psych-DS and as an RO-Crate. Parameters of recruiting panels are "
            "left out. Read free comments before you share them."
        )
    )
    study = export.slug(data.study_id)
    with st.container(horizontal=True):
        _download(
            _("Everything (ZIP)"),
            lambda: export.zip_of(data),
            f"study-{study}.zip",
            "application/zip",
            told,
            primary=True,
        )
        events = "".join(f"{row.model_dump_json()}\n" for row in data.events).encode
        _download(_("Events (JSON lines)"), events, f"study-{study}-events.jsonl", "application/jsonl", told)
        _download(
            _("Data dictionary (CSV)"),
            lambda: export.dictionary(tables_of(data)),
            f"study-{study}-dictionary.csv",
            "text/csv",
            told,
        )
    files = {
        f"{table.name}: CSV": f"data/study-{study}_description-{table.name}_data.csv"
        for table in tables_of(data)
    } | {f"{table.name}: Parquet": f"products/{table.name}.parquet" for table in tables_of(data)}
    with st.expander(_("One table at a time")):
        chosen = st.selectbox(_("Table"), list(files), key="studies-table")
        path = files[chosen]
        _download(
            _("Download this table"),
            lambda: export.files_of(data)[path],
            path.rsplit("/", 1)[-1],
            "application/octet-stream",
            told,
        )
    st.subheader(_("Methods"), anchor=False)
    st.caption(_("In English, from the design and the data; complete it before you publish."))
    st.code(methods_paragraph(data), language=None, wrap_lines=True)
    counts: Counter[str] = Counter(data.deleted)
    if counts.total():
        words = ngettext(
            "One session was deleted and is in no result.",
            "{count} sessions were deleted and are in no result.",
            counts.total(),
        )
        st.caption(words.format(count=counts.total()))


def _download(
    label: str,
    make: Callable[[], bytes],
    name: str,
    kind: str,
    told: Told,
    primary: bool = False,
) -> None:
    def made() -> bytes:
        told("exported")
        return make()

    st.download_button(
        label,
        data=made,
        file_name=name,
        mime=kind,
        type="primary" if primary else "secondary",
        icon=":material/download:",
        on_click="ignore",
        key=f"studies-download-{name}",
    )


def _plots(*plots: Plot) -> None:
    # Streamlit lets no SVG through, so a plot is a picture with a text alternative.
    drawn = "".join(figure(plot, inline=False) for plot in plots)
    st.html(f'<div class="ev-plots rt-study-plots">{drawn}</div>')
