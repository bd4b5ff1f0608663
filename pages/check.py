"""Check photos that are at hand: files, a shot with this device's camera, or drawn samples."""

from collections.abc import Callable
from functools import partial

import streamlit as st
from streamlit.elements.arrow import DataframeSelectionState

from core.i18n import _, ngettext
from core.live import trouble
from core.study.events import Source
from core.text.markdown import plain
from core.ui import _compat, checking, cookies, language, large_files, layout, samples
from core.ui.result_card import result_card
from core.ui.session import preset

FILES, CAMERA, SAMPLES = "files", "camera", "samples"
HEAD_HEIGHT = 38
ROW_HEIGHT = 64
ROWS_SHOWN = 8


def main() -> None:
    tray = checking.tray()
    st.title(_("Check photos"), anchor=False)
    if tray.items and not tray.adding:
        show_results(tray)
    else:
        ask_for_photos(tray)


def ask_for_photos(tray: checking.Tray) -> None:
    st.markdown(
        _("See whether a photo is clear enough for a dermatologist, and what to change if it is not.")
    )
    names = {FILES: _("My photos"), CAMERA: _("Camera"), SAMPLES: _("Samples")}
    way = st.segmented_control(
        _("Where is the photo?"),
        list(names),
        format_func=names.__getitem__,
        default=FILES,
        required=True,
        key="check-way",
        label_visibility="collapsed",
        width="stretch",
    )
    if way != SAMPLES:
        cookies.warn_if_refused()
    if way == CAMERA:
        from_camera(tray)
    elif way == SAMPLES:
        from_samples(tray)
    else:
        from_files(tray)
    if tray.items and st.button(_("Back to the results"), icon=":material/arrow_back:"):
        tray.adding = False
        st.rerun()


def from_files(tray: checking.Tray) -> None:
    large_files.leave_out()
    # Any file may be chosen: what it is shows when it is read, and each has its row.
    files = st.file_uploader(
        _("Choose one photo or many"),
        accept_multiple_files=True,
        key=f"check-files-{tray.round}",
    )
    language.chooser_button("check-files", _("Pick a photo"))
    st.caption(
        _(
            "JPEG, PNG, WebP, HEIC, TIFF or BMP, up to 20 MB each. Photos are looked at on the computer that "
            "runs Retake and are not saved. They stay in its memory until you press Clear, or for a quarter "
            "of an hour after you close this page."
        )
    )
    if files:
        add_files(tray, [(file.file_id, file.name, file.getvalue, "upload") for file in files])


def from_camera(tray: checking.Tray) -> None:
    if not checking.gives_camera(st.context.url):
        st.info(trouble.explain("insecure"), icon=":material/lock_open:")
        return
    shot = st.camera_input(
        _("Take a photo of the spot"), resolution="1080p", key=f"check-camera-{tray.round}"
    )
    st.caption(_("On a phone, the button in the corner of the picture switches to the back camera."))
    if shot is not None:
        add_files(tray, [(shot.file_id, _("Camera photo"), shot.getvalue, "camera")])


def from_samples(tray: checking.Tray) -> None:
    st.caption(_("No photo at hand? These are drawings, nobody's skin. Pick one and see what Retake says."))
    titles = samples.titles()
    if tray.asked:
        add_files(tray, [(name, titles[name], partial(samples.jpeg, name), "upload") for name in tray.asked])

    def ask(*names: str) -> None:
        # Kept before the run that it starts: a run can be broken off, and a press must not be lost with it.
        tray.asked = names

    st.button(
        _("Check all of them"),
        key="check-all-samples",
        icon=":material/select_all:",
        on_click=ask,
        args=tuple(titles),
    )
    with st.container(key="rt-samples"):
        for name, title in titles.items():
            with st.container(gap="small"):
                st.image(samples.thumbnail(name), width="stretch", alt=title)
                st.button(title, key=f"check-sample-{name}", width="stretch", on_click=ask, args=(name,))


def add_files(tray: checking.Tray, files: list[tuple[str, str, Callable[[], bytes], Source]]) -> None:
    """Assess what is new, with a progress bar when it is many, and go on to the results."""
    new = [file for file in files if file[0] not in tray.items]
    bar = st.progress(0.0, _("Checking")) if len(new) > 1 else None
    for done, (identity, name, data, source) in enumerate(new):
        if bar is not None:
            words = _("Checking {name}, {number} of {total}")
            bar.progress(done / len(new), words.format(name=name, number=done + 1, total=len(new)))
        tray.items[identity] = checking.check(data(), name, source)
    tray.adding, tray.opened, tray.asked = False, None, ()
    tray.round += 1
    # The tray has them now, and lets go of them on Clear.
    _compat.forget_uploads()
    st.rerun()


def show_results(tray: checking.Tray) -> None:
    if len(tray.items) == 1:
        show_item(next(iter(tray.items)), tray, alone=True)
    elif tray.opened in tray.items:
        show_opened(tray.opened, tray)
    else:
        show_table(tray)
    with st.container(horizontal=True):
        if st.button(_("Clear"), key="check-clear", icon=":material/delete:"):
            checking.clear()
            st.rerun()
        if st.button(_("Add more photos"), key="check-more", icon=":material/add:"):
            tray.adding = True
            st.rerun()


def show_table(tray: checking.Tray) -> None:
    items = list(tray.items.values())
    good = sum(item.passes for item in items)
    words = ngettext("{good} of {total} photos works.", "{good} of {total} photos work.", good)
    st.markdown(f"**{words.format(good=good, total=len(items))}**")
    identities = list(tray.items)
    key = f"check-table-{tray.round}"
    st.dataframe(
        checking.table(items, preset()),
        key=key,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=HEAD_HEIGHT + min(len(items), ROWS_SHOWN) * ROW_HEIGHT,
        selection_mode=["single-row", "single-cell"],
        on_select=lambda: open_row(tray, st.session_state[key].selection),
        column_config={
            "picture": st.column_config.ImageColumn("", width=72),
            "verdict": st.column_config.TextColumn(_("Verdict"), width=96),
            "advice": st.column_config.TextColumn(_("What to do"), width="medium"),
            "file": st.column_config.TextColumn(_("Photo"), width="medium"),
        },
        alt=_("One row for each photo: its verdict, what to do, and its name."),
    )
    numbered = {
        identity: f"{place}. {tray.items[identity].name}" for place, identity in enumerate(identities, 1)
    }
    st.selectbox(
        _("Open a photo: press its row, or pick it here"),
        identities,
        index=None,
        format_func=lambda identity: numbered.get(identity, ""),
        placeholder=_("Pick a photo"),
        key="check-open",
        on_change=lambda: setattr(tray, "opened", st.session_state["check-open"]),
    )
    st.download_button(
        _("Download the table (CSV)"),
        data=checking.csv(items, preset()),
        file_name="retake-check.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="check-csv",
    )


def open_row(tray: checking.Tray, selection: DataframeSelectionState) -> None:
    """Open the row whose box or any of whose cells was pressed."""
    rows = [*selection.rows, *(row for row, _column in selection.cells)]
    tray.opened = list(tray.items)[rows[0]] if rows else None


def show_opened(identity: str, tray: checking.Tray) -> None:
    identities = list(tray.items)
    place = identities.index(identity)
    with st.container(key="rt-steps", horizontal=True, gap="xsmall"):
        step(tray, None, _("All photos"), ":material/arrow_back:", "check-back")
        before = identities[place - 1] if place > 0 else identity
        step(tray, before, _("Previous"), ":material/chevron_left:", "check-previous", place == 0)
        last = place == len(identities) - 1
        after = identity if last else identities[place + 1]
        step(tray, after, _("Next"), ":material/chevron_right:", "check-next", last)
    words = _("Photo {number} of {total}: {name}")
    st.caption(words.format(number=place + 1, total=len(identities), name=plain(tray.items[identity].name)))
    show_item(identity, tray, alone=False)


def step(
    tray: checking.Tray, to: str | None, label: str, icon: str, key: str, disabled: bool = False
) -> None:
    st.button(label, icon=icon, key=key, disabled=disabled, on_click=setattr, args=(tray, "opened", to))


def show_item(identity: str, tray: checking.Tray, *, alone: bool) -> None:
    item = tray.items[identity]
    if item.photo is None or item.verdict is None:
        st.warning(f"**{plain(item.name)}**\n\n{item.problem}", icon=":material/image_not_supported:")
        return

    def override() -> None:
        tray.items[identity] = checking.override(item)

    result_card(
        item.photo,
        item.verdict,
        key="check",
        overridden=item.overridden,
        on_retake=checking.clear if alone else None,
        on_override=override,
        page="check",
        source=item.source,
    )


layout.inside_frame(main)
