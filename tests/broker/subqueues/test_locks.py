from uuid import UUID

import pytest

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.locks import Locks, Tokens
from sbtutorial.broker.timers import Timers
from tests.broker.conftest import make

TOKEN = UUID(int=7)


class Holder:
    def __init__(self) -> None:
        self.timers = Timers()
        self.expired: list[tuple[Message, float]] = []
        self.locks = Locks("orders", self.timers, self.on_expired)
        self.message = make()
        self.message.sequence_number = 17

    def on_expired(self, message: Message, at: float) -> None:
        self.expired.append((message, at))
        self.locks.end(message)


@pytest.fixture
def holder() -> Holder:
    holder = Holder()
    holder.locks.grant(holder.message, TOKEN, 130.0, "cashier")
    return holder


def lost(holder: Holder) -> str:
    with pytest.raises(BrokerError) as caught:
        holder.locks.message_under(TOKEN)
    assert caught.value.code is ErrorCode.MESSAGE_LOCK_LOST
    return caught.value.message


def test_granted_lock_is_written_on_the_message(holder: Holder) -> None:
    message = holder.message
    assert (message.lock_token, message.locked_until, message.locked_by) == (
        TOKEN,
        130.0,
        "cashier",
    )
    assert holder.locks.message_under(TOKEN) is message


def test_lock_runs_out_at_its_end_and_not_before(holder: Holder) -> None:
    holder.timers.run_due(129.999)
    assert holder.expired == []
    holder.timers.run_due(140.0)
    assert holder.expired == [(holder.message, 130.0)]


def test_renewed_lock_runs_out_at_its_new_end_only(holder: Holder) -> None:
    holder.locks.renew(holder.message, 150.0)
    holder.timers.run_due(149.0)
    assert holder.locks.message_under(TOKEN).locked_until == 150.0
    holder.timers.run_due(150.0)
    assert holder.expired == [(holder.message, 150.0)]


def test_ended_lock_leaves_nothing_on_the_message_and_nothing_to_come(holder: Holder) -> None:
    holder.locks.end(holder.message)
    message = holder.message
    assert message.lock_token is message.locked_until is message.locked_by is None
    assert message.lock_timer is None
    assert holder.timers.next_at() is None
    assert len(holder.locks) == 0


def test_token_of_a_lock_that_ran_out_is_refused_with_its_story(holder: Holder) -> None:
    holder.timers.run_due(130.0)
    assert lost(holder) == (
        "The lock supplied is invalid. Either the lock expired, or the message has already been "
        "removed from the queue. The lock on message 17 in 'orders' has run out. "
        "Receive the message again."
    )


def test_token_that_never_held_anything_is_refused_by_itself(holder: Holder) -> None:
    holder.locks.end(holder.message)
    assert "Nothing in 'orders' is held under this lock token." in lost(holder)


def test_only_so_many_ended_locks_are_remembered() -> None:
    timers = Timers()
    locks = Locks("orders", timers, lambda message, at: locks.end(message))
    for number in range(3000):
        locks.grant(make(), UUID(int=number), 1.0, "")
    timers.run_due(1.0)
    assert len(locks._ran_out) == 1000


def test_tokens_alone_hold_without_an_end() -> None:
    tokens, message = Tokens("orders"), make()
    tokens.grant(message, TOKEN, 130.0, "cashier")
    assert message.lock_token == TOKEN
    assert (message.locked_by, message.locked_until, message.lock_timer) == ("cashier", 130.0, None)
    tokens.renew(message, 190.0)
    assert message.locked_until == 190.0
    assert tokens.message_under(TOKEN) is message
    tokens.end(message)
    assert (message.lock_token, message.locked_by, message.locked_until) == (None, None, None)
    assert "orders" in tokens.lost(TOKEN).message
    assert tokens.find(TOKEN) is None
