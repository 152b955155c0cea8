"""A turn as bytes says all that the codec would say of each of its changes."""

from random import Random
from uuid import UUID, uuid4

import pytest

from sbtutorial.amqp.types import ULong
from sbtutorial.broker.changes import Change, ChangeKind, MessageChange
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import MessageState
from sbtutorial.gateway.wire.record import ChangeCodec
from tests.store.acting import one_act
from tests.store.wiring import WireActor

CODEC = ChangeCodec(uuid4)


def said(changes: list[Change]) -> list[bytes]:
    return [CODEC.encode(change) for change in changes]


class Listener(WireActor):
    """Keeps changes as they are reported."""

    def kept(self, change: Change) -> Change:
        data = CODEC.encode_turn([change])
        assert said(CODEC.decode_turn(data)) == said([change])
        return change


@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_reported_is_read_as_it_was_written(seed: int) -> None:
    random = Random(seed)
    actor = Listener()
    actor.make_everything()
    actor.fill()
    for _ in range(100):
        actor.do(*one_act(random))
    assert len({change.kind for change in actor.changes}) > 15
    assert said(CODEC.decode_turn(CODEC.encode_turn(actor.changes))) == said(actor.changes)


def dead_lettered(**properties: object) -> MessageChange:
    message = Message(None, size_bytes=1)
    return MessageChange(
        *(1.5, ChangeKind.DEAD_LETTERED, "a/b", 7, None, 1, "who", "why", message),
        *(MessageState.ACTIVE, False, "a/b/$DeadLetterQueue", 0, 1.0, 2.0, uuid4(), 3.0),
        *(properties, 1, 0),
    )


@pytest.mark.parametrize(
    "value",
    ["text", "\ud800", "é\0", 1, -(1 << 40), 1.5, True, None, b"bytes", UUID(int=7), ULong(7)],
    ids=repr,
)
def test_properties_keep_their_types(value: object) -> None:
    change = dead_lettered(it=value)
    (read,) = CODEC.decode_turn(CODEC.encode_turn([change]))
    assert isinstance(read, MessageChange)
    assert read.properties == {"it": value}
    assert type((read.properties or {})["it"]) is type(value)
    assert isinstance(read.lock_token, UUID)


@pytest.mark.parametrize("data", [b"", b"x", b"[", b"\xfb", b"[\x01\x00\x00\x00i"], ids=repr)
def test_what_is_no_turn_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"no turn|marshal"):
        CODEC.decode_turn(data)
