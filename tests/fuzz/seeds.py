"""The first inputs of the corpus, what clients say: `python -m tests.fuzz.seeds` writes them."""

import json
from collections.abc import Iterator
from uuid import UUID

from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    MESSAGE_ANNOTATIONS,
    Header,
    Properties,
    encode_section,
)
from sbtutorial.amqp.types import Symbol, Timestamp, UInt, encode
from sbtutorial.clock import ManualClock
from sbtutorial.connection_string import connection_string
from sbtutorial.gateway.access.sas import sign
from sbtutorial.gateway.wire.record import ChangeCodec
from sbtutorial.hosting.runtime_files import BrokerRecord
from sbtutorial.testing import Client, SteppedBroker
from tests.fuzz import corpus
from tests.fuzz.targets.broker import _HEADER, _OPERATIONS, _SASL, cbs_sections
from tests.gateway.talk import Talk

Named = Iterator[tuple[str, bytes]]

_MESSAGE = (
    Header(durable=True, ttl=60_000).encode()
    + encode_section(MESSAGE_ANNOTATIONS, {Symbol("x-opt-partition-key"): "one"})
    + Properties(message_id="m1", subject="label", group_id="one").encode()
    + encode_section(APPLICATION_PROPERTIES, {"color": "red", "n": 5, "at": Timestamp(1)})
    + encode_section(DATA, b"coffee")
)
_BATCH = b"".join(encode_section(DATA, _MESSAGE) for _ in range(2))


class _Recorded(Client):
    """Keeps what the client has sent."""

    def __init__(self, broker: SteppedBroker, **options: object) -> None:
        self.said = bytearray()
        super().__init__(broker, broker.run, **options)

    def write(self) -> bool:
        data = self.connection.data_to_send()
        self.said += data
        if data:
            self.endpoint.receive_data(data)
        self._run()
        return bool(data)


def _sessions() -> Named:
    """What a client says from the first byte on: it sends, receives, settles, manages, leaves."""
    from sbtutorial.amqp.messaging import Accepted, Source, Target

    broker = SteppedBroker()
    broker.create_queue("orders")
    broker.create_queue("tables", requires_session=True)
    for name, options in (
        ("plain", {"sasl_mechanisms": ("PLAIN",), "sasl_response": broker.plain_response}),
        ("anonymous", {"sasl_mechanisms": ("ANONYMOUS",)}),
    ):
        wire = _Recorded(broker, **options)
        sender = wire.session.attach_sender("s", source=Source("here"), target=Target("orders"))
        receiver = wire.session.attach_receiver("r", source=Source("orders"), target=Target("here"))
        wire.pump()
        if name == "plain":
            receiver.grant(5)
            for payload, message_format in ((_MESSAGE, 0), (_BATCH, 0x80013700)):
                sender.send(
                    payload, delivery_tag=b"t", settled=False, message_format=message_format
                )
            wire.pump()
            receiver.settle(0, Accepted(), settled=True)
            wire.pump()
        wire.connection.close()
        wire.pump()
        yield name, bytes(wire.said)


def _after_handshake(said: bytes) -> bytes:
    return said[said.index(_HEADER) + len(_HEADER) :]


def amqp_client() -> Named:
    for name, said in _sessions():
        yield name, _after_handshake(said)


def sasl() -> Named:
    for name, said in _sessions():
        if name == "anonymous":
            yield name, said
    yield "headers", _SASL + _HEADER
    wrong = SteppedBroker(key="wrong")
    wire = _Recorded(wrong, sasl_mechanisms=("PLAIN",), sasl_response=b"\0Root\0no")
    yield "wrong", bytes(wire.said)


def amqp_engine() -> Named:
    yield from amqp_client()


def amqp_frames() -> Named:
    yield from amqp_client()


def amqp_message() -> Named:
    yield "message", _MESSAGE
    yield "batch", _BATCH
    yield "value", encode_section(AMQP_VALUE, [1, {"a": UInt(5)}, None, b"x"])


def amqp_values() -> Named:
    yield "map", encode({"a": [1, True, None, b"x", UUID(int=1)], Symbol("s"): 1.5})
    yield "header", Header(durable=True, ttl=1000, delivery_count=3).encode()
    yield "properties", Properties(message_id=UUID(int=1), subject="x").encode()


def cbs() -> Named:
    token = sign("sb://127.0.0.1/orders", "RootManageSharedAccessKey", "secret", 2e9)
    yield "token", cbs_sections(token, "sb://127.0.0.1/orders")
    yield "bearer", cbs_sections("eyJhbGciOi", "sb://127.0.0.1/orders")


def token() -> Named:
    for name, uri in (("whole", "sb://127.0.0.1/"), ("queue", "sb://127.0.0.1/orders")):
        yield name, sign(uri, "name", "another", 2e9).encode()
    yield "bearer", b"Bearer eyJhbGciOiJub25lIn0."


def resource() -> Named:
    for number, uri in enumerate(("sb://127.0.0.1:5672/orders/a%2fb?x#y", "[::1]:1/A/", "a/b")):
        yield f"uri{number}", uri.encode()


def management() -> Named:
    token = UUID(int=0)
    bodies: dict[str, object] = {
        "peek-message": {"from-sequence-number": 1, "message-count": UInt(5)},
        "schedule-message": {"messages": [{"message-id": "a", "message": _MESSAGE}]},
        "cancel-scheduled-message": {"sequence-numbers": [1, 2]},
        "receive-by-sequence-number": {"sequence-numbers": [1], "receiver-settle-mode": UInt(1)},
        "update-disposition": {"disposition-status": "completed", "lock-tokens": [token]},
        "renew-lock": {"lock-tokens": [token]},
        "get-message-sessions": {"last-updated-time": Timestamp(0), "skip": 0, "top": 9},
        "set-session-state": {"session-id": "one", "session-state": b"x"},
        "add-rule": {"rule-name": "r", "rule-description": {"sql-filter": {"expression": "1=1"}}},
        "enumerate-rules": {"top": 5, "skip": 0},
        "delete-messages": {"message-count": 1},
    }
    for number, operation in enumerate(_OPERATIONS):
        short = operation.rpartition(":")[2]
        body = bodies.get(short, {"session-id": "one", "rule-name": "r"})
        for path in range(3):
            yield f"{short}-{path}", bytes([number, path]) + encode(body)


def sql_filter() -> Named:
    texts = (
        "color = 'blue' AND big > 5 OR NOT (sys.Label LIKE 'a!%%' ESCAPE '!')",
        "EXISTS(text) AND real IN (1, 2.5, 1E3) AND [none] IS NULL",
        "-big + 2 * small / 3 % 4 <> @p",
        "newid() = id AND property('a') = 'x'",
    )
    for number, text in enumerate(texts):
        yield f"text{number}", text.encode()


def sql_action() -> Named:
    for number, text in enumerate(("SET a = big + 1; REMOVE text", "SET sys.Label = 'x' + text;")):
        yield f"text{number}", text.encode()


def connection_strings() -> Named:
    yield "ours", connection_string("127.0.0.1", 5672, "Root", "c2VjcmV0").encode()
    yield (
        "azure",
        (
            b'export SB="Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=Root;'
            b'SharedAccessKey=c2VjcmV0=;EntityPath=orders"'
        ),
    )


def duration() -> Named:
    for number, text in enumerate((b"P10675199DT2H48M5.4775807S", b"PT1M", b"-P1DT1H")):
        yield f"text{number}", text


def config() -> Named:
    queue = {"Name": "orders", "Properties": {"LockDuration": "PT1M", "MaxDeliveryCount": 3}}
    rule = {
        "Name": "r",
        "Properties": {"FilterType": "Sql", "SqlFilter": {"SqlExpression": "a = 1"}},
    }
    topic = {"Name": "news", "Subscriptions": [{"Name": "all", "Rules": [rule]}]}
    namespace = {"Name": "x", "Queues": [queue], "Topics": [topic]}
    yield "whole", json.dumps({"UserConfig": {"Namespaces": [namespace]}}).encode()


def atom() -> Named:
    descriptions = (
        b"<QueueDescription><LockDuration>PT1M</LockDuration><MaxDeliveryCount>3</MaxDeliveryCount>"
        b"<ForwardTo>orders</ForwardTo></QueueDescription>",
        b"<QueueDescription><AuthorizationRules><AuthorizationRule><KeyName>k</KeyName>"
        b"<PrimaryKey>s</PrimaryKey><Rights><AccessRights>Send</AccessRights></Rights>"
        b"</AuthorizationRule></AuthorizationRules></QueueDescription>",
        b"<SubscriptionDescription><RequiresSession>true</RequiresSession></SubscriptionDescription>",
        b'<RuleDescription xmlns:i="http://www.w3.org/2001/XMLSchema-instance" '
        b'xmlns:d="http://www.w3.org/2001/XMLSchema"><Filter i:type="SqlFilter"><SqlExpression>'
        b"a = @p</SqlExpression><Parameters><KeyValueOfstringanyType><Key>p</Key>"
        b'<Value i:type="d:int">5</Value></KeyValueOfstringanyType></Parameters></Filter>'
        b'<Action i:type="SqlRuleAction"><SqlExpression>SET b = 1</SqlExpression></Action>'
        b"</RuleDescription>",
    )
    for number, description in enumerate(descriptions):
        body = b"<entry><content>" + description + b"</content></entry>"
        yield f"description{number}", bytes([(0, 1, 2, 3)[number]]) + body


def http() -> Named:
    token = b"Authorization: @TOKEN@\r\n"
    head = b"Host: 127.0.0.1\r\n" + token
    yield "get", b"GET /orders?api-version=2021-05 HTTP/1.1\r\n" + head + b"\r\n"
    yield "send", b"POST /orders/messages HTTP/1.1\r\n" + head + b"Content-Length: 2\r\n\r\nhi"
    yield (
        "chunks",
        b"POST /orders/messages HTTP/1.1\r\n"
        + head
        + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    )
    yield "take", b"DELETE /orders/messages/head?timeout=0 HTTP/1.1\r\n" + head + b"\r\n"
    yield "twice", (b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n") * 2
    yield (
        "lab",
        b"GET /$lab/hello?nonce=" + b"0" * 32 + b"&tag=x&key=y HTTP/1.1\r\n" + head + b"\r\n",
    )


def rest_message() -> Named:
    given = {"Label": "x", "TimeToLive": 5, "SessionId": "a", "PartitionKey": "a"}
    yield "one", json.dumps(given).encode() + b'\n"text"\nbody'
    yield (
        "batch",
        json.dumps([{"Body": "x", "BrokerProperties": given, "UserProperties": {"a": 1}}]).encode(),
    )


def lab_call() -> Named:
    yield "fault", b"\x01faults\n" + b'{"occasion":"send","times":2,"path":"orders"}'
    yield "cut", b'\x01cut\n{"who": "cashier"}'
    yield "delay", b'\x01delay\n{"seconds": 0.5}'
    yield "outage", b'\x01outage\n{"seconds": 10}'
    yield "faults", b"\x00faults\n"
    yield "events", b"\x00events?after=5&wait=0&entity=orders\n"
    yield "queue", b"\x00queues/orders\n"
    yield "shrink", b'\x01shrink/orders\n{"megabytes": 1}'
    yield "advance", b'\x01advance\n{"seconds": 60.5}'


def websocket() -> Named:
    from wsproto.connection import Connection, ConnectionType
    from wsproto.events import BytesMessage, CloseConnection, Ping

    client = Connection(ConnectionType.CLIENT)
    said = b"".join(
        client.send(event)
        for event in (
            BytesMessage(_SASL),
            Ping(b"x"),
            BytesMessage(b"x" * 200),
            CloseConnection(1000),
        )
    )
    yield "talk", said


def sniff() -> Named:
    for number, data in enumerate(
        (b"AMQP\x00\x01\x00\x00", b"\x16\x03\x01", b"GET / HTTP/1.1", b"GE")
    ):
        yield f"first{number}", data


def tls() -> Named:
    import ssl

    context = ssl.create_default_context()
    out = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        yield "hello", out.read()


def runtime_record() -> Named:
    record = BrokerRecord("tutorial", 7, 5672, "Root", "c2VjcmV0", 1.5, "1.0", "Standard")
    yield "record", json.dumps(record._asdict()).encode()


def change_record() -> Named:
    changes = []

    class Store:
        def load(self) -> tuple[()]:
            return ()

        def commit(self, some: list[object]) -> None:
            codec = ChangeCodec(lambda: UUID(int=1))
            changes.extend(codec.encode(one) for one in some)  # type: ignore[arg-type]

        def close(self) -> None: ...

    broker = SteppedBroker(clock=ManualClock(), store=Store())
    talk = Talk(broker)
    talk.make_queue()
    talk.send(talk.attach_sender(), group_id="one")
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    for body in (
        b'<SqlExpression>a = 1</SqlExpression></Filter><Action i:type="SqlRuleAction">'
        b"<SqlExpression>SET b = 1</SqlExpression></Action>",
    ):
        broker.http("PUT", "/news", b"<entry><content><TopicDescription/></content></entry>")
        subscription = b"<entry><content><SubscriptionDescription/></content></entry>"
        broker.http("PUT", "/news/subscriptions/all", subscription)
        rule = (
            b'<entry><content><RuleDescription xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
            b'<Filter i:type="SqlFilter">' + body + b"</RuleDescription></content></entry>"
        )
        broker.http("PUT", "/news/subscriptions/all/rules/r", rule)
    broker.tick(600)
    broker.advance(5)
    kept: dict[str, bytes] = {}
    for data in changes:
        kept.setdefault(data[4:40].hex(), data)
    for number, data in enumerate(kept.values()):
        yield f"change{number:02}", data


SEEDS = {
    "amqp_values": amqp_values, "amqp_frames": amqp_frames, "amqp_engine": amqp_engine,
    "amqp_message": amqp_message, "sasl": sasl, "cbs": cbs, "management": management,
    "amqp_client": amqp_client, "token": token, "resource": resource, "sql_filter": sql_filter,
    "sql_action": sql_action, "connection_string": connection_strings, "duration": duration,
    "config": config, "atom": atom, "http": http, "rest_message": rest_message,
    "lab_call": lab_call, "websocket": websocket, "sniff": sniff, "tls": tls,
    "runtime_record": runtime_record, "change_record": change_record,
}  # fmt: skip


if __name__ == "__main__":
    for target, seeds in SEEDS.items():
        for name, data in seeds():
            corpus.keep(target, data, name)
