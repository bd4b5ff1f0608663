"""Compare the assessors on photos that are handed in, and choose one and its thresholds."""

from functools import partial

import streamlit as st
from streamlit.elements.arrow import DataframeSelectionState

from core.compare.answers import Judge
from core.i18n import _, ngettext
from core.text.markdown import plain
from core.ui import _compat, comparing, comparing_views, cookies, language, large_files, layout, samples
from core.ui.session import preset

HEAD_HEIGHT = 38
ROW_HEIGHT = 64
ROWS_SHOWN = 8


def main() -> None:
    tray, used = comparing.tray(), preset()
    who, problems = comparing.judges(used)
    st.title(_("Compare assessors"), anchor=False)
    for problem in problems:
        st.warning(plain(problem), icon=":material/inventory_2:")
    if not who:
        return
    if tray.photos and (tray.preset != used or not tray.judged_by(who)):
        with comparing_views.progress(len(tray.items)) as told:
            comparing.judge_again(tray, who, told)
    tray.preset = used
    if tray.items and not tray.adding:
        show_results(tray, who)
    else:
        ask_for_photos(tray, who)


def ask_for_photos(tray: comparing.Tray, who: list[Judge]) -> None:
    st.markdown(
        _(
            "See where the assessors agree on your photos ({names}), and, with your raters' labels, which "
            "one to use and how strict."
        ).format(names=", ".join(f"`{judge.name}`" for judge in who))
    )
    cookies.warn_if_refused()
    large_files.leave_out()
    files = st.file_uploader(
        _("Choose one photo or many, and a CSV with labels if you have one"),
        accept_multiple_files=True,
        key=f"compare-files-{tray.round}",
    )
    language.chooser_button("compare-files", _("Pick photos"))
    st.caption(
        _(
            "At most {most} photos, up to 20 MB each. They are looked at on the computer that runs Retake "
            "and are not saved. They stay in its memory until you press Clear; a closed page lets them go "
            "within a quarter of an hour."
        ).format(most=comparing.MOST)
    )
    if files:
        add(tray, who, [(file.file_id, file.name, file.getvalue) for file in files])
    st.caption(_("No photo at hand? These are drawings, nobody's skin."))
    with st.container(horizontal=True):
        if st.button(_("Compare on drawn samples"), key="compare-samples", icon=":material/draw:"):
            titles = samples.titles()
            add(tray, who, [(name, f"{name}.jpg", partial(samples.jpeg, name)) for name in titles])
        if tray.items and st.button(_("Back to the results"), icon=":material/arrow_back:"):
            tray.adding = False
            st.rerun()


def add(tray: comparing.Tray, who: list[Judge], files: list[comparing.File]) -> None:
    with comparing_views.progress(len(files)) as told:
        comparing.take_in(tray, files, who, told)
    tray.adding, tray.opened = False, None
    tray.round += 1
    # The tray has them now, and lets go of them on Clear.
    _compat.forget_uploads()
    st.rerun()


def show_results(tray: comparing.Tray, who: list[Judge]) -> None:
    photos = list(tray.photos)
    if tray.left_out:
        words = ngettext(
            "{count} file was left out: at most {most} at a time.",
            "{count} files were left out: at most {most} at a time.",
            tray.left_out,
        )
        st.warning(words.format(count=tray.left_out, most=comparing.MOST), icon=":material/photo_library:")
    for item in tray.items.values():
        if item.photo is None:
            name, problem = plain(item.compared.name), item.compared.problem
            st.warning(f"**{name}**: {problem}", icon=":material/image_not_supported:")
    if len(photos) == 1:
        comparing_views.one_photo(tray.items[photos[0]], who)
    elif tray.opened in photos:
        show_opened(tray, who, photos)
    elif photos:
        show_all(tray, who)
    with st.container(horizontal=True):
        st.button(_("Clear"), key="compare-clear", icon=":material/delete:", on_click=comparing.clear)
        if st.button(_("Add more photos"), key="compare-more", icon=":material/add:"):
            tray.adding = True
            st.rerun()


def show_all(tray: comparing.Tray, who: list[Judge]) -> None:
    compared = comparing.compare(tray, who)
    comparing_views.summary(compared)
    labels(tray, compared)
    comparing_views.figures(compared)
    comparing_views.operating_point(compared, preset())
    st.subheader(_("Most disputed first"), anchor=False)
    order = [compared.identities[place] for place in compared.order]
    key = f"compare-table-{tray.round}"
    st.dataframe(
        comparing_views.rows([tray.items[name].compared for name in order], compared),
        key=key,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=HEAD_HEIGHT + min(len(order), ROWS_SHOWN) * ROW_HEIGHT,
        selection_mode=["single-row", "single-cell"],
        on_select=lambda: open_row(tray, order, st.session_state[key].selection),
        column_config={
            "picture": st.column_config.ImageColumn("", width=72),
            "raters": st.column_config.TextColumn(_("Raters")),
            "file": st.column_config.TextColumn(_("Photo"), width="medium"),
        },
        alt=_("One row for each photo: what each assessor answers, and its name."),
    )
    numbered = {name: f"{place}. {tray.items[name].compared.name}" for place, name in enumerate(order, 1)}
    st.selectbox(
        _("Open a photo: press its row, or pick it here"),
        order,
        index=None,
        format_func=lambda name: numbered.get(name, ""),
        placeholder=_("Pick a photo"),
        key="compare-open",
        on_change=lambda: setattr(tray, "opened", st.session_state["compare-open"]),
    )
    comparing_views.downloads([item.compared for item in tray.items.values()], compared)


def labels(tray: comparing.Tray, compared: comparing.Compare) -> None:
    if compared.fault:
        st.error(plain(compared.fault), icon=":material/label_off:")
    for problem in compared.labels.problems:
        st.warning(plain(problem), icon=":material/label:")
    with st.expander(
        _("Labels of your raters (CSV)"), icon=":material/label:", expanded=bool(compared.fault)
    ):
        st.caption(
            _(
                "A column {file} with the photo's name, and {quality} (one of {classes}) or {votes} (counts "
                "as JSON, such as {example}); {explanations} likewise if you have it."
            ).format(
                file="`file`",
                quality="`quality`",
                classes="`lesion`, `healthy_skin`, `no_skin`, `poor_quality`",
                votes="`quality_votes`",
                example='`{"lesion": 3, "poor_quality": 1}`',
                explanations="`explanation_votes`",
            )
        )
        file = st.file_uploader(_("Table of labels"), key=f"compare-labels-{tray.round}")
        language.chooser_button("compare-labels", _("Pick a table"))
        if file is not None:
            tray.labels = file.getvalue()
            tray.round += 1
            _compat.forget_uploads()
            st.rerun()
        if tray.labels is not None and st.button(_("Take the labels away"), key="compare-labels-off"):
            tray.labels = None
            st.rerun()


def open_row(tray: comparing.Tray, order: list[str], selection: DataframeSelectionState) -> None:
    """Open the row whose box or any of whose cells was pressed."""
    found = [*selection.rows, *(row for row, _column in selection.cells)]
    tray.opened = order[found[0]] if found else None


def show_opened(tray: comparing.Tray, who: list[Judge], photos: list[str]) -> None:
    compared = comparing.compare(tray, who)
    order = [compared.identities[place] for place in compared.order]
    place = order.index(str(tray.opened))
    with st.container(key="rt-steps", horizontal=True, gap="xsmall"):
        step(tray, None, _("All photos"), ":material/arrow_back:", "compare-back")
        before, after = order[max(place - 1, 0)], order[min(place + 1, len(order) - 1)]
        step(tray, before, _("Previous"), ":material/chevron_left:", "compare-previous", place == 0)
        step(tray, after, _("Next"), ":material/chevron_right:", "compare-next", place == len(order) - 1)
    item = tray.items[order[place]]
    words = _("Photo {number} of {total}: {name}")
    st.caption(words.format(number=place + 1, total=len(photos), name=plain(item.compared.name)))
    comparing_views.one_photo(item, who)


def step(
    tray: comparing.Tray, to: str | None, label: str, icon: str, key: str, disabled: bool = False
) -> None:
    st.button(label, icon=icon, key=key, disabled=disabled, on_click=setattr, args=(tray, "opened", to))


layout.inside_frame(main)
