from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sbtutorial.amqp.types import Described, Int, Timestamp, ULong, encode
from sbtutorial.broker.descriptions import SubscriptionDescription, TopicDescription
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.boolean import FalseFilter, TrueFilter
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.rule import Filter, Rule
from sbtutorial.gateway.management.call import Call
from sbtutorial.gateway.management.parts import PART, UNITS_A_PART
from sbtutorial.gateway.management.rules import enumerate_rules
from tests.gateway.talk import Answer, Talk

SPORT = "news/Subscriptions/sport"
FIRST = {"skip": Int(0), "top": Int(2_147_483_647)}


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    talk = Talk()
    talk.make_queue()
    with talk.broker.reactor.turn() as now:
        namespace = talk.broker.namespace
        namespace.create("news", TopicDescription(), now=now)
        namespace.create("news/Subscriptions/sport", SubscriptionDescription(), now=now)
    yield talk
    talk.broker.reactor.close()


def manage(talk: Talk, operation: str, body: dict[str, Any], path: str = SPORT) -> Answer:
    return talk.ask(f"{path}/$management", {"operation": f"com.microsoft:{operation}"}, body)


def add(talk: Talk, description: Any, name: str = "r") -> Answer:
    return manage(talk, "add-rule", {"rule-name": name, "rule-description": description})


def rules(talk: Talk) -> dict[str, Rule]:
    subscription = talk.broker.namespace.directory.subscription("news", "sport")
    return {rule.name: rule for rule in subscription.rules}


def refused(answer: Answer) -> tuple[int, str]:
    return answer.status["statusCode"], str(answer.status["errorCondition"])


@pytest.mark.parametrize(
    ("description", "filter"),
    [
        ({"sql-filter": {"expression": "a = 1"}}, parse_filter("a = 1")),
        (
            {"sql-filter": {"expression": "a > @b", "parameters": {"@b": Timestamp(1000)}}},
            parse_filter("a > @b", {"@b": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)}),
        ),
        (
            {"correlation-filter": {"label": "goal", "to": None, "properties": None}},
            CorrelationFilter(label="goal"),
        ),
        (
            {"correlation-filter": {"session-id": "7", "properties": {"team": "red"}}},
            CorrelationFilter(session_id="7", properties={"team": "red"}),
        ),
        ({"true-filter": {}}, TrueFilter()),
        ({"false-filter": {}, "sql-filter": None}, FalseFilter()),
    ],
)
async def test_a_rule_is_added_beside_those_that_are_there(
    talk: Talk, description: dict[str, Any], filter: Filter
) -> None:
    assert add(talk, description).status["statusCode"] == 200
    assert list(rules(talk)) == ["$Default", "r"]
    assert rules(talk)["r"].filter == filter
    assert rules(talk)["r"].action is None


async def test_a_rule_can_have_an_action(talk: Talk) -> None:
    action = {"expression": "SET a = 1"}
    assert add(talk, {"true-filter": {}, "sql-rule-action": action}).status["statusCode"] == 200
    assert rules(talk)["r"].action == parse_action("SET a = 1")


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"true-filter": {}, "false-filter": {}},
        {"sql-filter": {"expression": "a ="}},
        {"sql-filter": {"expression": 1}},
        {"sql-filter": {}},
        {"sql-filter": "a = 1"},
        {"sql-filter": {"expression": "a = 1", "parameters": []}},
        {"correlation-filter": {}},
        {"correlation-filter": {"label": 1}},
        {"correlation-filter": {"properties": "red"}},
        {"true-filter": {}, "sql-rule-action": {"expression": "SET"}},
        "a = 1",
    ],
)
async def test_a_description_that_cannot_be_read_is_refused(talk: Talk, description: Any) -> None:
    assert refused(add(talk, description)) == (400, "com.microsoft:argument-error")
    assert list(rules(talk)) == ["$Default"]


async def test_a_name_is_there_once(talk: Talk) -> None:
    answer = add(talk, {"true-filter": {}}, name="$default")
    assert refused(answer) == (409, "com.microsoft:entity-already-exists")


async def test_a_rule_is_removed_by_name_in_any_case(talk: Talk) -> None:
    assert manage(talk, "remove-rule", {"rule-name": "$DEFAULT"}).status["statusCode"] == 200
    assert rules(talk) == {}


async def test_what_is_not_there_cannot_be_removed(talk: Talk) -> None:
    answer = manage(talk, "remove-rule", {"rule-name": "r"})
    assert refused(answer) == (404, "amqp:not-found")
    assert "'$Default'" in answer.status["statusDescription"]


def described(code: int, *fields: Any) -> Described:
    return Described(ULong(code), list(fields))


TRUE = described(0x1370000007)
EMPTY = described(0x13700000005)


@pytest.mark.parametrize(
    ("rule", "filter", "action"),
    [
        (
            Rule("r", parse_filter("a = 1"), parse_action("SET b = 2")),
            described(0x1370000006, "a = 1", Int(20)),
            described(0x13700000006, "SET b = 2", Int(20)),
        ),
        (Rule("r", TrueFilter()), TRUE, EMPTY),
        (Rule("r", FalseFilter()), described(0x1370000008), EMPTY),
        (
            Rule("r", CorrelationFilter("c", "m", "t", "rt", "l", "s", "rs", "ct", {"n": Int(1)})),
            described(0x1370000009, "c", "m", "t", "rt", "l", "s", "rs", "ct", {"n": Int(1)}),
            EMPTY,
        ),
        (
            Rule("r", CorrelationFilter(properties={"left": timedelta(microseconds=1)})),
            described(
                0x1370000009,
                *[None] * 8,
                {"left": Described("com.microsoft:timespan", 10)},
            ),
            EMPTY,
        ),
    ],
)
async def test_a_rule_is_shown_as_lists_with_numeric_codes(
    talk: Talk, rule: Rule, filter: Described, action: Described
) -> None:
    with talk.broker.reactor.turn() as now:
        talk.broker.namespace.create_rule(
            talk.broker.namespace.directory.subscription("news", "sport"), rule, now=now
        )
    created_at = Timestamp(round(talk.clock.wall() * 1000))

    shown = manage(talk, "enumerate-rules", {**FIRST, "skip": Int(1)}).body["rules"]
    assert shown == [
        {"rule-description": described(0x13700000004, filter, action, "r", created_at)}
    ]


def test_the_codes_are_written_in_eight_bytes() -> None:
    assert encode(TRUE)[:10] == b"\x00\x80" + (0x1370000007).to_bytes(8, "big")


async def test_rules_come_by_name_in_pages(talk: Talk) -> None:
    for name in ("b", "a", "c"):
        add(talk, {"true-filter": {}}, name)

    def page(skip: int, top: int) -> Any:
        body = manage(talk, "enumerate-rules", {"skip": Int(skip), "top": Int(top)}).body
        return [entry["rule-description"].value[2] for entry in body["rules"]]

    assert page(0, 100) == ["$Default", "a", "b", "c"]
    assert page(1, 2) == ["a", "b"]


async def test_beyond_the_last_rule_there_is_nothing(talk: Talk) -> None:
    assert manage(talk, "enumerate-rules", {**FIRST, "skip": Int(1)}).status["statusCode"] == 204


async def test_a_page_does_not_begin_before_the_first(talk: Talk) -> None:
    answer = manage(talk, "enumerate-rules", {**FIRST, "skip": Int(-1)})
    assert refused(answer) == (400, "com.microsoft:argument-out-of-range")


@pytest.mark.parametrize("path", ["orders", "news"])
async def test_only_subscriptions_have_rules(talk: Talk, path: str) -> None:
    answer = manage(talk, "enumerate-rules", FIRST, path)
    assert refused(answer) == (400, "amqp:not-allowed")
    assert "only subscriptions have rules" in answer.status["statusDescription"]


async def test_where_a_subscription_forwards_rules_are_added_and_removed_but_not_listed(
    talk: Talk,
) -> None:
    with talk.broker.reactor.turn() as now:
        forwarding = SubscriptionDescription(forward_to="orders")
        talk.broker.namespace.update(
            talk.broker.namespace.directory.subscription("news", "sport"), forwarding, now=now
        )
    assert add(talk, {"true-filter": {}}).status["statusCode"] == 200
    assert manage(talk, "remove-rule", {"rule-name": "$Default"}).status["statusCode"] == 200
    answer = manage(talk, "enumerate-rules", FIRST)
    assert refused(answer) == (400, "amqp:not-allowed")
    assert "on an entity with auto-forwarding enabled" in answer.status["statusDescription"]
    assert list(rules(talk)) == ["r"]


async def test_to_listen_is_right_enough_and_to_send_is_not(talk: Talk) -> None:
    client = Talk(talk.broker, who="reader", put_token=False)
    client.endpoint.peer.claims.grant("", {"Send"})
    assert refused(add(client, {"true-filter": {}}))[0] == 401
    client.endpoint.peer.claims.grant("", {"Listen"})
    assert add(client, {"true-filter": {}}).status["statusCode"] == 200


async def test_very_many_rules_are_written_in_steps(talk: Talk) -> None:
    with talk.broker.reactor.turn() as now:
        subscription = talk.broker.namespace.directory.subscription("news", "sport")
        for number in range(300):
            rule = Rule(f"r{number}", CorrelationFilter(label=str(number)))
            talk.broker.namespace.create_rule(subscription, rule, now=now)
    call = Call(subscription.main, FIRST, talk.endpoint.peer, talk.broker.clock.now())
    steps = enumerate_rules(call)
    assert [next(steps) for _ in range(300 // PART)] == [UNITS_A_PART] * (300 // PART)
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert len(end.value.value["rules"]) == 301
