"""Peeked messages, for clients that ask for more than the SDK's."""

from datetime import timedelta
from typing import Any

import pytest

from sbtutorial.amqp.messaging import DATA, Properties, encode_section
from sbtutorial.amqp.types import Int, Long
from sbtutorial.broker.message import Message
from sbtutorial.gateway.wire.message import read_message
from tests.gateway.management.test_rules import refused
from tests.gateway.talk import Talk

OPERATION = "com.microsoft:peek-message"
MOST = 250


@pytest.fixture
async def talk() -> Talk:
    talk = Talk()
    talk.make_queue(requires_session=True, lock_duration=timedelta(seconds=30))
    return talk


def fill(talk: Talk, count: int, size: int = 1) -> None:
    """As many messages, of the sessions "a" and "b" in turn."""
    with talk.broker.reactor.turn() as now:
        queue = talk.broker.namespace.directory.queue("orders")
        queue.ingress.send([made("ab"[number % 2], size) for number in range(count)], now=now)


def made(session_id: str, size: int) -> Message:
    payload = Properties(group_id=session_id).encode() + encode_section(DATA, b"x" * size)
    return read_message(payload, from_wire=lambda at: at, new_id=str)


def peek(talk: Talk, start: int, count: int, path: str = "orders", **more: Any) -> Any:
    body = {"from-sequence-number": Long(start), "message-count": Int(count), **more}
    return talk.ask(f"{path}/$management", {"operation": OPERATION}, body)


def shown(answer: Any) -> int:
    return len(answer.body["messages"])


async def test_one_answer_has_250_messages_at_most_however_many_are_asked_for(talk: Talk) -> None:
    fill(talk, 600)
    for count, start in ((251, 1), (600, 1), (2_147_483_647, 101)):
        assert shown(peek(talk, start, count)) == MOST
    assert shown(peek(talk, 501, 600)) == 100
    assert shown(peek(talk, 1, MOST)) == MOST
    assert shown(peek(talk, 1, MOST - 1)) == MOST - 1


async def test_that_many_of_one_session_too(talk: Talk) -> None:
    fill(talk, 600)
    assert shown(peek(talk, 1, 600, **{"session-id": "a"})) == MOST
    assert shown(peek(talk, 501, 600, **{"session-id": "a"})) == 50


async def test_an_answer_ends_before_it_has_256_kb(talk: Talk) -> None:
    fill(talk, 6, size=100_000)
    assert [shown(peek(talk, start, 10)) for start in (1, 3, 5, 6)] == [2, 2, 2, 1]


async def test_nothing_is_peeked_at_a_queue_that_forwards_but_its_dead_letters(
    talk: Talk,
) -> None:
    talk.make_queue("kitchen")
    talk.make_queue("bar", forward_to="kitchen")
    answer = peek(talk, 1, 1, "bar")
    assert refused(answer) == (400, "amqp:not-allowed")
    assert answer.status["statusDescription"].startswith(
        "Cannot create a message browser on an entity with auto-forwarding enabled."
    )
    assert peek(talk, 1, 1, "bar/$DeadLetterQueue").status["statusCode"] == 204
    assert peek(talk, 1, 1, "kitchen").status["statusCode"] == 204
