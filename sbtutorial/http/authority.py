"""Host and Origin of an HTTP request: which names are this broker's, and that no page asks.

A page in the browser of somebody who works on this computer can make requests to every local port.
It cannot sign them; it shall not get as far as being refused for that. Browsers name the page in
`Origin`, and where they leave that out the page was fetched from the very host that `Host` names:
so a request is answered that comes without Origin, or from an Origin that is the broker's own, and
that calls the broker by a name which nobody else can have.

Source: RFC 9110, 7.2; RFC 6454, 7; RFC 6455, 10.2.
"""

import re
from ipaddress import ip_address
from typing import NamedTuple

_AUTHORITY = re.compile(
    r"(?:\[(?P<ipv6>[0-9a-f:.]{2,45})\]|(?P<name>[0-9a-z._-]{1,253}))(?::(?P<port>\d{0,5}))?",
    re.ASCII | re.IGNORECASE,
)
_ORIGIN = re.compile(r"(?P<scheme>https?|wss?)://(?P<authority>[^/?#@]+)/?", re.ASCII)
_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_LOCAL_NAME = "localhost"


class Authority(NamedTuple):
    """A host, in small letters and without brackets, and a port; None where the scheme says it."""

    host: str
    port: int | None

    @classmethod
    def parse(cls, text: str) -> "Authority | None":
        """The authority in a Host header; None where there is none to be read."""
        match = _AUTHORITY.fullmatch(text.strip())
        if match is None:
            return None
        host = (match["ipv6"] or match["name"]).lower().removesuffix(".")
        return cls(host, int(match["port"]) if match["port"] else None)

    @property
    def is_loopback(self) -> bool:
        """Whether this can only be the computer itself, whatever a name server says."""
        if self.host == _LOCAL_NAME or self.host.endswith(f".{_LOCAL_NAME}"):
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def is_ours(authority: Authority, bound_host: str, known_as: frozenset[str] = frozenset()) -> bool:
    """Whether a broker that listens on `bound_host` goes by this name.

    One that listens on loopback only has loopback's names, and those that it was given (in small
    letters). Of one that is open to the network only the network knows the names.
    """
    if authority.host in known_as:
        return True
    bound = Authority.parse(f"[{bound_host}]" if ":" in bound_host else bound_host)
    is_local = bound is None or bound.is_loopback
    return not is_local or authority.is_loopback or authority.host == bound_host


def is_own_origin(origin: str, authority: Authority) -> bool:
    """Whether an Origin is the host that is asked, as some WebSocket clients write it."""
    match = _ORIGIN.fullmatch(origin.strip().lower())
    named = Authority.parse(match["authority"]) if match else None
    if match is None or named is None:
        return False
    default = _DEFAULT_PORTS[match["scheme"]]
    same_port = (named.port or default) == (authority.port or default)
    return named.host == authority.host and same_port
