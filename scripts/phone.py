"""Serves phones on the local network: HTTPS with a certificate made here, a link and a QR code.

Browsers give a page the camera only over HTTPS or on the computer itself, so a phone needs this.
Run it with ``make app-phone``.
"""

import argparse
import ipaddress
import os
import socket
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ifaddr
import segno
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from core.data_folder import data_folder
from core.i18n import _

ROOT = Path(__file__).resolve().parent.parent
VALID_FOR = timedelta(days=90)
RENEW_BEFORE = timedelta(days=1)


def route_address() -> str | None:
    """The address under which this computer reaches others; asking sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return probe.getsockname()[0]


def usable(addresses: Iterable[str], first: str | None = None) -> list[str]:
    """The IPv4 addresses a phone may reach, the likeliest first.

    Args:
        addresses: as they come; loopback and self-assigned ones are left out.
        first: put this one first when it is among them.
    """
    kept = {}
    for text in addresses:
        address = ipaddress.ip_address(text)
        if address.version == 4 and not (
            address.is_loopback or address.is_link_local or address.is_unspecified
        ):
            kept[text] = None
    return sorted(kept, key=lambda text: (text != first, ipaddress.ip_address(text)))


def lan_addresses() -> list[str]:
    """This computer's addresses on its networks, the likeliest first."""
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return usable(found, route_address())


def still_good(certificate: Path, key: Path, addresses: Sequence[str], now: datetime) -> bool:
    """Whether a certificate kept from before, with its key, covers these addresses beyond tomorrow."""
    try:
        kept = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        private = serialization.load_pem_private_key(key.read_bytes(), password=None)
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    covered = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return (
        covered.issuperset(addresses)
        and kept.not_valid_before_utc <= now < kept.not_valid_after_utc - RENEW_BEFORE
        and private.public_key() == kept.public_key()
    )


def make_certificate(folder: Path, addresses: Sequence[str], now: datetime) -> tuple[Path, Path]:
    """A self-signed certificate for these addresses and this computer's names, kept for the next time.

    Args:
        folder: where certificate and key lie; made for this user alone.
        addresses: IPv4 addresses that it must cover.
        now: timezone-aware.

    Returns:
        paths of the certificate and of its private key (readable by this user alone).
    """
    certificate, key = folder / "retake-cert.pem", folder / "retake-key.pem"
    if still_good(certificate, key, addresses, now):
        return certificate, key
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = ec.generate_private_key(ec.SECP256R1())
    host = socket.gethostname().split(".")[0] or "localhost"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Retake")])
    covered = [x509.DNSName(text) for text in dict.fromkeys(("localhost", host, f"{host}.local"))]
    covered += [
        x509.IPAddress(ipaddress.ip_address(text)) for text in dict.fromkeys(("127.0.0.1", *addresses))
    ]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName(covered), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    key.unlink(missing_ok=True)
    with open(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(
            private.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def folder() -> Path:
    """Where the certificate is kept: ``RETAKE_DATA`` (else ~/.local/share/retake), in ``phone``."""
    return data_folder() / "phone"


def qr_code(text: str, coloured: bool) -> str:
    """A QR code for a terminal, two rows of modules to a line.

    Args:
        coloured: black on white by escape codes, alike on every terminal; else the blocks alone.
    """
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=2)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    blocks = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
    lines = [
        "".join(blocks[bool(upper), bool(lower)] for upper, lower in zip(*pair, strict=True))
        for pair in zip(rows[::2], rows[1::2], strict=True)
    ]
    return "\n".join(f"\033[30;107m{line}\033[0m" if coloured else line for line in lines)


def announce(addresses: Sequence[str], port: int, coloured: bool = False) -> str:
    """What to print before the server starts: the link, its QR code, and what the phone will say."""
    links = [f"https://{address}:{port}" for address in addresses]
    parts = [
        qr_code(links[0], coloured),
        _("Open this on a phone in the same network, or point its camera at the code:"),
        f"    {links[0]}",
    ]
    if links[1:]:
        parts += [_("If it does not answer, try:"), *(f"    {link}" for link in links[1:])]
    parts += [
        _(
            "The phone will warn that it does not know this computer's certificate: it was made here, and no "
            "authority signed it. Choose Advanced (or Show details), then continue."
        ),
        _("Anyone in this network can open the link. Press Ctrl+C to stop."),
    ]
    return "\n".join(parts)


def main(argv: Sequence[str] | None = None) -> int:
    """Make the certificate, print the link, and become the server."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.phone", description="Serve phones on this network."
    )
    parser.add_argument("--port", type=int, default=8501)
    args = parser.parse_args(argv)
    addresses = lan_addresses()
    if not addresses:
        print(
            _("This computer is in no network that a phone could reach. Join one and try again."),
            file=sys.stderr,
        )
        return 1
    certificate, key = make_certificate(folder(), addresses, datetime.now(UTC))
    print(announce(addresses, args.port, sys.stdout.isatty()), flush=True)
    command = [sys.executable, "-m", "streamlit", "run", "serve.py"]
    command += ["--server.address", "0.0.0.0", "--server.port", str(args.port), "--server.headless", "true"]  # noqa: S104, phones on this network are meant to reach it
    command += ["--server.sslCertFile", str(certificate), "--server.sslKeyFile", str(key)]
    os.chdir(ROOT)
    os.execv(sys.executable, command)  # noqa: S606, no shell on purpose


if __name__ == "__main__":
    sys.exit(main())
