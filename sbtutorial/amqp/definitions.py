"""Small definitions that performatives and messages share. Source: AMQP 1.0, 2.8."""

from enum import IntEnum
from typing import Annotated

from sbtutorial.amqp.types.composites import Composite, composite, composite_field
from sbtutorial.amqp.types.fields import Map, String, SymbolField

SENDER, RECEIVER = False, True


class SenderSettleMode(IntEnum):
    """How the sender settles: each delivery later, all at once as they are sent, or either."""

    UNSETTLED = 0
    SETTLED = 1
    MIXED = 2


class ReceiverSettleMode(IntEnum):
    """Who settles first: the receiver by itself, or only after the sender has settled."""

    FIRST = 0
    SECOND = 1


@composite("error", 0x1D, written=3)
class Error(Composite):
    """What went wrong, for the other side: a condition and, for people, a description."""

    condition: SymbolField
    description: String | None = None
    info: Map | None = None


ErrorField = Annotated[Error, composite_field(Error)]
