import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.admin.config.emulator import UNKNOWN, written_for_emulator
from sbtutorial.admin.config.making import apply_config
from sbtutorial.admin.config.model import Config, ConfiguredSubscription, ConfiguredTopic
from sbtutorial.admin.config.reading import read_config
from sbtutorial.admin.config.values import ConfigError
from sbtutorial.admin.config.writing import write_config
from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.limits import EMULATOR
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import subscription_path
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import SqlFilter, parse_filter
from sbtutorial.broker.rules.rule import Rule

# The shape of the file that Microsoft's emulator comes with.
THEIRS: dict[str, Any] = {
    "UserConfig": {
        "Namespaces": [
            {
                "Name": "sbemulatorns",
                "Queues": [
                    {
                        "Name": "queue.1",
                        "Properties": {
                            "DeadLetteringOnMessageExpiration": False,
                            "DefaultMessageTimeToLive": "PT1H",
                            "DuplicateDetectionHistoryTimeWindow": "PT20S",
                            "ForwardDeadLetteredMessagesTo": "",
                            "ForwardTo": "",
                            "LockDuration": "PT1M",
                            "MaxDeliveryCount": 3,
                            "RequiresDuplicateDetection": False,
                            "RequiresSession": False,
                        },
                    },
                    {"Name": "inbox", "Properties": {"ForwardTo": "queue.1"}},
                ],
                "Topics": [
                    {
                        "Name": "topic.1",
                        "Properties": {"DefaultMessageTimeToLive": "PT1H"},
                        "Subscriptions": [
                            {"Name": "plain", "Properties": {"MaxDeliveryCount": 4}},
                            {
                                "Name": "chosen",
                                "Rules": [
                                    {
                                        "Name": "correlated",
                                        "Properties": {
                                            "FilterType": "Correlation",
                                            "CorrelationFilter": {
                                                "Label": "order",
                                                "Properties": {"colour": "blue", "size": 3},
                                            },
                                        },
                                    },
                                    {
                                        "Name": "written",
                                        "Properties": {
                                            "FilterType": "Sql",
                                            "SqlFilter": {"SqlExpression": "size > 3"},
                                            "Action": {"SqlExpression": "SET sys.To = 'desk'"},
                                        },
                                    },
                                ],
                            },
                        ],
                    }
                ],
            }
        ],
        "Logging": {"Type": "File"},
    }
}


def made(config: Any, **options: Any) -> Namespace:
    namespace = Namespace("tutorial", **options)
    apply_config(read_config(json.dumps(config)), namespace, now=0)
    return namespace


def changed(path: str, value: Any) -> dict[str, Any]:
    """The file with one value set, at a path of keys and numbers."""
    config = json.loads(json.dumps(THEIRS))
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place = config["UserConfig"]["Namespaces"][0]
    for step in way:
        place = place[step]
    place[last] = value
    return config


def refusal(config: Any, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        made(config, **options)
    return str(caught.value)


def test_file_of_the_emulator_makes_what_it_names() -> None:
    namespace = made(THEIRS)
    assert [queue.name for queue in namespace.directory.queues()] == ["inbox", "queue.1"]
    description = namespace.directory.queue("queue.1").description
    assert (description.max_delivery_count, description.lock_duration) == (3, timedelta(minutes=1))
    assert description.default_message_time_to_live == timedelta(hours=1)
    assert namespace.directory.queue("inbox").description.forward_to == "queue.1"
    plain, chosen = (
        namespace.directory.subscription("topic.1", "plain"),
        namespace.directory.topic("topic.1"),
    )
    assert plain.description.max_delivery_count == 4
    assert [rule.name for rule in plain.rules] == ["$Default"]
    correlated, written = chosen.subscription("chosen").rules
    assert correlated.filter == CorrelationFilter(
        label="order", properties={"colour": "blue", "size": 3}
    )
    assert isinstance(written.filter, SqlFilter)
    assert written.filter.expression == "size > 3"
    assert written.action is not None


def test_file_is_good_in_the_emulators_own_profile() -> None:
    assert len(made(THEIRS, limits=EMULATOR).directory.queues()) == 2


def test_written_file_makes_the_same_again() -> None:
    text = write_config(made(THEIRS))
    again = made(json.loads(text))
    assert write_config(again) == text
    assert (
        again.directory.queue("queue.1").description
        == made(THEIRS).directory.queue("queue.1").description
    )


def test_queues_may_forward_to_what_comes_later_in_the_file() -> None:
    config = changed("Queues/0/Properties/ForwardTo", "topic.1")
    assert made(config).directory.queue("queue.1").description.forward_to == "topic.1"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("Queues/0/Properties/LockDuraton", "PT1M", "Queues[0].Properties: 'LockDuraton' is unk"),
        ("Queues/0/Properties/LockDuration", "1m", "LockDuration: '1m' is no duration: write PT1M"),
        ("Queues/0/Properties/LockDuration", 60, 'must be a text, in " ", and is 60'),
        ("Queues/0/Properties/MaxDeliveryCount", "3", 'must be a whole number, and is "3"'),
        ("Queues/0/Properties/MaxDeliveryCount", True, "must be a whole number, and is true"),
        ("Queues/0/Properties/RequiresSession", "no", "must be true or false"),
        ("Queues/0/Properties/MaxDeliveryCount", 0, "'queue.1': max_delivery_count is 0"),
        ("Queues/0/Properties/ForwardTo", "nowhere", "'queue.1': forward_to is 'nowhere'"),
        ("Queues/0/Name", "my queue", "'my queue' cannot name a queue"),
        ("Queues/1/Name", "QUEUE.1", "'QUEUE.1': Queue 'queue.1' exists already"),
        ("Queues/1/Name", "queue.1", "Queues[1]: there is a queue 'queue.1' above already"),
        ("Queues/0", {"Properties": {}}, "Namespaces[0].Queues[0]: 'Name' is missing"),
        ("Queues", {}, "Queues: this must be a list, in [ ], and is {}"),
        ("Topics/0/Subscriptions/1/Rules/0/Properties/FilterType", "Sqel", "no type of filter"),
        ("Topics/0/Subscriptions/1/Rules/0/Properties/FilterType", "Sql", "'SqlFilter' is missing"),
        (
            "Topics/0/Subscriptions/1/Rules/1/Properties/SqlFilter/SqlExpression",
            "size >",
            "Subscriptions[1].Rules[1].Properties: ",
        ),
        ("Nodes", 1, "Namespaces[0]: 'Nodes' is unknown; there is Name, Queues, Topics"),
    ],
)
def test_what_is_wrong_is_refused_by_name_and_place(path: str, value: Any, said: str) -> None:
    assert said in refusal(changed(path, value))


def test_nothing_is_made_when_something_is_refused() -> None:
    namespace = Namespace("tutorial")
    config = read_config(json.dumps(changed("Queues/0/Properties/MaxDeliveryCount", 0)))
    with pytest.raises(ConfigError):
        apply_config(config, namespace, now=0)
    assert (namespace.directory.queues(), namespace.directory.topics()) == ([], [])


def test_text_that_is_no_json_is_refused_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"no JSON: .*line 2, column"):
        read_config('{\n"UserConfig" {}')


def test_comments_are_passed_over_as_in_the_emulators_own_file() -> None:
    text = json.dumps(THEIRS, indent=2).replace(
        '"Label": "order",', '"Label": "or//der" // "To": "x",\n /* "a\n": "b" */ , // \\"'
    )
    rule = read_config(text).topics[0].subscriptions[1].rules[0]
    assert isinstance(rule.filter, CorrelationFilter)
    assert rule.filter.label == "or//der"


@pytest.mark.parametrize("text", ['{"a": "// \\" }', "{} /*", '{"a" /* "b" */ 1}', '/**/ "'])
def test_what_looks_like_a_comment_makes_nothing_readable(text: str) -> None:
    with pytest.raises(ConfigError, match=r"JSON|missing"):
        read_config(text)


def test_comment_moves_no_place() -> None:
    with pytest.raises(ConfigError, match=r"in line 2, column 9"):
        read_config("{ // one\n/* 2 */ ?}")


def test_second_namespace_is_refused() -> None:
    config = json.loads(json.dumps(THEIRS))
    config["UserConfig"]["Namespaces"] *= 2
    assert "one namespace is allowed, and here are 2" in refusal(config)


def test_limit_of_the_emulator_is_met_by_name() -> None:
    config = changed("Queues/0/Properties/MaxDeliveryCount", 11)
    assert "'queue.1': max_delivery_count is 11; it may be 1 to 10." in refusal(
        config, limits=EMULATOR
    )


def test_values_of_every_type_in_rules_come_back_as_they_were() -> None:
    values = {
        "text": "x",
        "whole": 2**40,
        "flag": True,
        "half": 0.5,
        "endless": float("inf"),
        "nothing": None,
        "decimal": Decimal("1.10"),
        "at": datetime(2024, 2, 29, 12, tzinfo=UTC),
        "long": timedelta(days=2, seconds=1),
        "id": UUID(int=7),
        "bytes": b"\x00\xff",
    }
    compared = {name: values[name] for name in values.keys() - {"nothing", "bytes"}}
    rules = (
        Rule("by-value", CorrelationFilter(label="x", properties=compared)),
        Rule("by-sql", parse_filter("a > @whole", values), parse_action("SET a = @half", values)),
    )
    before, after = Namespace("tutorial"), Namespace("tutorial")
    before.create("news", TopicDescription(), now=1.0)
    path = subscription_path("news", "all")
    subscription = before.create(path, SubscriptionDescription(), now=1.0, rule=rules[0])
    before.create_rule(subscription, rules[1], now=1.0)
    text = write_config(before)
    assert "Infinity" not in text
    apply_config(read_config(text), after, now=1.0)
    one, other = (
        list(each.directory.subscription("news", "all").rules) for each in (before, after)
    )
    assert [rule.name for rule in one] == [rule.name for rule in other]
    for made, read in zip(one, other, strict=True):
        if isinstance(made.filter, CorrelationFilter):
            assert made.filter == read.filter
        else:
            assert made.filter.parameters == read.filter.parameters == values
            assert made.action.parameters == read.action.parameters == values


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ({"Type": "decimal", "Value": "x"}, "'x' is no decimal"),
        ({"Type": "decimal", "Value": "1E999999999"}, "is no decimal"),
        ({"Type": "star", "Value": "x"}, "there is no type 'star'"),
        ({"Type": "long"}, "'Value' is missing"),
        ([], "a text, a number, true, false or null"),
    ],
)
def test_value_of_a_rule_that_is_none_is_refused_by_its_place(value: object, problem: str) -> None:
    rule = {
        "Name": "r",
        "Properties": {
            "FilterType": "Correlation",
            "CorrelationFilter": {"Properties": {"p": value}},
        },
    }
    subscription = {"Name": "all", "Rules": [rule]}
    topic = {"Name": "news", "Subscriptions": [subscription]}
    file = {"UserConfig": {"Namespaces": [{"Name": "n", "Topics": [topic]}]}}
    with pytest.raises(ConfigError, match=re.escape(problem)) as refusal:
        read_config(json.dumps(file))
    assert "Rules[0].Properties.CorrelationFilter.Properties.p" in str(refusal.value)


def test_file_for_microsofts_emulator_keeps_its_schema_and_says_what_was_changed() -> None:
    theirs = read_config(json.dumps(THEIRS))
    text, changes = written_for_emulator(theirs)
    assert [*changes] == [
        "default_message_time_to_live becomes PT1H for 'topic.1/plain', 'topic.1/chosen', 'inbox'.",
    ]
    [namespace] = json.loads(text)["UserConfig"]["Namespaces"]
    assert namespace["Name"] == "sbemulatorns"
    properties = [one["Properties"] for one in (*namespace["Queues"], *namespace["Topics"])]
    assert not {name for one in properties for name in one} & UNKNOWN
    assert read_config(text).topics[0].subscriptions[1].rules == (
        theirs.topics[0].subscriptions[1].rules
    )


def test_file_for_microsofts_emulator_has_no_name_that_it_does_not_take() -> None:
    default = Rule("$Default", parse_filter("1=1"))
    another = Rule("$Default", parse_filter("size > 3"))
    subscriptions = tuple(
        ConfiguredSubscription(f"s{number}", SubscriptionDescription(), rules)
        for number, rules in enumerate([(default,), (another, Rule("b", default.filter)), ()])
    )
    config = Config("n", {}, (ConfiguredTopic("news", TopicDescription(), subscriptions),))
    text, _ = written_for_emulator(config)
    written = read_config(text).topics[0].subscriptions
    assert [[rule.name for rule in one.rules] for one in written] == [[], ["Default", "b"], []]


def test_file_for_microsofts_emulator_says_what_that_will_refuse() -> None:
    queues = {f"q{number}": QueueDescription(max_delivery_count=3) for number in range(50)}
    description = TopicDescription(
        requires_duplicate_detection=True,
        duplicate_detection_history_time_window=timedelta(days=1),
    )
    config = Config("n", queues, (ConfiguredTopic("news", description, ()),))
    _, (_, window, count, lonely) = written_for_emulator(config)
    assert window == "duplicate_detection_history_time_window becomes PT5M for 'news'."
    assert "here are 51" in count
    assert "'news' has none" in lonely
