from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.filters.boolean import FalseFilter, TrueFilter
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.errors import FILTER_EXCEPTION, FilterError
from sbtutorial.broker.rules.filters.properties import MISSING, Properties
from sbtutorial.broker.rules.property_access import NoPropertyAccess
from sbtutorial.broker.rules.rule import DEFAULT_RULE_NAME, Rule
from sbtutorial.broker.rules.rule_set import RuleSet
from tests.broker.conftest import World, contents


@dataclass
class Marks:
    """An action that sets properties."""

    application: Mapping[str, object] = field(default_factory=dict)
    system: Mapping[str, object] = field(default_factory=dict)

    def apply(self, message: Properties) -> "Marks":
        return self


class Fails:
    """A filter, and an action, that cannot be worked out."""

    kind = "sql"

    def matches(self, message: Properties) -> bool:
        raise FilterError("division by zero")

    def apply(self, message: Properties) -> Marks:
        raise FilterError("division by zero")


class Recorded(NoPropertyAccess):
    """Contents that put what they were asked for into the copy's properties."""

    def edited(
        self, message: Message, application: Mapping[str, object], system: Mapping[str, object]
    ) -> Message:
        copy = message.copy()
        copy.properties = {**application, **system}
        return copy


def copies_of(*rules: Rule) -> list[Mapping[str, object] | None]:
    collection = RuleSet("news/Subscriptions/all")
    for rule in rules:
        collection.add(rule)
    seen = NoPropertyAccess()
    made = collection.copies(Message("rain", size_bytes=1), lambda: seen, Recorded())
    return [copy.properties for copy in made]


def test_subscription_begins_with_a_rule_that_takes_everything(world: World) -> None:
    world.topic()
    (rule,) = world.subscription().rules
    assert (rule.name, rule.action, rule.created_at) == (DEFAULT_RULE_NAME, None, world.now)
    assert isinstance(rule.filter, TrueFilter)


def test_rule_given_at_creation_takes_the_place_of_the_default(world: World) -> None:
    topic = world.topic()
    nobody = world.subscription(rule=Rule("never", FalseFilter()))
    world.send(topic, "rain")
    assert [rule.name for rule in nobody.rules] == ["never"]
    assert len(nobody.main.messages) == 0


def test_subscription_without_rules_takes_nothing(world: World) -> None:
    topic, everyone = world.topic(), world.subscription()
    world.namespace.delete_rule(
        world.namespace.directory.subscription("news", "all"), "$default", now=world.now
    )
    world.send(topic, "rain")
    assert len(everyone.main.messages) == 0


def test_matching_rules_without_action_give_one_copy_together() -> None:
    assert copies_of(Rule("a", TrueFilter()), Rule("b", TrueFilter())) == [None]


def test_each_matching_rule_with_an_action_gives_a_copy_with_its_name() -> None:
    made = copies_of(
        Rule("plain", TrueFilter()),
        Rule("red", TrueFilter(), Marks({"colour": "red"})),
        Rule("to", TrueFilter(), Marks(system={"To": "desk"})),
        Rule("never", FalseFilter(), Marks()),
    )
    assert made == [
        None,
        {"colour": "red", "RuleName": "red"},
        {"RuleName": "to", "To": "desk"},
    ]


def test_only_default_rule_takes_without_looking_into_the_message() -> None:
    def never_called() -> Properties:
        raise AssertionError("the message was looked into")

    rules = RuleSet("news/Subscriptions/all")
    rules.add(Rule("everything", TrueFilter()))
    message = Message("rain", size_bytes=1)
    assert len(list(rules.copies(message, never_called, NoPropertyAccess()))) == 1


@pytest.mark.parametrize("rule", [Rule("r", Fails()), Rule("r", TrueFilter(), Fails())])
def test_failing_rule_dead_letters_the_message_with_what_failed(world: World, rule: Rule) -> None:
    topic, everyone = world.topic(), world.subscription(rule=rule)
    world.send(topic, "rain")
    assert len(everyone.main.messages) == 0
    (dead,) = everyone.dead_letter.messages
    assert dead.properties == {
        "DeadLetterReason": FILTER_EXCEPTION,
        "DeadLetterErrorDescription": "division by zero",
    }
    assert world.last().kind is ChangeKind.DEAD_LETTERED


def test_failing_rule_drops_the_message_where_the_subscription_says_so(world: World) -> None:
    topic = world.topic()
    everyone = world.subscription(
        rule=Rule("r", Fails()), dead_lettering_on_filter_evaluation_exceptions=False
    )
    world.send(topic, "rain")
    assert everyone.receivable.counts().total == 0


def test_failing_rule_of_one_subscription_leaves_the_others_alone(world: World) -> None:
    topic = world.topic()
    world.subscription("broken", rule=Rule("r", Fails()))
    fine = world.subscription("fine")
    world.send(topic, "rain")
    assert contents(fine.main) == ["rain"]


def test_updated_rule_keeps_its_name_and_its_age(world: World) -> None:
    topic, everyone = world.topic(), world.subscription(rule=Rule("Mine", TrueFilter()))
    created_at = world.now
    world.pass_time(60)
    world.namespace.update_rule(
        world.namespace.directory.subscription("news", "all"),
        Rule("mine", FalseFilter()),
        now=world.now,
    )
    world.send(topic, "rain")
    (rule,) = everyone.rules
    assert (rule.name, rule.created_at, len(everyone.main.messages)) == ("Mine", created_at, 0)


def test_rules_are_found_in_any_case_and_missed_with_the_names_that_are_there(
    world: World,
) -> None:
    world.topic()
    everyone = world.subscription()
    assert everyone.rules.find("$DEFAULT").name == DEFAULT_RULE_NAME
    with pytest.raises(BrokerError, match=r"Rules here: '\$Default'") as caught:
        everyone.rules.find("sport")
    assert caught.value.code is ErrorCode.ENTITY_NOT_FOUND
    with pytest.raises(BrokerError, match="exists already"):
        everyone.rules.add(Rule("$default", TrueFilter()))


@pytest.mark.parametrize("name", ["", "a/b", "what?", "x" * 51])
def test_impossible_rule_name_is_refused(world: World, name: str) -> None:
    world.topic()
    world.subscription()
    with pytest.raises(BrokerError, match="cannot name a rule"):
        world.namespace.create_rule(
            world.namespace.directory.subscription("news", "all"),
            Rule(name, TrueFilter()),
            now=world.now,
        )


def test_rules_of_all_subscriptions_are_counted_and_limited(world: World) -> None:
    topic, everyone = world.topic(), world.subscription()
    for number in range(1999):
        everyone.rules.add(Rule(f"r{number}", TrueFilter()))
    assert topic.rule_counts == (2000, 0)
    with pytest.raises(BrokerError, match="have 2000 sql filters together"):
        world.namespace.create_rule(
            world.namespace.directory.subscription("news", "all"),
            Rule("more", TrueFilter()),
            now=world.now,
        )


class Labelled:
    """What a filter sees of a message that has a label and nothing else."""

    application: Mapping[str, object] = {}

    def __init__(self, label: str) -> None:
        self._label = label

    def system(self, name: str) -> object:
        return self._label if name == "Label" else MISSING


def test_many_correlation_rules_are_answered_by_one_look_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(CorrelationFilter, "matches")  # nobody is asked one by one
    rules = RuleSet("news/Subscriptions/all")
    for number in range(1000):
        action = Marks({"number": number})
        rules.add(Rule(f"r{number}", CorrelationFilter(label=str(number % 500)), action))
    message = Message("rain", size_bytes=1)

    def numbers(label: str) -> list[object]:
        made = rules.copies(message, lambda: Labelled(label), Recorded())
        return [(copy.properties or {})["number"] for copy in made]

    assert numbers("7") == [507, 7]
    assert numbers("1000") == []
    rules.remove("r7")
    assert numbers("7") == [507]
    rules.update(Rule("r507", CorrelationFilter(label="8"), Marks({"number": 507})))
    assert (numbers("7"), numbers("8")) == ([], [507, 508, 8])
    assert (len(rules), rules.correlation_count) == (999, 999)
