"""Atom entries and feeds: the envelope that the administration API puts around descriptions.

Elements are built with the very names that are written, prefixes and `xmlns` included: one client
looks for the prefix `d2p1` by name. What arrives is read by local names, whatever the prefixes.

Source: RFC 4287; Azure Service Bus, REST API "Create queue", "Get entity".
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError, SubElement

from defusedxml.ElementTree import fromstring

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.http.refusals import xml_bytes
from sbtutorial.http.request import Response

ATOM = "http://www.w3.org/2005/Atom"
SERVICE_BUS = "http://schemas.microsoft.com/netservices/2010/10/servicebus/connect"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

# .NET's DateTime.MinValue, which Service Bus writes for "never".
NEVER = "0001-01-01T00:00:00Z"
_EPOCH = datetime(1970, 1, 1)
_EPOCH = datetime(1970, 1, 1)


class Entry(NamedTuple):
    """One entity, as an entry of Atom.

    Attributes:
        url: Where it is, with the query.
        published: Date and time as text, like `updated`.
        author: The namespace.
        description: The element that goes into `content`.
        etag: Changes with what can be chosen about the entity; empty for none.
    """

    url: str
    title: str
    published: str
    updated: str
    author: str
    description: Element
    etag: str = ""


def entry_response(status: int, entry: Entry) -> Response:
    """One entity."""
    response = _atom(status, "entry", _entry(entry, xmlns=ATOM))
    if not entry.etag:
        return response
    return replace(response, headers=(*response.headers, ("ETag", entry.etag)))


def feed_response(
    title: str, url: str, updated: str, entries: Iterable[Entry], next_url: str | None = None
) -> Response:
    """Several entities, perhaps none, and where the next ones are.

    The Python SDK goes on exactly when there are two links, and follows the second.
    """
    feed = Element("feed", xmlns=ATOM)
    SubElement(feed, "title", type="text").text = title
    SubElement(feed, "id").text = url
    SubElement(feed, "updated").text = updated
    SubElement(feed, "link", rel="self", href=url)
    if next_url is not None:
        SubElement(feed, "link", rel="next", href=next_url)
    feed.extend(_entry(entry) for entry in entries)
    return _atom(200, "feed", feed)


def read_description(body: bytes) -> Element:
    """The element in the `content` of an Atom entry.

    Raises:
        BrokerError: ARGUMENT_ERROR: the body is no XML, or no such entry; the text says where.
    """
    entry = _parse(body)
    if local_name(entry) != "entry":
        raise _malformed(f"its outermost element is '{local_name(entry)}', and must be 'entry'")
    for content in entry:
        if local_name(content) == "content":
            for description in content:
                return description
            raise _malformed("its 'content' is empty")
    raise _malformed("its 'entry' has no 'content'")


def local_name(element: Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def is_nil(element: Element) -> bool:
    """Whether the element says that it stands for nothing."""
    return element.get(f"{{{SCHEMA_INSTANCE}}}nil") in ("true", "1")


def described(name: str) -> Element:
    """An empty description, in the namespaces that its children take for granted."""
    return Element(name, {"xmlns": SERVICE_BUS, "xmlns:i": SCHEMA_INSTANCE})


def format_instant(at: float) -> str:
    """Seconds since the epoch as date and time, with .NET's seven digits.

    What lies beyond the calendar, as after centuries of advanced time, is its first or last moment.
    """
    try:
        moment = _EPOCH + timedelta(seconds=at)
    except OverflowError:
        moment = datetime.max if at > 0 else datetime.min
    return f"{moment.isoformat(timespec='microseconds')}0Z"


def _entry(entry: Entry, **attributes: str) -> Element:
    element = Element("entry", attributes)
    SubElement(element, "id").text = entry.url
    SubElement(element, "title", type="text").text = entry.title
    SubElement(element, "published").text = entry.published
    SubElement(element, "updated").text = entry.updated
    SubElement(SubElement(element, "author"), "name").text = entry.author
    SubElement(element, "link", rel="self", href=entry.url)
    SubElement(element, "content", type="application/xml").append(entry.description)
    return element


def _atom(status: int, kind: str, element: Element) -> Response:
    content_type = f"application/atom+xml;type={kind};charset=utf-8"
    return Response(status, (("Content-Type", content_type),), xml_bytes(element))


def _parse(body: bytes) -> Element:
    if not body.strip():
        raise _malformed("it is empty")
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except ParseError as error:
        raise _malformed(f"it is no XML: {error}") from None
    except (ValueError, LookupError) as error:  # a DTD, an entity, an encoding nobody knows
        raise _malformed(f"it cannot be accepted: {error}") from None
    return root


def _malformed(problem: str) -> BrokerError:
    return BrokerError(
        ErrorCode.ARGUMENT_ERROR,
        f"The request's body is no description of an entity: {problem}. Send "
        "<entry><content><QueueDescription>...</QueueDescription></content></entry>.",
    )
