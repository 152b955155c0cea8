"""What a token that was put on `$cbs` opens, and what is told to who has put none."""

from typing import Any

import pytest

from sbtutorial.amqp.events import LinkRefused
from sbtutorial.amqp.messaging import Coordinator, Source
from sbtutorial.amqp.types import Symbol
from sbtutorial.broker.descriptions import (
    AuthorizationRule,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.gateway.access.resource import MAX_URI_CHARS
from sbtutorial.gateway.access.sas import sign
from sbtutorial.gateway.core import KEY_NAME
from tests.gateway.talk import HOST, Talk

RULES = (
    AuthorizationRule("sender", ("Send",), "send key", "x"),
    AuthorizationRule("listener", ("Listen",), "listen key", "x"),
)


@pytest.fixture
def talk() -> Talk:
    """Two queues, one with keys of its own, and a topic; nothing is proved yet."""
    talk = Talk(put_token=False)
    talk.make_queue("orders")
    talk.make_queue("kitchen", authorization_rules=RULES)
    namespace = talk.broker.namespace
    with talk.broker.reactor.turn() as now:
        namespace.create("news", TopicDescription(), now=now)
        namespace.create("news/Subscriptions/all", SubscriptionDescription(), now=now)
    return talk


def put(
    talk: Talk, audience: str, *, sr: str = "", name: str = KEY_NAME, key: str = "secret"
) -> int:
    """Put a token for `sr`, else for the audience; returns the status."""
    token = sign(sr or audience, name, key, talk.clock.wall() + 60)
    answer = talk.ask("$cbs", {"operation": "put-token", "name": audience}, token)
    return int(answer.status["status-code"])


def sends(talk: Talk, address: str) -> bool:
    return talk.is_attached(talk.attach_sender(address))


def receives(talk: Talk, address: str) -> bool:
    return talk.is_attached(talk.attach_receiver(address))


def conditions(talk: Talk) -> list[str]:
    return [str(event.error.condition) for event in talk.of(LinkRefused)]


# -- What a token opens ---------------------------------------------------------------------------


@pytest.mark.parametrize("audience", ["orders", "Orders/", "%6frders", "/orders", "orders?x=1"])
def test_token_opens_its_queue_however_that_is_spelled(talk: Talk, audience: str) -> None:
    assert put(talk, f"{HOST}/{audience}") == 202
    assert sends(talk, "orders")
    assert receives(talk, f"amqps://elsewhere:5671/{audience}")
    assert not sends(talk, "kitchen")
    assert not receives(talk, "news/Subscriptions/all")


@pytest.mark.parametrize(
    "audience",
    [
        f"{HOST}/orders?to={HOST}/kitchen",
        "orders?to=sb://127.0.0.1/kitchen",
        f"{HOST}/orders/../kitchen",
        f"{HOST}/orders%2F..%2Fkitchen",
        f"{HOST}//orders/kitchen",
        f"{HOST}/orders/$management/../kitchen",
        f"{HOST}/orders;kitchen",
    ],
)
def test_no_spelling_of_an_audience_opens_another_queue(talk: Talk, audience: str) -> None:
    for sr in ("", f"{HOST}/orders", "orders"):
        put(talk, audience, sr=sr)
    assert not sends(talk, "kitchen")
    assert not receives(talk, "kitchen")
    assert not receives(talk, "news/Subscriptions/all")


@pytest.mark.parametrize(
    "audience",
    ["orders", "", "$cbs", f"{HOST}/$cbs", "sb://", "127.0.0.1/orders", HOST + "/nothing"],
)
def test_audience_that_names_no_entity_opens_nothing(talk: Talk, audience: str) -> None:
    for sr in (f"{HOST}/orders", f"{HOST}/$cbs", audience):
        assert put(talk, audience, sr=sr) in (401, 404)
    for address in ("orders", "kitchen", "news"):
        assert not sends(talk, address)


def test_token_for_another_host_does_not_open_this_ones_audience(talk: Talk) -> None:
    assert put(talk, f"{HOST}/orders", sr="sb://elsewhere/orders") == 401
    # As with a custom endpoint: token and audience carry the name of the connection string.
    assert put(talk, "sb://tutorial.example/orders") == 202
    assert sends(talk, "orders")


def test_token_for_a_name_covers_no_longer_name(talk: Talk) -> None:
    talk.make_queue("orders2")
    talk.make_queue("orders/late")
    put(talk, f"{HOST}/orders")
    assert not sends(talk, "orders2")
    assert sends(talk, "orders/late")  # below it, as on Azure


def test_token_for_a_subscription_opens_no_topic(talk: Talk) -> None:
    assert put(talk, f"{HOST}/news/subscriptions/ALL") == 202
    assert receives(talk, "news/Subscriptions/all")
    assert receives(talk, "news/Subscriptions/all/$DeadLetterQueue")
    assert not sends(talk, "news")


def test_token_for_dead_letters_opens_these_only(talk: Talk) -> None:
    assert put(talk, f"{HOST}/orders/$DeadLetterQueue") == 202
    assert receives(talk, "orders/$DeadLetterQueue")
    assert not receives(talk, "orders")
    assert not sends(talk, "orders")


@pytest.mark.parametrize(("name", "key"), [("sender", "send key"), ("listener", "listen key")])
def test_key_of_a_queue_opens_it_as_far_as_its_rights_go(talk: Talk, name: str, key: str) -> None:
    assert put(talk, f"{HOST}/kitchen", name=name, key=key) == 202
    assert put(talk, f"{HOST}/orders", name=name, key=key) == 401
    assert put(talk, HOST, name=name, key=key) == 401
    assert sends(talk, "kitchen") is (name == "sender")
    assert receives(talk, "kitchen") is (name == "listener")
    assert not sends(talk, "orders")
    assert not receives(talk, "orders")


# -- Management -----------------------------------------------------------------------------------


def peek(talk: Talk, address: str) -> Any:
    request = {"operation": "com.microsoft:peek-message"}
    body = {"from-sequence-number": 0, "message-count": 1}
    return talk.ask(f"{address}/$management", request, body).status["statusCode"]


def test_token_for_a_management_node_manages_and_does_no_more(talk: Talk) -> None:
    """JavaScript's and .NET's clients put one for it alone."""
    assert put(talk, f"{HOST}/orders/$management") == 202
    assert peek(talk, "orders") == 204
    assert not sends(talk, "orders")
    assert not receives(talk, "orders")


def test_token_for_a_queue_opens_its_management_and_nobody_elses(talk: Talk) -> None:
    put(talk, f"{HOST}/orders")
    assert peek(talk, "orders") == 204
    for address in ("kitchen", "nothing", "news/Subscriptions/all"):
        link = talk.attach_receiver(f"{address}/$management")
        assert not talk.is_attached(link)
    assert set(conditions(talk)) == {"amqp:unauthorized-access"}


@pytest.mark.parametrize(
    ("operation", "body", "right"),
    [
        ("peek-message", {"from-sequence-number": 0, "message-count": 1}, "listener"),
        ("schedule-message", {"messages": []}, "sender"),
        ("cancel-scheduled-message", {"sequence-numbers": []}, "sender"),
        ("receive-by-sequence-number", {"sequence-numbers": []}, "listener"),
        ("renew-lock", {"lock-tokens": []}, "listener"),
    ],
)
@pytest.mark.parametrize(("name", "key"), [("sender", "send key"), ("listener", "listen key")])
def test_each_operation_takes_its_right(
    talk: Talk, operation: str, body: dict[str, Any], right: str, name: str, key: str
) -> None:
    put(talk, f"{HOST}/kitchen", name=name, key=key)
    request = {"operation": f"com.microsoft:{operation}"}
    answer = talk.ask("kitchen/$management", request, body)
    assert (answer.status["statusCode"] == 401) is (name != right)


# -- Before any proof -----------------------------------------------------------------------------


@pytest.mark.parametrize("below", ["", "/$DeadLetterQueue", "/$management"])
def test_who_has_proved_nothing_learns_nothing_of_what_there_is(talk: Talk, below: str) -> None:
    for name in ("orders", "nothing"):
        talk.attach_sender(f"{name}{below}")
        talk.attach_receiver(f"{name}{below}")
    texts = [
        str(event.error.description).replace("orders", "nothing") for event in talk.of(LinkRefused)
    ]
    assert set(conditions(talk)) == {"amqp:unauthorized-access"}
    assert len(texts) == 4
    assert len(set(texts)) == 1


def test_key_that_a_queue_has_is_as_unknown_as_one_that_it_has_not(talk: Talk) -> None:
    texts = set()
    for path in ("kitchen", "orders", "nothing"):
        token = sign(f"{HOST}/{path}", "sender", "guessed", talk.clock.wall() + 60)
        named = {"operation": "put-token", "name": f"{HOST}/{path}"}
        answer = talk.ask("$cbs", named, token)
        assert answer.status["status-code"] == 401
        texts.add(answer.status["status-description"])
    assert len(texts) == 1


def test_who_has_proved_nothing_begins_no_transaction(talk: Talk) -> None:
    def coordinate() -> Any:
        link = talk.session.attach_sender(
            f"txn {len(talk.events)}",
            source=Source("here"),
            target=Coordinator((Symbol("amqp:local-transactions"),)),
        )
        talk.pump()
        return link

    assert not talk.is_attached(coordinate())
    assert conditions(talk) == ["amqp:unauthorized-access"]
    put(talk, HOST)
    assert talk.is_attached(coordinate())


@pytest.mark.parametrize(
    "audience",
    [
        f"{HOST}/" + "x" * MAX_URI_CHARS,
        f"{HOST}/x" + "/messages" * 1000,
        f"{HOST}/" + "a/" * 5000,
        f"{HOST}/" + "%25" * 3000,
        "://" * 5000,
    ],
)
def test_audience_longer_than_any_address_is_not_looked_at(talk: Talk, audience: str) -> None:
    assert put(talk, audience, sr=f"{HOST}/orders") == 401
    assert put(talk, f"{HOST}/orders", sr=audience) == 401


def test_token_longer_than_any_token_is_not_looked_at(talk: Talk) -> None:
    named = {"operation": "put-token", "name": f"{HOST}/orders"}
    for token in ("SharedAccessSignature " + "&" * 20_000, "e" * 20_000, ""):
        answer = talk.ask("$cbs", named, token)
        assert answer.status["status-code"] == 401
        assert len(answer.status["status-description"]) < 500
