import pytest

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.message_table import MessageTable
from tests.broker.conftest import make


@pytest.fixture
def shelf() -> MessageTable:
    return MessageTable("orders")


def put(shelf: MessageTable, number: int, size_bytes: int = 10) -> Message:
    message = make(number, size_bytes)
    message.sequence_number = number
    shelf.admit(message, Input.SEND)
    return message


def test_messages_are_kept_by_number_and_counted_by_state(shelf: MessageTable) -> None:
    for number in (3, 1, 2):
        put(shelf, number)
    assert [message.sequence_number for message in shelf] == [1, 2, 3]
    assert len(shelf) == shelf.count(MessageState.ACTIVE) == 3
    assert shelf.size_bytes == 30


def test_removed_message_is_neither_counted_nor_found(shelf: MessageTable) -> None:
    message = put(shelf, 1)
    shelf.remove(message, Input.TAKE)
    assert len(shelf) == shelf.count(MessageState.ACTIVE) == shelf.size_bytes == 0
    assert shelf.find(1) is None
    assert shelf.leave_first() is None


def test_message_that_left_the_middle_of_the_line_is_skipped(shelf: MessageTable) -> None:
    first, second = put(shelf, 1), put(shelf, 2)
    shelf.remove(first, Input.EXPIRE)
    assert shelf.leave_first() is second


def test_peek_starts_at_a_number_and_stops_at_a_count(shelf: MessageTable) -> None:
    for number in (1, 3, 5, 7):
        put(shelf, number)
    assert [message.sequence_number for message in shelf.peek(2, 2)] == [3, 5]
    assert [message.sequence_number for message in shelf.peek(-9, 99)] == [1, 3, 5, 7]
    assert shelf.peek(8, 5) == shelf.peek(1, 0) == shelf.peek(1, -1) == []


def test_messages_are_found_in_the_order_asked_for_each_once(shelf: MessageTable) -> None:
    one, two = put(shelf, 1), put(shelf, 2)
    assert shelf.find_all([2, 1, 2], Input.LOCK) == [two, one]


def test_message_that_is_not_there_is_named(shelf: MessageTable) -> None:
    with pytest.raises(BrokerError, match="it is not there") as caught:
        shelf.find_all([9], Input.CANCEL)
    assert caught.value.code is ErrorCode.MESSAGE_NOT_FOUND


def test_message_in_another_state_is_named_with_its_state(shelf: MessageTable) -> None:
    put(shelf, 1)
    with pytest.raises(BrokerError, match="open to receive deferred: it is active"):
        shelf.find_all([1], Input.RECEIVE_DEFERRED)


def test_renumbered_message_is_found_under_its_new_number_only(shelf: MessageTable) -> None:
    message = put(shelf, 1)
    shelf.renumber(message, 5)
    assert shelf.find(1) is None
    assert shelf.find(5) is message
    assert len(shelf) == 1


def test_cleared_shelf_is_empty(shelf: MessageTable) -> None:
    put(shelf, 1)
    shelf.clear()
    assert len(shelf) == shelf.size_bytes == shelf.count(MessageState.ACTIVE) == 0
    assert shelf.leave_first() is None
