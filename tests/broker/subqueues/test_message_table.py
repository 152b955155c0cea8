import pytest

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import Input, MessageState
from sbtutorial.broker.subqueues.message_table import MessageTable, ReadyHeap
from sbtutorial.broker.subqueues.session_table import MessageSessionTable
from tests.broker.conftest import make


@pytest.fixture
def table() -> MessageTable:
    return MessageTable("orders")


def put(table: MessageTable, number: int, size_bytes: int = 10) -> Message:
    message = make(number, size_bytes)
    message.sequence_number = number
    table.admit(message, Input.SEND)
    return message


def test_messages_are_kept_by_number_and_counted_by_state(table: MessageTable) -> None:
    for number in (3, 1, 2):
        put(table, number)
    assert [message.sequence_number for message in table] == [1, 2, 3]
    assert len(table) == table.count(MessageState.ACTIVE) == 3
    assert table.size_bytes == 30


def test_removed_message_is_neither_counted_nor_found(table: MessageTable) -> None:
    message = put(table, 1)
    table.remove(message, Input.TAKE)
    assert len(table) == table.count(MessageState.ACTIVE) == table.size_bytes == 0
    assert table.find(1) is None
    assert table.leave_first() is None


def test_message_that_left_the_middle_of_the_line_is_skipped(table: MessageTable) -> None:
    first, second = put(table, 1), put(table, 2)
    table.remove(first, Input.EXPIRE)
    assert table.leave_first() is second


def test_peek_starts_at_a_number_and_stops_at_a_count(table: MessageTable) -> None:
    for number in (1, 3, 5, 7):
        put(table, number)
    assert [message.sequence_number for message in table.peek(2, 2)] == [3, 5]
    assert [message.sequence_number for message in table.peek(-9, 99)] == [1, 3, 5, 7]
    assert table.peek(8, 5) == table.peek(1, 0) == table.peek(1, -1) == []


def test_messages_are_found_in_the_order_asked_for_each_once(table: MessageTable) -> None:
    one, two = put(table, 1), put(table, 2)
    assert table.find_all([2, 1, 2], Input.LOCK) == [two, one]


def test_message_that_is_not_there_is_named(table: MessageTable) -> None:
    with pytest.raises(BrokerError, match="it is not there") as caught:
        table.find_all([9], Input.CANCEL)
    assert caught.value.code is ErrorCode.MESSAGE_NOT_FOUND


def test_message_in_another_state_is_named_with_its_state(table: MessageTable) -> None:
    put(table, 1)
    with pytest.raises(BrokerError, match="open to receive deferred: it is active"):
        table.find_all([1], Input.RECEIVE_DEFERRED)


def test_renumbered_message_is_found_under_its_new_number_only(table: MessageTable) -> None:
    message = put(table, 1)
    table.renumber(message, 5)
    assert table.find(1) is None
    assert table.find(5) is message
    assert len(table) == 1


def test_cleared_table_is_empty(table: MessageTable) -> None:
    put(table, 1)
    table.clear()
    assert len(table) == table.size_bytes == table.count(MessageState.ACTIVE) == 0
    assert table.leave_first() is None


# -- The heap of ready messages ------------------------------------------------------------


def test_lowest_number_leaves_first_whenever_it_joined() -> None:
    heap = ReadyHeap(lambda number: True)
    for number in (5, 2, 9, 1):
        heap.join(number)
    assert [heap.leave_first() for _ in range(5)] == [1, 2, 5, 9, None]


def test_number_that_is_no_longer_ready_is_skipped() -> None:
    ready = {1, 2, 3}
    heap = ReadyHeap(ready.__contains__)
    for number in (1, 2, 3):
        heap.join(number)
    ready -= {1, 2}
    assert heap.leave_first() == 3


def test_leftovers_are_swept_when_they_are_the_most() -> None:
    ready = set(range(1000))
    heap = ReadyHeap(ready.__contains__)
    for number in range(1000):
        heap.join(number)
    ready -= set(range(990))
    heap.sweep(len(ready))
    assert len(heap) == 10
    assert heap.leave_first() == 990


def test_the_first_stays_where_it_is_and_skips_who_is_not_ready() -> None:
    ready = {2, 3}
    heap = ReadyHeap(ready.__contains__)
    assert heap.first() is None
    for number in (3, 1, 2):
        heap.join(number)
    assert heap.first() == heap.first() == 2
    ready.clear()
    assert heap.first() is None


def test_a_session_that_has_a_state_and_no_message_is_something_to_clear() -> None:
    table = MessageSessionTable("orders")
    assert table.is_blank
    table.set_state("a", b"two guests", 0.0)
    assert not table.is_blank
    table.clear()
    assert table.is_blank
    assert table.size_bytes == 0
