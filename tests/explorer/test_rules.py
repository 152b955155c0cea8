from typing import Any

import pytest
from azure.servicebus.management import CorrelationRuleFilter, SqlRuleFilter

from sbtutorial.broker.rules.filters.reading import read_filter
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.filters.writing import written
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.clauses import clauses_of
from sbtutorial.explorer.draft import Draft
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.seen import SeenProperties


@pytest.fixture
def news(explorer: Explorer) -> Explorer:
    """A topic of which "blue" gets blue things by SQL, "sport" sport, "all" all, "none" nothing."""
    explorer.create_topic("news")
    rules: dict[str, Any] = {
        "blue": "color = 'blue' AND quantity > 10",
        "sport": {"subject": "sport", "team": "red"},
        "none": False,
    }
    for name, filter in rules.items():
        explorer.create_subscription(f"news/{name}")
        explorer.delete_rule(f"news/{name}", "$Default")
        explorer.create_rule(f"news/{name}", "mine", filter)
    explorer.create_subscription("news/all")
    return explorer


MESSAGES = [
    {},
    {"subject": "sport"},
    {"subject": "sport", "application_properties": {"team": "red"}},
    {"subject": "sport", "application_properties": {"team": "blue", "color": "blue"}},
    {"application_properties": {"color": "blue", "quantity": 11}},
    {"application_properties": {"color": "blue", "quantity": 10}},
    {"application_properties": {"color": "blue", "quantity": "many"}},
    {"application_properties": {"COLOR": "blue", "quantity": 11.5}},
]


@pytest.mark.parametrize("properties", MESSAGES)
def test_the_tester_says_what_the_broker_does(news: Explorer, properties: dict[str, Any]) -> None:
    foretold = news.test_rules("news", "body", **properties).subscriptions
    news.send("news", "body", **properties)
    got = [node.place.subscription for node in news.tree()["news"].children if node.active]
    assert sorted(foretold) == sorted(got)


def test_the_tester_names_the_clause_that_said_no(news: Explorer) -> None:
    own = {"color": "blue", "quantity": 3}
    assert repr(news.test_rules("news", "body", subject="sport", application_properties=own)) == (
        "subscription  rule      gets it  filter                            why\n"
        "all           $Default  yes      every message\n"
        "blue          mine      no       color = 'blue' AND quantity > 10  "
        "no: quantity > 10 (quantity is 3)\n"
        "none          mine      no       no message\n"
        "sport         mine      no       label: 'sport', team: 'red'       "
        "no: team: 'red' (team is missing)\n"
        "gets it: all"
    )


@pytest.mark.parametrize(
    ("sql", "own", "said"),
    [
        ("a = 1 AND b = 2", {"a": 1, "b": 2}, ["yes a = 1", "yes b = 2"]),
        ("a = 1 AND b = 2", {"a": 2, "b": 2}, ["no a = 1"]),
        ("a = 1 AND b = 2", {"a": 1}, ["unknown b = 2"]),
        ("a = 1 OR b = 2", {"b": 2}, ["yes b = 2"]),
        ("a = 1 OR b = 2", {"a": 3}, ["no a = 1", "unknown b = 2"]),
        ("a = 1 AND (b = 2 OR c = 3)", {"a": 1, "b": 3, "c": 4}, ["no b = 2", "no c = 3"]),
        ("NOT (a = 1 OR b = 2)", {"a": 1}, ["no NOT (a = 1 OR b = 2)"]),
    ],
)
def test_the_clauses_that_decide(sql: str, own: dict[str, Any], said: list[str]) -> None:
    message = SeenProperties(Draft.of(application_properties=own))
    found = [f"{one.answer} {one.sql}" for one in clauses_of(parse_filter(sql), message)]
    assert found == said


@pytest.mark.parametrize(
    "sql",
    [
        "a = 'it''s' AND b <> 2.5 OR NOT c LIKE 'x!%%' ESCAPE '!'",
        "(a + 1) * -b > @least AND [odd name] IS NULL",
        "a IN (1, 2, 'x') AND EXISTS(sys.Label) AND property('p') = TRUE AND id = newid()",
        "NOT (a = 1 OR b = 2) AND NOT a IN (1)",
    ],
)
def test_a_condition_that_was_taken_apart_is_written_so_that_it_means_the_same(sql: str) -> None:
    node = read_filter(sql)
    assert read_filter(written(node)) == node


def test_a_filter_that_fails_says_why(explorer: Explorer) -> None:
    test = explorer.test_filter("a / 0 = 1", application_properties={"a": 1})
    assert "fails: 1 / 0 cannot be computed: division by zero" in repr(test)


def test_a_filter_alone_is_tried_before_it_is_made(explorer: Explorer) -> None:
    assert repr(
        explorer.test_filter("color = 'blue'", application_properties={"color": "red"})
    ) == (
        "gets it  filter          why\nno       color = 'blue'  no: color = 'blue' (color is 'red')"
    )


def test_what_an_action_changes_is_foretold(explorer: Explorer) -> None:
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    explorer.delete_rule("news/fans", "$Default")
    explorer.create_rule("news/fans", "paint", True, "SET color = 'red'; SET sys.Label = 'x'")
    assert "sets color to 'red'; sets sys.Label to 'x'" in repr(explorer.test_rules("news", "rain"))
    explorer.send("news", "rain")
    message = explorer.message("news/fans", 1)
    assert message.draft.application_properties["color"] == "red"
    assert message.draft.properties["subject"] == "x"


@pytest.mark.parametrize(
    ("given", "spelled"),
    [
        ("color = 'blue'", "color = 'blue'"),
        ({"subject": "sport", "team": "red"}, "label: 'sport', team: 'red'"),
        (True, "every message"),
        (False, "no message"),
        (SqlRuleFilter("a = @b", {"@b": 1}), "a = @b"),
        (CorrelationRuleFilter(label="x", properties={"a": 1}), "label: 'x', a: 1"),
    ],
)
def test_rules_are_made_of_what_a_learner_writes(
    explorer: Explorer, given: object, spelled: str
) -> None:
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    table = explorer.create_rule("news/fans", "mine", given)
    assert spelled in repr(table)
    assert [rule.name for rule in explorer.delete_rule("news/fans", "mine")] == ["$Default"]


@pytest.mark.parametrize(
    ("filter", "action", "sentence"),
    [
        ("color == 'blue'", None, "line 1, column 8"),
        ({}, None, "has no condition"),
        (5, None, "A filter is SQL"),
        (True, "color = 'red'", "The action cannot be read"),
    ],
)
def test_a_rule_that_cannot_be_read_is_refused_before_it_is_sent(
    explorer: Explorer, filter: object, action: str | None, sentence: str
) -> None:
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    with pytest.raises(TutorialError, match=sentence):
        explorer.create_rule("news/fans", "mine", filter, action)
    assert len(explorer.rules("news/fans").rules) == 1


def test_rules_belong_to_subscriptions(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    for name in ("orders", "news"):
        with pytest.raises(TutorialError, match="Rules belong to subscriptions"):
            explorer.rules(name)
    with pytest.raises(TutorialError, match="is a queue"):
        explorer.test_rules("orders", "tea")
    assert repr(explorer.delete_rule("news/fans", "$Default")) == (
        "news/fans has no rule, and so it gets no message"
    )
    assert "nobody; the topic drops the message" in repr(explorer.test_rules("news", "rain"))
