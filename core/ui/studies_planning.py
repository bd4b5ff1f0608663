"""How many participants a study needs: the power of comparing times, from what a researcher expects."""

import streamlit as st

from core.i18n import _
from core.reports.tables import STYLE, Figure, Table
from core.study.planning import enough, power_by_size


def planning() -> None:
    """Draw it; nothing is computed before it is asked for."""
    st.caption(
        _(
            "For a comparison of times between two arms, by the log-rank test, two-sided at 5 %. What you "
            "expect comes from a pilot or from the literature."
        )
    )
    first = st.number_input(
        _("Median time in one arm (seconds)"), 1.0, 3600.0, 60.0, key="studies-plan-first"
    )
    second = st.number_input(
        _("Median time in the other arm (seconds)"), 1.0, 3600.0, 40.0, key="studies-plan-second"
    )
    spread = st.number_input(
        _("Spread of the times"),
        0.1,
        3.0,
        0.5,
        0.1,
        key="studies-plan-spread",
        help=_("Standard deviation of the times' natural logarithm; about 0.5 is usual for times on task."),
    )
    limit = st.number_input(
        _("Seconds until a task is ended (0: never)"), 0.0, 7200.0, 300.0, key="studies-plan-limit"
    )
    if not st.button(_("Work it out"), key="studies-plan-go"):
        return
    with st.spinner(_("Simulating studies…")):
        found = power_by_size((first, second), spread, limit or None)
    size = enough(found)
    if size is None:
        st.markdown(_("Not even the largest study looked at finds this difference in 4 of 5 cases."))
    else:
        words = _("About {size} participants an arm: such a study finds the difference in 4 of 5 cases.")
        st.markdown(words.format(size=size))
    head = (_("Participants an arm"), _("Power"))
    rows = tuple((one, Figure(reached, percent=True)) for one, reached in found)
    st.html(f"<style>{STYLE}</style>{Table(_('Power'), head, rows).html()}")
