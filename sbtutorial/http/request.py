"""HTTP requests and responses, as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from sbtutorial.http.authority import Authority

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole.

    Attributes:
        method: In capital letters; the edge turns HEAD into GET.
        target: Path and query as they came, percent-encoded, without a host.
        headers: By lower-case name; a repeated header's values are joined with ", ".
        body: Empty when there is none.
        raw_headers: As they came: with the capital letters of their names, repeated ones apart.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    raw_headers: Headers = ()

    @property
    def authority(self) -> Authority | None:
        """Host and port that the client called; None where the Host header cannot be read.

        HTTP/1.0 has no such header: whoever is silent means this computer.
        """
        return Authority.parse(self.headers.get("host", "localhost"))

    @property
    def host(self) -> str:
        """The host that the client called, in small letters, without its port."""
        return self.authority.host if self.authority else ""

    @property
    def path(self) -> str:
        """The path, decoded, without outer slashes: `/a%2Fb/` and `/a/b` are both `a/b`."""
        return unquote(self.target.partition("?")[0]).strip("/")

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters by lower-case name; of a repeated one, the last."""
        pairs = parse_qsl(self.target.partition("?")[2], keep_blank_values=True)
        return {name.lower(): value for name, value in pairs}


@dataclass(frozen=True, slots=True)
class Response:
    """One response, whole; the edge adds Content-Length, unless Transfer-Encoding is there."""

    status: int
    headers: Headers = ()
    body: bytes = b""


# What is asked is not answered: the connection is dropped instead, as a fault asks for.
NO_ANSWER = Response(0)
