"""Application properties as HTTP headers, both ways.

Text stands in double quotes, and so does a date; numbers and booleans stand bare. Header names keep
their capital letters, since they are the properties' names.

Source: Azure Service Bus, REST API, "Message headers and properties", message properties.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime, parsedate_to_datetime
from uuid import UUID

from sbtutorial.amqp.types import Long, Timestamp
from sbtutorial.http.request import Headers

# What HTTP itself gives a meaning, where the value might be taken for a property's.
_HTTP_HEADERS = frozenset(
    {
        *("accept", "accept-charset", "accept-encoding", "accept-language", "age", "allow"),
        *("authorization", "brokerproperties", "cache-control", "connection", "cookie", "date"),
        *("content-disposition", "content-encoding", "content-language", "content-length"),
        *("content-location", "content-range", "content-type", "dnt", "etag", "expect", "expires"),
        *("forwarded", "from", "host", "if-match", "if-modified-since", "if-none-match"),
        *("if-range", "if-unmodified-since", "keep-alive", "last-modified", "location"),
        *("max-forwards", "origin", "pragma", "proxy-authorization", "proxy-connection", "range"),
        *("referer", "retry-after", "server", "set-cookie", "strict-transport-security", "te"),
        *("trailer", "transfer-encoding", "upgrade", "upgrade-insecure-requests", "user-agent"),
        *("vary", "via", "warning", "www-authenticate", "x-forwarded-for", "x-forwarded-port"),
    }
)
_BROWSERS_OWN = "sec-"

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT"
)
_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INT64 = range(-(2**63), 2**63)
# What cannot stand in a header: line ends and the like, and letters beyond Latin-1.
_UNSPEAKABLE = re.compile("[^\x20-\x7e\xa0-\xff]")


def read_properties(headers: Headers) -> dict[str, object]:
    """The properties among the headers of a request, in AMQP's types.

    A header of HTTP's own is none, nor one whose value is neither quoted nor a number nor a
    boolean: such come from proxies and tools on the way.
    """
    found = ((name, parse_value(_text(value))) for name, value in headers if _is_free(name))
    return {name: value for name, value in found if value is not None}


def write_properties(properties: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Headers for the properties that can be headers: by name, and by the type of the value."""
    for name, value in properties.items():
        text = _format(value)
        if text is not None and _NAME.fullmatch(name) and _is_free(name):
            yield name, text


def parse_value(text: str) -> object:
    """A value, by its looks; None for what looks like none."""
    if len(text) > 1 and text[0] == text[-1] == '"':
        content = text[1:-1].replace('\\"', '"')
        at = parse_date(content)
        return content if at is None else Timestamp(round(at * 1000))
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text) and int(text) in _INT64:
        return Long(int(text))
    return float(text) if _DECIMAL.fullmatch(text) else None


def parse_date(text: str) -> float | None:
    """Seconds since the epoch of a date as RFC 9110, 5.6.7, has it; None for anything else."""
    if not _DATE.fullmatch(text.strip()):
        return None
    try:
        return parsedate_to_datetime(text.strip()).replace(tzinfo=UTC).timestamp()
    except ValueError:  # 31 February
        return None


def format_date(at: datetime) -> str:
    """A date as RFC 9110, 5.6.7, has it: whole seconds, in GMT."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def escape(text: str) -> str:
    """A text without what cannot stand in a header, which JSON's escapes stand for."""
    return _UNSPEAKABLE.sub(_escaped, text)


def _format(value: object) -> str | None:
    match value:
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return str(value)
        case timedelta():
            return str(value.total_seconds())
        case datetime():
            return f'"{format_date(value)}"'
        case str() | UUID():
            return '"' + escape(str(value).replace('"', '\\"')) + '"'
    return None


def _is_free(name: str) -> bool:
    lower = name.lower()
    return lower not in _HTTP_HEADERS and not lower.startswith(_BROWSERS_OWN)


def _text(value: str) -> str:
    """A header's text: the edge takes bytes for Latin-1, and senders write that or UTF-8."""
    raw = value.encode("latin-1")
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.strip()


def _escaped(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]
