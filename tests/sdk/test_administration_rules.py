"""The administration client: rules, with every filter and action."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.management import (
    CorrelationRuleFilter,
    FalseRuleFilter,
    SqlRuleAction,
    SqlRuleFilter,
    TrueRuleFilter,
)

from tests.sdk.conftest import Bench

pytestmark = pytest.mark.feature("Administration: rules")

VALUES: dict[str, Any] = {
    "@text": "a < b & c",
    "@whole": 5,
    "@large": 2**40,
    "@negative": -7,
    "@real": 1.5,
    "@true": True,
    "@false": False,
    "@date": datetime(2020, 7, 5, 11, 12, 13),
    "@instant": datetime(2020, 7, 5, 11, 12, 13, tzinfo=UTC),
    "@span": timedelta(days=1, hours=2),
}
PROPERTIES = {name.removeprefix("@"): value for name, value in VALUES.items()}
CONDITIONS = {
    "correlation_id": "1",
    "message_id": "2",
    "to": "3",
    "reply_to": "4",
    "label": "5",
    "session_id": "6",
    "reply_to_session_id": "7",
    "content_type": "8",
}
WITH_PARAMETERS = " OR ".join(f"x = {name}" for name in VALUES)
FILTERS = {
    "true": TrueRuleFilter(),
    "false": FalseRuleFilter(),
    "sql": SqlRuleFilter("price < 10 AND city LIKE 'B%'"),
    "sql with parameters": SqlRuleFilter(WITH_PARAMETERS, VALUES),
    "one condition": CorrelationRuleFilter(label="x"),
    "every condition": CorrelationRuleFilter(**CONDITIONS),
    "properties": CorrelationRuleFilter(properties=PROPERTIES),
    "everything": CorrelationRuleFilter(properties=PROPERTIES, **CONDITIONS),
}
ACTIONS = {
    "none": None,
    "set": SqlRuleAction("SET sys.Label = 'urgent'; REMOVE secret"),
    "set to parameters": SqlRuleAction("SET a = @text; SET b = @whole", VALUES),
}


def plain(found: Any) -> tuple[type, dict[str, Any]] | None:
    """A filter or an action in values that can be compared; no mapping is an empty one."""
    if found is None:
        return None
    values = {name: value for name, value in vars(found).items() if value is not None}
    for name in ("parameters", "properties"):
        if not values.get(name):
            values.pop(name, None)
    if isinstance(found, FalseRuleFilter):
        values.pop("sql_expression")  # 1>1 comes back as 1=0, here as on Azure
    return type(found), values


async def subscribe(administration: Any) -> None:
    await administration.create_topic("t")
    await administration.create_subscription("t", "s")


async def read(bench: Bench) -> list[Any]:
    wait = bench.patience("t/Subscriptions/s")
    async with bench.client() as client, client.get_subscription_receiver("t", "s") as receiver:
        messages = await receiver.receive_messages(10, max_wait_time=wait)
        for message in messages:
            await receiver.complete_message(message)
        return messages


async def test_a_subscription_begins_with_the_rule_that_takes_everything(bench: Bench) -> None:
    """A new subscription has the rule `$Default`, which takes everything and can be deleted."""
    async with bench.administration() as administration:
        await subscribe(administration)
        (rule,) = [one async for one in administration.list_rules("t", "s")]
        assert (rule.name, rule.action) == ("$Default", None)
        assert plain(rule.filter) == plain(TrueRuleFilter())
        await administration.delete_rule("t", "s", "$Default")
        with pytest.raises(ResourceNotFoundError):
            await administration.get_rule("t", "s", "$Default")
        again = await administration.create_rule("t", "s", "$Default")
        assert plain(again.filter) == plain(TrueRuleFilter())


async def test_every_kind_of_filter_and_action_is_stored_and_returned(bench: Bench) -> None:
    async with bench.administration() as administration:
        await subscribe(administration)
        await administration.delete_rule("t", "s", "$Default")
        for filter_name, filter in FILTERS.items():
            for action_name, action in ACTIONS.items():
                name = f"{filter_name}, {action_name}"
                made = await administration.create_rule(
                    "t", "s", name, filter=filter, action=action
                )
                got = await administration.get_rule("t", "s", name)
                for found in (made, got):
                    assert found.name == name
                    assert plain(found.filter) == plain(filter)
                    assert plain(found.action) == plain(action)
                    age = datetime.now(UTC) - found.created_at_utc
                    assert timedelta(0) <= age < timedelta(minutes=5)
        listed = {one.name: one async for one in administration.list_rules("t", "s")}
    assert len(listed) == len(FILTERS) * len(ACTIONS)
    for name, rule in listed.items():
        filter_name, action_name = name.split(", ")
        assert plain(rule.filter) == plain(FILTERS[filter_name])
        assert plain(rule.action) == plain(ACTIONS[action_name])


async def test_the_parameters_of_filters_and_actions_keep_their_types(bench: Bench) -> None:
    async with bench.administration() as administration:
        await subscribe(administration)
        filter, action = FILTERS["sql with parameters"], ACTIONS["set to parameters"]
        await administration.create_rule("t", "s", "r", filter=filter, action=action)
        rule = await administration.get_rule("t", "s", "r")
        for parameters in (rule.filter.parameters, rule.action.parameters):
            assert list(parameters.items()) == list(VALUES.items())
            assert [type(value) for value in parameters.values()] == list(
                map(type, VALUES.values())
            )
        filter = FILTERS["properties"]
        await administration.create_rule("t", "s", "c", filter=filter)
        properties = (await administration.get_rule("t", "s", "c")).filter.properties
        assert list(properties.items()) == list(PROPERTIES.items())
        assert [type(value) for value in properties.values()] == list(map(type, VALUES.values()))


async def test_updating_a_rule_puts_another_filter_and_action_in_place(bench: Bench) -> None:
    async with bench.administration() as administration:
        await subscribe(administration)
        rule = await administration.create_rule("t", "s", "r", filter=FILTERS["sql"])
        created_at = rule.created_at_utc
        for filter in FILTERS.values():
            for action in ACTIONS.values():
                rule.filter, rule.action = filter, action
                await administration.update_rule("t", "s", rule)
                rule = await administration.get_rule("t", "s", "r")
                assert plain(rule.filter) == plain(filter)
                assert plain(rule.action) == plain(action)
                assert rule.created_at_utc == created_at
        changes = {"filter": FILTERS["one condition"], "action": ACTIONS["set"]}
        await administration.update_rule("t", "s", dict(rule.items()), **changes)
        rule = await administration.get_rule("t", "s", "r")
        assert plain(rule.filter) == plain(changes["filter"])
        assert plain(rule.action) == plain(changes["action"])


async def test_messages_are_filtered_by_the_rules_that_were_created(bench: Bench) -> None:
    async with bench.administration() as administration:
        await subscribe(administration)
        await administration.delete_rule("t", "s", "$Default")
        filter = SqlRuleFilter("price < @most", {"@most": 10})
        action = SqlRuleAction("SET level = @level", {"@level": 3})
        await administration.create_rule("t", "s", "cheap", filter=filter, action=action)
        mine = CorrelationRuleFilter(properties={"shop": "north", "when": VALUES["@instant"]})
        await administration.create_rule("t", "s", "mine", filter=mine)
    async with bench.client() as client, client.get_topic_sender("t") as sender:
        for body, properties in {
            "cheap": {"price": 9},
            "dear": {"price": 11},
            "mine": {"shop": "north", "when": VALUES["@instant"]},
            "other": {"shop": "south", "when": VALUES["@instant"]},
        }.items():
            await sender.send_messages(ServiceBusMessage(body, application_properties=properties))
    found = {str(message): message.application_properties for message in await read(bench)}
    assert found.keys() == {"cheap", "mine"}
    assert found["cheap"] == {b"price": 9, b"level": 3, b"RuleName": b"cheap"}


@pytest.mark.parametrize(
    ("name", "chosen", "words"),
    [
        ("r", {"filter": SqlRuleFilter("price <")}, "line 1, column 8"),
        ("r", {"filter": SqlRuleFilter("a = @missing")}, "@missing"),
        ("r", {"filter": SqlRuleFilter("sys.Colour = 'x'")}, "sys"),
        ("r", {"filter": SqlRuleFilter("a" * 1025)}, "1024"),
        ("r", {"filter": CorrelationRuleFilter()}, "no condition"),
        ("r", {"action": SqlRuleAction("SET")}, "action"),
        ("r", {"action": SqlRuleAction("SET sys.SequenceNumber = 1")}, "SequenceNumber"),
        ("a*b", {}, "'a*b' cannot name a rule"),
        ("r" * 51, {}, "51 characters"),
    ],
)
async def test_a_bad_rule_is_refused_with_the_reason(
    bench: Bench, name: str, chosen: dict[str, Any], words: str
) -> None:
    async with bench.administration() as administration:
        await subscribe(administration)
        with pytest.raises(HttpResponseError) as refusal:
            await administration.create_rule("t", "s", name, **chosen)
        assert refusal.value.status_code == 400
        assert refusal.value.message.startswith("SubCode=40000. ")
        assert words in refusal.value.message
        assert [one.name async for one in administration.list_rules("t", "s")] == ["$Default"]


async def test_missing_and_second_rules_are_refused(bench: Bench) -> None:
    """A rule that is missing, or there already, raises the SDK's exception for that."""
    async with bench.administration() as administration:
        await subscribe(administration)
        rule = await administration.create_rule("t", "s", "r")
        with pytest.raises(ResourceExistsError):
            await administration.create_rule("t", "s", "R")
        for topic, subscription, name in (
            ("t", "s", "x"),
            ("t", "x", "r"),
            ("x", "s", "r"),
            ("orders", "s", "r"),
        ):
            rule.name = name
            for call in (
                administration.get_rule(topic, subscription, name),
                administration.delete_rule(topic, subscription, name),
                administration.update_rule(topic, subscription, rule),
            ):
                with pytest.raises(ResourceNotFoundError):
                    await call
        for topic, subscription in (("t", "x"), ("x", "s")):
            with pytest.raises(ResourceNotFoundError):
                await administration.create_rule(topic, subscription, "new")
            with pytest.raises(ResourceNotFoundError):
                assert [one async for one in administration.list_rules(topic, subscription)]
