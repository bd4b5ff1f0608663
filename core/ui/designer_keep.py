"""Around the draft on the Designer page: open, save, share, take in, hand out, compare."""

from typing import Any, Final, Literal

import streamlit as st

from core.designer import saving
from core.designer.diff import changes, effective
from core.designer.fields import value_text, where
from core.guidance.preset import Preset, PresetError
from core.guidance.preset_content import checked, from_yaml, put, yaml_of
from core.guidance.preset_store import MOST_LETTERS
from core.guidance.setting import VARIABLE, pin_of
from core.i18n import _, ngettext
from core.reports.tables import STYLE, Table
from core.text.markdown import plain
from core.ui import cookies, designer_share, engines, preset_choice, preset_saving, session
from core.ui import designer_draft as drafts
from core.ui.designer_views import choice

_DRAFT = ""
_MOST_BYTES = 200_000
_MOST_ENTERED: Final = 1000


def status() -> None:
    """Which preset is open, how far the draft is from it, and what is wrong with it."""
    made = drafts.draft()
    if made.note:
        st.info(plain(made.note), icon=":material/info:")
        made.note = ""
    known = _choices()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key = f"designer-open-{made.round}"
        options = known if made.opened in known else ["", *known]
        choice(
            _("Preset"),
            made.opened,
            options,
            format_func=lambda name: name or _("From a link or file"),
            key=key,
            on_change=_open,
            args=(key,),
        )
        # A prompt is one thing, with what is read aloud for it.
        changed = len({edit.steps[:3] for edit in drafts.edits()})
        st.button(
            _("Undo all changes"),
            key="designer-undo",
            icon=":material/undo:",
            on_click=drafts.undo,
            disabled=made.content == made.start and made.yaml is None,
        )
    summary = ngettext("{count} change from {name}", "{count} changes from {name}", changed).format(
        count=changed, name=drafts.label(made.before)
    )
    st.caption(summary if changed else _("No change from {name} yet").format(name=drafts.label(made.before)))
    if drafts.put_aside() is not None:
        st.button(
            _("Bring back the draft from before"),
            key="designer-back",
            icon=":material/history:",
            on_click=drafts.bring_back,
        )
    if made.problems:
        lines = "\n".join(
            f"- {plain(where(problem.steps))}: {plain(problem.advice)}" for problem in made.problems
        )
        st.error(_("The draft does not work yet:") + "\n" + lines, icon=":material/error:")


def _choices() -> list[str]:
    """Every preset that can be opened, as ``NAME@VERSION``: what ships, then what was saved, newest first."""
    shipped = [drafts.label(preset) for preset in preset_choice.shipped().values()]
    # Where saving is off strangers may come by: what others saved opens by its name alone.
    kept = preset_choice.store().saved() if preset_saving.allowed() else {}
    saved = [f"{name}@{version}" for name, versions in kept.items() for version in versions]
    return shipped + saved


def _open(key: str) -> None:
    asked = st.session_state[key]
    if asked in ("", drafts.draft().opened):
        return
    try:
        drafts.open_preset(asked)
    except PresetError as error:
        made = drafts.draft()
        made.note = error.message
        made.round += 1


def keep() -> None:
    """Save, share, files and comparison, one beside the other."""
    names = {
        "save": _("Save"),
        "share": _("Share"),
        "files": _("Files"),
        "compare": _("Compare"),
    }
    chosen = st.pills(
        _("What to do with it"),
        list(names),
        format_func=names.__getitem__,
        default="save",
        required=True,
        key="designer-keep",
        wrap=True,
    )
    {"save": _save_part, "share": _share_part, "files": _files_part, "compare": _compare_part}[
        chosen or "save"
    ]()


# ---------------------------------------------------------------- save


def _save_part() -> None:
    made = drafts.draft()
    store = preset_choice.store()
    if not preset_saving.allowed():
        st.info(
            _(
                "Saving is off, since other computers reach this server. Share the draft by link or as a "
                "file. Whoever runs Retake can turn saving on with {variable}."
            ).format(variable=f"`{saving.VARIABLE}=1`"),
            icon=":material/lock:",
        )
        return
    proposed = str(made.content.get("name") or "")
    if not preset_saving.mine(proposed):
        proposed = f"my-{proposed}"[:MOST_LETTERS]
    name_key, about_key = f"designer-name-{made.round}", f"designer-about-{made.round}"
    name = st.text_input(
        _("Name"),
        proposed if made.name is None else made.name,
        key=name_key,
        help=_("Small letters, digits, - and _. Saving under the same name again makes the next version."),
        live="400ms",
        on_change=_entered,
        args=("name", name_key),
    ).strip()
    fault = preset_saving.fault_of(name)
    if fault:
        st.error(plain(fault), icon=":material/error:")
    st.text_input(
        _("What it is for"),
        str(made.content.get("description") or "") if made.about is None else made.about,
        key=about_key,
        on_change=_entered,
        args=("about", about_key),
    )
    version = store.next_version(name) if name and not fault else 1
    st.button(
        _("Save as {name}, version {version}").format(name=plain(name) or "…", version=version),
        key="designer-save",
        type="primary",
        icon=":material/save:",
        disabled=bool(made.problems or fault) or not name,
        on_click=_save,
        args=(name_key, about_key),
    )
    if made.problems:
        st.caption(_("First put right what is listed above."))
    message = st.session_state.pop("designer-saved", None)
    if message:
        good, words = message
        (st.success if good else st.error)(words, icon=":material/save:" if good else ":material/error:")
    preset_saving.owner_link(made.opened.partition("@")[0])


def _entered(field: Literal["name", "about"], key: str) -> None:
    made = drafts.draft()
    entered = st.session_state[key]
    # Streamlit calls a field changed that only came back to the page: what it holds then changes nothing.
    if entered != {"name": made.name, "about": made.about}[field] and isinstance(entered, str):
        setattr(made, field, entered[:_MOST_ENTERED])


def _save(name_key: str, about_key: str) -> None:
    made = drafts.draft()
    content = put(made.content, ("name",), st.session_state[name_key].strip())
    content = put(content, ("description",), st.session_state[about_key].strip())
    preset, problems = checked(content)
    if preset is None:
        message = "; ".join(f"{where(problem.steps)}: {problem.advice}" for problem in problems)
        if any(problem.steps == ("name",) for problem in problems):
            message = preset_saving.fault_of(str(content["name"])) or message
        st.session_state["designer-saved"] = (False, plain(message))
        return
    if not preset_saving.allowed():
        return
    kept, why = preset_saving.save(preset)
    if kept is None:
        st.session_state["designer-saved"] = (False, plain(why))
        return
    drafts.saved(kept)
    note = {"note": "design_saved", "preset": drafts.label(kept)}
    session.event_log().add("note_added", page="designer", properties=note)
    words = _("Saved as {name}. It is in the list above, and the Share tab has its link.")
    st.session_state["designer-saved"] = (True, words.format(name=drafts.label(kept)))


# ---------------------------------------------------------------- share


def _share_part() -> None:
    designer_share.share(preset_saving.address("").removesuffix("?"))
    made = drafts.draft()
    if made.opened and not made.problems and not drafts.edits():
        _pin(made.opened)


def _pin(name: str) -> None:
    """The setting that makes a preset the one of every visit, and no other text than that of now."""
    try:
        pin = pin_of(preset_choice.store().open(name))
    except PresetError:  # somebody removed or altered it meanwhile
        return
    st.markdown(
        _("With this setting whoever runs Retake uses it for every visit, and takes no altered file:")
    )
    st.code(f"{VARIABLE}={pin}", language=None, wrap_lines=True)


# ---------------------------------------------------------------- files


def _files_part() -> None:
    made = drafts.draft()
    name = f"{made.worked.name}@{made.worked.version}.yaml"
    st.download_button(
        _("Download this draft (YAML)"),
        data=yaml_of(made.content),
        file_name=name,
        mime="application/yaml",
        icon=":material/download:",
        on_click="ignore",
        disabled=bool(made.problems),
        key="designer-download",
    )
    cookies.warn_if_refused()
    key = f"designer-upload-{made.round}"
    file = st.file_uploader(_("Open a preset file (YAML)"), type=["yaml", "yml"], key=key)
    if file is not None:
        _upload(file)


def _upload(file: Any) -> None:
    data = file.getvalue()
    if len(data) > _MOST_BYTES:
        st.error(_("This file is longer than any preset. Choose a preset file of Retake."))
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        st.error(_("This file is no text. Choose a preset file of Retake, saved as UTF-8."))
        return
    try:
        preset = from_yaml(text, file.name)
    except PresetError as error:
        lines = "\n".join(f"- {plain(line)}" for line in error.message.splitlines())
        st.error(_("This file does not fit:") + "\n" + lines, icon=":material/error:")
        return
    drafts.replace_draft(preset, _("This draft came from the file {name}.").format(name=file.name))
    st.rerun()


# ---------------------------------------------------------------- compare


def _compare_part() -> None:
    known = _choices()
    options = [_DRAFT, *known]
    left, right = st.columns(2)
    with left:
        first = st.selectbox(_("One preset"), options, index=1, format_func=_choice, key="designer-one")
    with right:
        second = st.selectbox(_("The other"), options, format_func=_choice, key="designer-other")
    try:
        one, other = _preset_of(first), _preset_of(second)
    except PresetError as error:
        st.error(plain(error.message), icon=":material/tune:")
        return
    language = drafts.draft().language
    languages = tuple(dict.fromkeys(("en", language)))
    rows = tuple(
        (where(one_of.steps), value_text(one_of.before, one_of.steps), value_text(one_of.after, one_of.steps))
        for one_of in changes(_effective(one, languages), _effective(other, languages))
    )
    if not rows:
        st.markdown(_("These two say and do the same."))
        return
    words = ngettext("{count} setting differs.", "{count} settings differ.", len(rows))
    st.markdown(words.format(count=len(rows)))
    head = (_("Setting"), _choice(first), _choice(second))
    table = Table(_("What differs"), head, rows)
    st.html(f"<style>{STYLE}</style>{table.html()}")


def _choice(name: str) -> str:
    return name or _("This draft")


def _preset_of(name: str) -> Preset:
    return preset_choice.store().load(name) if name else drafts.draft().worked


def _effective(preset: Preset, languages: tuple[str, ...]) -> dict[str, Any]:
    return effective(preset, languages, engines.rule(preset.operating_point, preset).thresholds)
