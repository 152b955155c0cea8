from sbtutorial.amqp.dispositions import MAX_LISTED_IDS, PendingDisposition, ids_in_range
from sbtutorial.amqp.messaging import Accepted, Rejected
from sbtutorial.amqp.performatives import Disposition

LAST = 0xFFFFFFFF


def test_neighbours_with_the_same_outcome_join() -> None:
    pending = PendingDisposition(True, LAST, Accepted(), True)
    assert pending.extend(True, 0, Accepted(), True)
    assert pending.to_disposition() == Disposition(True, LAST, 0, True, Accepted())


def test_anything_else_stays_apart() -> None:
    pending = PendingDisposition(True, 5, Accepted(), True)
    assert not pending.extend(True, 7, Accepted(), True)
    assert not pending.extend(True, 5, Accepted(), True)
    assert not pending.extend(False, 6, Accepted(), True)
    assert not pending.extend(True, 6, Accepted(), False)
    assert not pending.extend(True, 6, Rejected(), True)
    assert (pending.first, pending.last) == (5, 5)


def test_range_is_taken_apart_across_the_wrap() -> None:
    assert list(ids_in_range(LAST, 1, ())) == [LAST, 0, 1]


def test_no_last_means_only_the_first() -> None:
    assert list(ids_in_range(0, None, ())) == [0]
    assert list(ids_in_range(3, 3, ())) == [3]


def test_range_that_runs_backwards_is_empty() -> None:
    assert list(ids_in_range(5, 3, (3, 4, 5))) == []


def test_endless_range_lists_only_what_exists() -> None:
    known = {LAST: 0, 5: 0, 2: 0}
    assert list(ids_in_range(LAST - 1, MAX_LISTED_IDS * 4, known)) == [LAST, 2, 5]
