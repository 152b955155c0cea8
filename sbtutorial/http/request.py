"""A request and a response, as values: what the administration and control planes are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request, whole.

    Attributes:
        method: In capital letters; the edge turns HEAD into GET.
        target: Path and query as they came, percent-encoded.
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
