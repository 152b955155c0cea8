"""Messages deleted many at a time, as the SDKs of other languages purge."""

from datetime import timedelta
from typing import Any

import pytest

from sbtutorial.amqp.types import Int, Timestamp
from tests.gateway.talk import Talk

OPERATION = "com.microsoft:batch-delete-messages"


@pytest.fixture
async def talk() -> Talk:
    talk = Talk()
    talk.make_queue()
    return talk


def delete(talk: Talk, count: int, seconds: float = 1.0, **more: Any) -> Any:
    """Ask to delete so many of those that came before an instant, in seconds from now."""
    at = Timestamp(round((talk.clock.wall() + seconds) * 1000))
    body = {"message-count": Int(count), "enqueued-time-utc": at, **more}
    return talk.ask("orders/$management", {"operation": OPERATION}, body)


def send(talk: Talk, *bodies: bytes, **properties: Any) -> None:
    link = talk.attach_sender()
    for body in bodies:
        talk.send(link, body, **properties)
    link.detach()
    talk.pump()


async def test_oldest_ready_messages_go_and_their_number_is_said(talk: Talk) -> None:
    send(talk, b"one", b"two", b"three")
    answer = delete(talk, 2)
    assert (answer.status["statusCode"], answer.body) == (200, {"message-count": 2})
    left = list(talk.broker.namespace.directory.queue("orders").main.messages)
    assert [message.sequence_number for message in left] == [3]


async def test_what_is_locked_or_came_later_stays(talk: Talk) -> None:
    queue = talk.broker.namespace.directory.queue("orders")
    send(talk, b"locked", b"old")
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    talk.clock.advance(10)
    send(talk, b"new")
    assert delete(talk, 10, seconds=-5).body == {"message-count": 1}
    assert [message.sequence_number for message in queue.main.messages] == [1, 3]


async def test_nothing_to_delete_is_no_content(talk: Talk) -> None:
    assert delete(talk, 10).status["statusCode"] == 204


@pytest.mark.parametrize("count", [0, 501])
async def test_number_beyond_the_tiers_is_refused(talk: Talk, count: int) -> None:
    answer = delete(talk, count)
    assert answer.status["statusCode"] == 400
    assert f"'message-count' is {count}; one call deletes 1 to 500." in str(answer.status)


async def test_only_one_sessions_messages_go_where_it_is_named(talk: Talk) -> None:
    with talk.broker.reactor.turn() as now:
        talk.broker.namespace.delete(talk.broker.namespace.directory.queue("orders"), now=now)
    queue = talk.make_queue(requires_session=True, lock_duration=timedelta(seconds=30))
    send(talk, b"a", group_id="a")
    send(talk, b"", group_id="")
    assert delete(talk, 10, **{"session-id": ""}).body == {"message-count": 1}
    assert [message.session_id for message in queue.main.messages] == ["a"]


@pytest.mark.parametrize(("count", "status"), [(4500, 200), (4501, 413)])
def test_one_call_schedules_as_many_as_a_batch_may_have(count: int, status: int) -> None:
    talk = Talk()
    queue = talk.make_queue()
    entries = [{"message": b""}] * count
    named = {"operation": "com.microsoft:schedule-message"}
    answer = talk.ask("orders/$management", named, {"messages": entries})
    assert answer.status["statusCode"] == status
    assert len(queue.main.messages) == (count if status == 200 else 0)
