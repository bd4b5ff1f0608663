"""Why there is no live picture, in a sentence, and what to do."""

from collections.abc import Mapping
from typing import Final

from core.i18n import _
from core.live.stream_session import StreamStatus

CONNECTING_S: Final = 10.0
"""A camera that brought no picture for this long after its start does not reach the server."""


ON_DEVICE: Final = (
    "insecure",
    "unsupported",
    "denied",
    "missing",
    "busy",
    "ended",
    "assessor",
    "engine_network",
    "unfit",
)
"""What may go wrong with a camera whose picture is checked on the person's own device."""


def find(
    report: str,
    *,
    playing: bool,
    connecting: bool,
    failed: bool,
    waited: float,
    status: StreamStatus,
    refused: bool = False,
    interrupted: bool = False,
) -> str | None:
    """Why there is no usable picture: a reason for :func:`explain`, or None.

    Args:
        report: what the browser says about its camera.
        playing, connecting, failed: the state of the stream.
        waited: seconds since the camera was started.
        status: what the stream shows.
        refused: whether the server had no place for the stream.
        interrupted: whether the last stream had fallen silent when it ended.
    """
    if report != "ok" and not playing:
        return report
    if refused:
        return "full"
    if failed or (status.frames == 0 and (playing or connecting) and waited > CONNECTING_S):
        return "connection"
    if interrupted and not (playing or connecting):
        return "interrupted"
    return "assessor" if status.broken else None


def explain(reason: str) -> str:
    """What to tell a person about a camera that cannot be used; raises KeyError for an unknown reason."""
    return _sentences()[reason]


def _sentences() -> Mapping[str, str]:
    return {
        "insecure": _(
            "Browsers give the camera only to secure addresses, and this one does not begin with https. "
            "Open the link that “make app-phone” prints, or open Retake on the computer that runs it."
        ),
        "unsupported": _(
            "This browser gives pages no camera. Open Retake in Chrome, Firefox, Edge or Safari."
        ),
        "denied": _(
            "The camera is blocked for this page. Allow it in the browser's settings for this address "
            "(often a sign beside the address), then press Start camera again."
        ),
        "missing": _(
            "No camera was found. Connect one and press Start camera, or use a photo that you have."
        ),
        "busy": _(
            "The camera is in use elsewhere. Close the program or page that uses it, then press Start camera."
        ),
        "ended": _("The camera was turned off or taken by another program. Press Start camera to go on."),
        "engine_network": _(
            "What this device needs to check the picture did not arrive. Look at the connection, then press "
            "Start camera again."
        ),
        "unfit": _("This browser cannot check the picture by itself. Retake goes on with the server."),
        "no_webrtc": _(
            "This browser cannot send the camera's video to the server. Choose “On this device” where that "
            "is offered, or use a photo that you have."
        ),
        "connection": _(
            "The camera works, but its picture does not arrive here. A firewall may be in the way. "
            "Try another network, or use a photo that you have."
        ),
        "interrupted": _(
            "The connection to the server was interrupted, and the camera went off with it. "
            "Press Start camera to go on."
        ),
        "full": _("The coach is busy. Upload a photo, or check on this device."),
        "assessor": _("The picture cannot be checked at the moment. Stop the camera and start it again."),
    }
