from xml.etree.ElementTree import fromstring

import pytest

from sbtutorial.admin.call import MAX_BODY_BYTES
from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.limits import EMULATOR, PREMIUM
from sbtutorial.broker.namespace import Namespace
from sbtutorial.http.request import Response
from tests.admin.asking import ATOM, SB, VERSION, ask, body_of, detail_of, next_of, titles_of


@pytest.fixture
def namespace() -> Namespace:
    return Namespace("tutorial")


# -- One queue ---------------------------------------------------------------------------------


def test_put_creates_a_queue_and_answers_201_with_its_entry(namespace):
    body = body_of("<MaxDeliveryCount>3</MaxDeliveryCount>")
    response = ask(namespace, "PUT", f"/Orders%2Feu?{VERSION}", body)
    assert response.status == 201
    assert namespace.directory.queue("orders/EU").description == QueueDescription(
        max_delivery_count=3
    )
    entry = fromstring(response.body)
    assert entry.findtext(f"{ATOM}title") == "Orders/eu"
    assert entry.findtext(f"{ATOM}id") == f"https://127.0.0.1:5672/Orders/eu?{VERSION}"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "tutorial"
    assert entry.findtext(f"{ATOM}published") == "1970-01-01T00:18:20.0000000Z"
    description = entry.find(f"{ATOM}content/{SB}QueueDescription")
    assert description.findtext(f"{SB}MaxDeliveryCount") == "3"


@pytest.mark.parametrize("target", ["/orders", "/ORDERS", "/orders/", "/%6frders?enrich=false"])
def test_get_finds_a_queue_in_any_case(namespace, target):
    namespace.create("Orders", QueueDescription(), now=1.0)
    response = ask(namespace, "GET", target)
    assert response.status == 200
    assert fromstring(response.body).findtext(f"{ATOM}title") == "Orders"


def test_slashes_may_be_encoded_or_not(namespace):
    namespace.create("a/b", QueueDescription(), now=1.0)
    for target in ("/a/b", "/a%2Fb", "/a%2fb"):
        assert fromstring(ask(namespace, "GET", target).body).tag == f"{ATOM}entry"


@pytest.mark.parametrize("target", ["/missing", "/q/$DeadLetterQueue", "/no%20name%00"])
def test_get_of_a_missing_queue_is_an_empty_feed_as_on_azure(namespace, target):
    assert titles_of(ask(namespace, "GET", f"{target}?{VERSION}")) == []


def test_put_with_if_match_updates_and_answers_200(namespace):
    namespace.create("q", QueueDescription(user_metadata="old"), now=1.0)
    response = ask(
        namespace, "PUT", "/q", body_of("<MaxDeliveryCount>3</MaxDeliveryCount>"), if_match="*"
    )
    assert response.status == 200
    assert namespace.directory.queue("q").description == QueueDescription(max_delivery_count=3)


def test_get_answer_sent_back_as_an_update_changes_nothing(namespace):
    description = QueueDescription(
        user_metadata="m", enable_partitioning=True, max_delivery_count=4
    )
    namespace.create("q", description, now=1.0)
    response = ask(namespace, "PUT", "/q", ask(namespace, "GET", "/q").body, if_match="*")
    assert response.status == 200
    assert namespace.directory.queue("q").description == description


def test_delete_answers_200_without_a_body(namespace):
    namespace.create("q", QueueDescription(), now=1.0)
    assert ask(namespace, "DELETE", "/q") == Response(200)
    assert namespace.directory.queues() == []


def test_what_was_due_happens_before_the_answer(namespace):
    ask(namespace, "PUT", "/q", body_of("<AutoDeleteOnIdle>PT5M</AutoDeleteOnIdle>"), now=1.0)
    assert titles_of(ask(namespace, "GET", "/$Resources/queues", now=300.0)) == ["q"]
    assert titles_of(ask(namespace, "GET", "/$Resources/queues", now=302.0)) == []


# -- What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "target", "body", "headers", "status", "words"),
    [
        ("PUT", "/there", body_of(), {}, 409, ["SubCode=40900", "'there'", "exists"]),
        ("PUT", "/THERE", body_of(), {}, 409, ["SubCode=40900", "'there'"]),
        ("PUT", "/new", body_of(), {"if_match": "*"}, 404, ["SubCode=40400", "'new'"]),
        ("DELETE", "/new", b"", {}, 404, ["SubCode=40400", "'new'"]),
        ("PUT", "/-x", body_of(), {}, 400, ["SubCode=40000", "'-x'", "letter or a digit"]),
        ("PUT", "/a%00b", body_of(), {}, 400, ["SubCode=40000", "cannot name a queue"]),
        ("PUT", "/" + "a" * 261, body_of(), {}, 400, ["261 characters"]),
        ("PUT", "/", body_of(), {}, 400, ["names nothing"]),
        ("GET", "/", b"", {}, 400, ["names nothing", "$Resources/queues"]),
        ("GET", "/$nothing", b"", {}, 400, ["'/$nothing'"]),
        ("PUT", "/new", b"", {}, 400, ["it is empty"]),
        ("PUT", "/new", b"<entry>", {}, 400, ["line 1, column 7"]),
        ("PUT", "/new", body_of("<Colour>blue</Colour>"), {}, 400, ["'Colour'"]),
        ("PUT", "/new", body_of(element="X"), {}, 400, ["'X'", "QueueDescription"]),
        ("PUT", "/there", body_of(element="TopicDescription"), {}, 409, ["Queue 'there' exists"]),
        (
            "PUT",
            "/there",
            body_of(element="TopicDescription"),
            {"if_match": "*"},
            409,
            ["'there' is a queue", "topic"],
        ),
        (
            "PUT",
            "/new",
            body_of(element="TopicDescription"),
            {"if_match": "*"},
            404,
            ["no topics yet"],
        ),
        ("PUT", "/new", body_of(element="RuleDescription"), {}, 400, ["'RuleDescription'"]),
        (
            "PUT",
            "/new",
            body_of("<LockDuration>P25D</LockDuration>"),
            {},
            400,
            ["lock_duration is 25 days", "5 minutes"],
        ),
        (
            "PUT",
            "/there",
            body_of("<EnablePartitioning>true</EnablePartitioning>"),
            {"if_match": "*"},
            400,
            ["enable_partitioning is False and cannot be changed"],
        ),
        ("PUT", "/new?api-version=1999", body_of(), {}, 400, ["'1999'", "2024-05"]),
        (
            "PUT",
            "/new?api-version=2017-04",
            body_of("<MaxMessageSizeInKilobytes>256</MaxMessageSizeInKilobytes>"),
            {},
            400,
            ["max_message_size_in_kilobytes", "2021-05"],
        ),
        ("GET", "/$Resources/queues?$skip=-1", b"", {}, 400, ["$skip is '-1'"]),
        ("GET", "/$Resources/queues?$top=x", b"", {}, 400, ["$top is 'x'"]),
        ("GET", "/x/subscriptions", b"", {}, 404, ["'x'", "no topics yet"]),
        ("PUT", "/x/subscriptions", b"", {}, 405, ["use GET"]),
        ("POST", "/there", b"", {}, 405, ["POST", "PUT, GET, DELETE"]),
        ("DELETE", "/$namespaceinfo", b"", {}, 405, ["use GET"]),
        ("PUT", "/new", b" " * (MAX_BODY_BYTES + 1), {}, 413, [str(MAX_BODY_BYTES)]),
    ],
)
def test_refusals_name_the_thing_and_say_what_to_do(
    namespace, method, target, body, headers, status, words
):
    namespace.create("there", QueueDescription(), now=1.0)
    response = ask(namespace, method, target, body, **headers)
    assert response.status == status
    detail = detail_of(response)
    assert [word for word in words if word not in detail] == []
    assert [queue.name for queue in namespace.directory.queues()] == ["there"]


def test_405_says_in_its_header_what_is_allowed(namespace):
    assert ("Allow", "PUT, GET, DELETE") in ask(namespace, "PATCH", "/q").headers


def test_full_namespace_refuses_with_403_and_not_as_an_invalid_operation(namespace):
    for number in range(namespace.limits.max_entities):
        namespace.create(f"q{number}", QueueDescription(), now=1.0)
    response = ask(namespace, "PUT", "/one-more", body_of())
    assert response.status == 403
    assert "SubCode=40300." in detail_of(response)


# -- Lists -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "pages"), [(250, [100, 100, 50]), (200, [100, 100]), (0, [0])])
def test_paging_gives_every_queue_once_in_order(namespace, count, pages):
    for number in range(count):
        namespace.create(f"q{number:03}", QueueDescription(), now=1.0)
    seen, sizes = [], []
    target = f"/$Resources/Queues?$skip=0&$top=100&{VERSION}"
    while target:
        response = ask(namespace, "GET", target)
        seen += (titles := titles_of(response))
        sizes.append(len(titles))
        target = (next_of(response) or "").removeprefix("https://127.0.0.1:5672")
    assert seen == [f"q{number:03}" for number in range(count)]
    assert sizes == pages


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["a", "b", "c"]),
        ("?$top=0", []),
        ("?$top=2", ["a", "b"]),
        ("?%24skip=1&%24top=1", ["b"]),
        ("?$skip=3", []),
        ("?$skip=99", []),
    ],
)
def test_skip_and_top_choose_a_part(namespace, query, names):
    for name in ("c", "a", "b"):
        namespace.create(name, QueueDescription(), now=1.0)
    assert titles_of(ask(namespace, "GET", f"/$Resources/queues{query}")) == names


def test_there_is_no_next_page_after_the_last_or_of_nothing(namespace):
    for name in ("a", "b"):
        namespace.create(name, QueueDescription(), now=1.0)
    assert next_of(ask(namespace, "GET", "/$Resources/queues?$top=2")) is None
    assert next_of(ask(namespace, "GET", "/$Resources/queues?$top=0")) is None
    assert "$skip=1&$top=1" in next_of(ask(namespace, "GET", "/$Resources/queues?$top=1"))


# -- The namespace and versions ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "sku", "units"),
    [(None, "Standard", None), (PREMIUM, "Premium", "1"), (EMULATOR, "Standard", None)],
)
def test_namespace_tells_its_name_and_tier(limits, sku, units):
    namespace = Namespace("lesson", **({"limits": limits} if limits else {}))
    entry = fromstring(ask(namespace, "GET", f"/$namespaceinfo?{VERSION}").body)
    info = entry.find(f"{ATOM}content/{SB}NamespaceInfo")
    assert entry.findtext(f"{ATOM}title") == info.findtext(f"{SB}Name") == "lesson"
    assert info.findtext(f"{SB}MessagingSKU") == sku
    assert info.findtext(f"{SB}MessagingUnits") == units
    assert info.findtext(f"{SB}NamespaceType") == "Messaging"
    started_at = "1970-01-01T00:17:30.0000000Z"
    assert info.findtext(f"{SB}CreatedTime") == info.findtext(f"{SB}ModifiedTime") == started_at


@pytest.mark.parametrize(
    ("query", "has_size"),
    [
        ("", True),
        ("?api-version=2013-10", False),
        ("?api-version=2017-04", False),
        ("?api-version=2021-05", True),
        ("?api-version=2024-05", True),
    ],
)
def test_every_version_of_the_api_is_served(namespace, query, has_size):
    response = ask(namespace, "PUT", f"/q{query}", body_of())
    assert response.status == 201
    assert (b"MaxMessageSizeInKilobytes" in response.body) is has_size
    assert fromstring(response.body).findtext(f"{ATOM}id") == f"https://127.0.0.1:5672/q{query}"


def test_what_xml_cannot_hold_is_replaced_and_the_answer_can_be_read(namespace):
    namespace.create("q", QueueDescription(user_metadata="a\x00b\ud800"), now=1.0)
    entry = fromstring(ask(namespace, "GET", "/q").body)
    assert entry.findtext(f".//{SB}UserMetadata") == "a\ufffdb\ufffd"


def test_page_has_a_hundred_entries_at_most(namespace):
    """Whoever asks for ten thousand keeps nobody waiting while they are written."""
    for number in range(101):
        namespace.create(f"q{number:03}", QueueDescription(), now=1.0)
    page = ask(namespace, "GET", "/$Resources/queues?$top=999999999")
    assert len(titles_of(page)) == 100
    link = next_of(page)
    assert link is not None
    assert titles_of(ask(namespace, "GET", link.partition("5672")[2])) == ["q100"]
