"""Several clients, every plane, one seed: prints a digest of all that the broker has said.

Run as a program by `test_repeatable`, each time in a process of its own.
"""

import sys
from hashlib import sha256
from uuid import UUID

from sbtutorial.amqp.events import DispositionReceived, MessageReceived
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    DATA,
    Accepted,
    Coordinator,
    Declare,
    Declared,
    Discharge,
    Modified,
    Properties,
    Source,
    Target,
    TransactionalState,
    encode_section,
)
from sbtutorial.amqp.types import Int, Long, Symbol
from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.rules.filters.actions import parse_action
from sbtutorial.broker.rules.filters.boolean import TrueFilter
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.testing import Client, SteppedBroker


def body(text: str, **properties: object) -> bytes:
    return Properties(**properties).encode() + encode_section(DATA, text.encode())


def attach_sender(client: Client, address: str):
    link = client.session.attach_sender(
        f"to {address}", source=Source("here"), target=Target(address)
    )
    client.pump()
    return link


def attach_receiver(client: Client, source: Source, **options: int):
    link = client.session.attach_receiver(
        f"from {source.address} {len(client.events)}",
        source=source,
        target=Target("here"),
        **{"snd_settle_mode": 0, "rcv_settle_mode": 1, **options},
    )
    client.pump()
    return link


def ask(client: Client, address: str, operation: str, request: dict[str, object]) -> None:
    name = f"reply {len(client.events)}"
    answers = client.session.attach_receiver(name, source=Source(address), target=Target(name))
    requests = client.session.attach_sender(name, source=Source(name), target=Target(address))
    client.pump()
    answers.grant(1)
    payload = (
        Properties(message_id=UUID(int=1)).encode()
        + encode_section(APPLICATION_PROPERTIES, {"operation": f"com.microsoft:{operation}"})
        + encode_section(AMQP_VALUE, request)
    )
    requests.send(payload, delivery_tag=b"r", settled=True)
    client.pump()


def received(client: Client) -> list[MessageReceived]:
    return client.of(MessageReceived)


def run(seed: int) -> str:
    broker = SteppedBroker(seed=seed)
    with broker.reactor.turn() as now:
        namespace = broker.namespace
        namespace.create("orders", QueueDescription(max_delivery_count=3), now=now)
        namespace.create("tables", QueueDescription(requires_session=True), now=now)
        namespace.create("news", TopicDescription(), now=now)
        for name in ("all", "some", "none"):
            path = f"news/Subscriptions/{name}"
            namespace.create(path, SubscriptionDescription(), now=now)
        some = namespace.directory.subscription("news", "some")
        action = parse_action("SET ticket = newid()")
        namespace.create_rule(some, Rule("marks", TrueFilter(), action), now=now)
    plain = {"sasl_mechanisms": ("PLAIN",), "sasl_response": broker.plain_response}
    clients = [broker.connect(f"client {number}", **plain) for number in range(8)]
    competitors = [
        attach_receiver(client, Source("orders"), snd_settle_mode=number % 2)
        for number, client in enumerate(clients)
    ]
    for link in competitors:
        link.grant(5)
    for client in clients:
        client.write()
    first = clients[0]
    orders = attach_sender(first, "orders")
    for number in range(60):
        orders.send(body(f"coffee {number}"), delivery_tag=b"%d" % number, settled=False)
    for client in reversed(clients):
        client.pump()
    for client, link in zip(clients, competitors, strict=True):
        for number, message in enumerate(received(client)):
            if not message.settled:
                outcome = Accepted() if number % 2 else Modified(True, False)
                link.settle(message.delivery_id, outcome, settled=False)
        client.pump()

    tables = attach_sender(first, "tables")
    for number in range(6):
        payload = body("more", group_id=f"table {number % 3}")
        tables.send(payload, delivery_tag=b"%d" % number, settled=False)
    first.pump()
    for client in clients[:3]:
        source = Source("tables", filter={Symbol("com.microsoft:session-filter"): None})
        attach_receiver(client, source).grant(10)
        client.pump()
    ask(
        first,
        "tables/$management",
        "get-message-sessions",
        {
            "last-updated-time": 253_402_300_800_000,
            "skip": Int(0),
            "top": Int(10),
        },
    )

    news = attach_sender(first, "news")
    news.send(body("rain", subject="weather"), delivery_tag=b"n", settled=False)
    first.pump()
    for name in ("all", "some"):
        attach_receiver(clients[1], Source(f"news/Subscriptions/{name}")).grant(2)
        clients[1].pump()
    peek = {"from-sequence-number": Long(0), "message-count": Int(100)}
    ask(clients[2], "orders/$management", "peek-message", peek)

    control = first.session.attach_sender("c", source=Source("here"), target=Coordinator())
    first.pump()
    asked = bytes((0x00, 0x53, AMQP_VALUE))
    control.send(asked + Declare().encode(), delivery_tag=b"d", settled=False)
    first.pump()
    declared = [e.state for e in first.of(DispositionReceived) if isinstance(e.state, Declared)]
    txn_id = declared[0].txn_id
    orders.send(
        body("all or none"), delivery_tag=b"x", settled=False, state=TransactionalState(txn_id)
    )
    control.send(asked + Discharge(txn_id, False).encode(), delivery_tag=b"e", settled=False)
    first.pump()

    for client in clients[4:]:
        client.break_off()
    said = [broker.http("POST", "/orders/messages", b"over HTTP").response]
    waiting = broker.http("DELETE", "/news/subscriptions/none/messages/head?timeout=60")
    said.append(broker.http("POST", "/orders/messages/head?timeout=0").response)
    said.append(broker.http("GET", "/$Resources/queues?api-version=2021-05").response)
    broker.advance(90)
    broker.tick(300)
    said.append(waiting.response)
    for client in clients:
        client.pump()
    everything = b"|".join(bytes(client.received) for client in clients)
    events = [event[:2] for event in broker.trace.after(0)]
    return sha256(everything + repr((said, events)).encode()).hexdigest()


if __name__ == "__main__":
    digest = run(int(sys.argv[1]))
    assert "asyncio" not in sys.modules
    print(digest)
