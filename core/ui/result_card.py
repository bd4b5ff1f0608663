"""One photo's result, the same everywhere: verdict, reasons, prediction, and where the networks looked."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from core.explain import Explanation
from core.explain.overlay import overlay
from core.lesion.classifier import Prediction
from core.lesion.taxonomy import description, lay_name
from core.photo import Photo
from core.quality.labels import EXPLANATIONS
from core.quality.verdict import Verdict
from core.study.events import EventName, Source
from core.ui import advanced, bars, engines, layout, report, session
from core.ui.wording import disclaimer, explanation_name, say
from core.words import _

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
) -> None:
    """Draw the card of one photo.

    Predictions appear when the verdict passes; after an override they stand behind a warning and one click;
    for healthy skin that passed as practice there are none.

    Args:
        key: unique on the page.
        overridden: the photo did not pass and the person uses it anyway.
        on_retake: called when the person wants another photo; without it there is no such button.
        on_override: called when the person uses a photo that does not pass; likewise.
        page, source: where the photo comes from, for the session's log.
    """
    _card(photo, verdict, key, overridden, on_retake, on_override, page, source)


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
) -> None:
    session.apply_language()
    log = _Logger(page, source)
    with st.container(key=f"{key}-card"), layout.calm("The result card"):
        st.html(bars.verdict_line(say(verdict, session.preset())))
        left, right = st.columns([11, 9], gap="medium")
        with left:
            _picture(photo, key, log)
        with right:
            _reasons(verdict)
            _actions(verdict, key, overridden, on_retake, on_override, source)
        prediction = _prediction(photo, verdict, key, overridden, log)
        _report(photo, verdict, prediction, key, overridden)
        if prediction is not None:
            advanced.panel(photo, prediction, key=key)


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


def _picture(photo: Photo, key: str, log: _Logger) -> None:
    place = st.container()
    target = st.pills(
        _("Show me where"),
        EXPLANATIONS,
        format_func=explanation_name,
        key=f"{key}-where-{photo.sha256[:8]}",
        help=_("Colours the parts of the photo that the network looked at for this point."),
        wrap=True,
    )
    log.toggled(f"{key}-where-seen-{photo.sha256[:8]}", engines.assessor().name, target)
    if target is None:
        place.image(_shown(photo), width="stretch", alt=_("Your photo"))
        return
    explanation = explain_quality(photo, target)
    opacity = _opacity(f"{key}-where-opacity")
    name = explanation_name(target).lower()
    place.image(
        overlay(photo.small, explanation.heatmap, opacity),
        width="stretch",
        alt=_("Your photo, coloured where the network looked to judge {point}").format(point=name),
    )
    st.html(bars.heat_legend())


def _reasons(verdict: Verdict) -> None:
    st.subheader(_("What was checked"), anchor=False)
    st.html(bars.explanation_list(verdict, session.rule().thresholds, session.preset()))


def _actions(
    verdict: Verdict,
    key: str,
    overridden: bool,
    on_retake: Callable[[], None] | None,
    on_override: Callable[[], None] | None,
    source: Source,
) -> None:
    if on_retake is not None and st.button(
        _("Try another photo") if source == "upload" else _("Take another photo"),
        key=f"{key}-retake",
        icon=":material/replay:",
        type="secondary" if verdict.passes else "primary",
        width="stretch",
    ):
        on_retake()
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
        )
    ):
        on_override()
        st.rerun()


def _prediction(
    photo: Photo, verdict: Verdict, key: str, overridden: bool, log: _Logger
) -> Prediction | None:
    """Draw the prediction where there may be one, and return it where it was shown."""
    if verdict.passes and verdict.label == "healthy_skin":
        st.info(
            _("You were practising on skin without a spot, so there is nothing to predict here."),
            icon=":material/spa:",
        )
        return None
    if not verdict.passes and not overridden:
        st.caption(_("What the photo might show appears once a photo passes."))
        return None
    st.header(_("What it looks most like"), anchor=False)
    if not verdict.passes and not _accepted_warning(key, photo):
        return None
    prediction = predict(photo)
    log.once(
        f"{key}-predicted",
        photo.sha256,
        "prediction_shown",
        label=prediction.labels[0],
        overridden=overridden,
    )
    left, right = st.columns([9, 11], gap="medium")
    with left:
        _classes(prediction, key)
    with right:
        _class_picture(photo, prediction, key, log)
    st.html(f'<p class="rt-fine">{disclaimer()}</p>')
    return prediction


def _accepted_warning(key: str, photo: Photo) -> bool:
    """The warning that stands before predictions on a photo that did not pass; True once clicked through."""
    mark = f"{key}-despite"
    if st.session_state.get(mark) == photo.sha256:
        st.warning(
            _("This photo did not pass the check, so the answer below may well be wrong."),
            icon=":material/warning:",
        )
        return True
    st.warning(
        _(
            "This photo did not pass the check. A network that sees a poor photo answers all the same, and "
            "is often wrong. Take what it says with great care."
        ),
        icon=":material/warning:",
    )
    st.button(
        _("Show it all the same"),
        key=f"{key}-despite-button",
        on_click=st.session_state.__setitem__,
        args=(mark, photo.sha256),
        width="stretch",
    )
    return False


def _classes(prediction: Prediction, key: str) -> None:
    best = prediction.labels[0]
    st.markdown(
        _("Of ten kinds of skin change, the photo looks most like **{name}**.").format(
            name=lay_name(best).lower()
        )
    )
    st.caption(description(best))
    place = st.container()
    everything = st.toggle(_("Show all ten"), key=f"{key}-all")
    most = len(prediction.labels) if everything else FIRST_CLASSES
    place.html(bars.class_list(prediction.labels[:most], prediction.probabilities[:most]))
    st.caption(
        _(
            "The figures say how the network shares out its answer. They are not the chance of having "
            "something, and things it was never taught are not among the ten."
        )
    )


def _class_picture(photo: Photo, prediction: Prediction, key: str, log: _Logger) -> None:
    place = st.container()
    label = st.selectbox(
        _("Where did it look for"),
        prediction.labels,
        format_func=lay_name,
        key=f"{key}-class-{photo.sha256[:8]}",
    )
    log.toggled(f"{key}-class-seen-{photo.sha256[:8]}", "lesion", label)
    opacity = _opacity(f"{key}-class-opacity")
    explanation = explain_lesion(photo, label)
    place.image(
        overlay(photo.small, explanation.heatmap, opacity),
        width="stretch",
        alt=_("Your photo, coloured where the network looked for {name}").format(
            name=lay_name(label).lower()
        ),
    )
    st.html(bars.heat_legend())


def _opacity(key: str) -> float:
    percent = st.slider(_("Strength of the colours"), 0, 100, 50, step=5, format="%d%%", key=key)
    return percent / 100


def _report(
    photo: Photo, verdict: Verdict, prediction: Prediction | None, key: str, overridden: bool
) -> None:
    st.download_button(
        _("Download the report"),
        data=_report_maker(photo, verdict, prediction, overridden),
        file_name=report.file_name(photo),
        mime="text/html",
        icon=":material/download:",
        on_click="ignore",
        key=f"{key}-report",
        help=_("One page with the pictures in it, to print or to keep."),
    )


def _report_maker(
    photo: Photo, verdict: Verdict, prediction: Prediction | None, overridden: bool
) -> Callable[[], bytes]:
    # Called when the button is pressed, outside the script: everything it needs is taken along.
    assessor = engines.assessor()
    lesion_map = explain_lesion(photo, prediction.labels[0]) if prediction is not None else None
    preset, thresholds = session.preset(), session.rule().thresholds
    answered = (verdict.assessor, "lesion")
    networks = {name: entry.sha256 for name, entry in engines.manifest().networks.items() if name in answered}

    def make() -> bytes:
        return report.build_report(
            photo,
            verdict,
            preset,
            made=datetime.now(UTC),
            thresholds=thresholds,
            prediction=prediction,
            quality_map=assessor.explain(photo.small, verdict.nearest),
            lesion_map=lesion_map,
            overridden=overridden,
            networks=networks,
        )

    return make


def _shown(photo: Photo) -> bytes:
    return session.held(("picture", photo.sha256), lambda: photo.jpeg(SHOWN_LONG_SIDE))


def predict(photo: Photo) -> Prediction:
    """The lesion classifier's answer, made once a session for each photo."""
    return session.held(("prediction", photo.sha256), lambda: engines.lesion().predict(photo.small))


def explain_quality(photo: Photo, target: str) -> Explanation:
    """Where the assessor looked for one explanation, made once a session for each photo."""
    assessor = engines.assessor()
    key = (assessor.name, target, photo.sha256)
    return session.held(key, lambda: assessor.explain(photo.small, target))


def explain_lesion(photo: Photo, label: str) -> Explanation:
    """Where the lesion classifier looked for one class, made once a session for each photo."""
    key = ("lesion", label, photo.sha256)
    return session.held(key, lambda: engines.lesion().explain(photo.small, label))
