"""A broker that is open to the network: who is on this computer, and that all others speak TLS.

What is not encrypted can be read by others on the way, the key in SASL PLAIN and every token with
it. So from another computer only TLS is taken, unless somebody asks for less; AMQP and HTTP in
plain are answered with what each has for that, and nothing of what was sent is acted on.

Source: AMQP 1.0, 5.2.1 (the header of TLS is what a server answers that takes nothing else);
RFC 9110, 15.5.22 (426); RFC 1123, 2.1 (names of hosts).
"""

import re
import socket
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import IPv6Address, ip_address

from sbtutorial.folders import HOST
from sbtutorial.gateway.endpoint import Close, Write
from sbtutorial.server.sniff import Kind

_TEXT = (
    b"From another computer this broker speaks TLS only: call it with https, "
    b"or with a connection string without UseDevelopmentEmulator.\n"
)
_REFUSALS: Mapping[Kind, bytes] = {
    Kind.AMQP: b"AMQP\x02\x01\x00\x00",
    Kind.HTTP: b"HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\n"
    b"Connection: Upgrade, close\r\n"
    b"Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(_TEXT), _TEXT),
}
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_HOST_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII | re.IGNORECASE)
_LOOPBACK_6 = "::1"
_SOMEWHERE = ("192.0.2.1", 9)  # RFC 5737: an address that nobody has


def is_loopback(address: str) -> bool:
    """Whether an address, of a peer or to listen on, is this computer's own for itself alone."""
    try:
        own = ip_address(address.partition("%")[0])
    except ValueError:
        return address == "localhost"
    if isinstance(own, IPv6Address) and own.ipv4_mapped is not None:
        own = own.ipv4_mapped
    return own.is_loopback


def is_host_name(text: str) -> bool:
    """Whether a certificate can be for this name: letters of ASCII, digits and hyphens, and dots.

    Names of other letters are written as `xn--…`, which is how clients ask for them.
    """
    return _HOST_NAME.fullmatch(text) is not None


def is_every_address(host: str) -> bool:
    """Whether to listen on this is to listen on all addresses that the computer has."""
    try:
        return ip_address(host).is_unspecified
    except ValueError:
        return False


def addresses(host: str) -> tuple[str, ...]:
    """Where to listen for `host`: there, and on loopback, where those of this computer look."""
    if host == "::":
        return ("0.0.0.0", host)
    if host == "localhost":
        return (HOST, _LOOPBACK_6) if _has_loopback_6() else (HOST,)
    return (host,) if host == HOST or is_every_address(host) else (HOST, host)


def _has_loopback_6() -> bool:
    with suppress(OSError), socket.socket(socket.AF_INET6) as asking:
        asking.bind((_LOOPBACK_6, 0))
        return True
    return False


def names(host: str) -> tuple[str, ...]:
    """What clients on other computers may call a broker that listens on `host`, the best first.

    None where no other computer can.
    """
    if is_loopback(host):
        return ()
    if not is_every_address(host):
        return (host,)
    own = socket.gethostname()
    found = [_address_towards_others()] if _address_towards_others() else []
    with suppress(OSError):
        found += [str(info[4][0]) for info in socket.getaddrinfo(own, None)]
    addresses = [one for one in found if not is_loopback(one) and "%" not in one]
    return tuple(dict.fromkeys([*addresses, *([own] if is_host_name(own) else [])]))


def _address_towards_others() -> str:
    """This computer's address where packets leave it; none is sent to find out."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(_SOMEWHERE)
        return str(asking.getsockname()[0])
    return ""


class TlsDemanded:
    """Answers a peer on another computer that does not speak TLS, and lets it go."""

    is_proved = False
    takes_input = True
    is_cut = False

    def __init__(self, kind: Kind, write: Write, close: Close) -> None:
        write(_REFUSALS[kind])
        close()

    def receive_data(self, data: bytes) -> None:
        """It is not looked at."""

    def pause_writing(self) -> None:
        """There is nothing to write."""

    def resume_writing(self) -> None:
        """There is nothing to write."""

    def input_ended(self) -> bool:
        """The connection is being closed."""
        return True

    def connection_lost(self) -> None:
        """There is nothing to let go of."""
