from bisect import insort

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sbtutorial.broker.message import Message
from sbtutorial.broker.subqueues.numbered import NumberedMessages


def numbered(number: int) -> Message:
    message = Message(None, size_bytes=1)
    message.sequence_number = number
    return message


def numbers(messages: NumberedMessages, first: int = 0) -> list[int]:
    return [message.sequence_number for message in messages.in_order(first)]


@given(st.lists(st.integers(0, 700)), st.integers(-5, 800))
def test_messages_are_read_in_order_from_any_number_on(toggled: list[int], first: int) -> None:
    messages = NumberedMessages()
    there: list[int] = []
    for number in toggled:
        if number in messages:
            messages.take_out(number)
            there.remove(number)
        else:
            messages.put(numbered(number))
            insort(there, number)
    assert numbers(messages, first) == [number for number in there if number >= first]
    assert numbers(messages) == there
    assert len(messages) == len(there)


def test_what_comes_and_goes_leaves_nothing_behind() -> None:
    messages = NumberedMessages()
    for number in range(1, 1000):
        messages.put(numbered(number))
        messages.take_out(number)
    assert (messages._sizes, messages._blocks) == ({}, [])


def test_messages_may_go_while_they_are_read() -> None:
    messages = NumberedMessages()
    for number in range(1, 300):
        messages.put(numbered(number))
    for message in messages.in_order():
        messages.take_out(message.sequence_number)
    assert not messages


def test_what_is_not_here_cannot_go() -> None:
    with pytest.raises(KeyError):
        NumberedMessages().take_out(1)


@given(st.sets(st.integers(0, 700)), st.sets(st.integers(0, 700)))
@example(set(range(700)), {700, 704, 3000})
def test_very_many_that_come_at_once_are_as_if_each_had_come(
    first: set[int], more: set[int]
) -> None:
    one_by_one, at_once = NumberedMessages(), NumberedMessages()
    at_once.put_all([*map(numbered, first)])
    at_once.put_all([*map(numbered, more - first)])
    for number in first | more:
        one_by_one.put(numbered(number))
    assert numbers(at_once) == numbers(one_by_one)
    assert (at_once._sizes, at_once._blocks) == (one_by_one._sizes, one_by_one._blocks)
