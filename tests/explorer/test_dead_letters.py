from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.draft import Draft
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.places import Kind, Part, Place
from sbtutorial.explorer.resubmitting import Resubmitted, completed
from sbtutorial.explorer.taking import taken
from sbtutorial.lab.lab import Lab
from tests.explorer.conftest import kill

DEAD = "orders/$DeadLetterQueue"


def test_dead_letters_are_grouped_by_reason_the_largest_group_first(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=4)
    kill(explorer, "orders", "unreadable", "cold", "cold", "")
    groups = explorer.dead_letters("orders")
    assert repr(groups) == (
        "reason           how many  messages  said of the first\n"
        "cold             2         2, 3      because of cold\n"
        "no reason given  1         4\n"
        "unreadable       1         1         because of unreadable"
    )
    assert len(groups) == 4
    assert groups["cold"].numbers == [2, 3]


def test_a_dead_letter_is_repaired_and_sent_again(
    explorer: Explorer, receive_with_the_sdk: Callable
) -> None:
    explorer.create_queue("orders")
    own = {"table": 5, "color": "green"}
    explorer.send(
        "orders", "te", subject="drink", session_id="s", message_id="m", application_properties=own
    )
    kill(explorer, "orders", "unreadable")
    again = explorer.resubmit("orders", 1, body="tea", subject="hot drink")
    assert repr(again) == f"1 message of {DEAD} sent again to orders"
    assert len(explorer.browse(DEAD)) == 0
    (message,) = receive_with_the_sdk("orders")
    assert (str(message), message.subject, message.session_id) == ("tea", "hot drink", "s")
    assert message.application_properties == {b"table": 5, b"color": b"green"}


def test_many_are_sent_again_by_numbers_by_reason_or_all(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=6)
    kill(explorer, "orders", "cold", "late", "cold", "late", "cold", "spilt")
    assert explorer.resubmit("orders", [1, 5]).numbers == (1, 5)
    assert explorer.resubmit("orders", reason="late").numbers == (2, 4)
    assert explorer.resubmit("orders").numbers == (3, 6)
    assert explorer.tree()["orders"].counts[:3] == (6, 0, 0)


def test_whoever_gives_messages_for_their_numbers_hears_where_those_are(
    explorer: Explorer,
) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea")
    kill(explorer, "orders", "cold")
    group = explorer.dead_letters("orders")["cold"]
    mistaken: Any = explorer
    with pytest.raises(TutorialError, match="give the group's numbers"):
        mistaken.resubmit("orders", group)
    with pytest.raises(TutorialError, match="give its sequence_number"):
        mistaken.resubmit("orders", group.messages[0])


def test_each_copy_is_repaired_by_a_function(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    for body in ("te", "cak"):
        explorer.send("orders", body)
    kill(explorer, "orders", "unreadable", "unreadable")

    def spell_out(draft: Draft) -> Draft:
        words = {b"te": "tea", b"cak": "cake"}
        return draft.changed(body=words[draft.body[0]])

    explorer.resubmit("orders", repair=spell_out)
    assert [one.body for one in explorer.browse("orders")] == ["tea", "cake"]


def test_a_repair_that_fails_or_gives_nothing_sends_nothing(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=2)
    kill(explorer, "orders", "cold", "cold")
    with pytest.raises(TutorialError, match="repair gets a draft and gives one back"):
        explorer.resubmit("orders", repair=lambda draft: None)
    with pytest.raises(TutorialError, match="has no property 'colour'"):
        explorer.resubmit("orders", colour="green")
    assert explorer.tree()["orders"].counts[:3] == (0, 0, 2)


def test_copies_go_to_another_queue_when_that_is_wanted(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.create_queue("kitchen")
    explorer.send("orders", "tea")
    kill(explorer, "orders", "cold")
    explorer.resubmit("orders", to="kitchen")
    assert [one.body for one in explorer.browse("kitchen")] == ["tea"]


def test_where_duplicates_are_detected_nothing_is_lost_and_an_id_is_proposed(
    explorer: Explorer,
) -> None:
    explorer.create_queue("orders", requires_duplicate_detection=True)
    explorer.send("orders", "tea", message_id="m")
    kill(explorer, "orders", "cold")
    with pytest.raises(TutorialError, match=r'message_id="{}-again" makes it \'m-again\''):
        explorer.resubmit("orders")
    assert len(explorer.browse(DEAD)) == 1
    explorer.resubmit("orders", message_id="{}-again")
    assert [one.message_id for one in explorer.browse("orders")] == ["m-again"]


def test_a_clock_that_was_moved_before_the_message_came_makes_no_id_forgotten(
    explorer: Explorer, lab: Lab
) -> None:
    explorer.create_queue("orders", requires_duplicate_detection=True)
    lab.advance(3600)
    explorer.send("orders", "tea", message_id="m")
    kill(explorer, "orders", "cold")
    with pytest.raises(TutorialError, match="may know the id 'm'"):
        explorer.resubmit("orders")


def test_an_id_that_is_forgotten_may_be_used_again(explorer: Explorer, lab: Lab) -> None:
    explorer.create_queue(
        "orders",
        requires_duplicate_detection=True,
        duplicate_detection_history_time_window=timedelta(seconds=20),
    )
    explorer.send("orders", "tea", message_id="m")
    kill(explorer, "orders", "cold")
    lab.advance(30)
    explorer.resubmit("orders")
    assert [one.message_id for one in explorer.browse("orders")] == ["m"]


def test_copies_with_one_id_are_refused_where_all_but_one_would_be_dropped(
    explorer: Explorer,
) -> None:
    explorer.create_queue("orders", requires_duplicate_detection=True)
    explorer.send("orders", "tea", repeat=2, message_id="m")
    kill(explorer, "orders", "cold", "cold")
    with pytest.raises(TutorialError, match="2 copies would have the id 'x'"):
        explorer.resubmit("orders", message_id="x")
    assert len(explorer.browse(DEAD)) == 2


def test_a_copy_that_is_refused_leaves_its_dead_letter(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea")
    kill(explorer, "orders", "cold")
    explorer.edit("orders", status="SendDisabled")
    with pytest.raises(TutorialError):
        explorer.resubmit("orders")
    assert len(explorer.browse(DEAD)) == 1


def test_a_dead_letter_that_somebody_else_holds_is_reported_as_missing(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=2)
    kill(explorer, "orders", "cold", "cold")
    explorer.receive(DEAD)
    again = explorer.resubmit("orders", [1, 2])
    assert (again.numbers, again.missing) == ((2,), (1,))
    assert "not to be had" in repr(again)


def test_a_dead_letter_whose_lock_runs_out_in_between_is_not_taken_for_completed(
    explorer: Explorer, lab: Lab
) -> None:
    explorer.create_queue("orders", lock_duration="5 s")
    explorer.send("orders", "tea")
    kill(explorer, "orders", "cold")
    place = Place(Kind.QUEUE, "orders", part=Part.DEAD)
    links = Links(lab.connection_string)
    with taken(links, place, [1]) as held:
        lab.advance(10)
        assert not completed(held, 1)
    assert len(explorer.browse(DEAD)) == 1
    both = Resubmitted(place, place.target, sent_twice=(1,))
    assert "still a dead letter as its lock ran out: (1,)" in repr(both)
    links.close()


def test_many_dead_letters_are_sent_again_some_at_a_time(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=230)
    for held in explorer.receive("orders", 230):
        held.dead_letter("cold")
    again = explorer.resubmit("orders", subject="hot")
    assert again.numbers == tuple(range(1, 231))
    assert explorer.tree()["orders"].counts[:3] == (230, 0, 0)


def test_of_many_none_is_sent_when_one_is_refused(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=120)
    for held in explorer.receive("orders", 120):
        held.dead_letter("cold")

    def spoil_the_last(draft: Draft) -> Draft:
        seen.append(draft)
        return draft.changed(body=0) if len(seen) == 120 else draft

    seen: list[Draft] = []
    with pytest.raises(TutorialError, match="send it as text"):
        explorer.resubmit("orders", repair=spoil_the_last)
    assert explorer.tree()["orders"].counts[:3] == (0, 0, 120)


def test_dead_letters_of_a_subscription_go_to_its_topic(explorer: Explorer) -> None:
    explorer.create_topic("news")
    explorer.create_subscription("news/fans")
    explorer.create_subscription("news/press")
    explorer.send("news", "rain")
    kill(explorer, "news/fans", "dull")
    again = explorer.resubmit("news/fans")
    assert "every subscription of the topic" in repr(again)
    assert [explorer.tree()[name].active for name in ("news/fans", "news/press")] == [1, 2]


def test_dead_letters_of_a_queue_with_sessions_keep_their_session(explorer: Explorer) -> None:
    explorer.create_queue("orders", requires_session=True)
    explorer.send("orders", "tea", session_id="a")
    explorer.receive("orders", session="a")[0].dead_letter("cold")
    explorer.resubmit("orders")
    assert [one.session_id for one in explorer.browse("orders", session="a")] == ["a"]


def test_a_reason_that_nobody_gave_is_named(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea")
    kill(explorer, "orders", "cold")
    with pytest.raises(TutorialError, match="has the reason 'late': cold"):
        explorer.resubmit("orders", reason="late")
    with pytest.raises(TutorialError, match="named by their numbers; 'one' is none"):
        explorer.resubmit("orders", ["one"])


def test_purging_says_how_many_and_needs_a_word_of_confirmation(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=700)
    with pytest.raises(TutorialError, match="would delete 700 messages of orders for good"):
        explorer.purge("orders")
    told: list[int] = []
    assert repr(explorer.purge("orders", confirm=True, on_progress=told.append)) == (
        "700 messages of orders deleted"
    )
    assert told == sorted(told)
    assert len(told) > 1
    assert explorer.tree()["orders"].active == 0


def test_purging_takes_deferred_messages_and_dead_letters_where_it_is_asked_to(
    explorer: Explorer,
) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=3)
    kill(explorer, "orders", "cold")
    explorer.receive("orders")[0].defer()
    purged = explorer.purge("orders", confirm=True)
    assert (purged.count, purged.deferred) == (2, 1)
    assert explorer.tree()["orders"].counts[:3] == (0, 0, 1)
    assert explorer.purge(DEAD, confirm=True).count == 1


def test_purging_goes_through_every_session(explorer: Explorer) -> None:
    explorer.create_queue("orders", requires_session=True)
    for session in "aabb":
        explorer.send("orders", "tea", session_id=session)
    explorer.receive("orders", session="b")[0].defer()
    purged = explorer.purge("orders", confirm=True)
    assert (purged.count, purged.deferred) == (4, 1)
    assert explorer.tree()["orders"].active == 0


def test_a_reason_that_nobody_gave_is_answered_with_those_that_there_are(
    explorer: Explorer,
) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea")
    with pytest.raises(TutorialError, match="has the reason 'sour': none at all"):
        explorer.dead_letters("orders")["sour"]
    kill(explorer, "orders", "cold")
    with pytest.raises(TutorialError, match="has the reason 'sour': cold"):
        explorer.dead_letters("orders")["sour"]
