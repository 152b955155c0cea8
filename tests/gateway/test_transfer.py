"""Sending to one queue by way of another."""

from typing import Any

import pytest

from sbtutorial.amqp.events import DispositionReceived, LinkRefused
from sbtutorial.amqp.messaging import Accepted, Source, Target
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Symbol
from tests.gateway.talk import Talk

DESTINATION = Symbol("com.microsoft:transfer-destination-address")


@pytest.fixture
async def talk() -> Talk:
    talk = Talk()
    talk.make_queue("via")
    talk.make_queue("target")
    return talk


def attach(talk: Talk, destination: Any, address: str = "via") -> SenderLink:
    link = talk.session.attach_sender(
        "through",
        source=Source("here"),
        target=Target(address),
        properties={DESTINATION: destination},
    )
    talk.pump()
    return link


@pytest.mark.parametrize("destination", ["target", "amqps://127.0.0.1/Target"])
async def test_message_lands_in_the_destination(talk: Talk, destination: str) -> None:
    talk.send(attach(talk, destination))
    assert talk.of(DispositionReceived)[-1].state == Accepted()
    namespace = talk.broker.namespace
    assert (
        len(namespace.directory.queue("target").main.messages),
        len(namespace.directory.queue("via").main.messages),
    ) == (1, 0)


async def test_what_the_destination_refuses_is_kept_where_it_was_sent_through(talk: Talk) -> None:
    link = attach(talk, "target")
    with talk.broker.reactor.turn() as now:
        talk.broker.namespace.delete(talk.broker.namespace.directory.queue("target"), now=now)
    talk.send(link)
    assert talk.of(DispositionReceived)[-1].state == Accepted()
    subqueue = talk.broker.namespace.directory.subqueue("via/$Transfer/$DeadLetterQueue")
    (dead,) = subqueue.messages
    assert dead.properties is not None
    assert "'target' could not be found" in str(dead.properties["DeadLetterErrorDescription"])


async def test_destination_that_is_no_address_is_refused(talk: Talk) -> None:
    attach(talk, 7)
    (refused,) = talk.of(LinkRefused)
    assert "cannot be sent through to 7" in refused.error.description
