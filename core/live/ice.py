"""Which STUN and TURN servers a camera connection may use: none, unless the environment names some."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any, Final

from core.errors import UserFacingError
from core.i18n import _

SERVERS: Final = "RETAKE_ICE_SERVERS"
TURN_URL: Final = "RETAKE_TURN_URL"
TURN_USERNAME: Final = "RETAKE_TURN_USERNAME"
TURN_PASSWORD: Final = "RETAKE_TURN_PASSWORD"  # noqa: S105, a setting's name
TURN_SECRET: Final = "RETAKE_TURN_SECRET"  # noqa: S105, a setting's name
_HOUR_S: Final = 3600


class IceError(UserFacingError):
    """Connection settings that cannot be used; ``message`` says which and what to do."""

    code = "ice_settings"


def rtc_configuration(
    environment: Mapping[str, str], now: float | None = None
) -> dict[str, list[dict[str, Any]]]:
    """The connection's servers, ``{"iceServers": []}`` (this computer and the local network) by default.

    ``RETAKE_ICE_SERVERS`` is a comma list of addresses (``stun:host:port``) or a JSON list of addresses or of
    ``{"urls", "username", "credential"}``. ``RETAKE_TURN_URL`` adds a relay: with ``RETAKE_TURN_SECRET``,
    which the relay knows as well and no browser is given, or with one name and password for everybody.

    Args:
        now: seconds since 1970; None for the computer's clock.

    Raises:
        IceError: a setting cannot be read, or a relay lacks its secret, or its name or password.
    """
    servers = _listed(environment.get(SERVERS, "").strip())
    names = (TURN_URL, TURN_USERNAME, TURN_PASSWORD, TURN_SECRET)
    relay = {name: environment.get(name, "").strip() for name in names}
    if not any(relay.values()):
        return {"iceServers": servers}
    secret = relay[TURN_SECRET]
    if secret and (relay[TURN_USERNAME] or relay[TURN_PASSWORD]):
        message = _("A TURN relay has a secret, or a name and a password. Set {secret}, or {others}.")
        raise IceError(message.format(secret=TURN_SECRET, others=f"{TURN_USERNAME}, {TURN_PASSWORD}"))
    missing = [name for name in (names[:1] if secret else names[:3]) if not relay[name]]
    if missing:
        message = _("A TURN relay needs all its settings. Set {missing} too, or unset the others.")
        raise IceError(message.format(missing=", ".join(missing)))
    if secret:
        username, password = short_lived(secret, time.time() if now is None else now)
    else:
        username, password = relay[TURN_USERNAME], relay[TURN_PASSWORD]
    server = {"urls": relay[TURN_URL], "username": username, "credential": password}
    return {"iceServers": [*servers, _checked(server)]}


def short_lived(secret: str, now: float) -> tuple[str, str]:
    """Name and password that a relay accepts for one to two hours, by the secret it shares with this server.

    As coturn's ``use-auth-secret`` expects them (draft-uberti-behave-turn-rest-00, section 2.2): the name
    begins with the time at which it ends, and the password is the name's HMAC-SHA1. They change on the hour,
    so that runs of a page which follow each other give the browser the same ones.

    Args:
        secret: coturn's ``static-auth-secret``.
        now: seconds since 1970.
    """
    name = f"{(int(now) // _HOUR_S + 2) * _HOUR_S}:retake"
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()
    return name, base64.b64encode(digest).decode("ascii")


def _listed(value: str) -> list[dict[str, Any]]:
    if not value.startswith("["):
        return [_checked({"urls": part.strip()}) for part in value.split(",") if part.strip()]
    try:
        entries = json.loads(value)
    except json.JSONDecodeError as error:
        message = _(
            "{name} is not valid JSON ({reason}). Correct it, or write the addresses with commas between."
        )
        raise IceError(message.format(name=SERVERS, reason=error)) from None
    return [_checked({"urls": entry} if isinstance(entry, str) else entry) for entry in entries]


def _checked(server: Any) -> dict[str, Any]:
    urls = server.get("urls") if isinstance(server, dict) else None
    addresses = [urls] if isinstance(urls, str) else urls
    known = ("stun:", "stuns:", "turn:", "turns:")
    good = (
        isinstance(addresses, list)
        and addresses
        and all(isinstance(address, str) and address.startswith(known) for address in addresses)
    )
    if not good:
        message = _("{server} is no connection server. Use an address such as stun:example.org:3478.")
        raise IceError(message.format(server=urls or server))
    return server
