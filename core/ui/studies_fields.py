"""The fields of a study's design: they write into plain content, and mistakes stand beside their field."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.i18n import LANGUAGES, _, language
from core.quality import registry
from core.study import drafting
from core.study.drafting import Content, Fault, Place
from core.study.figures import result_name
from core.study.measures import MEASURES
from core.study.questionnaires import QUESTIONNAIRES, translations_note
from core.ui import preset_choice, studies_planning

_ROUND_KEY: Final = "studies-round"


def _named(names: Mapping[str, str], name: str) -> str:
    return names.get(name, name)


class Fields:
    """One drawing of the form.

    Args:
        content: changed in place, as typed.
    """

    def __init__(self, content: Content) -> None:
        self.content = content
        self._slots: dict[Place, DeltaGenerator] = {}
        self._round = st.session_state.setdefault(_ROUND_KEY, 0)
        self._code = "en"

    def draw(self) -> None:
        """All fields; the title alone is open, the rest stands in folds that are filled in already."""
        self.content["title"] = st.text_input(
            _("Title"), self.content["title"], key=self._key(("title",)), max_chars=200
        )
        self._slot(("title",))
        self._languages()
        with st.expander(_("Consent and privacy"), icon=":material/fact_check:"):
            self._consent()
        with st.expander(_("What is compared"), icon=":material/compare:"):
            self._arms()
        with st.expander(_("Tasks"), icon=":material/photo_camera:"):
            self._tasks()
        with st.expander(_("Questionnaires"), icon=":material/checklist:"):
            self._questionnaires()
        with st.expander(_("Who may take part"), icon=":material/filter_alt:"):
            self._screening()
        with st.expander(_("The end, and coming back"), icon=":material/flag:"):
            self._end()
        with st.expander(_("Analysis plan"), icon=":material/analytics:"):
            self._plan()
        with st.expander(_("How many participants"), icon=":material/groups:"):
            studies_planning.planning()

    def tell(self, faults: tuple[Fault, ...]) -> None:
        """Put each sentence beside its field, and all of them where they cannot be missed."""
        for fault in faults:
            place = fault.place
            while place and place not in self._slots:
                place = place[:-1]
            if place:
                self._slots[place].error(fault.advice, icon=":material/error:")
        if faults:
            lines = "\n".join(f"- {self._where(fault.place)}: {fault.advice}" for fault in faults)
            st.error(_("The study is not ready yet:") + "\n" + lines, icon=":material/error:")

    # Parts.

    def _languages(self) -> None:
        chosen = st.multiselect(
            _("Languages of the participants"),
            list(LANGUAGES),
            list(self.content["languages"]),
            format_func=LANGUAGES.__getitem__,
            key=self._key(("languages",)),
        )
        self._slot(("languages",))
        self.content["languages"] = chosen
        for code in chosen:
            self.content["consent"]["text"].setdefault(code, drafting.consent_text(code))
            self.content["completion"]["debrief"].setdefault(code, drafting.debrief_text(code))
        written = list(dict.fromkeys((*chosen, "en")))
        if len(written) > 1:
            self._code = st.pills(
                _("Write the texts in"),
                written,
                format_func=LANGUAGES.__getitem__,
                default=written[0],
                required=True,
                key=f"{self._key(('code',))}-{'-'.join(written)}",
                wrap=True,
            )
            st.caption(_("English stands in where a text is missing."))

    def _consent(self) -> None:
        consent = self.content["consent"]
        st.caption(
            _("A starting text: fill in what stands in square brackets. Your review board has the last word.")
        )
        self._words(_("Consent text"), consent["text"], ("consent", "text"), tall=True)
        keep = st.toggle(
            _("Ask whether photos may be kept"),
            consent["photos"] is not None,
            key=self._key(("consent", "keep")),
        )
        if keep:
            consent["photos"] = consent["photos"] or {"en": drafting.photos_text("en")}
            consent["photos"].setdefault(self._code, drafting.photos_text(self._code))
            self._words(
                _("Words beside the tick for photos"), consent["photos"], ("consent", "photos"), tall=True
            )
        else:
            consent["photos"] = None
            st.caption(_("No photo is kept. Only events and answers are."))
        self._number(_("Days until everything is deleted"), self.content, "retention_days", (), 1, 3650)

    def _arms(self) -> None:
        presets = [*preset_choice.shipped()]
        presets += [
            f"{name}@{version}" for name, all_ in preset_choice.store().saved().items() for version in all_
        ]
        st.caption(_("An arm is what one group of participants gets. With one arm nothing is compared."))
        arms = self.content["arms"]
        for place, arm in enumerate(arms):
            at: Place = ("arms", place)
            with st.container(border=True):
                self._text(_("Name of the arm"), arm, "name", at)
                options = presets if arm["preset"] in presets else [arm["preset"], *presets]
                self._choice(_("Preset"), arm, "preset", at, options)
                self._choice(_("Assessor"), arm, "assessor", at, list(registry.names()))
                ways = {"server": _("On the server"), "device": _("In the participant's browser")}
                self._choice(_("Where the picture is checked"), arm, "way", at, list(ways), ways)
                self._optional(_("Most sessions in this arm"), arm, "most", at, 20, 1, 100_000)
                self._remover("arms", place)
        self._adder("arms", _("Add an arm"), self._new_arm)
        allocation = self.content["allocation"]
        at = ("allocation",)
        kinds = {
            "least_filled": _("The arm with the fewest sessions"),
            "blocks": _("Blocks, in random order"),
            "latin_square": _("Everybody gets every arm, in a balanced order"),
            "fixed": _("The link says which arm"),
        }
        self._choice(_("Who gets which arm"), allocation, "kind", at, list(kinds), kinds)
        counted = {
            "completed_and_live": _("Completed sessions and those under way"),
            "completed": _("Completed sessions alone"),
        }
        self._choice(_("What fills an arm"), allocation, "counted", at, list(counted), counted)
        if allocation["kind"] == "blocks":
            self._optional(_("Sessions in a block"), allocation, "block", at, 2 * max(len(arms), 1), 1, 1000)
        else:
            allocation["block"] = None
        orders = {"as_written": _("As written"), "balanced": _("Balanced over participants")}
        self._choice(_("Order of the tasks"), allocation, "tasks", at, list(orders), orders)
        self._number(_("Seed of the random order"), allocation, "seed", at, 0, 2**31)

    def _tasks(self) -> None:
        subjects = {"own_skin": _("Their own skin"), "drawing": _("A drawn picture, on a sheet or a screen")}
        for place, task in enumerate(self.content["tasks"]):
            at = ("tasks", place)
            with st.container(border=True):
                self._words(_("Title of the task"), task["title"], (*at, "title"))
                self._words(
                    _("Scenario, read before the task"), task["scenario"], (*at, "scenario"), tall=True
                )
                self._choice(_("What is photographed"), task, "subject", at, list(subjects), subjects)
                self._several(_("Questionnaires after this task"), task, "after", at)
                self._optional(
                    _("Minutes until the task may be left"), task, "most_minutes", at, 10.0, 0.5, 120.0
                )
                task.setdefault("no_spot", False)
                self._toggle(_("Offer “No spot, just practising”"), task, "no_spot", at)
                self._text(_("Short name, for tables"), task, "name", at)
                self._remover("tasks", place)
        self._adder("tasks", _("Add a task"), self._new_task)

    def _questionnaires(self) -> None:
        self._several(_("After the last task"), self.content, "after", ())
        self._toggle(_("Ask for free comments at the end"), self.content, "comments", ())
        self._toggle(_("Offer “This hint was wrong” during a task"), self.content, "wrong_hint_button", ())
        if set(self.content["languages"]) - {"en"}:
            st.caption(translations_note())

    def _screening(self) -> None:
        st.caption(
            _("Questions before the tasks. Whoever gives an excluding answer is thanked, and that is all.")
        )
        questions = self.content["screening"]
        for place, question in enumerate(questions):
            at = ("screening", place)
            with st.container(border=True):
                self._words(_("Question"), question["text"], (*at, "text"))
                self._choices(question, at)
                names = {name: words.get("en", name) for name, words in question["choices"].items()}
                question["excludes"] = st.multiselect(
                    _("Answers that exclude"),
                    list(names),
                    [name for name in question["excludes"] if name in names],
                    format_func=partial(_named, names),
                    key=f"{self._key((*at, 'excludes'))}-{'-'.join(names)}",
                )
                if place:
                    self._only_if(question, questions[:place], at)
                else:
                    question["only_if"] = None
                self._text(_("Short name, for tables"), question, "name", at)
                self._remover("screening", place)
        self._adder("screening", _("Add a question"), self._new_question)

    def _choices(self, question: Content, at: Place) -> None:
        known = list(question["choices"].items())
        lines = st.text_area(
            _("Answers to choose from, one a line"),
            "\n".join(words.get(self._code) or words.get("en", "") for _name, words in known),
            key=f"{self._key((*at, 'choices'))}-{self._code}",
        ).splitlines()
        lines = [line.strip() for line in lines if line.strip()]
        self._slot((*at, "choices"))
        made: dict[str, dict[str, str]] = {}
        for place, line in enumerate(lines):
            name, words = known[place] if place < len(known) else ("", {})
            name = name or drafting.name_from(line, made)
            made[name] = {**words, self._code: line}
            made[name].setdefault("en", line)
        question["choices"] = made

    def _only_if(self, question: Content, earlier: list[Content], at: Place) -> None:
        by_name = {one["name"]: one for one in earlier}
        held = question["only_if"]
        options = [None, *by_name]
        chosen = st.selectbox(
            _("Ask only after an answer to"),
            options,
            options.index(held[0]) if held and held[0] in by_name else 0,
            format_func=lambda name: name or _("Always ask"),
            key=f"{self._key((*at, 'only_if'))}-{'-'.join(by_name)}",
        )
        if chosen is None:
            question["only_if"] = None
            return
        choices = {name: words.get("en", name) for name, words in by_name[chosen]["choices"].items()}
        picked = st.multiselect(
            _("Which answers"),
            list(choices),
            [name for name in (held[1] if held and held[0] == chosen else ()) if name in choices],
            format_func=lambda name: choices.get(name, name),
            key=f"{self._key((*at, 'only_if_choices'))}-{chosen}",
        )
        question["only_if"] = [chosen, picked]

    def _end(self) -> None:
        completion, at = self.content["completion"], ("completion",)
        self._words(_("What participants read last"), completion["debrief"], (*at, "debrief"), tall=True)
        url = st.text_input(
            _("Where they go next (address)"),
            completion["url"] or "",
            key=self._key((*at, "url")),
            help=_(
                "Such as a recruiting panel's completion page. {NAME} becomes what the panel gave as NAME."
            ),
        ).strip()
        completion["url"] = url or None
        self._slot((*at, "url"))
        names = st.text_input(
            _("Parameters of the link that are kept"),
            ", ".join(completion["passed_on"]),
            key=self._key((*at, "passed_on")),
            help=_("Such as PROLIFIC_PID, several separated by commas. They lead back to persons."),
        )
        completion["passed_on"] = [name.strip() for name in names.split(",") if name.strip()]
        self._slot((*at, "passed_on"))
        policies = {
            "resume": _("Goes on where it was"),
            "restart": _("Begins anew, with the same arm"),
            "end": _("Has ended"),
        }
        resume, at = self.content["resume"], ("resume",)
        self._choice(
            _("A session that somebody comes back to"), resume, "policy", at, list(policies), policies
        )
        self._number(_("For how many hours"), resume, "most_hours", at, 0.5, 2160.0)

    def _plan(self) -> None:
        st.caption(_("Written before anybody takes part, it is frozen and dated with the design."))
        outcomes = {name: result_name(name) for name in (*MEASURES, *QUESTIONNAIRES)}
        self._choice(_("Primary outcome"), self.content, "outcome", (), list(outcomes), outcomes)
        self.content["plan"] = st.text_area(
            _("Analysis plan"), self.content["plan"], key=self._key(("plan",)), height=140
        )

    # Kinds of fields.

    def _words(self, label: str, words: dict[str, str], place: Place, tall: bool = False) -> None:
        key = f"{self._key(place)}-{self._code}"
        value = words.get(self._code, "")
        if tall:
            value = st.text_area(label, value, key=key, height="content")
        else:
            value = st.text_input(label, value, key=key)
        self._slot(place)
        if value or self._code == "en":
            words[self._code] = value
        else:
            words.pop(self._code, None)
        words.setdefault("en", value)

    def _text(self, label: str, part: Content, name: str, at: Place) -> None:
        part[name] = st.text_input(label, part[name], key=self._key((*at, name))).strip()
        self._slot((*at, name))

    def _choice(
        self, label: str, part: Content, name: str, at: Place, options: list[str], words: Any = None
    ) -> None:
        part[name] = st.selectbox(
            label,
            options,
            options.index(part[name]) if part[name] in options else 0,
            format_func=lambda one: (words or {}).get(one, one),
            key=self._key((*at, name)),
        )
        self._slot((*at, name))

    def _several(self, label: str, part: Content, name: str, at: Place) -> None:
        titles = {key: one.title for key, one in QUESTIONNAIRES.items()}
        part[name] = st.multiselect(
            label,
            list(titles),
            list(part[name]),
            format_func=titles.__getitem__,
            key=self._key((*at, name)),
        )

    def _toggle(self, label: str, part: Content, name: str, at: Place) -> None:
        part[name] = st.toggle(label, part[name], key=self._key((*at, name)))

    def _number(self, label: str, part: Content, name: str, at: Place, low: Any, high: Any) -> None:
        part[name] = st.number_input(label, low, high, part[name], key=self._key((*at, name)))
        self._slot((*at, name))

    def _optional(
        self, label: str, part: Content, name: str, at: Place, start: Any, low: Any, high: Any
    ) -> None:
        part[name] = st.number_input(
            label,
            low,
            high,
            part[name],
            step=type(start)(1),
            key=self._key((*at, name)),
            placeholder=_("No limit"),
        )
        self._slot((*at, name))

    def _adder(self, part: str, label: str, make: Any) -> None:
        self._slot((part,))
        st.button(
            label, icon=":material/add:", key=self._key((part, "add")), on_click=self._add, args=(part, make)
        )

    def _remover(self, part: str, place: int) -> None:
        st.button(
            _("Remove"),
            icon=":material/delete:",
            key=self._key((part, place, "remove")),
            on_click=self._remove,
            args=(part, place),
        )

    def _add(self, part: str, make: Any) -> None:
        self.content[part] = [*self.content[part], make()]

    def _remove(self, part: str, place: int) -> None:
        self.content[part] = [one for at, one in enumerate(self.content[part]) if at != place]
        # Fields go by their place: the ones after it are to be drawn anew.
        st.session_state[_ROUND_KEY] = self._round + 1

    def _new_arm(self) -> Content:
        used = {one["preset"] for one in self.content["arms"]}
        preset = next(
            (one for one in ("coach", "quiet", *preset_choice.shipped()) if one not in used), "balanced"
        )
        name = drafting.name_from(preset, (one["name"] for one in self.content["arms"]))
        return {"name": name, "preset": preset, "assessor": registry.DEFAULT, "way": "server", "most": None}

    def _new_task(self) -> Content:
        name = drafting.name_from("task", (one["name"] for one in self.content["tasks"]))
        made = drafting.starting_task(("en", *self.content["languages"]), name)
        return made.model_dump(mode="json")

    def _new_question(self) -> Content:
        name = drafting.name_from("question", (one["name"] for one in self.content["screening"]))
        return {
            "name": name,
            "text": {"en": _("Are you 18 or older?")},
            "choices": {"yes": {"en": _("Yes")}, "no": {"en": _("No")}},
            "excludes": ["no"],
            "only_if": None,
        }

    def _slot(self, place: Place) -> None:
        self._slots[place] = st.empty()

    def _key(self, place: Place) -> str:
        return f"studies-f-{self._round}-{'-'.join(map(str, place))}"

    def _where(self, place: Place) -> str:
        parts = {
            "title": _("Title"),
            "languages": _("Languages of the participants"),
            "consent": _("Consent and privacy"),
            "retention_days": _("Consent and privacy"),
            "arms": _("What is compared"),
            "allocation": _("What is compared"),
            "tasks": _("Tasks"),
            "screening": _("Who may take part"),
            "completion": _("The end, and coming back"),
            "resume": _("The end, and coming back"),
        }
        return parts.get(str(place[0]) if place else "", _("The design"))


def starting_content() -> Content:
    """A new study in the page's language, without a title yet."""
    content = drafting.starting_design(_("New study"), language()).model_dump(mode="json")
    return content | {"title": ""}
