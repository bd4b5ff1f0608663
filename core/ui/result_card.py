"""One photo's result, the same everywhere: verdict, reasons, prediction, and where the networks looked."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import streamlit as st

from core.explain import Explanation
from core.explain.overlay import overlay
from core.guidance.points import Point, shown_places
from core.guidance.preset_schema import ShotName
from core.i18n import _, in_sentence, in_this_language
from core.lesion.abstain import NOT_PASSED, not_passed
from core.lesion.confused import known_pair
from core.lesion.prediction import Prediction
from core.photo import Photo
from core.quality.verdict import Explains, Verdict
from core.study.events import EventName, Source
from core.text import bars, report
from core.text.wording import (
    about_class,
    about_shares,
    abstained,
    coloured_for,
    disclaimer,
    mixed_up,
    most_like,
    no_place,
    only_practised,
    place_name,
    points_of,
    say,
)
from core.ui import class_comparison, engines, layout, network_picker, session, test_time_views

SHOWN_LONG_SIDE: Final = 1200
FIRST_CLASSES: Final = 3


def result_card(
    photo: Photo,
    verdict: Verdict,
    *,
    key: str,
    overridden: bool = False,
    on_retake: Callable[[], None] | None = None,
    on_override: Callable[[], None] | None = None,
    page: str = "check",
    source: Source = "upload",
    shot: ShotName | None = None,
) -> None:
    """Draw the card of one photo.

    Predictions appear when the verdict passes; after an override, and where the network abstains, they stand
    behind a warning and one click; for healthy skin that passed as practice there are none.

    Args:
        key: unique on the page.
        overridden: the photo did not pass and the person uses it anyway.
        on_retake: called when the person wants another photo; without it there is no such button.
        on_override: called when the person uses a photo that does not pass; likewise.
        page, source: where the photo comes from, for the session's log.
        shot: which of a series' shots it is, where it is one.
    """
    _card(photo, verdict, key, overridden, on_retake, on_override, page, source, shot)


@st.fragment
def _card(
    photo: Photo,
    verdict: Verdict,
    key: str,
    overridden: bool,
    on_retake: Callable[[], None] | None,
    on_override: Callable[[], None] | None,
    page: str,
    source: Source,
    shot: ShotName | None,
) -> None:
    session.apply_language()
    log = _Logger(page, source)
    with st.container(key=f"{key}-card"), layout.calm("The result card"):
        preset, thresholds = session.preset(), session.rule(shot=shot).thresholds
        points = points_of(verdict, preset, thresholds)
        st.html(bars.verdict_line(say(verdict, preset, thresholds, shot)))
        left, right = st.columns([11, 9], gap="medium")
        with left:
            _picture(photo, verdict, points, key, log)
        with right:
            _reasons(points)
            _actions(verdict, key, overridden, on_retake, on_override, source)
        place = st.container()
        if overridden or (verdict.passes and verdict.label != "healthy_skin"):
            # Before the prediction: should this network fail, another can be picked.
            network_picker.picker(key)
            session.answered_by(engines.lesion_entry().model_dump_json())
        with place:
            prediction = _prediction(photo, verdict, key, overridden, log)
        if prediction is not None:
            test_time_views.panel(photo, verdict, prediction, log.once, key=key)
            if engines.lesion().no_map is None:
                class_comparison.panel(photo, prediction, partial(explain_lesion, photo), log.once, key=key)
        with st.container(horizontal=True):
            _save(photo, key)
            _report(photo, verdict, prediction, key, overridden, shot)


class _Logger:
    """Adds the events of one card, each once although the card is drawn again and again."""

    def __init__(self, page: str, source: Source) -> None:
        self._page, self._source = page, source

    def once(self, mark: str, value: object, event: EventName, **properties: object) -> None:
        """Add an event when ``value`` differs from what was last seen under ``mark``."""
        if st.session_state.get(mark) != value:
            st.session_state[mark] = value
            self._add(event, properties)

    def toggled(self, mark: str, network: str, target: str | None) -> None:
        """Add that another heat map was asked for; the one shown at first was not asked for."""
        if st.session_state.setdefault(mark, target) != target:
            st.session_state[mark] = target
            self._add("gradcam_toggled", {"network": network, "target": target})

    def _add(self, event: EventName, properties: dict[str, object]) -> None:
        log = session.event_log()
        log.add(event, page=self._page, source=self._source, properties=properties)


def _picture(photo: Photo, verdict: Verdict, points: Sequence[Point], key: str, log: _Logger) -> None:
    place = st.container()
    # A map of what is not there would still be brightest somewhere.
    offered = shown_places(verdict, points)
    explainer = engines.explainer() if offered else None
    if explainer is None:
        place.image(_shown(photo), width="stretch", alt=_("Your photo"))
        return
    target = st.pills(
        _("Show me where"),
        offered,
        format_func=place_name,
        key=f"{key}-where-{photo.sha256[:8]}",
        help=_("Colours the parts of the photo that the network looked at for this point."),
        wrap=True,
    )
    log.toggled(f"{key}-where-seen-{photo.sha256[:8]}", engines.assessor_entry().name, target)
    if target is None:
        place.image(_shown(photo), width="stretch", alt=_("Your photo"))
        return
    explanation = _explain_quality(photo, explainer, target)
    opacity = _opacity(f"{key}-where-opacity")
    name = in_sentence(place_name(target))
    place.image(
        overlay(photo.small, explanation.heatmap, opacity),
        width="stretch",
        alt=_("Your photo, coloured where the network looked to judge {point}").format(point=name),
    )
    if explanation.blank:
        st.caption(no_place())
        return
    st.html(bars.heat_legend())


def _reasons(points: Sequence[Point]) -> None:
    st.subheader(_("What was checked"), anchor=False)
    st.html(bars.explanation_list(points, session.preset()))


def _actions(
    verdict: Verdict,
    key: str,
    overridden: bool,
    on_retake: Callable[[], None] | None,
    on_override: Callable[[], None] | None,
    source: Source,
) -> None:
    # What they do is done before anything is drawn: a message of a camera beside them may end that at any
    # place. In a fragment a press draws the fragment alone, and the whole page is wanted.
    if on_retake is not None and st.button(
        _("Try another photo") if source == "upload" else _("Take another photo"),
        key=f"{key}-retake",
        icon=":material/replay:",
        type="secondary" if verdict.passes else "primary",
        width="stretch",
        on_click=on_retake,
    ):
        st.rerun()
    if (
        on_override is not None
        and not verdict.passes
        and not overridden
        and st.button(
            _("Use this photo anyway"),
            key=f"{key}-override",
            icon=":material/arrow_forward:",
            type="tertiary",
            width="stretch",
            on_click=on_override,
        )
    ):
        st.rerun()


def _prediction(
    photo: Photo, verdict: Verdict, key: str, overridden: bool, log: _Logger
) -> Prediction | None:
    """Draw the prediction where there may be one, and return it where it was shown."""
    if verdict.passes and verdict.label == "healthy_skin":
        st.info(only_practised(), icon=":material/spa:")
        return None
    if not verdict.passes and not overridden:
        st.caption(_("What the photo might show appears once a photo passes."))
        return None
    st.header(_("What it looks most like"), anchor=False)
    if not verdict.passes and not _despite(key, photo, NOT_PASSED):
        return None
    prediction = predict(photo)
    if not verdict.passes:
        if prediction.reason is not None:
            st.caption(abstained(prediction.reason).why)
        prediction = not_passed(prediction)
    elif prediction.reason is not None and not _despite(key, photo, prediction.reason):
        return None
    log.once(
        f"{key}-predicted",
        (photo.sha256, engines.lesion_name()),
        "prediction_shown",
        label=prediction.labels[0],
        overridden=overridden,
        reason=prediction.reason,
    )
    left, right = st.columns([9, 11], gap="medium")
    with left:
        _classes(prediction, key)
    with right:
        _class_picture(photo, prediction, key, log)
    st.html(f'<p class="rt-fine">{disclaimer()}</p>')
    return prediction


def _despite(key: str, photo: Photo, reason: str) -> bool:
    """What stands before a prediction that is held back, and why it is; True once clicked through."""
    mark, words = f"{key}-despite", abstained(reason)
    asked = (photo.sha256, engines.lesion_name())
    if st.session_state.get(mark) == asked:
        st.warning(words.opened, icon=":material/warning:")
        return True
    st.warning(" ".join((words.why, words.advice)), icon=":material/warning:")
    st.button(
        _("Show it all the same"),
        key=f"{key}-despite-button",
        on_click=st.session_state.__setitem__,
        args=(mark, asked),
        width="stretch",
    )
    return False


def _classes(prediction: Prediction, key: str) -> None:
    best, count, taxonomy = prediction.labels[0], len(prediction.labels), engines.lesion().taxonomy
    st.markdown(most_like(best, taxonomy))
    if about := about_class(best, taxonomy):
        st.caption(about)
    _known_pair(prediction)
    place, most = st.container(), count
    if count > FIRST_CLASSES:
        everything = st.toggle(_("Show all {count}").format(count=count), key=f"{key}-all")
        most = count if everything else FIRST_CLASSES
    place.html(bars.class_list(prediction.labels[:most], prediction.probabilities[:most], taxonomy))
    st.caption(about_shares(count))


def _known_pair(prediction: Prediction) -> None:
    """What was measured of these very two classes, where the network mixes them up."""
    pair = known_pair(prediction, engines.lesion_entry().confused)
    if pair is None:
        return
    st.markdown(mixed_up(pair, engines.lesion().taxonomy))


def _class_picture(photo: Photo, prediction: Prediction, key: str, log: _Logger) -> None:
    classifier = engines.lesion()
    if classifier.no_map is not None:
        st.info(classifier.no_map.message, icon=":material/visibility_off:")
        return
    place = st.container()
    label = st.selectbox(
        _("Where did it look for"),
        prediction.labels,
        format_func=classifier.taxonomy.lay_name,
        key=f"{key}-class-{photo.sha256[:8]}",
    )
    log.toggled(f"{key}-class-seen-{classifier.name}-{photo.sha256[:8]}", classifier.name, label)
    opacity = _opacity(f"{key}-class-opacity")
    explanation = explain_lesion(photo, label)
    place.image(
        overlay(photo.small, explanation.heatmap, opacity),
        width="stretch",
        alt=coloured_for(label, classifier.taxonomy),
    )
    if explanation.blank:
        st.caption(no_place())
        return
    st.html(bars.heat_legend())


def _opacity(key: str) -> float:
    percent = st.slider(_("Strength of the colours"), 0, 100, 50, step=5, format="%d%%", key=key)
    return percent / 100


def _save(photo: Photo, key: str) -> None:
    st.download_button(
        _("Save this photo"),
        data=photo.jpeg,  # called when the button is pressed
        file_name=report.file_name(photo, "jpg"),
        mime="image/jpeg",
        icon=":material/image:",
        on_click="ignore",
        key=f"{key}-save",
        help=_("As a JPEG, without the place, time and camera that a file may name."),
    )


def _report(
    photo: Photo,
    verdict: Verdict,
    prediction: Prediction | None,
    key: str,
    overridden: bool,
    shot: ShotName | None,
) -> None:
    st.download_button(
        _("Download the report"),
        data=_report_maker(photo, verdict, prediction, overridden, shot),
        file_name=report.file_name(photo),
        mime="text/html",
        icon=":material/download:",
        on_click="ignore",
        key=f"{key}-report",
        help=_("One page with the pictures in it, to print or to keep."),
    )


def _report_maker(
    photo: Photo,
    verdict: Verdict,
    prediction: Prediction | None,
    overridden: bool,
    shot: ShotName | None = None,
) -> Callable[[], bytes]:
    # Called when the button is pressed, outside the script: everything it needs is taken along.
    explainer = engines.explainer()
    answered, taxonomy, lesion_map, no_map = [verdict.assessor], None, None, ""
    if prediction is not None:
        classifier = engines.lesion()
        answered.append(classifier.name)
        taxonomy = classifier.taxonomy
        if classifier.no_map is None:
            lesion_map = explain_lesion(photo, prediction.labels[0])
        else:
            no_map = classifier.no_map.message
    preset, thresholds = session.preset(), session.rule(shot=shot).thresholds
    networks = {name: entry.sha256 for name, entry in engines.manifest().networks.items() if name in answered}

    def make() -> bytes:
        return report.build_report(
            photo,
            verdict,
            preset,
            made=datetime.now(UTC),
            thresholds=thresholds,
            prediction=prediction,
            shot=shot,
            explain=None if explainer is None else partial(explainer.explain, photo.small),
            lesion_map=lesion_map,
            taxonomy=taxonomy,
            no_map=no_map,
            overridden=overridden,
            networks=networks,
        )

    return in_this_language(make)


def _shown(photo: Photo) -> bytes:
    return session.held(("picture", photo.sha256), lambda: photo.jpeg(SHOWN_LONG_SIDE))


def predict(photo: Photo) -> Prediction:
    """The lesion classifier's answer, made once a session for each photo."""
    return session.held(("prediction", photo.sha256), lambda: engines.lesion().predict(photo.small))


def _explain_quality(photo: Photo, explainer: Explains, target: str) -> Explanation:
    """Where the assessor looked for one explanation, made once a session for each photo."""
    key = (engines.assessor_entry().name, target, photo.sha256)
    return session.held(key, lambda: explainer.explain(photo.small, target))


def explain_lesion(photo: Photo, label: str) -> Explanation:
    """Where the lesion classifier looked for one class, made once a session for each photo."""
    key = ("lesion", label, photo.sha256)
    return session.held(key, lambda: engines.lesion().explain(photo.small, label))
