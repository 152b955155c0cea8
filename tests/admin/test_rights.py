"""Which right each request takes, and the tokens for where messages are forwarded to."""

from typing import Any

import pytest

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.namespace import Namespace
from tests.admin.asking import ask, body_of, detail_of

FORWARDING = (
    "<ForwardTo>sb://127.0.0.1:5672/news</ForwardTo>"
    "<ForwardDeadLetteredMessagesTo>there</ForwardDeadLetteredMessagesTo>"
)


@pytest.fixture
def namespace() -> Namespace:
    namespace = Namespace("tutorial")
    namespace.create("there", QueueDescription(), now=1.0)
    namespace.create("news", TopicDescription(), now=1.0)
    namespace.create("news/Subscriptions/sport", SubscriptionDescription(), now=1.0)
    return namespace


class Guard:
    """Notes what it is asked, and lets nothing through that it has been told of."""

    def __init__(self, *refused: str | None) -> None:
        self.asked: list[tuple[str | None, str, str, str]] = []
        self._refused = refused

    def __call__(self, token: str | None, path: str, entity: str, right: str) -> None:
        self.asked.append((token, path, entity, right))
        if token in self._refused:
            raise BrokerError(ErrorCode.UNAUTHORIZED, "no such key")


def put(namespace: Namespace, guard: Guard, inner: str, **headers: str) -> Any:
    body = body_of(inner)
    return ask(namespace, "PUT", "/new", body, authorize=guard, authorization="main", **headers)


@pytest.mark.parametrize(
    ("method", "target", "entity", "right"),
    [
        ("GET", "/$namespaceinfo", "", "Manage"),
        ("GET", "/$Resources/queues", "", "Manage"),
        ("GET", "/$Resources/topics", "", "Manage"),
        ("PUT", "/there", "there", "Manage"),
        ("GET", "/there?enrich=false", "there", "Manage"),
        ("DELETE", "/missing", "missing", "Manage"),
        ("PUT", "/there/messages/new", "there/messages/new", "Manage"),
        ("GET", "/news/subscriptions", "news", "Manage"),
        ("PUT", "/news/subscriptions/sport", "news", "Manage"),
        ("GET", "/news/Subscriptions/sport", "news", "Manage"),
        ("DELETE", "/news/subscriptions/missing", "news", "Manage"),
        ("GET", "/news/subscriptions/sport/rules", "news", "Listen"),
        ("GET", "/news/subscriptions/sport/rules/$Default", "news", "Listen"),
        ("PUT", "/news/subscriptions/sport/rules/x", "news", "Manage"),
        ("DELETE", "/news/subscriptions/sport/rules/missing", "news", "Manage"),
        ("PATCH", "/there", "there", "Manage"),
        ("GET", "/", "", "Manage"),
    ],
)
def test_every_request_takes_a_right_on_what_it_names(namespace, method, target, entity, right):
    guard = Guard()
    ask(namespace, method, target, authorize=guard, authorization="main")
    path = target.partition("?")[0].strip("/")
    assert guard.asked == [("main", path, entity, right)]


@pytest.mark.parametrize(
    ("method", "target"),
    [("PUT", "/there"), ("DELETE", "/there"), ("GET", "/$nothing"), ("PATCH", "/there")],
)
def test_without_a_token_there_is_no_answer_but_401(namespace, method, target):
    response = ask(namespace, method, target, authorize=Guard(None))
    assert response.status == 401
    assert detail_of(response) == "SubCode=40100. no such key"
    assert [queue.name for queue in namespace.directory.queues()] == ["there"]


def test_tokens_for_forwarding_targets_must_let_send_there(namespace):
    guard = Guard()
    made = put(
        namespace,
        guard,
        FORWARDING,
        ServiceBusSupplementaryAuthorization="one",
        ServiceBusDlqSupplementaryAuthorization="two",
    )
    assert made.status == 201
    assert guard.asked[1:] == [
        ("one", "news", "news", "Send"),
        ("two", "there", "there", "Send"),
    ]


@pytest.mark.parametrize(
    ("header", "setting"),
    [
        ("ServiceBusSupplementaryAuthorization", "forward_to"),
        ("ServiceBusDlqSupplementaryAuthorization", "forward_dead_lettered_messages_to"),
    ],
)
def test_a_bad_token_for_a_target_is_refused_by_its_name(namespace, header, setting):
    response = put(namespace, Guard("bad"), FORWARDING, **{header: "bad"})
    assert response.status == 401
    detail = detail_of(response)
    assert detail.startswith(f"SubCode=40100. {setting} is ")
    assert f"of {header}: no such key" in detail
    assert [queue.name for queue in namespace.directory.queues()] == ["there"]


def test_without_such_a_token_the_main_one_must_let_send_there(namespace):
    guard = Guard()
    assert put(namespace, guard, FORWARDING).status == 201
    assert guard.asked[1:] == [
        ("main", "news", "news", "Send"),
        ("main", "there", "there", "Send"),
    ]


def test_target_that_was_there_before_takes_no_token_again(namespace):
    guard = Guard()
    put(namespace, guard, FORWARDING)
    guard.asked.clear()
    assert put(namespace, guard, FORWARDING, if_match="*").status == 200
    assert guard.asked == [("main", "new", "new", "Manage")]


def test_a_token_for_no_target_is_not_looked_at(namespace):
    guard = Guard("bad")
    assert put(namespace, guard, "", ServiceBusSupplementaryAuthorization="bad").status == 201
