from collections.abc import Iterator

import pytest

from sbtutorial.amqp.dispositions import PendingDisposition, spans_of
from sbtutorial.amqp.messaging import Accepted, Rejected
from sbtutorial.amqp.performatives import Disposition
from sbtutorial.amqp.types.composites import decode_composite

LAST = 0xFFFFFFFF


def said(pending: PendingDisposition) -> object:
    """What a peer reads."""
    encoded = pending.encode()
    performative, end = decode_composite(encoded)
    assert end == len(encoded)
    return performative


def test_neighbours_with_the_same_outcome_join() -> None:
    pending = PendingDisposition(True, LAST, Accepted(), True)
    assert pending.extend(True, 0, Accepted(), True)
    assert said(pending) == Disposition(True, LAST, 0, True, Accepted())


@pytest.mark.parametrize("outcome", [Accepted(), Rejected(), None])
@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize("role", [False, True])
@pytest.mark.parametrize("first", [0, 1, 255, 256, LAST - 1])
def test_what_is_kept_ready_is_what_the_performative_says(
    first: int, role: bool, settled: bool, outcome: Accepted | Rejected | None
) -> None:
    pending = PendingDisposition(role, first, outcome, settled)
    assert pending.extend(role, first + 1, outcome, settled)
    assert said(pending) == Disposition(role, first, first + 1, settled, outcome)


def test_anything_else_stays_apart() -> None:
    pending = PendingDisposition(True, 5, Accepted(), True)
    assert not pending.extend(True, 7, Accepted(), True)
    assert not pending.extend(True, 5, Accepted(), True)
    assert not pending.extend(False, 6, Accepted(), True)
    assert not pending.extend(True, 6, Accepted(), False)
    assert not pending.extend(True, 6, Rejected(), True)
    assert (pending.first, pending.last) == (5, 5)


def test_range_is_taken_apart_across_the_wrap() -> None:
    assert list(spans_of(LAST, 1, {LAST, 0, 1})) == [(LAST, 1), (0, 1), (1, 1)]


def test_gaps_are_told_by_their_length() -> None:
    assert list(spans_of(LAST, 9, {1, 2, 7})) == [(LAST, 2), (1, 1), (2, 1), (3, 4), (7, 1), (8, 2)]
    assert list(spans_of(3, 6, ())) == [(3, 4)]


def test_no_last_means_only_the_first() -> None:
    assert list(spans_of(0, None, ())) == [(0, 1)]
    assert list(spans_of(3, 3, ())) == [(3, 1)]


def test_range_that_runs_backwards_is_empty() -> None:
    assert list(spans_of(5, 3, {3, 4, 5})) == []
    assert list(spans_of(0, LAST, {3, 4, 5})) == []


class CountedIds(set[int]):
    """Ids that count how often one is looked for or looked at."""

    looks = 0

    def __contains__(self, each: object) -> bool:
        self.looks += 1
        return super().__contains__(each)

    def __iter__(self) -> Iterator[int]:
        for each in super().__iter__():
            self.looks += 1
            yield each


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0x7FFFFFFE), (LAST - 1, 0x40000000), (7, 8), (7, 999)]
)
def test_work_of_a_range_follows_from_what_there_is_not_from_what_it_claims(
    first: int, last: int
) -> None:
    known = CountedIds(range(100))
    assert len(list(spans_of(first, last, known))) <= 102
    assert known.looks <= 100
