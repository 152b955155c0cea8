"""Performatives: the bodies of the nine AMQP frames, and of the five of SASL.

`written` keeps fields on the wire that may be left out when null, as Azure keeps them: clients in
the field read by position. `azure-servicebus` 7.10 to 7.14 takes the payload of a transfer for the
field behind the eleventh. Source: azure-amqp, DescribedList.
Source: AMQP 1.0, 2.7 and 5.3.3.
"""

from enum import IntEnum

from sbtutorial.amqp.definitions import RECEIVER as RECEIVER
from sbtutorial.amqp.definitions import SENDER as SENDER
from sbtutorial.amqp.definitions import Error as Error
from sbtutorial.amqp.definitions import ErrorField
from sbtutorial.amqp.definitions import ReceiverSettleMode as ReceiverSettleMode
from sbtutorial.amqp.definitions import SenderSettleMode as SenderSettleMode
from sbtutorial.amqp.messaging import DeliveryStateField, SourceField, TargetField
from sbtutorial.amqp.types.composites import Composite, composite
from sbtutorial.amqp.types.fields import (
    Binary,
    Boolean,
    Map,
    String,
    SymbolField,
    Symbols,
    UByteField,
    UIntField,
    ULongField,
    UShortField,
)

UINT_MAX = 0xFFFFFFFF
USHORT_MAX = 0xFFFF


@composite("open", 0x10, written=10)
class Open(Composite):
    """Names the container and its limits; `idle_time_out` in milliseconds."""

    container_id: String
    hostname: String | None = None
    max_frame_size: UIntField = UINT_MAX
    channel_max: UShortField = USHORT_MAX
    idle_time_out: UIntField | None = None
    outgoing_locales: Symbols = ()
    incoming_locales: Symbols = ()
    offered_capabilities: Symbols = ()
    desired_capabilities: Symbols = ()
    properties: Map | None = None


@composite("begin", 0x11, written=8)
class Begin(Composite):
    """Begins a session on a channel; windows count transfer frames."""

    remote_channel: UShortField | None
    next_outgoing_id: UIntField
    incoming_window: UIntField
    outgoing_window: UIntField
    handle_max: UIntField = UINT_MAX
    offered_capabilities: Symbols = ()
    desired_capabilities: Symbols = ()
    properties: Map | None = None


@composite("attach", 0x12, written=14)
class Attach(Composite):
    """Attaches a link to a session; null source or target in an answer means refusal."""

    name: String
    handle: UIntField
    role: Boolean
    snd_settle_mode: UByteField = SenderSettleMode.MIXED
    rcv_settle_mode: UByteField = ReceiverSettleMode.FIRST
    source: SourceField | None = None
    target: TargetField | None = None
    unsettled: Map | None = None
    incomplete_unsettled: Boolean = False
    initial_delivery_count: UIntField | None = None
    max_message_size: ULongField | None = None
    offered_capabilities: Symbols = ()
    desired_capabilities: Symbols = ()
    properties: Map | None = None


@composite("flow", 0x13, written=11, filled=9)
class Flow(Composite):
    """Says how much more may be sent: on the session, and on a link when it has a handle."""

    next_incoming_id: UIntField | None
    incoming_window: UIntField
    next_outgoing_id: UIntField
    outgoing_window: UIntField
    handle: UIntField | None = None
    delivery_count: UIntField | None = None
    link_credit: UIntField | None = None
    available: UIntField | None = None
    drain: Boolean = False
    echo: Boolean = False
    properties: Map | None = None


@composite("transfer", 0x14, written=11, filled=6)
class Transfer(Composite):
    """Carries a delivery, or a part of one: the payload stands behind it in the frame."""

    handle: UIntField
    delivery_id: UIntField | None = None
    delivery_tag: Binary | None = None
    message_format: UIntField | None = None
    settled: Boolean | None = None
    more: Boolean = False
    rcv_settle_mode: UByteField | None = None
    state: DeliveryStateField | None = None
    resume: Boolean = False
    aborted: Boolean = False
    batchable: Boolean = False


@composite("disposition", 0x15, written=6, filled=5)
class Disposition(Composite):
    """Tells the state of the deliveries from `first` to `last`; no `last` means only one."""

    role: Boolean
    first: UIntField
    last: UIntField | None = None
    settled: Boolean = False
    state: DeliveryStateField | None = None
    batchable: Boolean = False


@composite("detach", 0x16, written=3)
class Detach(Composite):
    """Detaches a link; `closed` ends it for good."""

    handle: UIntField
    closed: Boolean = False
    error: ErrorField | None = None


@composite("end", 0x17, written=1)
class End(Composite):
    """Ends a session."""

    error: ErrorField | None = None


@composite("close", 0x18, written=1)
class Close(Composite):
    """Closes the connection."""

    error: ErrorField | None = None


class SaslCode(IntEnum):
    """How authentication went."""

    OK = 0
    AUTH = 1
    SYS = 2
    SYS_PERM = 3
    SYS_TEMP = 4


@composite("sasl-mechanisms", 0x40)
class SaslMechanisms(Composite):
    """What the server offers."""

    sasl_server_mechanisms: Symbols


@composite("sasl-init", 0x41, written=3)
class SaslInit(Composite):
    """What the client chose, and its first answer."""

    mechanism: SymbolField
    initial_response: Binary | None = None
    hostname: String | None = None


@composite("sasl-challenge", 0x42)
class SaslChallenge(Composite):
    """A question of the server's. No mechanism here asks one."""

    challenge: Binary


@composite("sasl-response", 0x43)
class SaslResponse(Composite):
    """The answer to a challenge."""

    response: Binary


@composite("sasl-outcome", 0x44, written=2)
class SaslOutcome(Composite):
    """How it went."""

    code: UByteField
    additional_data: Binary | None = None
