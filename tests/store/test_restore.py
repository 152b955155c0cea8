"""Restoring, by examples; whatever can happen is in `tests/properties/test_restore.py`."""

from collections.abc import Iterator
from random import Random
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.broker.changes import (
    Change,
    ChangeKind,
    EntityChange,
    MessageChange,
    RuleChange,
    SessionChange,
)
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.store.restore import restore
from tests.store.acting import START, Actor, one_act
from tests.store.describing import describe


@pytest.fixture
def actor() -> Actor:
    actor = Actor()
    actor.make_everything()
    return actor


def send(actor: Actor, path: str, **fields: Any) -> int:
    ingress = actor.namespace.directory.sendable(path).ingress
    message = Message("content", size_bytes=100, **fields)
    (number,) = ingress.send([message], now=actor.now, who="sender")
    return number


def lock(actor: Actor, path: str) -> Message:
    subqueue = actor.namespace.directory.subqueue(path)
    message = subqueue.peek_lock_next(now=actor.now, who="receiver")
    assert message is not None
    return message


def restored(actor: Actor) -> Actor:
    """The one that changes make, which is described alike."""
    actor.settle_down()
    twin = actor.restored()
    assert twin.changes == []
    assert describe(twin.namespace) == describe(actor.namespace)
    return twin


def test_nothing_makes_nothing() -> None:
    assert describe(restore([], Namespace("tutorial"))) == describe(Namespace("tutorial"))


def test_numbers_go_on_though_the_last_message_is_gone(actor: Actor) -> None:
    for _ in range(3):
        send(actor, "morgue")
    actor.do("delete_ready", 2)
    actor.namespace.directory.queue("morgue").main.delete_ready(
        enqueued_before=actor.now + 1, at_most=9, now=actor.now
    )
    assert len(actor.namespace.directory.queue("morgue").main.messages) == 0
    assert send(restored(actor), "morgue") == 4


def test_a_lock_holds_by_its_token_to_its_end_and_no_longer(actor: Actor) -> None:
    send(actor, "plain")
    token = lock(actor, "plain").lock_token
    assert token is not None
    actor.wait(20)
    twin = restored(actor)
    main = twin.namespace.directory.queue("plain").main
    assert main.require_lock(token, now=twin.now).locked_until == START + 30
    twin.wait(10)
    assert twin.changes[-1].kind is ChangeKind.LOCK_EXPIRED
    with pytest.raises(BrokerError):
        main.settling.complete(token, now=twin.now)
    assert lock(twin, "plain").delivery_count == 1


def test_new_tokens_are_new(actor: Actor) -> None:
    send(actor, "plain")
    send(actor, "plain")
    first = lock(actor, "plain").lock_token
    assert lock(restored(actor), "plain").lock_token not in (None, first)


def test_a_scheduled_message_comes_at_its_time(actor: Actor) -> None:
    send(actor, "plain", scheduled_enqueue_at=START + 100, time_to_live=10.0)
    twin = restored(actor)
    twin.wait(100)
    activated = twin.changes[-1]
    assert isinstance(activated, MessageChange)
    assert (activated.kind, activated.previous_sequence_number) == (ChangeKind.ACTIVATED, 1)
    assert (activated.sequence_number, activated.expires_at) == (2, START + 110)


def test_a_deferred_message_is_found_by_its_number(actor: Actor) -> None:
    number = send(actor, "plain")
    token = lock(actor, "plain").lock_token
    assert token is not None
    main = actor.namespace.directory.queue("plain").main
    main.settling.defer(token, {"noted": 1}, now=actor.now)
    twin = restored(actor)
    again = twin.namespace.directory.queue("plain").main
    (message,) = again.receive_deferred([number], now=twin.now, who="receiver")
    assert (message.properties, message.state) == ({"noted": 1}, MessageState.DEFERRED_LOCKED)


def test_an_id_is_remembered_though_its_message_is_gone(actor: Actor) -> None:
    number = send(actor, "plain", message_id="a")
    actor.namespace.directory.queue("plain").main.receive_and_delete_next(now=START, who="")
    actor.wait(59)
    twin = restored(actor)
    assert send(twin, "plain", message_id="a") == number
    twin.wait(1)
    assert send(twin, "plain", message_id="a") == number + 1


def test_a_session_keeps_its_holder_its_lock_and_its_state(actor: Actor) -> None:
    send(actor, "tables", session_id="1")
    tables = actor.namespace.directory.queue("tables").main
    assert isinstance(tables, SessionSubQueue)
    session = tables.accept("1", now=START, who="waiter")
    session.set_state(b"soup", now=START)
    message = session.peek_lock_next(now=START, who="waiter")
    assert message is not None
    twin = restored(actor)
    again = twin.namespace.directory.queue("tables").main
    assert isinstance(again, SessionSubQueue)
    held = again.held("1")
    assert held is not None
    assert (held.who, held.locked_until, held.state(now=START)) == ("waiter", START + 30, b"soup")
    assert list(held.locked) == [message.lock_token]
    twin.wait(30)
    kinds = [change.kind for change in twin.changes]
    assert kinds == [ChangeKind.SESSION_LOCK_LOST, ChangeKind.LOCK_EXPIRED]


def test_what_a_transfer_could_not_deliver_is_where_it_was_kept(actor: Actor) -> None:
    via = actor.namespace.directory.queue("bar")
    via.transfer_to("nowhere").send([Message("lost", size_bytes=10)], now=actor.now)
    twin = restored(actor)
    (message,) = twin.namespace.directory.subqueue("bar/$Transfer/$DeadLetterQueue").messages
    assert (message.content, message.dead_letter_source) == ("lost", "bar")


def test_a_dead_letter_that_waits_for_its_target_goes_when_that_takes_it(actor: Actor) -> None:
    actor.update("bar", 5)  # forwards its dead letters only
    actor.update("morgue", 1)  # disabled
    send(actor, "bar")
    token = lock(actor, "bar").lock_token
    assert token is not None
    actor.namespace.directory.subqueue("bar").settling.dead_letter(token, now=actor.now)
    twin = restored(actor)
    assert len(twin.namespace.directory.subqueue("bar/$DeadLetterQueue").messages) == 1
    twin.update("morgue", 2)
    twin.wait(0)
    (message,) = twin.namespace.directory.subqueue("morgue").messages
    assert message.dead_letter_source == "bar"


def test_a_transaction_is_there_as_a_whole(actor: Actor) -> None:
    actor.fill()
    actor.do("receive", 0, True)
    actor.do("transact", 0, [1, 2], True)
    actor.do("transact", 1, [1, 2], False)
    restored(actor)


def test_the_instants_of_an_entity_are_kept(actor: Actor) -> None:
    actor.wait(10)
    actor.do("update", "plain", 0)
    actor.wait(10)
    plain = actor.namespace.directory.queue("plain")
    assert plain.main.peek_lock_next(now=actor.now, who="in vain") is None
    context = restored(actor).namespace.directory.queue("plain").context
    instants = (context.created_at, context.updated_at, context.accessed_at)
    assert instants == (START, START + 10, START + 20)


def test_keys_of_an_entity_are_kept(actor: Actor) -> None:
    rules = restored(actor).namespace.directory.topic("news").description.authorization_rules
    assert [rule.primary_key for rule in rules] == ["first"]


def test_an_idle_queue_goes_when_it_would_have_gone(actor: Actor) -> None:
    actor.wait(200)
    send(actor, "brief", scheduled_enqueue_at=START + 350)
    actor.wait(120)  # it was looked at meanwhile
    twin = restored(actor)
    actor.changes.clear()
    for one in (actor, twin):
        one.wait(2000)
    gone = [(change.at, change.entity) for change in actor.changes if "deleted" in change.kind]
    assert gone == [(c.at, c.entity) for c in twin.changes if "deleted" in c.kind]
    assert "brief" in [entity for _, entity in gone]


def test_time_that_was_advanced_is_told(actor: Actor) -> None:
    actor.advance(100)
    actor.advance(20)
    assert restored(actor).namespace.advanced_seconds == 120


@pytest.mark.parametrize("rules", [2, 5])
def test_a_topic_that_was_handing_out_a_message_goes_on_where_it_was(rules: int) -> None:
    """After each change of it the broker ends and begins again."""
    actor = Actor()
    actor.create("morgue")
    actor.create("plain")
    actor.create("news")
    actor.create("news/Subscriptions/all")
    actor.create("news/Subscriptions/ordered")
    for rule in range(1, rules):
        actor.add_rule("news/Subscriptions/all", rule)
    start = len(actor.changes)
    send(actor, "news", header_bytes=60_000, session_id="1", message_id="a")
    send(actor, "news", header_bytes=60_000, session_id="2", message_id="b")
    actor.settle_down()
    kinds = [change.kind for change in actor.changes]
    assert {ChangeKind.SCHEDULED, ChangeKind.COPIED, ChangeKind.HANDED_OUT} <= set(kinds)
    both_are_in = max(n for n, kind in enumerate(kinds) if kind is ChangeKind.SCHEDULED) + 1
    assert both_are_in - start < len(kinds) - start - 3
    expected = copies(actor)
    for end in range(both_are_in, len(actor.changes)):
        assert copies(actor.restored(actor.changes[:end])) == expected, kinds[start:end]


def copies(actor: Actor) -> list[tuple[object, ...]]:
    return [
        (subqueue.path, message.sequence_number, message.content, message.message_id)
        for subscription in actor.namespace.directory.topic("news").subscriptions()
        for subqueue in subscription.subqueues
        for message in subqueue.messages
    ]


# -- The test of the test: a change that is left out, or says less, is missed ---------------------


Script = tuple[Actor, list[str]]


@pytest.fixture(scope="module")
def scripts() -> list[Script]:
    """Short lives of a namespace, which together have everything in them, and what they leave."""
    return [(actor, describe(actor.namespace)) for actor in lives()]


def lives() -> Iterator[Actor]:
    for seed in range(60):
        random = Random(seed)
        actor = Actor()
        actor.make_everything()
        actor.fill()
        for _ in range(random.randrange(10, 60)):
            actor.do(*one_act(random))
        actor.settle_down()
        yield actor


def is_missed(actor: Actor, expected: list[str], changes: list[Change]) -> bool:
    """Whether a restored namespace is another one, if only because it has more to do at once."""
    if changes == actor.changes:
        return False
    try:
        twin = actor.restored(changes)
    except Exception:
        return True
    return bool(twin.changes) or describe(twin.namespace) != expected


def test_what_is_whole_is_not_missed(scripts: list[Script]) -> None:
    for actor, expected in scripts:
        assert describe(actor.restored().namespace) == expected


SAY_NOTHING = {ChangeKind.DUPLICATE_DROPPED, ChangeKind.RECEIVER_GONE, ChangeKind.KEPT}


@pytest.mark.parametrize("kind", [kind for kind in ChangeKind if kind not in SAY_NOTHING])
def test_a_kind_of_change_that_is_left_out_is_missed(
    scripts: list[Script], kind: ChangeKind
) -> None:
    assert any(
        is_missed(actor, expected, [one for one in actor.changes if one.kind is not kind])
        for actor, expected in scripts
    )


LESS: list[tuple[type, str, Any]] = [
    (MessageChange, "sequence_number", 1),
    (MessageChange, "delivery_count", 0),
    (MessageChange, "state", MessageState.ACTIVE),
    (MessageChange, "is_new", False),
    (MessageChange, "target", ""),
    (MessageChange, "previous_sequence_number", 0),
    (MessageChange, "enqueued_at", 0.0),
    (MessageChange, "expires_at", None),
    (MessageChange, "lock_token", None),
    (MessageChange, "lock_token", UUID(int=9999)),
    (MessageChange, "locked_until", 5000.0),
    (MessageChange, "properties", None),
    (MessageChange, "who", ""),
    (MessageChange, "at", 0.0),
    (SessionChange, "locked_until", 5000.0),
    (SessionChange, "state", None),
    (SessionChange, "who", ""),
    (SessionChange, "detail", ""),
    (SessionChange, "at", 0.0),
    (EntityChange, "at", 0.0),
    (EntityChange, "description", None),
    (EntityChange, "until", None),
    (RuleChange, "rule", None),
    (RuleChange, "at", 0.0),
]


@pytest.mark.parametrize(("kind", "field", "value"), LESS, ids=str)
def test_a_field_that_is_lost_is_missed(
    scripts: list[Script], kind: type, field: str, value: Any
) -> None:
    def without(change: Any) -> Any:
        return change._replace(**{field: value}) if isinstance(change, kind) else change

    assert any(
        is_missed(actor, expected, [without(one) for one in actor.changes])
        for actor, expected in scripts
    )


def test_a_session_that_was_ending_is_held_until_its_lock_is_over(actor: Actor) -> None:
    for _ in range(150):
        send(actor, "tables", session_id="1")
    tables = actor.namespace.directory.queue("tables").main
    assert isinstance(tables, SessionSubQueue)
    session = tables.accept("1", now=actor.now, who="holder")
    while session.peek_lock_next(now=actor.now, who="holder"):
        pass
    actor.namespace.background.on_added = lambda: None
    session.let_go(now=actor.now)
    actor.namespace.background.step()
    actor.settle_down()
    twin = actor.restored()
    again = twin.namespace.directory.queue("tables").main
    assert isinstance(again, SessionSubQueue)
    assert again.messages.count(MessageState.LOCKED) == 50
    twin.wait(30)
    assert again.messages.count(MessageState.ACTIVE) == 150
    assert again.accept("1", now=twin.now, who="next").has_ready
