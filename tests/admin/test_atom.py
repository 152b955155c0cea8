from xml.etree.ElementTree import fromstring

import pytest

from sbtutorial.admin.atom import (
    Entry,
    described,
    entry_response,
    feed_response,
    format_instant,
    local_name,
    read_description,
)
from sbtutorial.broker.errors import BrokerError, ErrorCode

PYTHON_ENVELOPE = (
    b"<?xml version='1.0' encoding='utf-8'?>\n"
    b'<ns0:entry xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
    b'xmlns:ns0="http://www.w3.org/2005/Atom" '
    b'xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect">'
    b'<ns0:content type="application/xml"><QueueDescription><LockDuration>PT13S</LockDuration>'
    b"</QueueDescription></ns0:content></ns0:entry>"
)
JAVASCRIPT_ENVELOPE = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    b'<entry xmlns="http://www.w3.org/2005/Atom"><updated>2024-01-01T00:00:00.000Z</updated>'
    b'<content type="application/xml"><QueueDescription '
    b'xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" '
    b'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><LockDuration>PT13S</LockDuration>'
    b"</QueueDescription></content></entry>"
)

BOMB = (
    b'<!DOCTYPE lolz [<!ENTITY a "lol">'
    + b"".join(
        b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % (c, *([c - 1] * 10))
        for c in range(ord("b"), ord("k"))
    )
    + b"]><entry><content><QueueDescription>&j;</QueueDescription></content></entry>"
)


@pytest.mark.parametrize("body", [PYTHON_ENVELOPE, JAVASCRIPT_ENVELOPE])
def test_the_description_is_found_in_the_envelope_of_every_sdk(body):
    description = read_description(body)
    assert local_name(description) == "QueueDescription"
    assert [(local_name(child), child.text) for child in description] == [("LockDuration", "PT13S")]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "it is empty"),
        (b"  \r\n", "it is empty"),
        (b"<entry><content>\n<a></content></entry>", "mismatched tag: line 2, column 5"),
        (b"{}", "it is no XML"),
        (b"\xff\xfe\x00garbage", "it is no XML"),
        (b"<feed/>", "outermost element is 'feed'"),
        (b"<entry/>", "no 'content'"),
        (b"<entry><content/></entry>", "'content' is empty"),
        (b"<entry><content>text</content></entry>", "'content' is empty"),
        (b"<?xml version='1.0' encoding='klingon'?><entry/>", "cannot be accepted"),
        (b"<!DOCTYPE x><entry/>", "cannot be accepted"),
        (BOMB, "cannot be accepted"),
        (
            b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><entry>&f;</entry>',
            "cannot be accepted",
        ),
        (b"<a>" * 80_000, "it is no XML"),
    ],
)
def test_what_is_no_entry_is_refused_with_what_is_wrong_and_what_to_send(body, text):
    with pytest.raises(BrokerError) as refusal:
        read_description(body)
    assert refusal.value.code is ErrorCode.ARGUMENT_ERROR
    assert text in refusal.value.message
    assert "<QueueDescription>" in refusal.value.message


def test_deep_nesting_is_read_without_harm():
    deep = b"<entry><content>" + b"<a>" * 30_000 + b"</a>" * 30_000 + b"</content></entry>"
    assert local_name(read_description(deep)) == "a"


def _entry(name: str) -> Entry:
    url = f"https://h:1/{name}?api-version=2024-05"
    return Entry(url, name, "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", "ns", described("D"))


def test_entry_is_written_as_azure_writes_it():
    response = entry_response(201, _entry("q"))
    assert response.status == 201
    assert response.headers == (("Content-Type", "application/atom+xml;type=entry;charset=utf-8"),)
    assert response.body.decode() == (
        "<?xml version='1.0' encoding='utf-8'?>\n"
        '<entry xmlns="http://www.w3.org/2005/Atom">'
        "<id>https://h:1/q?api-version=2024-05</id>"
        '<title type="text">q</title>'
        "<published>2024-01-01T00:00:00Z</published><updated>2024-01-02T00:00:00Z</updated>"
        "<author><name>ns</name></author>"
        '<link rel="self" href="https://h:1/q?api-version=2024-05" />'
        '<content type="application/xml">'
        '<D xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/connect" '
        'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" /></content></entry>'
    )


ATOM = "{http://www.w3.org/2005/Atom}"


def test_feed_has_a_second_link_exactly_when_there_is_more():
    last = fromstring(feed_response("Queues", "https://h/q", "now", [_entry("a")]).body)
    assert [link.get("rel") for link in last.findall(f"{ATOM}link")] == ["self"]
    more = fromstring(feed_response("Queues", "u", "now", [_entry("a")], "u?$skip=1&$top=1").body)
    links = more.findall(f"{ATOM}link")
    assert [(link.get("rel"), link.get("href")) for link in links] == [
        ("self", "u"),
        ("next", "u?$skip=1&$top=1"),
    ]
    assert [entry.findtext(f"{ATOM}title") for entry in more.findall(f"{ATOM}entry")] == ["a"]


def test_instants_have_seven_digits():
    assert format_instant(1704067200.25) == "2024-01-01T00:00:00.2500000Z"


@pytest.mark.parametrize(
    ("at", "text"),
    [(-1e12, "0001-01-01T00:00:00.0000000Z"), (-1.5, "1969-12-31T23:59:58.5000000Z"), (1e12, None)],
)
def test_instants_beyond_the_calendar_are_its_ends(at, text):
    assert format_instant(at) == (text or "9999-12-31T23:59:59.9999990Z")
