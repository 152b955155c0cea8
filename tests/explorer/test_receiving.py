from typing import Any

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.lab.lab import Lab


def counts(explorer: Explorer, queue: str = "orders") -> tuple[int, int]:
    node = explorer.tree()[queue]
    return node.active, node.dead


def test_what_is_received_is_locked_and_shown(explorer: Explorer, lab: Lab) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea")
    received = explorer.receive("orders")
    assert repr(received) == "message  body\n1        tea"
    assert received[0].message.state == "locked"
    assert "by explorer" in repr(lab.show("orders"))


def test_a_message_is_settled_in_each_of_the_four_ways(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=4)
    first, second, third, fourth = explorer.receive("orders", 4)
    first.complete()
    second.abandon()
    third.defer()
    fourth.dead_letter("cold", "nobody drinks that")
    states = {one.sequence_number: one.state for one in explorer.browse("orders")}
    assert states == {2: "ready or locked", 3: "deferred"}
    (dead,) = explorer.browse("orders/$DeadLetterQueue")
    assert (dead.sequence_number, dead.reason) == (4, "cold")
    assert dead.service["dead_letter_error_description"] == "nobody drinks that"
    assert explorer.held() == []


def test_the_same_by_place_and_number(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=4)
    explorer.receive("orders", 4)
    explorer.complete("orders", 1)
    explorer.abandon("orders", 2)
    explorer.defer("orders", 3)
    explorer.dead_letter("orders", 4, "cold")
    assert counts(explorer) == (1, 1)


def test_a_deferred_message_and_a_dead_letter_are_settled_by_their_numbers(
    explorer: Explorer,
) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=3)
    for held in explorer.receive("orders", 3):
        held.dead_letter("cold") if held.number == 3 else held.defer()
    explorer.complete("orders", 1)
    explorer.dead_letter("orders", 2, "forgotten")
    explorer.complete("orders/$DeadLetterQueue", 3)
    assert [one.reason for one in explorer.browse("orders/$DeadLetterQueue")] == ["forgotten"]
    assert counts(explorer) == (0, 1)


def test_a_message_that_waits_in_line_is_not_taken_out_of_its_turn(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=2)
    with pytest.raises(TutorialError, match="cannot be taken out of its turn"):
        explorer.complete("orders", 2)
    assert [one.service["delivery_count"] for one in explorer.browse("orders")] == [0, 0]


def test_a_message_is_settled_once(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea")
    (held,) = explorer.receive("orders")
    held.complete()
    with pytest.raises(TutorialError, match="Message 1 has been settled"):
        held.complete()


def test_a_lock_that_has_run_out_says_so(explorer: Explorer, lab: Lab) -> None:
    explorer.create_queue("orders", lock_duration="5 s")
    explorer.send("orders", "tea", repeat=2)
    held, _ = explorer.receive("orders", 2)
    lab.advance(6)
    with pytest.raises(TutorialError, match="lock on that message has run out"):
        held.complete()
    assert counts(explorer) == (2, 0)


def test_nothing_comes_from_an_empty_queue(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    received = explorer.receive("orders", wait_seconds=0.1)
    assert (len(received), repr(received)) == (0, "nothing came from orders")


@pytest.mark.parametrize("count", [0, -1, 10**12, "many"])
def test_how_many_are_received_is_a_number_above_0(explorer: Explorer, count: Any) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match="count is a number from 1 to 100000"):
        explorer.receive("orders", count)


def test_the_next_session_is_waited_for_no_longer_than_said(explorer: Explorer) -> None:
    explorer.create_queue("orders", requires_session=True)
    with pytest.raises(TutorialError, match="timeout of 00:00:01"):
        explorer.receive("orders", session="next", wait_seconds=1)


def test_a_receiver_that_waits_for_nothing_takes_nothing_later(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.receive("orders", 10, wait_seconds=0.1)
    explorer.send("orders", "tea")
    assert len(explorer.receive("orders")) == 1


def test_messages_of_a_session_are_received_by_its_id_or_as_the_next(explorer: Explorer) -> None:
    explorer.create_queue("orders", requires_session=True)
    explorer.send("orders", "one", session_id="a")
    explorer.send("orders", "two", session_id="b")
    with pytest.raises(TutorialError, match="has sessions, and messages come from one at a time"):
        explorer.receive("orders")
    (two,) = explorer.receive("orders", session="b")
    assert two.message.body == "two"
    (one,) = explorer.receive("orders", session="next")
    assert one.message.body == "one"
    with pytest.raises(TutorialError, match="Another receiver has that session"):
        explorer.receive("orders", session="a")
    for held in (one, two):
        held.complete()
    assert counts(explorer) == (0, 0)


def test_closing_the_explorer_lets_go_of_sessions(explorer: Explorer) -> None:
    explorer.create_queue("orders", requires_session=True)
    explorer.send("orders", "one", session_id="a")
    explorer.receive("orders", session="a")
    explorer.close()
    assert len(explorer.receive("orders", session="a")) == 1


def test_sessions_are_listed_with_their_state(explorer: Explorer) -> None:
    explorer.create_queue("orders", requires_session=True)
    for session in "aab":
        explorer.send("orders", "tea", session_id=session)
    assert explorer.set_session_state("orders", "b", "half done").state == b"half done"
    explorer.receive("orders", session="a")
    assert repr(explorer.sessions("orders")) == (
        "session  messages  state\n"
        "a                             held by a receiver\n"
        "b        1         half done"
    )
    assert explorer.set_session_state("orders", "b", None).state is None


def test_a_queue_without_sessions_says_so(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match="has no sessions"):
        explorer.sessions("orders")
