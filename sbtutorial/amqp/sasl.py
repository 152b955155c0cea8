"""SASL: the choice of a mechanism, and what each mechanism says.

Real authorization on Service Bus comes later, by a token put to `$cbs`; most clients pass through
here anonymously. Source: AMQP 1.0, 5.3; RFC 4505 (ANONYMOUS), RFC 4616 (PLAIN).
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sbtutorial.amqp.performatives import SaslCode, SaslInit, SaslMechanisms, SaslOutcome

Authenticate = Callable[[str, bytes], bool]

PLAIN = "PLAIN"
SERVICE_BUS_MECHANISMS = ("MSSBCBS", PLAIN, "ANONYMOUS", "EXTERNAL")


class PlainCredentials(NamedTuple):
    """What PLAIN sends: on Service Bus, a key's name and the key."""

    user: str
    password: str


def plain_credentials(initial_response: bytes) -> PlainCredentials | None:
    """The user and password in a PLAIN response; None when it holds none."""
    parts = initial_response.split(b"\x00")
    if len(parts) != 3:
        return None
    try:
        return PlainCredentials(parts[1].decode("utf-8"), parts[2].decode("utf-8"))
    except UnicodeDecodeError:
        return None


def allow_without_password(mechanism: str, _initial_response: bytes) -> bool:
    """Let every mechanism in but PLAIN, whose password nobody here can check."""
    return mechanism != PLAIN


class SaslServer:
    """The server's side: what is offered, and whether a client may come in.

    Args:
        mechanisms: Offered, in order.
        authenticate: Called with an offered mechanism and the client's initial response.
    """

    def __init__(self, mechanisms: Sequence[str], authenticate: Authenticate) -> None:
        self._mechanisms = tuple(mechanisms)
        self._authenticate = authenticate

    def offer(self) -> SaslMechanisms:
        """The frame that names the mechanisms."""
        return SaslMechanisms(self._mechanisms)

    def judge(self, init: SaslInit) -> SaslOutcome:
        """Whether the client's choice and response let it in."""
        allowed = init.mechanism in self._mechanisms and self._authenticate(
            init.mechanism, init.initial_response or b""
        )
        return SaslOutcome(SaslCode.OK if allowed else SaslCode.AUTH)


class SaslClient:
    """The client's side.

    Args:
        mechanisms: Those it can use, the best first.
        initial_response: What it says with the one that is chosen.
        hostname: The host it wants to reach.
    """

    def __init__(
        self, mechanisms: Sequence[str], initial_response: bytes, hostname: str | None
    ) -> None:
        self._mechanisms = tuple(mechanisms)
        self._initial_response = initial_response
        self._hostname = hostname

    @property
    def has_mechanisms(self) -> bool:
        """Whether there is anything to say in SASL; without, it is left out."""
        return bool(self._mechanisms)

    def choose(self, offer: SaslMechanisms) -> SaslInit | None:
        """The frame that picks a mechanism; None when no offered one can be used."""
        for mechanism in self._mechanisms:
            if mechanism in offer.sasl_server_mechanisms:
                return SaslInit(mechanism, self._initial_response, self._hostname)
        return None
