"""Which STUN and TURN servers a camera connection may use: none, unless the environment names some."""

import json
from collections.abc import Mapping
from typing import Any, Final

from core.i18n import _

SERVERS: Final = "RETAKE_ICE_SERVERS"
TURN_URL: Final = "RETAKE_TURN_URL"
TURN_USERNAME: Final = "RETAKE_TURN_USERNAME"
TURN_PASSWORD: Final = "RETAKE_TURN_PASSWORD"


class IceError(Exception):
    """Connection settings that cannot be used; ``message`` says which and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code = "ice_settings"
        self.message = message


def rtc_configuration(environment: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The connection's servers, ``{"iceServers": []}`` (this computer and the local network) by default.

    ``RETAKE_ICE_SERVERS`` is a comma list of addresses (``stun:host:port``) or a JSON list of addresses or of
    ``{"urls", "username", "credential"}``; ``RETAKE_TURN_URL`` with ``_USERNAME`` and ``_PASSWORD`` adds a
    relay.

    Raises:
        IceError: a setting cannot be read, or a relay lacks its name or password.
    """
    servers = _listed(environment.get(SERVERS, "").strip())
    relay = {name: environment.get(name, "").strip() for name in (TURN_URL, TURN_USERNAME, TURN_PASSWORD)}
    missing = [name for name, value in relay.items() if not value]
    if not missing:
        servers.append(
            _checked(
                {
                    "urls": relay[TURN_URL],
                    "username": relay[TURN_USERNAME],
                    "credential": relay[TURN_PASSWORD],
                }
            )
        )
    elif len(missing) < len(relay):
        message = _("A TURN relay needs all three settings. Set {missing} too, or unset the others.")
        raise IceError(message.format(missing=", ".join(missing)))
    return {"iceServers": servers}


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
