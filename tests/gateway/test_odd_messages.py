"""What is accepted goes every way that a message can go, and breaks none of them.

Odd messages are made of odd parts. Each is sent to one broker; what is refused is refused by name,
and whatever is accepted is delivered, peeked, deferred, dead-lettered, copied by rules that look at
it and change it, forwarded, expired, received over HTTP, and shown.
"""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sbtutorial.amqp.events import ConnectionClosed, DispositionReceived
from sbtutorial.amqp.messaging import (
    AMQP_SEQUENCE,
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    DELIVERY_ANNOTATIONS,
    FOOTER,
    MESSAGE_ANNOTATIONS,
    Accepted,
    Header,
    Modified,
    Properties,
    Rejected,
    encode_section,
)
from sbtutorial.amqp.types import (
    Array,
    Byte,
    Char,
    Decimal32,
    Decimal64,
    Decimal128,
    Described,
    Float,
    Int,
    Long,
    Symbol,
    Timestamp,
    UByte,
    UInt,
    ULong,
    UShort,
)
from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.boolean import TrueFilter
from sbtutorial.broker.rules.filters.correlation import CorrelationFilter
from sbtutorial.broker.rules.filters.sql import parse_filter
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.server.snapshot import snapshot
from sbtutorial.testing import SteppedBroker
from tests.examples import examples
from tests.gateway.talk import Talk

INSTANTS = [-(2**63), -62_135_596_800_000, -1, 0, 1, 2**40, 253_402_300_799_999, 2**63 - 1]
VALUES: list[Any] = [
    *(None, True, Byte(-128), UByte(255), UShort(65_535), UInt(2**32 - 1), ULong(2**64 - 1)),
    *(Int(-(2**31)), Long(-(2**63)), Long(2**63 - 1), Float("nan"), float("inf"), 1e308, -0.0),
    *("", "x", "\0", "€" * 300, "\U0010ffff", Symbol("s"), Char("x"), b"", b"\xff" * 300),
    *(UUID(int=0), Decimal32(b"\x7c\0\0\0"), Decimal64(b"\xff" * 8), Decimal128(bytes(16))),
    *(Decimal128(b"\xff" * 16), [], [1], {}, {"a": 1}, {5: 1}, Array([]), Array([Int(1)])),
    *(Timestamp(at) for at in INSTANTS),
    *(Described(Symbol("com.microsoft:timespan"), Long(at)) for at in (-(2**63), 0, 2**63 - 1)),
    Described(Symbol("com.microsoft:uri"), "x:y"),
    Described(Symbol("com.microsoft:datetime-offset"), Long(2**63 - 1)),
    Described(Symbol("other"), 1),
    Described(ULong(0x70), [1]),
]
NAMES: list[Any] = [
    *("a", "A", "", "n" * 300, "€", "a.b", "DeadLetterReason", "RuleName", Symbol("s"), Int(5)),
    *(b"raw", None, UUID(int=1), "Content-Type", "x y", "\r\n", "\0"),
]
ANNOTATIONS: list[Any] = [
    *("x-opt-scheduled-enqueue-time", "x-opt-partition-key", "x-opt-sequence-number"),
    *("x-opt-via-partition-key", "x-opt-locked-until", "x-opt-message-state", "x-mine"),
]

some = st.sampled_from
durations = st.none() | some([0, 1, 2**31, 2**32 - 1])
moments = st.none() | some(INSTANTS)
texts = st.none() | some(["", "x", "\0", "€", "i" * 128, "i" * 129, "naïve", "\r\nInjected: 1"])
ids = texts | some([ULong(0), ULong(2**64 - 1), UUID(int=1), b"", b"\xff", b"i" * 129])
headers = st.builds(
    Header,
    durable=st.none() | st.booleans(),
    priority=some([None, 0, 255]),
    ttl=durations,
    first_acquirer=st.none() | st.booleans(),
    delivery_count=durations,
)
properties = st.builds(
    Properties,
    message_id=ids,
    correlation_id=ids,
    user_id=st.none() | some([b"", b"\xff"]),
    to=texts,
    subject=texts,
    reply_to=texts,
    content_type=some([None, "", "text/plain", "\r\n", "x" * 300]),
    content_encoding=some([None, "", "gzip"]),
    absolute_expiry_time=moments,
    creation_time=moments,
    group_id=some([None, "", "s", "s" * 129]),
    group_sequence=durations,
    reply_to_group_id=texts,
)


def section(code: int, keys: Any) -> st.SearchStrategy[bytes]:
    maps = st.dictionaries(keys, some(range(len(VALUES))), max_size=3)
    return maps.map(
        lambda picked: encode_section(code, {key: VALUES[at] for key, at in picked.items()})
    )


annotation_keys = some(ANNOTATIONS).map(Symbol) | some([ULong(1), "text", Int(5)])
bodies = st.one_of(
    st.just(b""),
    some([encode_section(DATA, b"x"), encode_section(DATA, b"\xff") * 3]),
    some([encode_section(AMQP_SEQUENCE, [1, "x", None]) * 2]),
    some(VALUES).map(lambda value: encode_section(AMQP_VALUE, value)),
    some([bytes.fromhex("005377 c1 07 04 5201 40 5501 40")]),
)
messages = st.tuples(
    st.none() | headers.map(Header.encode),
    st.none() | section(DELIVERY_ANNOTATIONS, annotation_keys),
    st.none() | section(MESSAGE_ANNOTATIONS, annotation_keys),
    st.none() | properties.map(Properties.encode),
    st.none() | section(APPLICATION_PROPERTIES, some(NAMES)),
    bodies,
    st.none() | section(FOOTER, annotation_keys),
).map(lambda parts: b"".join(filter(None, parts)))

RULES = (
    Rule("all", TrueFilter(), parse_action("SET n = 1; SET a = 'x'; SET sys.Label = a")),
    Rule("sql", parse_filter("a > 1 OR a LIKE '%x_%' OR p('A') = 'x' OR sys.Label LIKE '_%'")),
    Rule("more", parse_filter("sys.ExpiresAtUtc > sys.EnqueuedTimeUtc OR a + 1 > 2 OR NOT a")),
    Rule("sum", parse_filter("a * 2 = 4 OR a IN (1, 'x') OR EXISTS(a)"), parse_action("REMOVE a")),
    Rule("is", CorrelationFilter(label="x", properties={"a": "x"})),
)


class Ways:
    """A broker with every way that a message can go, and who goes it."""

    def __init__(self) -> None:
        self.talk = Talk(SteppedBroker())
        namespace = self.talk.broker.namespace
        minute = timedelta(minutes=1)
        with self.talk.broker.reactor.turn() as now:
            namespace.create("end", QueueDescription(lock_duration=minute), now=now)
            for name, forward_to in (("plain", None), ("onward", "end")):
                description = QueueDescription(
                    lock_duration=minute,
                    forward_to=forward_to,
                    dead_lettering_on_message_expiration=True,
                )
                namespace.create(name, description, now=now)
            namespace.create("news", TopicDescription(), now=now)
            for rule in RULES:
                path = f"news/Subscriptions/{rule.name}"
                namespace.create(path, SubscriptionDescription(), rule=rule, now=now)
            namespace.create(
                "news/Subscriptions/on", SubscriptionDescription(forward_to="end"), now=now
            )
        self.senders = {name: self.talk.attach_sender(name) for name in ("plain", "onward", "news")}

    def send(self, to: str, payload: bytes) -> Any:
        delivery_id = self.senders[to].send(payload, delivery_tag=b"1", settled=False)
        self.talk.pump()
        found = [e for e in self.talk.of(DispositionReceived) if e.delivery_id == delivery_id]
        assert found, "the sender is told"
        return found[-1].state

    def receive(self, address: str, *, lock: bool = True) -> list[Any]:
        """All that is there, each completed."""
        link = self.talk.attach_receiver(address, snd_settle_mode=0 if lock else 1)
        link.grant(100)
        self.talk.pump()
        events = self.talk.received(link)
        for event in events if lock else ():
            link.settle(event.delivery_id, Accepted())
        self.talk.pump()
        link.detach()
        self.talk.pump()
        self.talk.events = [e for e in self.talk.events if getattr(e, "link", None) is not link]
        return [event.payload for event in events]

    def ask(self, entity: str, operation: str, body: dict[str, Any]) -> Any:
        named = {"operation": f"com.microsoft:{operation}"}
        return self.talk.ask(f"{entity}/$management", named, body)

    def show(self) -> None:
        """What the lab's views ask for."""
        broker = self.talk.broker
        with broker.reactor.turn() as now:
            for path in ("plain", "end"):
                queue = broker.namespace.directory.queue(path)
                seen = snapshot(queue, now=now, is_connected=broker.is_connected)
                json.dumps(seen.to_plain())


def empty(ways: Ways) -> None:
    for path in ("plain", "end", "onward", *(f"news/Subscriptions/{r.name}" for r in RULES)):
        if path != "onward":
            ways.receive(path)
        ways.receive(f"{path}/$DeadLetterQueue")


def goes_every_way(ways: Ways, payload: bytes) -> None:
    if isinstance(outcome := ways.send("plain", payload), Rejected):
        assert outcome.error is not None
        assert outcome.error.condition != "amqp:internal-error"
        assert outcome.error.description
        for other in ("onward", "news"):
            assert isinstance(ways.send(other, payload), Rejected)
        return
    ways.show()
    talk, broker = ways.talk, ways.talk.broker
    peeked = ways.ask(
        "plain", "peek-message", {"from-sequence-number": Long(0), "message-count": 9}
    )
    queue = broker.namespace.directory.queue("plain")
    waits = any(message.timer is not None for message in queue.main.messages)
    assert peeked.status["statusCode"] in (200, 204)
    if peeked.status["statusCode"] == 204:
        assert waits or not len(queue.main.messages)
    # Back and forth: deferred, asked for, dead-lettered with properties, and received.
    link = talk.attach_receiver("plain")
    link.grant(1)
    talk.pump()
    for event in talk.received(link):
        link.settle(event.delivery_id, Modified(None, True, {"note": "later"}))
        talk.pump()
        (message,) = queue.main.messages
        numbers = {"sequence-numbers": Array([Long(message.sequence_number)])}
        deferred = ways.ask(
            "plain", "receive-by-sequence-number", {**numbers, "receiver-settle-mode": UInt(1)}
        )
        assert deferred.status["statusCode"] == 200, deferred
        ways.show()
        token = Array([deferred.body["messages"][0]["lock-token"]])
        fields = {"disposition-status": "suspended", "lock-tokens": token, "deadletter-reason": "r"}
        assert ways.ask("plain", "update-disposition", fields).status["statusCode"] == 200
        ways.show()
        assert len(ways.receive("plain/$DeadLetterQueue", lock=False)) == 1
    link.detach()
    talk.pump()
    # Over HTTP; what HTTP cannot carry is refused in words and stays.
    ways.send("plain", payload)
    for method, target in (("POST", "plain"), ("DELETE", "plain")):
        answer = broker.http(method, f"/{target}/messages/head?timeout=0").response
        assert answer is not None
        assert answer.status in (200, 201, 204, 400, 413), answer.body
    ways.send("plain", payload)
    # Copied by rules, forwarded, expired.
    for to in ("news", "onward"):
        assert isinstance(ways.send(to, payload), Accepted)
    broker.advance(60)
    ways.show()
    assert isinstance(ways.send("plain", encode_section(DATA, b"fine")), Accepted)
    broker.advance(10**9)
    ways.show()
    empty(ways)
    assert isinstance(ways.send("news", encode_section(DATA, b"fine")), Accepted)
    assert len(ways.receive("news/Subscriptions/all")) == 1
    empty(ways)
    assert not talk.of(ConnectionClosed)
    assert not talk.is_closed


@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(messages)
def test_odd_message_that_is_accepted_goes_every_way(payload: bytes) -> None:
    goes_every_way(Ways(), payload)


PLAIN = encode_section(DATA, b"x")
BY_HAND = {
    "expires at the end of time": Properties(
        absolute_expiry_time=2**63 - 1, creation_time=0
    ).encode(),
    "expired before it was made": Properties(
        absolute_expiry_time=-(2**63), creation_time=2**63 - 1
    ).encode(),
    "lives for no time at all": Header(ttl=0).encode(),
    "lives long": Header(ttl=2**32 - 1).encode(),
    "scheduled for the last moment": encode_section(
        MESSAGE_ANNOTATIONS, {Symbol("x-opt-scheduled-enqueue-time"): Timestamp(253402300799999)}
    ),
    "scheduled for the beginning": encode_section(
        MESSAGE_ANNOTATIONS, {Symbol("x-opt-scheduled-enqueue-time"): Timestamp(-(2**63))}
    ),
    "nothing at all": b"",
    "keys that Python takes for one": bytes.fromhex("005377 c1 07 04 5201 40 5501 40"),
    "many properties": encode_section(
        APPLICATION_PROPERTIES, {f"p{number}": number for number in range(4000)}
    )
    + PLAIN,
    "a long text": Properties(subject="x" * 60_000).encode() + PLAIN,
    "values at their ends": encode_section(
        APPLICATION_PROPERTIES,
        {f"p{at}": value for at, value in enumerate(VALUES) if not isinstance(value, list | dict)
         and not (isinstance(value, Described) and value.descriptor not in ("com.microsoft:uri",))
         and type(value) is not Decimal128},
    )
    + PLAIN,
}  # fmt: skip


@pytest.mark.parametrize("payload", BY_HAND.values(), ids=BY_HAND)
def test_message_at_the_ends_of_what_may_be_goes_every_way(payload: bytes) -> None:
    goes_every_way(Ways(), payload)
