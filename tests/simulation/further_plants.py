"""Defects planted on purpose in what goes beyond queues and locks; `plants` has the others."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from sbtutorial.amqp.messaging import Discharge
from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.broker.entities.forwarding import Forwarding, Refusal
from sbtutorial.broker.entities.schedule import Schedule
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.errors import session_lock_lost
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.dead_lettering import DeadLettering
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.broker.transaction import Transaction
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.management import messages as message_management
from sbtutorial.gateway.nodes.receiving import ReceiverNode
from sbtutorial.gateway.nodes.transactions import CoordinatorNode
from sbtutorial.gateway.reactor import JOB_UNITS
from tests.simulation import (
    entity_promises,
    forwarding_promises,
    group_promises,
    promises,
    scenery,
)
from tests.simulation.broken import named
from tests.simulation.plant import Plant, after_restoring, without
from tests.simulation.standing_promises import subqueues

_ACCEPTED = named(promises.what_was_acknowledged_is_delivered_or_still_there)
_NOWHERE = named(promises.nothing_comes_from_nowhere)
_GONE = named(promises.what_is_gone_never_returns)
_ONE_COPY = named(promises.one_message_one_copy)
_ONE_LOCK = named(promises.one_message_one_lock)
_NUMBERS = named(promises.numbers_are_given_once)
_LOCK_HOLDS = named(promises.a_lock_holds_to_its_end)
_ONE_HOLDER = named(promises.one_session_one_holder)
_SESSION_HOLDS = named(promises.a_session_is_its_holders_to_its_end)
_SESSION_OVER = named(promises.a_session_that_ran_out_is_nobodys)
_LOCK_OVER = named(promises.a_lock_that_ran_out_is_over)
_EXPIRED = named(promises.what_has_expired_is_a_dead_letter)
_SUBSCRIPTIONS = named(group_promises.all_subscriptions_have_a_message_or_none)
_BATCH = named(group_promises.all_of_a_batch_or_nothing)
_TOKENS = named(group_promises.all_tokens_of_a_request_or_none)
_TRANSACTION = named(group_promises.all_of_a_transaction_or_nothing)
_TAKES_NOTHING = named(entity_promises.a_disabled_entity_takes_nothing)
_GIVES_NOTHING = named(entity_promises.a_disabled_entity_gives_nothing)
_REFUSES_NOBODY = named(entity_promises.an_enabled_entity_refuses_nobody_as_disabled)
_DUE_WAITS = named(entity_promises.what_falls_due_at_a_disabled_topic_waits)
_ONE_PLACE = named(forwarding_promises.what_goes_on_is_in_one_place)
_ARRIVES = named(forwarding_promises.what_goes_on_arrives)
_DEAD_ONLY = named(forwarding_promises.only_dead_letters_go_where_those_go)
_FAILS = promises.NOTHING_FAILS_INSIDE
_STAYS, _ENDS = promises.WHAT_IS_USED_STAYS, promises.WHAT_NOBODY_USES_ENDS

# -- What is forgotten in a restart ----------------------------------------------------------------


def forget_the_rest(self: Topic, message: Message, _taken: Any, now: float) -> None:
    """Who has no copy by now has none."""
    self._let_go(message, now)
    self.ingress.schedule.resume(now)


def begin_anew(self: Topic, message: Message, _taken: Any, now: float) -> None:
    """Who has a copy by now has another one."""
    _resume(self, message, {}, now)


def stop_lives(core: Core) -> None:
    """No message that was there expires by itself."""
    for subqueue in subqueues(core):
        for message in subqueue.messages:
            if message.state is MessageState.ACTIVE and message.timer is not None:
                message.timer.cancel()


def stop_looking_who_is_idle(core: Core) -> None:
    """No entity that was there ends by itself."""
    for entity in core.namespace.directory:
        if entity.idle_timer is not None:
            entity.idle_timer.cancel()


def stop_forwarding(core: Core) -> None:
    """What had to wait to be forwarded waits for ever."""
    for subqueue in subqueues(core):
        if isinstance(subqueue.forwarding, Forwarding) and subqueue.forwarding._timer is not None:
            subqueue.forwarding._timer.cancel()


# -- What the rules do wrong -----------------------------------------------------------------------


def look_for_shortage_only(self: EntityContext) -> None:
    """Whatever the status is, an entity takes messages."""
    self.can_send = not self.deleted and self._shortage.refusal is None


def stay_as_disabled(self: EntityContext) -> None:
    """An entity that was disabled once takes nothing any more."""
    was_able = getattr(self, "can_send", True)
    _look_for_shortage(self)
    self.can_send &= was_able


def adopt_and_give(self: EntityContext, description: Any, *, now: float) -> None:
    """Whatever the status is, an entity gives messages out."""
    _adopt(self, description, now=now)
    self.can_receive = not self.deleted


def come_all_the_same(self: Schedule, number: int, at: float) -> None:
    """What falls due at a topic comes whatever its status is."""
    description = replace(self._context.description, status=EntityStatus.ACTIVE)
    with patch.object(self._context, "description", description):
        _activate(self, number, at)


def hold_back_for_ever(self: Schedule, now: float) -> None:
    """A topic that is enabled again has forgotten what it held back."""


def one_by_one(
    call: Any, tokens: Sequence[Any], _check: Any, act: Any, **_weight: int
) -> Iterator[int]:
    """What cannot be done under one lock keeps nothing else from being done."""
    results = [act(token, now=call.now, who=call.who) for token in tokens]
    yield 1
    return results  # type: ignore[return-value]


def turn_by_turn(
    call: Any, tokens: Sequence[Any], check: Any, act: Any, **_weight: int
) -> Iterator[int]:
    """Each lock has a turn, and so a commit, of its own."""
    results = []
    for token in tokens:
        check(token, now=call.now)
    for token in tokens:
        results.append(act(token, now=call.now, who=call.who))
        yield JOB_UNITS
    return results  # type: ignore[return-value]


def commit_anyway(self: CoordinatorNode, request: Discharge, now: float) -> Any:
    """What is to be rolled back is done."""
    return _discharge(self, Discharge(request.txn_id, False), now)


def send_to_one(self: Transaction, *, now: float, who: str) -> None:
    """Of the entities that a transaction sends to, the last one has nothing."""
    if len(self._sends) > 1:
        self._sends.popitem()
    _commit(self, now=now, who=who)


def hand_over_and_keep(self: Forwarding, message: Message, now: float) -> Refusal | None:
    """What goes on stays, too."""
    refusal = _hand_over(self, message, now)
    return refusal or Refusal("Kept", "It has gone on, and is still here.")


def die_at_once(self: DeadLettering, message: Message, now: float) -> None:
    """What comes back is dead-lettered."""
    if self._queue is not None and message.state is MessageState.ACTIVE:
        self.dead_letter(message, "Returned", "It came back.", now=now)


def tell_of_less(self: SessionSubQueue, session: Any, now: float) -> float:
    """A session's lock is longer than its holder is told."""
    return _renew_session(self, session, now) - 4.0


def tell_of_more(self: SessionSubQueue, session: Any, now: float) -> float:
    """A session's lock is shorter than its holder is told."""
    return _renew_session(self, session, now) + 4.0


def refuse_to_renew(self: MessageSession, *, now: float) -> float:
    """Nobody may hold a session for longer."""
    raise session_lock_lost(self.id, self.path)


def fail(self: ReceiverNode) -> Any:
    """Who leaves while it holds something is a surprise."""
    if self.link.unsettled:
        raise LookupError("nobody has thought of that")
    return _detached(self)


_adopt = EntityContext.adopt
_detached = ReceiverNode.detached
_resume, _look_for_shortage = Topic.resume, EntityContext.look_for_shortage
_activate, _discharge = Schedule._activate, CoordinatorNode._discharge
_commit, _hand_over = Transaction.commit, Forwarding._hand_over
_renew_session = SessionSubQueue.renew_session

FURTHER_PLANTS = (
    Plant(
        "the rest of what a topic was handing out is lost in a restart",
        (_SUBSCRIPTIONS, _ACCEPTED, _BATCH),
        scenery.leaflets,
        ((Topic, "resume", forget_the_rest),),
    ),
    Plant(
        "what a topic was handing out is handed out from the beginning after a restart",
        (_ONE_COPY, _NUMBERS),
        scenery.leaflets,
        ((Topic, "resume", begin_anew),),
    ),
    Plant(
        "renewals of locks are lost in a restart",
        (_ONE_LOCK, _LOCK_HOLDS),
        scenery.long_work,
        (without(ChangeKind.LOCK_RENEWED),),
    ),
    Plant(
        "renewals of sessions are lost in a restart",
        (_ONE_HOLDER,),
        scenery.tables,
        (without(ChangeKind.SESSION_LOCK_RENEWED),),
    ),
    Plant(
        "a session ends later than its holder was told",
        (_SESSION_OVER, _LOCK_OVER),
        scenery.tables,
        ((SessionSubQueue, "renew_session", tell_of_less),),
    ),
    Plant(
        "a session ends earlier than its holder was told",
        (_SESSION_HOLDS, _ONE_HOLDER, _LOCK_HOLDS),
        scenery.tables,
        ((SessionSubQueue, "renew_session", tell_of_more),),
    ),
    Plant(
        "the lock of a session cannot be renewed",
        (_SESSION_HOLDS,),
        scenery.tables,
        ((MessageSession, "renew", refuse_to_renew),),
    ),
    Plant(
        "an entity that is disabled takes messages",
        (_TAKES_NOTHING,),
        scenery.orders,
        ((EntityContext, "look_for_shortage", look_for_shortage_only),),
    ),
    Plant(
        "an entity that is enabled again takes nothing",
        (_REFUSES_NOBODY,),
        scenery.orders,
        ((EntityContext, "look_for_shortage", stay_as_disabled),),
    ),
    Plant(
        "an entity that is disabled gives messages out",
        (_GIVES_NOTHING,),
        scenery.orders,
        ((EntityContext, "adopt", adopt_and_give),),
    ),
    Plant(
        "that an entity is disabled is forgotten in a restart",
        (_TAKES_NOTHING, _GIVES_NOTHING, _REFUSES_NOBODY),
        scenery.orders,
        (without(ChangeKind.QUEUE_UPDATED),),
    ),
    Plant(
        "what falls due comes out of a topic that is disabled",
        (_DUE_WAITS,),
        scenery.news,
        ((Schedule, "_activate", come_all_the_same),),
    ),
    Plant(
        "what a disabled topic has held back never comes",
        (_ARRIVES,),
        scenery.news,
        ((Schedule, "adopt", hold_back_for_ever),),
    ),
    Plant(
        "of a request with a wrong token the rest is done",
        (_LOCK_HOLDS, _ACCEPTED, _ONE_LOCK),
        scenery.long_work,
        ((message_management, "under_locks", one_by_one),),
    ),
    Plant(
        "a request with several tokens is many commits",
        (_TOKENS,),
        scenery.long_work,
        ((message_management, "under_locks", turn_by_turn),),
    ),
    Plant(
        "a transaction that is rolled back is done",
        (_ACCEPTED, _NOWHERE),
        scenery.removals,
        ((CoordinatorNode, "_discharge", commit_anyway),),
    ),
    Plant(
        "a transaction sends to all but one",
        (_ACCEPTED, _TRANSACTION),
        scenery.removals,
        ((Transaction, "commit", send_to_one),),
    ),
    Plant(
        "dead letters that have gone on are there again after a restart",
        (_ONE_PLACE, _ONE_COPY, _GONE, _NUMBERS),
        scenery.letters,
        (without(ChangeKind.FORWARDED),),
    ),
    Plant(
        "dead letters that wait to go on wait for ever after a restart",
        (_ARRIVES,),
        scenery.letters,
        (after_restoring(stop_forwarding),),
    ),
    Plant(
        "what is forwarded stays, too",
        (_ONE_PLACE,),
        scenery.relay,
        ((Forwarding, "_hand_over", hand_over_and_keep),),
    ),
    Plant(
        "what is given back goes where dead letters go",
        (_DEAD_ONLY,),
        scenery.letters,
        ((DeadLettering, "check_returned", die_at_once),),
    ),
    Plant(
        "what was there before a restart never expires",
        (_EXPIRED,),
        scenery.fragile,
        (after_restoring(stop_lives),),
    ),
    Plant(
        "when an entity was used is forgotten in a restart",
        (_STAYS,),
        scenery.lodgings,
        (without(ChangeKind.ACCESSED),),
    ),
    Plant(
        "entities that were there before a restart never end by themselves",
        (_ENDS,),
        scenery.lodgings,
        (after_restoring(stop_looking_who_is_idle),),
    ),
    Plant(
        "something fails inside the broker",
        (_FAILS,),
        scenery.orders,
        ((ReceiverNode, "detached", fail),),
    ),
)
