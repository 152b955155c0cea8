"""Nobody keeps anybody waiting, and nobody makes the broker keep much; counted in turns."""

from datetime import timedelta
from typing import Any

import pytest

from sbtutorial.amqp.events import (
    ConnectionClosed,
    DispositionReceived,
    LinkDetached,
    LinkFlow,
    MessageReceived,
)
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    BATCH_MESSAGE_FORMAT,
    DATA,
    MESSAGE_ANNOTATIONS,
    Accepted,
    Coordinator,
    Declare,
    Discharge,
    Properties,
    Rejected,
    Source,
    Target,
    TransactionalState,
    encode_section,
)
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Array, Int, Long, Symbol, UInt
from sbtutorial.broker.descriptions import (
    EntityStatus,
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.limits import PREMIUM
from sbtutorial.gateway.amqp_endpoint import ROOM_BYTES
from sbtutorial.gateway.core import TIMERS_AT_ONCE, Core
from sbtutorial.gateway.reactor import Job
from sbtutorial.gateway.wire.message import read_message
from sbtutorial.store.stepped import ListKeeper, SteppedStore
from sbtutorial.testing import Client, SteppedBroker

# So many turns may pass until a client is answered that asks for one thing, whatever others do:
# one in which it is read, and one more where that began without it.
FEW = 2


@pytest.fixture
def broker() -> SteppedBroker:
    return SteppedBroker()


def queue_of(broker: SteppedBroker, name: str, **properties: Any) -> Queue:
    with broker.reactor.turn() as now:
        return broker.namespace.create(name, QueueDescription(**properties), now=now)


def fill(broker: SteppedBroker, queue: Queue, count: int, body: bytes = b"x") -> None:
    payload = encode_section(DATA, body)
    clock, ids = broker.clock, broker.ids
    with broker.reactor.turn() as now:
        for _ in range(count):
            message = read_message(payload, from_wire=clock.from_wire, new_id=ids.message_id)
            queue.ingress.send([message], now=now)
    broker.run()


def connect(broker: SteppedBroker, who: str) -> Client:
    return broker.connect(who, sasl_mechanisms=("PLAIN",), sasl_response=broker.plain_response)


def receiver(client: Client, address: str, mode: int = 1) -> ReceiverLink:
    """In receive-and-delete, or in peek-lock for mode 0."""
    link = client.session.attach_receiver(
        f"from {address}",
        source=Source(address),
        target=Target("here"),
        snd_settle_mode=mode,
        rcv_settle_mode=1,
    )
    client.pump()
    return link


def sender(client: Client, address: str) -> SenderLink:
    link = client.session.attach_sender(f"to {address}", source=Source("x"), target=Target(address))
    client.pump()
    return link


def send(link: SenderLink, body: bytes = b"x") -> None:
    link.send(encode_section(DATA, body), delivery_tag=b"t", settled=False)


def say(client: Client) -> None:
    """Have what a client says wait at the broker, without a turn."""
    client.endpoint.receive_data(client.connection.data_to_send())


def verdicts(client: Client) -> list[Any]:
    return [event.state for event in client.of(DispositionReceived)]


def turns_until_answered(broker: SteppedBroker, client: Client, link: SenderLink) -> int:
    """How many turns pass until one message more is accepted."""
    before = len(verdicts(client))
    send(link)
    say(client)
    turns = 0
    while len(verdicts(client)) == before:
        assert broker.step(), "nobody has anything left to do, and this client no answer"
        turns += 1
        client.read()
    return turns


@pytest.fixture
def other(broker: SteppedBroker) -> tuple[Client, SenderLink]:
    queue_of(broker, "others")
    client = connect(broker, "other")
    return client, sender(client, "others")


# -- What is handed out -----------------------------------------------------------------------


@pytest.mark.parametrize("mode", [1, 0], ids=["receive-and-delete", "peek-lock"])
def test_what_is_handed_out_follows_what_the_client_has_read(
    broker: SteppedBroker, mode: int
) -> None:
    queue = queue_of(broker, "orders")
    fill(broker, queue, 100, b"x" * 100_000)
    client = connect(broker, "slow")
    link = receiver(client, "orders", mode)
    link.grant(100)
    client.write()
    ready = queue.receivable.counts().active - queue.receivable.counts().locked
    assert ready > 80
    assert client.unread_bytes < 2 * Client.HIGH_WATER_BYTES
    client.read(client.unread_bytes // 10)
    broker.run()
    assert queue.receivable.counts().active - queue.receivable.counts().locked == ready
    client.pump()
    assert len(client.of(MessageReceived)) == 100
    assert queue.receivable.counts().active - queue.receivable.counts().locked == 0


def test_who_does_not_read_leaves_messages_to_who_does(broker: SteppedBroker) -> None:
    queue = queue_of(broker, "orders")
    deaf, good = connect(broker, "deaf"), connect(broker, "good")
    receiver(deaf, "orders").grant(1000)
    deaf.write()
    receiver(good, "orders").grant(1000)
    good.pump()
    fill(broker, queue, 60, b"x" * 100_000)
    good.pump()
    assert len(good.of(MessageReceived)) > 40
    assert queue.receivable.counts().active == 0


def test_a_message_larger_than_all_bounds_is_delivered_all_the_same() -> None:
    broker = SteppedBroker(limits=PREMIUM)
    queue = queue_of(broker, "orders")
    fill(broker, queue, 4, b"x" * 1_000_000)
    client = connect(broker, "client")
    receiver(client, "orders").grant(10)
    client.pump()
    assert [len(event.payload) > 1_000_000 for event in client.of(MessageReceived)] == [True] * 4


@pytest.mark.parametrize("count", [1, 10])
def test_what_is_large_is_written_a_little_a_turn(count: int) -> None:
    """One large message, or an answer with many."""
    broker = SteppedBroker(limits=PREMIUM)
    queue = queue_of(broker, "orders", max_message_size_in_kilobytes=102_400)
    fill(broker, queue, count, b"x" * (10_000_000 // count))
    client = connect(broker, "client")
    if count == 1:
        link = receiver(client, "orders")
        link.grant(1, drain=True)
    else:
        numbers = defer_all(broker, queue)
        receiver(client, "orders/$management").grant(1)
        requests = sender(client, "orders/$management")
        ask(
            requests,
            "receive-by-sequence-number",
            {"sequence-numbers": numbers, "receiver-settle-mode": UInt(0)},
        )
    say(client)
    most = before = 0
    while broker.step():
        most = max(most, client.unread_bytes - before)
        client.read()
        before = client.unread_bytes
    assert most < 1.2 * ROOM_BYTES
    client.pump()
    (message,) = client.of(MessageReceived)
    assert message.payload.count(b"x" * (10_000_000 // count)) == count
    if count == 1:  # nothing says that no more will come while there is more of it
        kinds = [type(event) for event in client.events]
        assert kinds.index(MessageReceived) < kinds.index(LinkFlow)


def test_what_is_said_while_a_large_message_is_written_is_answered_after_it() -> None:
    broker = SteppedBroker(limits=PREMIUM)
    queue = queue_of(broker, "orders", max_message_size_in_kilobytes=102_400)
    fill(broker, queue, 1, b"x" * 3_000_000)
    client = connect(broker, "client")
    client.HIGH_WATER_BYTES = 100_000_000  # whose kernel takes all of it
    orders = sender(client, "orders")
    receiver(client, "orders").grant(1)
    say(client)
    broker.step()
    assert client.endpoint.connection.has_rest
    send(orders)
    say(client)
    broker.run()
    client.read()
    kinds = [type(event) for event in client.events]
    assert kinds.index(MessageReceived) < kinds.index(DispositionReceived)


def test_a_client_that_goes_in_the_middle_of_a_large_message_leaves_it_locked() -> None:
    broker = SteppedBroker(limits=PREMIUM)
    queue = queue_of(broker, "orders", max_message_size_in_kilobytes=102_400)
    fill(broker, queue, 1, b"x" * 10_000_000)
    client = connect(broker, "client")
    receiver(client, "orders", 0).grant(1)
    client.write()
    assert client.unread_bytes < 8 * ROOM_BYTES
    client.break_off()
    assert not broker.is_connected("client")
    assert queue.receivable.counts().locked == 1


def test_huge_credit_keeps_nobody_waiting(
    broker: SteppedBroker, other: tuple[Client, SenderLink]
) -> None:
    fill(broker, queue_of(broker, "orders"), 3000)
    hog = connect(broker, "hog")
    receiver(hog, "orders").grant(2**31 - 1)
    say(hog)
    for _ in range(5):
        assert turns_until_answered(broker, *other) <= FEW
    assert len(hog.endpoint.connection.data_to_send()) == 0
    assert not hog.of(MessageReceived)
    hog.pump()
    assert len(hog.of(MessageReceived)) == 3000


def test_a_session_window_that_is_shut_holds_messages_back(
    broker: SteppedBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("session", "windows"):
        monkeypatch.setattr(f"sbtutorial.amqp.{module}.INCOMING_WINDOW", 10)
    queue = queue_of(broker, "orders")
    fill(broker, queue, 50)
    client = connect(broker, "narrow")
    receiver(client, "orders").grant(50)
    client.write()
    assert queue.receivable.counts().active == 40
    client.pump()
    assert len(client.of(MessageReceived)) == 50


# -- What comes in ----------------------------------------------------------------------------


def test_very_much_that_comes_at_once_keeps_nobody_waiting(
    broker: SteppedBroker, other: tuple[Client, SenderLink]
) -> None:
    queue = queue_of(broker, "orders")
    hog = connect(broker, "hog")
    link = sender(hog, "orders")
    for _ in range(1000):
        send(link)
    say(hog)
    assert turns_until_answered(broker, *other) <= FEW
    assert 0 < queue.receivable.counts().active < 200
    hog.pump()
    assert queue.receivable.counts().active == 1000


@pytest.mark.parametrize(
    "section",
    [
        encode_section(MESSAGE_ANNOTATIONS, {Symbol("a"): [[]] * 50_000}),
        encode_section(AMQP_VALUE, [None] * 50_000),
        encode_section(DATA, b"") * 10_000,
    ],
    ids=["annotations", "value", "data sections"],
)
@pytest.mark.parametrize("is_batch", [False, True], ids=["single", "batch"])
def test_messages_that_take_long_to_read_are_read_one_a_turn(
    broker: SteppedBroker, section: bytes, is_batch: bool
) -> None:
    queue_of(broker, "orders")
    hog = connect(broker, "hog")
    link = sender(hog, "orders")
    payload = encode_section(DATA, section) * 3 if is_batch else section
    for number in range(1 if is_batch else 6):
        link.send(
            payload,
            delivery_tag=b"%d" % number,
            settled=False,
            message_format=BATCH_MESSAGE_FORMAT if is_batch else 0,
        )
    say(hog)
    turns = 0
    while broker.step():
        turns += 1
    hog.pump()
    assert [type(verdict) for verdict in verdicts(hog)] == [Accepted] * (1 if is_batch else 6)
    assert turns >= (3 if is_batch else 6)


@pytest.mark.parametrize("way", ["message", "batch", "request"])
def test_what_is_long_to_walk_over_is_read_in_many_turns(way: str) -> None:
    broker = SteppedBroker(limits=PREMIUM)
    broker.create_queue("orders", max_message_size_in_kilobytes=4096)
    client = connect(broker, "hog")
    link = sender(client, "orders/$management" if way == "request" else "orders")
    payload = Properties(message_id="m").encode() + encode_section(AMQP_VALUE, [[None] * 900_000])
    payload = encode_section(DATA, payload) if way == "batch" else payload
    message_format = BATCH_MESSAGE_FORMAT if way == "batch" else 0
    link.send(payload, delivery_tag=b"1", settled=False, message_format=message_format)
    say(client)
    turns = 0
    while broker.step():
        turns += 1
    client.pump()
    assert [type(verdict) for verdict in verdicts(client)] == [Accepted]
    assert turns > 50


@pytest.mark.parametrize(
    "envelope",
    [Properties().encode() * 40_000, encode_section(MESSAGE_ANNOTATIONS, {"a": [None] * 100_000})],
    ids=["empty sections", "a long section"],
)
def test_the_envelope_of_a_batch_is_walked_over_in_many_turns(
    broker: SteppedBroker, other: tuple[Client, SenderLink], envelope: bytes
) -> None:
    queue = queue_of(broker, "orders")
    hog = connect(broker, "hog")
    sender(hog, "orders").send(
        envelope + encode_section(DATA, encode_section(DATA, b"x")),
        delivery_tag=b"b",
        settled=False,
        message_format=BATCH_MESSAGE_FORMAT,
    )
    say(hog)
    for _ in range(3):
        assert turns_until_answered(broker, *other) <= FEW
    assert not verdicts(hog)
    hog.pump()
    assert verdicts(hog) == [Accepted()]
    assert queue.receivable.counts().active == 1


def test_a_long_batch_with_too_many_messages_is_refused(broker: SteppedBroker) -> None:
    queue = queue_of(broker, "orders")
    hog = connect(broker, "hog")
    sender(hog, "orders").send(
        encode_section(DATA, b"") * 5000,
        delivery_tag=b"b",
        settled=False,
        message_format=BATCH_MESSAGE_FORMAT,
    )
    hog.pump()
    (verdict,) = verdicts(hog)
    assert "more than 4500 messages" in verdict.error.description
    assert queue.receivable.counts().total == 0


def test_transactions_that_are_committed_at_once_keep_nobody_waiting(
    broker: SteppedBroker, other: tuple[Client, SenderLink]
) -> None:
    queue = queue_of(broker, "orders")
    hog = connect(broker, "hog")
    asks = encode_section(AMQP_VALUE, None)[:3]
    control = hog.session.attach_sender("txn", source=Source("x"), target=Coordinator())
    link = sender(hog, "orders")
    for _ in range(40):
        control.send(asks + Declare().encode(), delivery_tag=b"d", settled=False)
    hog.pump()
    declared = [state.txn_id for state in verdicts(hog)]
    for txn_id in declared:
        for _ in range(20):
            state = TransactionalState(txn_id)
            link.send(encode_section(DATA, b"x"), delivery_tag=b"t", settled=False, state=state)
        hog.pump()
    for txn_id in declared:
        control.send(asks + Discharge(txn_id, False).encode(), delivery_tag=b"e", settled=False)
    say(hog)
    assert turns_until_answered(broker, *other) <= FEW
    assert 0 < queue.receivable.counts().active < 800
    hog.pump()
    assert queue.receivable.counts().active == 800


def test_a_client_is_not_read_while_it_has_sent_much_ahead(broker: SteppedBroker) -> None:
    queue_of(broker, "orders")
    hog = connect(broker, "hog")
    link = sender(hog, "orders")
    assert hog.endpoint.takes_input
    for _ in range(40):
        send(link, b"x" * 50_000)
    say(hog)
    assert not hog.endpoint.takes_input
    broker.run()
    assert hog.endpoint.takes_input


def test_last_words_count_all_of_them_when_the_connection_is_lost(broker: SteppedBroker) -> None:
    queue = queue_of(broker, "orders")
    client = connect(broker, "client")
    link = sender(client, "orders")
    for _ in range(900):
        send(link)
    say(client)
    client.break_off()
    assert queue.receivable.counts().active == 900


# -- Answers ----------------------------------------------------------------------------------


def ask_to_peek(link: SenderLink) -> None:
    ask(link, "peek-message", {"from-sequence-number": Long(0), "message-count": Int(250)})


def test_answers_that_are_not_taken_are_not_made(broker: SteppedBroker) -> None:
    fill(broker, queue_of(broker, "orders"), 10, b"x" * 50_000)
    client = connect(broker, "asks")
    answers = receiver(client, "orders/$management")
    requests = sender(client, "orders/$management")
    for _ in range(100):
        ask_to_peek(requests)
    client.pump()
    made = len([verdict for verdict in verdicts(client) if verdict == Accepted()])
    assert 1 <= made <= 3
    assert requests.credit == 0  # nor is more asked for
    answers.grant(1000)
    client.pump()
    assert len(client.of(MessageReceived)) == 100


def test_requests_beyond_the_credit_are_rejected_while_answers_wait(broker: SteppedBroker) -> None:
    fill(broker, queue_of(broker, "orders"), 10, b"x" * 50_000)
    client = connect(broker, "asks")
    answers = receiver(client, "orders/$management")
    requests = sender(client, "orders/$management")
    for _ in range(100):
        ask_to_peek(requests)
    client.pump()
    requests._credit.available = 200  # a client that does not count
    for _ in range(200):
        ask_to_peek(requests)
    client.pump()
    refused = [verdict for verdict in verdicts(client) if isinstance(verdict, Rejected)]
    assert len(refused) > 150
    assert str(refused[0].error.condition) == "amqp:resource-limit-exceeded"
    answers.grant(1000)
    client.pump()
    assert len(client.of(MessageReceived)) + len(refused) == 300


def test_a_client_that_reads_no_answers_is_heard_no_further(broker: SteppedBroker) -> None:
    fill(broker, queue_of(broker, "orders"), 10, b"x" * 20_000)
    client = connect(broker, "asks")
    receiver(client, "orders/$management").grant(10_000)
    requests = sender(client, "orders/$management")
    for _ in range(90):
        ask_to_peek(requests)
    client.write()
    unread = client.unread_bytes
    assert unread < 8 * 1024 * 1024
    broker.run()
    assert client.unread_bytes == unread
    client.pump()
    assert len(client.of(MessageReceived)) == 90


def ask(link: SenderLink, operation: str, body: dict[str, Any]) -> None:
    payload = (
        Properties(message_id="m").encode()
        + encode_section(APPLICATION_PROPERTIES, {"operation": f"com.microsoft:{operation}"})
        + encode_section(AMQP_VALUE, body)
    )
    link.send(payload, delivery_tag=b"q", settled=False)


def defer_all(broker: SteppedBroker, queue: Queue) -> Array:
    with broker.reactor.turn() as now:
        while message := queue.main.peek_lock_next(now=now, who="locks"):
            assert message.lock_token is not None
            queue.main.settling.defer(message.lock_token, now=now)
    return Array([Long(message.sequence_number) for message in queue.main.messages])


# -- Time -------------------------------------------------------------------------------------


def advance(broker: SteppedBroker, seconds: float) -> list[str]:
    """Let time jump, and no turn pass but the first; has an entry when it is over."""
    over: list[str] = []
    Core.advance(broker, seconds, lambda: over.append("over"))
    return over


def test_very_many_that_expire_keep_nobody_waiting_and_are_given_to_nobody(
    broker: SteppedBroker, other: tuple[Client, SenderLink]
) -> None:
    queue = queue_of(broker, "orders", default_message_time_to_live=timedelta(hours=1))
    fill(broker, queue, 20 * TIMERS_AT_ONCE)
    broker.advance(1800)
    fill(broker, queue, 3, b"fresh")
    client = connect(broker, "client")
    link = receiver(client, "orders")
    over = advance(broker, 1900)
    assert turns_until_answered(broker, *other) <= FEW
    link.grant(10)
    say(client)
    assert turns_until_answered(broker, *other) <= FEW
    assert queue.receivable.counts().active > 3
    assert not over
    client.pump()
    assert over
    assert [event.payload[-5:] for event in client.of(MessageReceived)] == [b"fresh"] * 3


def test_a_lock_that_is_over_holds_nothing_though_its_timer_has_not_run(
    broker: SteppedBroker,
) -> None:
    many = queue_of(broker, "many", default_message_time_to_live=timedelta(seconds=20))
    queue = queue_of(broker, "orders", lock_duration=timedelta(seconds=30))
    client = connect(broker, "client")
    link = receiver(client, "orders", 0)
    fill(broker, queue, 1)
    link.grant(1)
    client.pump()
    fill(broker, many, 10 * TIMERS_AT_ONCE)
    advance(broker, 60)
    (message,) = client.of(MessageReceived)
    link.settle(message.delivery_id, Accepted(), settled=False)
    say(client)
    broker.step()
    client.read()
    assert many.receivable.counts().active > 0  # so the lock's timer has not run
    (verdict,) = verdicts(client)
    assert "has run out" in verdict.error.description
    broker.run()
    assert (queue.receivable.counts().active, queue.main.messages.find(1).delivery_count) == (1, 1)  # type: ignore[union-attr]


def test_very_many_locks_that_end_with_a_client_keep_nobody_waiting(
    broker: SteppedBroker, other: tuple[Client, SenderLink]
) -> None:
    queue = queue_of(broker, "orders", lock_duration=timedelta(seconds=30))
    fill(broker, queue, 2000)
    client = connect(broker, "client")
    receiver(client, "orders", 0).grant(2000)
    client.pump()
    client.endpoint.connection_lost()
    assert turns_until_answered(broker, *other) <= FEW
    broker.run()
    assert [event.what for event in broker.trace.after(0)].count("receiver_gone") == 2000


@pytest.mark.parametrize("way", ["lost", "close", "end", "detach"])
def test_very_many_deliveries_that_nobody_will_settle_are_forgotten_a_few_a_turn(
    broker: SteppedBroker,
    other: tuple[Client, SenderLink],
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    monkeypatch.setattr("sbtutorial.amqp.session._FORGOTTEN_AT_ONCE", 16)
    queue = queue_of(broker, "orders", lock_duration=timedelta(minutes=5))
    fill(broker, queue, 2000)
    client = connect(broker, "client")
    link = receiver(client, "orders", 0)
    link.grant(2000)
    client.pump()
    sessions = client.endpoint.connection._sessions
    (session,) = sessions._by_channel.values()
    assert len(session.outgoing_unsettled) == 2000
    if way == "lost":
        client.endpoint.connection_lost()
    else:
        end = {"close": client.connection.close, "end": client.session.end, "detach": link.detach}
        end[way]()
        say(client)
    for _ in range(2):
        assert turns_until_answered(broker, *other) <= FEW
    if way != "lost":
        assert session.outgoing_unsettled  # it is not all done at once
    broker.run()
    assert not session.outgoing_unsettled
    assert queue.receivable.counts().locked == 2000
    gone = [event.what for event in broker.trace.after(0)].count("receiver_gone")
    assert gone == (2000 if way == "lost" else 0)


def test_who_waits_for_a_session_is_served_a_few_a_turn(
    broker: SteppedBroker, other: tuple[Client, SenderLink]
) -> None:
    queue = queue_of(broker, "orders", requires_session=True)
    client = connect(broker, "client")
    next_session = {Symbol("com.microsoft:session-filter"): None}
    links = [
        client.session.attach_receiver(
            f"waits {number}", source=Source("orders", filter=next_session), target=Target("here")
        )
        for number in range(600)
    ]
    client.pump()
    batch = b"".join(
        encode_section(DATA, Properties(group_id=f"s{number}").encode()) for number in range(600)
    )
    hog = connect(broker, "hog")
    sender(hog, "orders").send(
        batch, delivery_tag=b"b", settled=False, message_format=BATCH_MESSAGE_FORMAT
    )
    say(hog)
    while not queue.receivable.counts().active:
        assert broker.step()
    assert turns_until_answered(broker, *other) <= FEW
    assert 0 < len(queue.main.held_ids) < 600  # type: ignore[attr-defined]
    client.pump()
    assert all(link.is_attached for link in links)
    held = [f"s{number}" for number in range(600)]
    assert queue.main.held_ids == held  # type: ignore[attr-defined]


def test_thousands_who_receive_where_nobody_can_any_more_are_detached_a_few_a_turn(
    broker: SteppedBroker, other: tuple[Client, SenderLink]
) -> None:
    queue = queue_of(broker, "orders")
    client = connect(broker, "client")
    for number in range(1000):
        client.session.attach_receiver(f"r{number}", source=Source("orders"), target=Target("h"))
    client.pump()
    disabled = QueueDescription(status=EntityStatus.DISABLED)
    with broker.reactor.turn() as now:
        broker.namespace.update(queue, disabled, now=now)
    assert turns_until_answered(broker, *other) <= FEW
    client.read()
    assert 0 < len(client.of(LinkDetached)) < 1000
    client.pump()
    assert len(client.of(LinkDetached)) == 1000


@pytest.mark.parametrize("subscriptions", [0, 1])
def test_a_batch_to_a_topic_is_handed_out_a_few_a_turn_whoever_takes_it(
    broker: SteppedBroker, other: tuple[Client, SenderLink], subscriptions: int
) -> None:
    with broker.reactor.turn() as now:
        topic = broker.namespace.create("news", TopicDescription(), now=now)
        for _ in range(subscriptions):
            broker.namespace.create("news/Subscriptions/s", SubscriptionDescription(), now=now)
    hog = connect(broker, "hog")
    batch = encode_section(DATA, encode_section(DATA, b"x")) * 3000
    sender(hog, "news").send(
        batch, delivery_tag=b"b", settled=False, message_format=BATCH_MESSAGE_FORMAT
    )
    say(hog)
    while not topic.scheduled_count:
        assert broker.step()
    for _ in range(3):
        assert turns_until_answered(broker, *other) <= FEW
    assert 0 < topic.scheduled_count < 3000
    assert not verdicts(hog)
    hog.pump()
    assert verdicts(hog) == [Accepted()]
    assert topic.scheduled_count == 0


@pytest.mark.parametrize("way", ["delete", "reset"])
def test_a_deep_queue_that_goes_is_freed_a_little_at_a_time(
    broker: SteppedBroker, way: str
) -> None:
    queue = queue_of(broker, "orders", default_message_time_to_live=timedelta(hours=1))
    fill(broker, queue, 1500)
    with broker.reactor.turn() as now:
        if way == "delete":
            broker.namespace.delete(queue, now=now)
        else:
            broker.namespace.reset(now=now)
    assert len(broker.namespace.background) >= 1
    steps = 0
    while broker.step():
        steps += 1
    assert steps > 1
    assert broker.namespace.next_deadline() is None


# -- What nobody foresaw ----------------------------------------------------------------------


def put_unwritable(broker: SteppedBroker, queue: Queue) -> None:
    """A message that no code of ours can encode: every door refuses those that we know of."""
    fill(broker, queue, 1)
    (message,) = queue.main.messages
    message.content.body = None  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", [1, 0], ids=["receive-and-delete", "peek-lock"])
def test_a_message_that_cannot_be_written_is_set_aside_and_the_link_lives(
    broker: SteppedBroker, mode: int
) -> None:
    queue = queue_of(broker, "orders")
    put_unwritable(broker, queue)
    fill(broker, queue, 1)
    client = connect(broker, "client")
    receiver(client, "orders", mode).grant(10)
    client.pump()
    assert len(client.of(MessageReceived)) == 1
    assert not client.of(LinkDetached)
    assert queue.receivable.counts().dead_letter == 1


def test_a_defect_ends_its_own_connection_and_nothing_else(
    broker: SteppedBroker,
    other: tuple[Client, SenderLink],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue_of(broker, "orders")
    client = connect(broker, "client")
    link = sender(client, "orders")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(
        next(iter(client.endpoint._handling.links)).context, "message_received", fail
    )
    send(link)
    say(client)
    assert turns_until_answered(broker, *other) <= FEW
    client.pump()
    (closed,) = client.of(ConnectionClosed)
    assert str(closed.error.condition) == "amqp:internal-error"


def test_a_job_that_fails_ends_the_connection_that_waits_for_it(broker: SteppedBroker) -> None:
    client = connect(broker, "client")

    def job() -> Job:
        yield 0
        raise RuntimeError("a defect")

    broker.reactor.start(job(), owner=client.endpoint)
    client.endpoint._jobs += 1
    client.pump()
    assert client.of(ConnectionClosed)


def test_something_due_that_fails_harms_nothing_else_that_is_due(broker: SteppedBroker) -> None:
    queue = queue_of(broker, "orders", default_message_time_to_live=timedelta(seconds=10))
    fill(broker, queue, 1)

    def fail(_: object, __: float) -> None:
        raise RuntimeError("a defect")

    broker.namespace.timers.call_at(broker.clock.now() + 5, fail, None)
    broker.advance(60)
    assert queue.receivable.counts().total == 0


# -- Jobs -------------------------------------------------------------------------------------


def test_jobs_take_turns_and_those_of_one_key_keep_their_order(broker: SteppedBroker) -> None:
    notes: list[str] = []

    def job(name: str) -> Job:
        yield 0
        for step in range(3):
            notes.append(f"{name}{step}")
            yield 40

    broker.reactor.start(job("a"), key="queue")
    broker.reactor.start(job("b"), key="queue")
    broker.reactor.start(job("c"))
    assert broker.reactor.is_busy("queue")
    broker.run()
    assert not broker.reactor.is_busy("queue")
    assert [note for note in notes if note[0] in "ab"] == ["a0", "a1", "a2", "b0", "b1", "b2"]
    assert notes.index("c2") < notes.index("b0")


def test_a_turn_that_raises_keeps_what_was_done_and_says_so() -> None:
    store = SteppedStore(ListKeeper())
    broker = SteppedBroker(store=store)
    with pytest.raises(RuntimeError, match="half-way"), broker.reactor.turn() as now:
        broker.namespace.create("orders", QueueDescription(), now=now)
        raise RuntimeError("half-way")
    ((changes, _),) = store.waiting
    assert [change.kind for change in changes] == ["queue_created"]


# -- A wall clock that is set -----------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-3600, 3600], ids=["back", "forth"])
def test_a_wall_clock_that_is_set_neither_keeps_a_lock_nor_ends_it(
    broker: SteppedBroker, seconds: float
) -> None:
    queue = queue_of(broker, "orders", lock_duration=timedelta(seconds=30))
    fill(broker, queue, 1)
    client = connect(broker, "client")
    receiver(client, "orders", 0).grant(1)
    client.pump()
    broker.clock.set_wall(broker.clock.wall() + seconds)
    broker.tick(29)
    assert queue.receivable.counts().locked == 1
    broker.tick(2)
    assert queue.receivable.counts().locked == 0


def test_heartbeats_go_on_when_the_wall_clock_is_set_back(broker: SteppedBroker) -> None:
    client = broker.connect("client", idle_time_out_ms=10_000)
    broker.clock.set_wall(broker.clock.wall() - 3600)
    said = len(client.received)
    broker.tick(6)
    client.pump()
    assert len(client.received) > said
