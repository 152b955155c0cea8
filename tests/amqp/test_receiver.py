"""Deliveries of many transfers: joined in linear time, thrown away when they are too large."""

from typing import Any

import pytest

from sbtutorial.amqp.errors import Condition
from sbtutorial.amqp.events import LinkAttached, LinkDetached, MessageReceived
from sbtutorial.amqp.limits import ConnectionLimits
from sbtutorial.amqp.messaging import Accepted, Rejected, Source, Target, TransactionalState
from sbtutorial.amqp.performatives import Attach, Detach, Disposition, End, Flow, Transfer
from sbtutorial.amqp.receiver import ReceiverLink
from tests.wire import RawClient, frame

KIB = 1024


def attached(raw: RawClient, most: int | None, handle: int = 0) -> ReceiverLink:
    """A link on which the raw client sends, with ten credits."""
    raw.say(Attach(f"l{handle}", handle, False, 0, 0, Source("s"), Target("t")))
    link = raw.server.last(LinkAttached).link
    assert isinstance(link, ReceiverLink)
    link.accept(max_message_size=most)
    link.grant(10)
    raw.answers()
    raw.server.forget()
    return link


def transfers(*pieces: bytes, handle: int = 0, last: Transfer | None = None, **head: Any) -> bytes:
    """The frames of one delivery, a frame for each piece."""
    first = Transfer(handle, **{"delivery_id": 0, "delivery_tag": b"t", **head})
    said = [first, *(Transfer(handle) for _ in pieces[1:])]
    for each in said[:-1]:
        each.more = True
    if last is not None:
        said[-1] = last
    return b"".join(frame(each, piece, channel=1) for each, piece in zip(said, pieces, strict=True))


def rejection(answers: list[object]) -> Disposition:
    (disposition,) = (each for each in answers if isinstance(each, Disposition))
    return disposition


@pytest.mark.parametrize("pieces", [[b"x" * 101], [b"x" * 60] * 2, [b"x" * 60] * 50, [b"x"] * 500])
def test_what_is_too_large_is_rejected_behind_its_last_transfer(pieces: list[bytes]) -> None:
    raw = RawClient()
    link = attached(raw, 100)
    data = transfers(*pieces)
    assert raw.send(data[:-1]) == []
    answer = rejection(raw.send(data[-1:]))
    assert (answer.first, answer.last, answer.settled) == (0, 0, True)
    assert isinstance(answer.state, Rejected)
    assert answer.state.error is not None
    assert answer.state.error.condition == Condition.MESSAGE_SIZE_EXCEEDED
    assert str(sum(map(len, pieces))) in str(answer.state.error.description)
    assert raw.server.events == []
    assert link.unsettled == {}
    raw.send(transfers(b"y" * 100, delivery_id=1))
    assert raw.server.last(MessageReceived).payload == b"y" * 100


def test_delivery_of_exactly_the_largest_size_is_taken() -> None:
    raw = RawClient()
    attached(raw, 100)
    raw.send(transfers(b"x" * 100) + transfers(b"y" * 99, b"z", delivery_id=1))
    assert [len(each.payload) for each in raw.server.of(MessageReceived)] == [100, 100]


def test_what_is_thrown_away_is_not_kept_meanwhile() -> None:
    raw = RawClient()
    link = attached(raw, 100)
    use = raw.session.use
    raw.send(frame(Transfer(0, 0, b"t", 0, more=True), b"x" * 60, channel=1))
    assert use.partial_bytes == 60
    raw.send(frame(Transfer(0, more=True), b"x" * 60, channel=1) * 50)
    assert use.partial_bytes == 0
    assert link._partial is not None
    assert link._partial.content.getvalue() == b""


def test_credit_of_a_delivery_that_is_thrown_away_comes_back() -> None:
    raw = RawClient()
    link = attached(raw, 100)
    for n in range(20):
        answers = raw.send(transfers(b"x" * 60, b"x" * 60, delivery_id=n))
        (flow,) = (each for each in answers if isinstance(each, Flow))
        assert (flow.delivery_count, flow.link_credit) == (n + 1, 10)
    assert link.available_credit == 10


@pytest.mark.parametrize(
    "data",
    [
        transfers(b"x" * 60, b"x" * 60, settled=True),
        transfers(b"x" * 60, b"x" * 60, last=Transfer(0, settled=True)),
        transfers(b"x" * 60, b"x" * 60, b"", last=Transfer(0, aborted=True)),
        transfers(b"x" * 101, settled=True),
        transfers(b"x" * 101, aborted=True),
    ],
    ids=["settled", "settled at the end", "aborted", "settled, one frame", "aborted, one frame"],
)
def test_nobody_waits_for_the_outcome_of_what_was_settled_or_aborted(data: bytes) -> None:
    raw = RawClient()
    link = attached(raw, 100)
    answers = raw.send(data)
    assert not any(isinstance(each, Disposition | Detach | End) for each in answers)
    assert raw.server.events == []
    assert link.is_attached
    raw.send(transfers(b"y", delivery_id=1))
    assert raw.server.last(MessageReceived).payload == b"y"


@pytest.mark.parametrize(
    "head",
    [
        {"state": TransactionalState(b"txn")},
        {"resume": True, "state": Accepted()},
    ],
    ids=["in a transaction", "resumed"],
)
def test_delivery_of_any_kind_is_rejected_when_it_is_too_large(head: dict[str, Any]) -> None:
    raw = RawClient()
    attached(raw, 100)
    assert isinstance(rejection(raw.send(transfers(b"x" * 60, b"x" * 60, **head))).state, Rejected)


def test_detach_in_the_middle_frees_what_has_come() -> None:
    raw = RawClient()
    attached(raw, None)
    raw.send(frame(Transfer(0, 0, b"t", 0, more=True), b"x" * 60, channel=1))
    raw.say(Detach(0, True))
    assert raw.session.use.partial_bytes == 0


@pytest.mark.parametrize("end", [b"end", b"close", b""])
def test_end_of_session_or_stream_frees_what_has_come(end: bytes) -> None:
    raw = RawClient()
    link = attached(raw, None)
    use = raw.session.use
    raw.send(frame(Transfer(0, 0, b"t", 0, more=True), b"x" * 60, channel=1))
    if end == b"end":
        raw.say(End())
    elif end == b"close":
        raw.server.connection.close()
    else:
        raw.server.connection.receive_eof()
    assert use.partial_bytes == 0
    assert use.link_count == 0
    assert link._partial is None


def test_unfinished_deliveries_of_all_links_share_one_limit() -> None:
    raw = RawClient(limits=ConnectionLimits(max_partial_bytes=100))
    attached(raw, 1000, 0)
    attached(raw, 1000, 1)
    raw.send(frame(Transfer(0, 0, b"t", 0, more=True), b"x" * 60, channel=1))
    raw.send(frame(Transfer(1, 1, b"t", 0, more=True), b"y" * 60, channel=1))
    assert raw.session.use.partial_bytes == 60
    raw.send(frame(Transfer(0), b"x", channel=1))
    assert raw.server.last(MessageReceived).payload == b"x" * 61
    answer = rejection(raw.send(frame(Transfer(1), b"y", channel=1)))
    assert isinstance(answer.state, Rejected)
    assert answer.state.error is not None
    assert answer.state.error.condition == Condition.RESOURCE_LIMIT_EXCEEDED
    raw.send(transfers(b"y" * 60, b"y", handle=1, delivery_id=2))
    assert raw.server.last(MessageReceived).payload == b"y" * 61


def test_empty_transfers_of_one_delivery_cost_no_memory() -> None:
    raw = RawClient()
    link = attached(raw, None)
    raw.send(frame(Transfer(0, 0, b"t", 0, more=True), b"x", channel=1))
    raw.send(frame(Transfer(0, more=True), channel=1) * 5000)
    assert link._partial is not None
    assert link._partial.content.getvalue() == b"x"
    raw.send(frame(Transfer(0), b"y", channel=1))
    assert raw.server.last(MessageReceived).payload == b"xy"


def test_link_that_was_told_no_size_takes_what_the_limits_say() -> None:
    raw = RawClient(limits=ConnectionLimits(max_message_size=2 * KIB))
    link = attached(raw, None)
    assert link.max_message_size == 2 * KIB
    raw.server.connection.limits = ConnectionLimits(max_message_size=4 * KIB)
    assert link.max_message_size == 2 * KIB
    assert attached(raw, None, 1).max_message_size == 4 * KIB
    assert attached(raw, 0, 2).max_message_size == 4 * KIB


def test_transfers_that_come_before_the_attach_is_answered_are_kept() -> None:
    raw = RawClient()
    raw.say(Attach("l", 0, False, 0, 0, Source("s"), Target("t")))
    raw.send(transfers(b"x" * 60, b"y" * 60))
    assert raw.server.last(MessageReceived).payload == b"x" * 60 + b"y" * 60
    assert not raw.server.of(LinkDetached)
