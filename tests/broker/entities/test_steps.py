"""A topic with very many rules hands its messages out in steps, and no rule harms another one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import DEAD_LETTER_ERROR_DESCRIPTION, DEAD_LETTER_REASON
from sbtutorial.broker.rules.filters.boolean import FalseFilter, TrueFilter
from sbtutorial.broker.rules.filters.errors import FilterError, HeaderSizeError
from sbtutorial.broker.rules.filters.properties import Properties
from sbtutorial.broker.rules.property_access import NoPropertyAccess
from sbtutorial.broker.rules.rule import Edits, Rule
from tests.broker.conftest import World, contents


@dataclass(frozen=True)
class Asked:
    """A filter that takes everything and notes that it was asked."""

    kind: ClassVar[str] = "sql"
    log: list[str] = field(default_factory=list, hash=False)

    def matches(self, message: Properties) -> bool:
        self.log.append("asked")
        return True


@dataclass(frozen=True)
class Breaks:
    """A filter, or an action, that raises."""

    kind: ClassVar[str] = "sql"
    error: Exception

    def matches(self, message: Properties) -> bool:
        raise self.error

    def apply(self, message: Properties) -> Edits:
        raise self.error


MANY = 300
NEVER = FalseFilter()


def with_many_rules(world: World, name: str = "all", filter: Any = NEVER) -> Any:
    subscription = world.subscription(name)
    for number in range(MANY):
        subscription.add_rule(Rule(f"r{number}", filter), now=world.now)
    return subscription


def step_until_done(world: World) -> int:
    count = 0
    while world.namespace.background:
        world.namespace.background.step()
        count += 1
    return count


@pytest.fixture
def stepped(new_world: Callable[..., World]) -> World:
    """A world in which somebody has to step background work."""
    world = new_world()
    world.namespace.background.on_added = lambda: None
    return world


def test_who_steps_nothing_finds_everything_done(world: World) -> None:
    topic = world.topic()
    everyone = with_many_rules(world)
    world.send(topic, "rain", "sun")
    assert contents(everyone.main) == ["rain", "sun"]
    assert topic.scheduled_count == 0
    assert [each.sequence_number for each in everyone.main.messages] == [1, 2]


def test_message_waits_at_the_topic_while_its_rules_are_asked(stepped: World) -> None:
    log: list[str] = []
    topic = stepped.topic()
    everyone = with_many_rules(stepped, filter=Asked(log))
    stepped.send(topic, "rain")
    (waiting,) = topic.scheduled.messages
    assert topic.ingress.is_waiting(waiting)
    assert (len(log), topic.size_bytes, contents(everyone.main)) == (0, 100, [])
    assert step_until_done(stepped) > 3
    assert (len(log), contents(everyone.main)) == (MANY, ["rain"])
    assert not topic.ingress.is_waiting(waiting)
    assert topic.size_bytes == 100


def test_one_step_asks_few_rules(stepped: World) -> None:
    log: list[str] = []
    topic = stepped.topic()
    with_many_rules(stepped, filter=Asked(log))
    stepped.send(topic, "rain")
    while stepped.namespace.background:
        before = len(log)
        stepped.namespace.background.step()
        assert len(log) - before <= 64


def test_of_a_message_with_long_properties_one_step_asks_fewer(stepped: World) -> None:
    log: list[str] = []
    topic = stepped.topic()
    with_many_rules(stepped, filter=Asked(log))
    stepped.send(topic, "rain", header_bytes=60_000, size_bytes=60_000)
    stepped.namespace.background.step()  # the message itself
    for number in range(10):
        stepped.namespace.background.step()
        assert len(log) == number  # the first one asked is the rule that takes everything


def test_messages_reach_a_subscription_in_the_order_in_which_they_were_sent(
    stepped: World,
) -> None:
    topic = stepped.topic()
    everyone = with_many_rules(stepped)
    stepped.send(topic, "one", scheduled_enqueue_at=stepped.now + 60)
    stepped.pass_time(60)
    stepped.send(topic, "two")
    stepped.namespace.background.step()
    for number in range(MANY):  # from now on a message could be handed out at once
        everyone.rules.remove(f"r{number}")
    stepped.send(topic, "three", "four")
    assert contents(everyone.main) == []
    step_until_done(stepped)
    assert contents(everyone.main) == ["one", "two", "three", "four"]
    stepped.send(topic, "five")
    assert contents(everyone.main)[-1] == "five"


def test_all_subscriptions_are_asked_before_the_first_takes_a_copy(stepped: World) -> None:
    topic = stepped.topic()
    one, two = with_many_rules(stepped, "one"), with_many_rules(stepped, "two")
    stepped.send(topic, "rain")
    seen = set()
    while stepped.namespace.background:
        stepped.namespace.background.step()
        seen.add((len(one.main.messages), len(two.main.messages)))
    assert (1, 1) in seen
    assert (0, 1) not in seen


def test_changes_tell_that_the_message_waited(stepped: World) -> None:
    topic = stepped.topic()
    with_many_rules(stepped)
    stepped.changes.clear()
    stepped.send(topic, "rain")
    step_until_done(stepped)
    kinds = [ChangeKind.SCHEDULED, ChangeKind.ACTIVATED, ChangeKind.COPIED]
    assert stepped.kinds() == [*kinds, ChangeKind.HANDED_OUT]


def test_topic_that_is_deleted_meanwhile_hands_out_nothing_more(stepped: World) -> None:
    topic = stepped.topic()
    everyone = with_many_rules(stepped)
    stepped.send(topic, "rain", "sun")
    stepped.namespace.background.step()
    stepped.namespace.delete(topic, now=stepped.now)
    step_until_done(stepped)
    assert len(everyone.main.messages) == 0


def test_subscription_that_is_deleted_meanwhile_takes_nothing_and_the_others_do(
    stepped: World,
) -> None:
    topic = stepped.topic()
    gone, stays = with_many_rules(stepped, "gone"), with_many_rules(stepped, "stays")
    stepped.send(topic, "rain")
    stepped.namespace.background.step()
    stepped.namespace.delete(gone, now=stepped.now)
    step_until_done(stepped)
    assert contents(stays.main) == ["rain"]


def test_reset_forgets_what_was_to_be_handed_out(stepped: World) -> None:
    topic = stepped.topic()
    with_many_rules(stepped)
    stepped.send(topic, "rain")
    stepped.namespace.background.step()
    stepped.namespace.reset(now=stepped.now)
    kinds = stepped.kinds()
    step_until_done(stepped)
    assert stepped.kinds() == kinds


def test_very_many_subscriptions_are_served_in_steps_too(stepped: World) -> None:
    topic = stepped.topic()
    every = [stepped.subscription(f"s{number}") for number in range(100)]
    stepped.send(topic, "rain")
    assert step_until_done(stepped) > 3
    assert all(contents(each.main) == ["rain"] for each in every)


def test_few_rules_are_asked_at_once(stepped: World) -> None:
    topic = stepped.topic()
    everyone = stepped.subscription()
    stepped.send(topic, "rain")
    assert contents(everyone.main) == ["rain"]
    assert not stepped.namespace.background


# -- One rule harms nobody --------------------------------------------------------------------

DEFECTS = [
    FilterError("division by zero"),
    RecursionError("too deep"),
    UnicodeEncodeError("ascii", "ï", 0, 1, "no"),
    OverflowError("too large"),
    KeyError("x"),
]


@pytest.mark.parametrize("error", DEFECTS, ids=repr)
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("in_action", [False, True])
@pytest.mark.parametrize("later", [False, True])
def test_rule_that_fails_costs_its_own_subscription_a_copy_and_nobody_else(
    world: World, error: Exception, many: bool, in_action: bool, later: bool
) -> None:
    topic = world.topic()
    before, bad, behind = (world.subscription(name) for name in ("before", "bad", "behind"))
    broken = Breaks(error)
    rule = Rule("b", TrueFilter(), broken) if in_action else Rule("b", broken)
    bad.add_rule(rule, now=world.now)
    if many:
        with_many_rules(world, "many")
    at = {"scheduled_enqueue_at": world.now + 60} if later else {}
    world.send(topic, "rain", **at)
    world.pass_time(60)
    world.send(topic, "sun")
    assert contents(before.main) == contents(behind.main) == ["rain", "sun"]
    assert contents(bad.main) == []
    first, second = bad.dead_letter.messages
    assert [first.content, second.content] == ["rain", "sun"]
    assert first.properties is not None
    assert first.properties[DEAD_LETTER_REASON] == "FilterException"
    assert str(error.args[0]) in str(first.properties[DEAD_LETTER_ERROR_DESCRIPTION])
    assert (topic.scheduled_count, topic.scheduled.messages.size_bytes) == (0, 0)


def test_subscription_that_does_not_dead_letter_failures_does_without_the_copy(
    world: World,
) -> None:
    topic = world.topic()
    bad = world.subscription(
        rule=Rule("b", Breaks(KeyError("x"))), dead_lettering_on_filter_evaluation_exceptions=False
    )
    world.send(topic, "rain")
    assert bad.receivable.counts().total == 0


def test_properties_that_are_too_long_are_dead_lettered_whatever_the_subscription_says(
    world: World,
) -> None:
    topic = world.topic()
    bad = world.subscription(
        rule=Rule("b", TrueFilter(), Breaks(HeaderSizeError("The size quota"))),
        dead_lettering_on_filter_evaluation_exceptions=False,
    )
    world.send(topic, "rain")
    (dead,) = bad.dead_letter.messages
    assert dead.properties is not None
    assert dead.properties[DEAD_LETTER_REASON] == "HeaderSizeExceeded"


class Unreadable(NoPropertyAccess):
    """Contents that cannot be looked into."""

    def view(self, message: object) -> Properties:
        raise ValueError("not readable")

    def edited(
        self, message: Any, application: Mapping[str, object], system: Mapping[str, object]
    ) -> Any:
        raise ValueError("not writable")


def test_message_that_cannot_be_looked_into_is_dead_lettered_where_rules_ask(
    world: World,
) -> None:
    topic = world.topic()
    asks, takes = world.subscription("asks", rule=Rule("a", Asked())), world.subscription("takes")
    for each in (asks, takes, topic):
        each.context.property_access = Unreadable()
    world.send(topic, "rain")
    assert contents(takes.main) == ["rain"]
    assert contents(asks.dead_letter) == ["rain"]


# -- So many messages are enough --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["queue", "topic"])
def test_entity_is_full_when_it_has_very_many_messages_however_small(
    world: World, kind: str
) -> None:
    if kind == "topic":
        target: Any = world.topic()
        world.subscription()
    else:
        target = world.queue()
    target.ingress.max_size_bytes = 256 * 10
    world.send(target, *"0123456789", size_bytes=7)
    with pytest.raises(BrokerError, match="Size of entity in bytes:2560"):
        world.send(target, "more", size_bytes=7)
