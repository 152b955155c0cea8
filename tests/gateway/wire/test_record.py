"""Changes as bytes, with messages as clients send them."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.amqp.messaging import (
    AMQP_SEQUENCE,
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    DELIVERY_ANNOTATIONS,
    FOOTER,
    MESSAGE_ANNOTATIONS,
    Header,
    Properties,
    encode_section,
)
from sbtutorial.amqp.types import Byte, Long, Symbol, Timestamp, UInt, ULong, encode
from sbtutorial.broker.changes import (
    Change,
    ChangeKind,
    EntityChange,
    MessageChange,
    NamespaceChange,
    RuleChange,
    SessionChange,
)
from sbtutorial.broker.descriptions import (
    AuthorizationRule,
    EntityStatus,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.message import AssignedId
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.boolean import FalseFilter, TrueFilter
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.gateway.wire.message import encode_message
from sbtutorial.gateway.wire.record import ChangeCodec
from sbtutorial.store.restore import restore
from sbtutorial.store.store import Codec
from tests.store.acting import one_act
from tests.store.describing import describe, told
from tests.store.wiring import WireActor, read, same

CODEC: Codec = ChangeCodec(uuid4)
BODY = encode_section(DATA, b"coffee")


def again(change: Change) -> Change:
    return CODEC.decode(CODEC.encode(change))


def sent_and_restored(payload: bytes) -> tuple[bytes, bytes]:
    """What a receiver is given of a message, before its broker ended and after."""
    changes: list[Change] = []
    namespace = Namespace("tutorial", journal=lambda change: changes.append(again(change)))
    queue = namespace.create("orders", QueueDescription(), now=100.0)
    queue.ingress.send([read(payload)], now=100.0, who="sender")
    twin = restore(changes, Namespace("tutorial"))
    found = [next(iter(one.directory.queue("orders").main.messages)) for one in (namespace, twin)]
    first, second = (encode_message(message, to_wire=same) for message in found)
    return first, second


# -- Every section of a message ------------------------------------------------------------------

SECTIONS = {
    "nothing but a body": BODY,
    "several data sections": BODY + encode_section(DATA, bytes(range(256))),
    "a value": encode_section(AMQP_VALUE, [None, {Symbol("k"): Byte(2)}]),
    "sequences": encode_section(AMQP_SEQUENCE, [1, "two"]) * 2,
    "a header": Header(True, 9, 60_000, False, 3).encode() + BODY,
    "delivery annotations": encode_section(DELIVERY_ANNOTATIONS, {Symbol("x"): UInt(3)}) + BODY,
    "message annotations": encode_section(
        MESSAGE_ANNOTATIONS,
        {Symbol("x-opt-partition-key"): "p", Symbol("own"): Timestamp(5), Symbol("t"): [1]},
    )
    + BODY,
    "properties": Properties(
        message_id=ULong(5),
        user_id=b"\xff",
        to="to",
        subject="subject",
        reply_to="reply",
        correlation_id=UUID(int=9),
        content_type=Symbol("text/plain"),
        group_id="session",
        reply_to_group_id="other",
    ).encode()
    + BODY,
    "a message id in bytes": Properties(message_id=b"\x00\xff").encode() + BODY,
    "application properties": encode_section(
        APPLICATION_PROPERTIES,
        {"int": Byte(-1), "long": Long(2**62), "text": "ünï ✓", "none": None, "id": UUID(int=1)},
    )
    + BODY,
    "a footer": BODY + encode_section(FOOTER, {Symbol("sum"): b"\x00" * 300}),
}


@pytest.mark.parametrize("payload", SECTIONS.values(), ids=SECTIONS.keys())
def test_every_section_comes_back_byte_for_byte(payload: bytes) -> None:
    first, second = sent_and_restored(payload)
    assert second == first


@given(st.binary(max_size=2000))
def test_any_body_comes_back(body: bytes) -> None:
    first, second = sent_and_restored(encode_section(DATA, body))
    assert second == first


def test_an_id_that_the_broker_gave_is_known_as_such() -> None:
    changes: list[Change] = []
    namespace = Namespace("tutorial", journal=lambda change: changes.append(again(change)))
    queue = namespace.create("orders", QueueDescription(), now=1.0)
    queue.ingress.send([read(BODY)], now=1.0)
    sent = changes[-1]
    assert isinstance(sent, MessageChange)
    assert isinstance(sent.message.message_id, AssignedId)
    assert isinstance(sent.message_id, AssignedId)


def test_what_a_settlement_has_set_comes_back_in_its_own_type() -> None:
    changes: list[Change] = []
    namespace = Namespace("tutorial", journal=lambda change: changes.append(again(change)))
    main = namespace.create("orders", QueueDescription(), now=1.0).main
    namespace.directory.queue("orders").ingress.send([read(BODY)], now=1.0)
    message = main.peek_lock_next(now=1.0, who="receiver")
    assert message is not None
    assert message.lock_token is not None
    properties = {"byte": Byte(1), "at": Timestamp(7), "text": "✓", "raw": b"\x00", "none": None}
    main.settling.defer(message.lock_token, properties, now=1.0)
    (twin,) = restore(changes, Namespace("tutorial")).directory.queue("orders").main.messages
    assert twin.properties == properties
    assert list(map(type, (twin.properties or {}).values())) == list(map(type, properties.values()))


def test_a_lock_of_a_large_message_is_a_small_record() -> None:
    sizes: list[tuple[ChangeKind, int]] = []
    namespace = Namespace(
        "tutorial", journal=lambda change: sizes.append((change.kind, len(CODEC.encode(change))))
    )
    queue = namespace.create("orders", QueueDescription(), now=1.0)
    queue.ingress.send([read(encode_section(DATA, bytes(200_000)))], now=1.0)
    message = queue.main.peek_lock_next(now=1.0, who="receiver")
    assert message is not None
    assert message.lock_token is not None
    queue.main.settling.complete(message.lock_token, now=1.0, who="receiver")
    by_kind = dict(sizes)
    assert by_kind[ChangeKind.SENT] > 200_000
    assert by_kind[ChangeKind.LOCKED] < 200
    assert by_kind[ChangeKind.COMPLETED] < 200


# -- Entities, rules, sessions -------------------------------------------------------------------

DESCRIPTIONS = [
    QueueDescription(),
    QueueDescription(
        lock_duration=timedelta(seconds=5, microseconds=3),
        default_message_time_to_live=timedelta(days=400, milliseconds=1),
        status=EntityStatus.SEND_DISABLED,
        forward_to="sb://host/ünï",
        user_metadata="half of a character: \ud800",
        authorization_rules=(AuthorizationRule("all", ("Manage", "Send", "Listen"), "a", "b"),),
    ),
    TopicDescription(requires_duplicate_detection=True, max_message_size_in_kilobytes=None),
    SubscriptionDescription(requires_session=True, auto_delete_on_idle=timedelta(minutes=5)),
]


@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda one: one.kind)
def test_a_description_comes_back(description: Any) -> None:
    change = EntityChange(
        1.5, ChangeKind.QUEUE_CREATED, "orders", 0, None, 0, "admin", "", description
    )
    assert again(change) == change


@pytest.mark.parametrize("kind", [QueueDescription, TopicDescription, SubscriptionDescription])
def test_every_field_of_a_description_comes_back(kind: type[Any]) -> None:
    default = kind()
    for field in fields(kind):
        value = getattr(default, field.name)
        description = replace(default, **{field.name: other_than(value)})
        change = EntityChange(1.5, ChangeKind.QUEUE_CREATED, "it", 0, None, 0, "", "", description)
        assert again(change) == change, field.name


def other_than(value: Any) -> Any:
    """Another value of the same type."""
    others: dict[type, Any] = {
        bool: not value,
        int: 7,
        timedelta: timedelta(days=3, microseconds=1),
        tuple: (AuthorizationRule("name", ("Send",)),),
        EntityStatus: EntityStatus.DISABLED,
        type(None): "text",
    }
    return others[type(value)]


PARAMETERS: dict[str, Any] = {
    "@text": "ünï \ud800",
    "@int": 3,
    "@float": 0.1,
    "@decimal": Decimal("1.000"),
    "@date": datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
    "@duration": timedelta(microseconds=1),
    "@id": UUID(int=3),
    "@bytes": b"\xff",
    "@none": None,
    "@bool": True,
}
RULES = [
    Rule("$Default", TrueFilter(), None, 1.25),
    Rule("never", FalseFilter()),
    Rule("sql", parse_filter("a = @text AND b > @int", PARAMETERS)),
    Rule("acts", TrueFilter(), parse_action("SET a = @date; REMOVE b", PARAMETERS), 7.0),
    Rule(
        "correlates",
        CorrelationFilter(label="l", message_id="7", properties={"at": PARAMETERS["@date"]}),
    ),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_comes_back(rule: Rule) -> None:
    path = "news/Subscriptions/all"
    change = RuleChange(1.5, ChangeKind.RULE_CREATED, path, 0, None, 0, "", rule.name, rule)
    assert again(change) == change


@pytest.mark.parametrize(
    "change",
    [
        RuleChange(1.5, ChangeKind.RULE_DELETED, "n/Subscriptions/a", 0, None, 0, "", "gone"),
        SessionChange(1.5, ChangeKind.SESSION_LOCKED, "q", 0, None, 0, "w", "ünï", 31.5),
        SessionChange(1.5, ChangeKind.SESSION_STATE_SET, "q", 0, None, 0, "w", "", None, b"\x00"),
        EntityChange(1.5, ChangeKind.IDLE_WATCHED, "q", 0, None, 0, "", "", None, 300.0),
        NamespaceChange(1.5, ChangeKind.ADVANCED, "tutorial", 0, None, 0, "", "by 60 s", 60.0),
    ],
    ids=lambda change: change.kind,
)
def test_other_changes_come_back(change: Change) -> None:
    assert again(change) == change


@pytest.mark.parametrize("data", [b"", b"\x45", encode(["message"]), encode(["else", 1]), b"\xff"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        CODEC.decode(data)


def test_bytes_that_were_cut_off_are_refused() -> None:
    change = NamespaceChange(1.5, ChangeKind.RESET, "tutorial", 0, None, 0, "", "")
    data = CODEC.encode(change)
    for end in range(len(data)):
        with pytest.raises(ValueError):
            CODEC.decode(data[:end])


# -- All of it together --------------------------------------------------------------------------


class BytesActor(WireActor):
    """Keeps what changes say as bytes."""

    def kept(self, change: Change) -> Change:
        return again(change)


def lives() -> Iterator[BytesActor]:
    for seed in range(15):
        random = Random(seed)
        actor = BytesActor()
        actor.make_everything()
        actor.fill()
        for _ in range(random.randrange(20, 80)):
            actor.do(*one_act(random))
        actor.settle_down()
        yield actor


def test_bytes_make_the_namespace_that_wrote_them() -> None:
    for actor in lives():
        twin = actor.restored()
        assert describe(twin.namespace) == describe(actor.namespace)
        actor.changes.clear()
        actor.wait(40)
        twin.wait(40)
        assert list(map(told, twin.changes)) == list(map(told, actor.changes))
