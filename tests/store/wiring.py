"""Somebody who does anything, with messages as they come from clients."""

import os

from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    DATA,
    Properties,
    encode_section,
)
from sbtutorial.amqp.types import ULong
from sbtutorial.broker.message import Message
from sbtutorial.gateway.ids import Ids
from sbtutorial.gateway.wire.message import read_message
from sbtutorial.gateway.wire.properties import WirePropertyAccess
from tests.store.acting import Actor


def same(at: float) -> float:
    return at


def read(payload: bytes, own_id: str = "") -> Message:
    new_id = (lambda: own_id) if own_id else Ids(os.urandom).message_id
    return read_message(payload, from_wire=same, new_id=new_id)


class WireActor(Actor):
    """Acts with messages as they come from clients."""

    property_access = WirePropertyAccess(same, same)

    def message(self, pick: int) -> Message:
        plain = super().message(pick)
        session = plain.session_id
        properties = Properties(message_id=[None, "a", b"b", ULong(7)][pick % 4], group_id=session)
        application = encode_section(APPLICATION_PROPERTIES, {"n": pick, "color": "red"})
        message = read(
            properties.encode() + application + encode_section(DATA, b"x" * pick),
            f"own {self.sent_count}",
        )
        message.time_to_live = plain.time_to_live
        message.scheduled_enqueue_at = plain.scheduled_enqueue_at
        message.header_bytes = plain.header_bytes  # long to look into: handed out in steps
        return message
