"""What Retake is, what happens to photos, and how well its networks did."""

import streamlit as st

from core.i18n import _
from core.lesion.taxonomy import taxonomy_of
from core.runtime.manifest import NetworkEntry, WeightsError
from core.text.wording import disclaimer
from core.ui import engines, figures, layout, photo_guide, session


def main() -> None:
    st.title(_("About Retake"), anchor=False)
    st.markdown(
        _(
            "Retake helps you take a photo of a skin spot that a dermatologist can use. It watches the "
            "camera, says in plain words what to change, and lets you take the photo once it is good. Then "
            "it shows what a network that knows some kinds of skin change makes of the photo, and where in "
            "the photo it looked."
        )
    )
    st.info(disclaimer(), icon=":material/info:")
    st.markdown(
        _("If a spot worries you, if it grows, bleeds or changes, see a doctor, whatever Retake shows.")
    )
    good_photo()
    privacy()
    networks()


def good_photo() -> None:
    st.header(_("A photo that helps"), anchor=False)
    photo_guide.section()


def privacy() -> None:
    st.header(_("Your photos and your privacy"), anchor=False)
    st.markdown(
        "\n".join(
            "- " + line
            for line in (
                _(
                    "On the Practise page the camera's picture is checked on your own device, where the "
                    "browser can: only a photo that you accept is sent. Without a connection it waits on "
                    "your device, where you can remove it."
                ),
                _(
                    "Other photos and camera pictures are looked at on the computer that runs Retake, and "
                    "nowhere else."
                ),
                _("They stay in its memory while you use the page. Retake writes no photo to disk."),
                _(
                    "**Clear** on the Check page lets go of the photos there; so does closing the page, "
                    "after a short while."
                ),
                _(
                    "Place, time, and all else that a camera writes into a file is dropped when the file is "
                    "read."
                ),
                _(
                    "A log of the visit (prompts, verdicts, times; no pictures, no file names, no "
                    "addresses) is kept in memory. It is saved only if you tick so below, in **Your session "
                    "and privacy**."
                ),
                _("Retake sends no usage statistics."),
            )
        )
    )
    st.caption(_("With your tick, the log goes to: {folder}").format(folder=f"`{session.log_folder()}`"))


def networks() -> None:
    st.header(_("How good are the networks?"), anchor=False)
    st.markdown(
        _(
            "Not as good as a person who knows skin. The check was taught with photos made worse on purpose "
            "and with simulated raters, not with real patients' retakes; the kinds of skin change come from "
            "few photographs. Figures from photos of the same sources flatter a network: expect less on "
            "yours."
        )
    )
    for name, entry in engines.manifest().networks.items():
        st.subheader(name_of(name, entry), anchor=False)
        network(entry)
        if entry.task == "lesion":
            kinds(entry)


def name_of(name: str, entry: NetworkEntry) -> str:
    if name == "imageqx":
        return _("The photo check (ImageQX)")
    if name == "ordinal":
        return _("The photo check in ranks, part by part (ordinal)")
    if entry.task == "lesion":
        return _("{count} kinds of skin change ({name})").format(count=len(entry.labels), name=name)
    return name


def network(entry: NetworkEntry) -> None:
    if not figures.is_trained(entry):
        st.warning(
            _("No held-out figures came with this network. Take nothing that it says seriously."),
            icon=":material/warning:",
        )
    for title, rows in figures.measured(entry).items():
        table(title, _("Measure"), rows)
    with st.expander(_("What made this file")):
        table("", _("What"), figures.origin(entry))


def kinds(entry: NetworkEntry) -> None:
    """What the network learnt each kind from."""
    with st.expander(_("What it learnt from")):
        try:
            taxonomy = taxonomy_of(entry)
        except WeightsError as error:
            st.warning(error.message, icon=":material/inventory_2:")
            return
        rows = []
        for label in entry.labels:
            term = taxonomy.term(label)
            kind = f"{taxonomy.lay_name(label)} ({term})" if term else taxonomy.lay_name(label)
            rows.append((kind, taxonomy.training_photos(label)))
        table("", _("Kind"), rows, _("Learnt from"))


def table(title: str, first: str, rows: list[tuple[str, str]], second: str = "") -> None:
    if title:
        st.markdown(f"**{title}**")
    columns = {first: [row[0] for row in rows], second or _("Value"): [row[1] for row in rows]}
    st.table(columns, border="horizontal", hide_index=True, alt=title or first)


layout.inside_frame(main)
