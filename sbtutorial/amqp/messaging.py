"""Termini, outcomes, and the two message sections that are composites.

Source: AMQP 1.0, 3.2 to 3.5 and, for transactions, 4.5. The sections of a message as bytes are in
`sections`, and can be had from here too.
"""

from typing import Annotated

from sbtutorial.amqp.definitions import Error as Error
from sbtutorial.amqp.definitions import ErrorField
from sbtutorial.amqp.sections import AMQP_SEQUENCE as AMQP_SEQUENCE
from sbtutorial.amqp.sections import AMQP_VALUE as AMQP_VALUE
from sbtutorial.amqp.sections import APPLICATION_PROPERTIES as APPLICATION_PROPERTIES
from sbtutorial.amqp.sections import BATCH_MESSAGE_FORMAT as BATCH_MESSAGE_FORMAT
from sbtutorial.amqp.sections import DATA as DATA
from sbtutorial.amqp.sections import DELIVERY_ANNOTATIONS as DELIVERY_ANNOTATIONS
from sbtutorial.amqp.sections import FOOTER as FOOTER
from sbtutorial.amqp.sections import HEADER, PROPERTIES
from sbtutorial.amqp.sections import MESSAGE_ANNOTATIONS as MESSAGE_ANNOTATIONS
from sbtutorial.amqp.sections import Sections as Sections
from sbtutorial.amqp.sections import build_map_section as build_map_section
from sbtutorial.amqp.sections import data_sections as data_sections
from sbtutorial.amqp.sections import encode_section as encode_section
from sbtutorial.amqp.sections import map_items as map_items
from sbtutorial.amqp.sections import split_sections as split_sections
from sbtutorial.amqp.types.composites import Composite, composite, composite_field
from sbtutorial.amqp.types.fields import (
    Anything,
    Binary,
    Boolean,
    Map,
    MessageId,
    String,
    SymbolField,
    Symbols,
    TimestampField,
    UByteField,
    UIntField,
    ULongField,
)
from sbtutorial.amqp.types.values import Described


@composite("header", HEADER)
class Header(Composite):
    """How a message wants to be delivered; `ttl` in milliseconds."""

    durable: Boolean | None = None
    priority: UByteField | None = None
    ttl: UIntField | None = None
    first_acquirer: Boolean | None = None
    delivery_count: UIntField | None = None


@composite("properties", PROPERTIES)
class Properties(Composite):
    """What the sender says of a message, for whoever receives it; times in ms since the epoch."""

    message_id: MessageId | None = None
    user_id: Binary | None = None
    to: String | None = None
    subject: String | None = None
    reply_to: String | None = None
    correlation_id: MessageId | None = None
    content_type: SymbolField | None = None
    content_encoding: SymbolField | None = None
    absolute_expiry_time: TimestampField | None = None
    creation_time: TimestampField | None = None
    group_id: String | None = None
    group_sequence: UIntField | None = None
    reply_to_group_id: String | None = None


@composite("received", 0x23)
class Received(Composite):
    """How far a delivery has come: not an outcome."""

    section_number: UIntField
    section_offset: ULongField


@composite("accepted", 0x24)
class Accepted(Composite):
    """The delivery was taken and dealt with."""


@composite("rejected", 0x25, written=1)
class Rejected(Composite):
    """The delivery is invalid, and why."""

    error: ErrorField | None = None


@composite("released", 0x26)
class Released(Composite):
    """The delivery was not looked at: it may go to anyone, as it is."""


@composite("modified", 0x27, written=3)
class Modified(Composite):
    """The delivery was not dealt with, and is to be changed before it goes out again."""

    delivery_failed: Boolean | None = None
    undeliverable_here: Boolean | None = None
    message_annotations: Map | None = None


@composite("declared", 0x33)
class Declared(Composite):
    """A transaction was begun: its id."""

    txn_id: Binary


OutcomeField = Annotated[
    Accepted | Rejected | Released | Modified | Declared | Described,
    composite_field(Accepted, Rejected, Released, Modified, Declared),
]


@composite("transactional-state", 0x34)
class TransactionalState(Composite):
    """A state that counts only when the transaction does."""

    txn_id: Binary
    outcome: OutcomeField | None = None


DeliveryState = (
    Received | Accepted | Rejected | Released | Modified | Declared | TransactionalState | Described
)
DeliveryStateField = Annotated[
    DeliveryState,
    composite_field(Received, Accepted, Rejected, Released, Modified, Declared, TransactionalState),
]


@composite("source", 0x28, written=1)
class Source(Composite):
    """Where a link's messages come from. `timeout` in seconds."""

    address: Anything | None = None
    durable: UIntField = 0
    expiry_policy: SymbolField = "session-end"
    timeout: UIntField = 0
    dynamic: Boolean = False
    dynamic_node_properties: Map | None = None
    distribution_mode: SymbolField | None = None
    filter: Map | None = None
    default_outcome: OutcomeField | None = None
    outcomes: Symbols = ()
    capabilities: Symbols = ()


@composite("target", 0x29, written=1)
class Target(Composite):
    """Where a link's messages go. `timeout` in seconds."""

    address: Anything | None = None
    durable: UIntField = 0
    expiry_policy: SymbolField = "session-end"
    timeout: UIntField = 0
    dynamic: Boolean = False
    dynamic_node_properties: Map | None = None
    capabilities: Symbols = ()


@composite("coordinator", 0x30, written=1)
class Coordinator(Composite):
    """The target of a link that controls transactions."""

    capabilities: Symbols = ()


@composite("declare", 0x31)
class Declare(Composite):
    """A request to begin a transaction."""

    global_id: Anything | None = None


@composite("discharge", 0x32)
class Discharge(Composite):
    """A request to end a transaction."""

    txn_id: Binary
    fail: Boolean | None = None


SourceField = Annotated[Source | Described, composite_field(Source)]
TargetField = Annotated[Target | Coordinator | Described, composite_field(Target, Coordinator)]
