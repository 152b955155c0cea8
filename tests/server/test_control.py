"""The lab's calls, as requests and responses: no socket, and a clock that stands still."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any
from uuid import UUID

import pytest

from sbtutorial.amqp.link import Link
from sbtutorial.amqp.types import Array, Decimal128, Described, Symbol, Timestamp, ULong
from sbtutorial.broker.changes import ChangeKind, EntityChange
from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.message import DEAD_LETTER_REASON, Message
from sbtutorial.clock import ManualClock
from sbtutorial.gateway.access.sas import LISTEN, SEND, Key, sign
from sbtutorial.gateway.presence import Attached
from sbtutorial.http.request import Request, Response
from sbtutorial.server import control
from sbtutorial.server.broker_server import KEY_NAME, BrokerServer
from sbtutorial.server.snapshot import SHOWN_PER_STATE, body_text
from sbtutorial.snapshot import QueueSnapshot
from sbtutorial.trace import Event
from sbtutorial.views.event_table import EventTable
from sbtutorial.views.queue_picture import Picture


class Caller:
    """Makes calls on a broker that has no port."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.broker = BrokerServer(clock=self.clock)
        self.token = self.sign(self.broker.key)

    def sign(self, key: str, name: str = KEY_NAME) -> str:
        return sign("http://127.0.0.1:5672/", name, key, self.clock.wall() + 60)

    async def call(
        self, method: str, target: str, body: bytes = b"", token: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        headers = {"host": "127.0.0.1:5672", "authorization": token or self.token}
        request = Request(method, f"/$lab/{target}", headers, body)
        response: Response | Awaitable[Response] = control.handle(request, self.broker)
        if not isinstance(response, Response):
            response = await response
        return response.status, json.loads(response.body)

    def send(self, name: str, *bodies: object) -> None:
        messages = [Message(body, size_bytes=10) for body in bodies]
        with self.broker.reactor.turn() as now:
            self.broker.namespace.directory.queue(name).ingress.send(messages, now=now)

    def create(self, name: str) -> None:
        with self.broker.reactor.turn() as now:
            self.broker.namespace.create(name, QueueDescription(), now=now)


class Content:
    """What the server keeps of a message: here, only its body."""

    application_properties = None

    def __init__(self, body: bytes) -> None:
        self.body = body


def data(text: bytes) -> Content:
    return Content(b"\x00\x53\x75\xa0" + bytes([len(text)]) + text)


@pytest.fixture
async def caller() -> Caller:
    return Caller()


async def test_status_says_who_answers(caller: Caller) -> None:
    caller.create("orders")
    status, answer = await caller.call("GET", "status")
    assert status == 200
    expected = {"namespace": "tutorial", "tier": "Standard", "queues": 1, "connections": 0}
    assert expected.items() <= answer.items()
    assert answer["started_at"] == caller.clock.wall()


@pytest.mark.parametrize(
    ("target", "method"),
    sorted((target, method) for target, methods in control._ROUTES.items() for method in methods),
)
async def test_every_call_needs_the_key(caller: Caller, target: str, method: str) -> None:
    status, answer = await caller.call(method, target, token=caller.sign("another key"))
    assert status == 401
    assert "key" in answer["error"]


async def test_key_without_manage_is_refused(caller: Caller) -> None:
    caller.broker.keys["Listener"] = Key("secret", frozenset({LISTEN}))
    status, answer = await caller.call("GET", "status", token=caller.sign("secret", "Listener"))
    assert status == 401
    assert "Manage" in answer["error"]


async def test_unknown_call_names_those_that_exist(caller: Caller) -> None:
    status, answer = await caller.call("GET", "fly")
    assert status == 404
    assert "advance" in answer["error"]


async def test_wrong_method_is_refused(caller: Caller) -> None:
    status, answer = await caller.call("GET", "reset")
    assert status == 405
    assert "POST" in answer["error"]


async def test_advance_ages_what_the_broker_holds(caller: Caller) -> None:
    caller.create("orders")
    caller.send("orders", "coffee")
    with caller.broker.reactor.turn() as now:
        caller.broker.namespace.directory.subqueue("orders").peek_lock_next(now=now, who="cashier")
    assert await caller.call("POST", "advance", b'{"seconds": 61}') == (
        200,
        {"advanced_seconds": 61.0},
    )
    _, answer = await caller.call("GET", "events?entity=orders")
    assert answer["events"][-1]["what"] == "lock_expired"
    _, answer = await caller.call("GET", "events")
    advanced = [event for event in answer["events"] if event["what"] == "advanced"]
    assert [(one["seconds"], one["detail"]) for one in advanced] == [(61.0, "by 61 s")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"60",
        b"{}",
        b'{"seconds": "60"}',
        b'{"seconds": true}',
        b'{"seconds": null}',
        b'{"seconds": 0}',
        b'{"seconds": -1}',
        b'{"seconds": NaN}',
        b'{"seconds": Infinity}',
        b'{"seconds": 1e300}',
        b"[" * 100_000,
        b"\xff",
    ],
)
async def test_advance_by_nonsense_is_refused_in_a_sentence(caller: Caller, body: bytes) -> None:
    status, answer = await caller.call("POST", "advance", body)
    assert status == 400
    assert answer["error"].endswith(".")
    assert caller.clock.advanced_seconds == 0


async def test_reset_deletes_every_queue(caller: Caller) -> None:
    caller.create("orders")
    assert await caller.call("POST", "reset") == (200, {})
    assert caller.broker.namespace.directory.queues() == []


async def test_shutdown_ends_a_process_of_its_own(caller: Caller) -> None:
    asked = []
    caller.broker.on_shutdown = lambda: asked.append("stop")
    assert await caller.call("POST", "shutdown") == (200, {})
    assert asked == ["stop"]


async def test_shutdown_of_a_part_of_another_program_is_refused(caller: Caller) -> None:
    status, answer = await caller.call("POST", "shutdown")
    assert status == 409
    assert "another program" in answer["error"]


# -- Events -----------------------------------------------------------------------------------


async def test_events_come_in_order_after_a_number(caller: Caller) -> None:
    caller.create("orders")
    caller.send("orders", "coffee", "tea")
    _, answer = await caller.call("GET", "events?after=1")
    assert [(event["number"], event["what"]) for event in answer["events"]] == [
        (2, "sent"),
        (3, "sent"),
    ]
    assert (answer["last"], answer["dropped"]) == (3, 0)


async def test_events_of_one_queue_leave_the_others_out(caller: Caller) -> None:
    caller.create("orders")
    caller.create("payments")
    _, answer = await caller.call("GET", "events?entity=payments")
    assert [event["entity"] for event in answer["events"]] == ["payments"]


async def test_long_poll_ends_with_the_next_event(caller: Caller) -> None:
    poll = asyncio.ensure_future(caller.call("GET", "events?wait=60"))
    await asyncio.sleep(0)  # let it begin to wait
    assert not poll.done()
    caller.create("orders")
    _, answer = await poll
    assert [event["what"] for event in answer["events"]] == ["queue_created"]


async def test_long_poll_of_one_queue_sleeps_on_while_others_are_busy(caller: Caller) -> None:
    poll = asyncio.ensure_future(caller.call("GET", "events?entity=payments&wait=60"))
    await asyncio.sleep(0)
    caller.create("orders")
    await asyncio.sleep(0)
    assert not poll.done()
    caller.create("payments")
    _, answer = await poll
    assert [event["entity"] for event in answer["events"]] == ["payments"]


async def test_long_poll_without_events_ends_empty(caller: Caller) -> None:
    _, answer = await caller.call("GET", "events?wait=0.001")
    assert answer == {"events": [], "last": 0, "dropped": 0}


async def test_cancelled_long_poll_leaves_no_subscriber(caller: Caller) -> None:
    poll = asyncio.ensure_future(caller.call("GET", "events?wait=60"))
    await asyncio.sleep(0)
    assert len(caller.broker.trace._subscribers) == 1
    poll.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poll
    assert caller.broker.trace._subscribers == []


async def test_reader_of_an_earlier_broker_is_told_where_this_one_is(caller: Caller) -> None:
    caller.create("orders")
    _, answer = await caller.call("GET", "events?after=900&wait=60")
    assert (answer["events"], answer["last"]) == ([], 1)


async def test_page_of_events_says_where_the_next_one_begins(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "MAX_EVENTS", 2)
    for name in ("a", "b", "c"):
        caller.create(name)
    _, first = await caller.call("GET", "events")
    _, second = await caller.call("GET", f"events?after={first['last']}")
    assert [event["entity"] for event in first["events"] + second["events"]] == ["a", "b", "c"]


@pytest.mark.parametrize("query", ["after=-1", "after=x", "wait=nan", "wait=-3", "after=inf"])
async def test_events_by_nonsense_are_refused_in_a_sentence(caller: Caller, query: str) -> None:
    status, answer = await caller.call("GET", f"events?{query}")
    assert status == 400
    assert query.partition("=")[0] in answer["error"]


# -- Pictures ---------------------------------------------------------------------------------


async def test_queue_shows_each_message_in_its_state(caller: Caller) -> None:
    caller.create("orders")
    caller.send("orders", data(b"coffee"), data(b"tea"), data(b"cake"))
    with caller.broker.reactor.turn() as now:
        line = caller.broker.namespace.directory.subqueue("orders")
        spoiled = line.peek_lock_next(now=now, who="cashier")
        assert spoiled is not None
        assert spoiled.lock_token is not None
        line.settling.dead_letter(spoiled.lock_token, "spoiled", now=now)
        line.peek_lock_next(now=now, who="cashier")
    caller.clock.tick(10)
    _, answer = await caller.call("GET", "queues/Orders")
    seen = {message["text"]: message for message in answer["messages"]}
    assert answer["name"] == "orders"
    assert answer["counts"] == {"ready": 1, "locked": 1, "deferred": 0, "scheduled": 0, "dead": 1}
    assert seen["cake"]["state"] == "ready"
    assert (seen["tea"]["state"], seen["tea"]["locked_by"]) == ("locked", "cashier")
    assert (seen["tea"]["lock_seconds_left"], seen["tea"]["holder_attached"]) == (50.0, False)
    assert (seen["coffee"]["state"], seen["coffee"]["dead_letter_reason"]) == ("dead", "spoiled")


async def test_queue_shows_the_first_of_many_and_counts_them_all(caller: Caller) -> None:
    caller.create("orders")
    caller.send("orders", *range(SHOWN_PER_STATE + 5))
    _, answer = await caller.call("GET", "queues/orders")
    numbers = [message["sequence_number"] for message in answer["messages"]]
    assert numbers == list(range(1, SHOWN_PER_STATE + 1))
    assert answer["counts"]["ready"] == SHOWN_PER_STATE + 5


async def test_picture_of_a_missing_queue_names_those_that_exist(caller: Caller) -> None:
    caller.create("orders")
    status, answer = await caller.call("GET", "queues/oders")
    assert status == 404
    assert "'orders'" in answer["error"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\x00\x53\x75\xa0\x06coffee", "coffee"),
        (b"\x00\x53\x75\xa0\x03tea\x00\x53\x75\xa0\x04cake", "tea"),
        (b"\x00\x53\x77\xa1\x03tea", "tea"),
        (b"\x00\x53\x75\xa0\x02\xff\xfe", None),
        (b"\x00\x53\x77\x54\x07", None),
        (b"\x00\x53\x77\x40", None),
        (b"\x00\x53\x75\xa0\x06cof", None),
        (b"", None),
    ],
)
def test_text_of_a_body_is_its_text_or_nothing(body: bytes, text: str | None) -> None:
    assert body_text(body) == text


ODD = [
    b"bytes",
    b"\xff\xfe",
    "half \ud800",
    "x" * 100_000,
    b"y" * 100_000,
    {"a": {b"\xff": "\udfff"}},
    ["nested", [[[[["deep"]]]]]],
    Decimal128(bytes(16)),
    Described(Symbol("a:b"), b"\x00"),
    Array([Timestamp(2**63 - 1)]),
    UUID(int=7),
    float("nan"),
    ULong(2**64 - 1),
    True,
    "\x1b[31mred\x1b[0m\nnew line",
]


@pytest.mark.parametrize("value", ODD, ids=lambda value: type(value).__name__)
async def test_whatever_a_message_carries_can_be_shown(caller: Caller, value: Any) -> None:
    caller.create("orders")
    message = Message(data(b"coffee"), size_bytes=10)
    with caller.broker.reactor.turn() as now:
        caller.broker.namespace.directory.queue("orders").ingress.send([message], now=now)
        subqueue = caller.broker.namespace.directory.subqueue("orders")
        locked = subqueue.peek_lock_next(now=now, who="cashier")
        assert locked is not None
        assert locked.lock_token is not None
        subqueue.settling.dead_letter(locked.lock_token, "spoiled", now=now)
    # Whatever the door lets through, today or one day.
    locked.message_id = locked.session_id = value
    locked.properties = {DEAD_LETTER_REASON: value}
    caller.broker.trace.record(
        EntityChange(now, ChangeKind.ABANDONED, "orders", 1, value, 0, value, value)
    )
    for target in ("events?entity=orders", "queues/orders"):
        status, answer = await caller.call("GET", target)
        assert status == 200
        json.dumps(answer, ensure_ascii=False).encode()  # no half character in it
        assert len(json.dumps(answer)) < 20_000
    events = [Event(**event) for event in (await caller.call("GET", "events"))[1]["events"]]
    queue = QueueSnapshot.from_plain((await caller.call("GET", "queues/orders"))[1])
    shown = f"{EventTable(events)!r}\n{Picture(queue)!r}"
    shown.encode()
    assert "\x1b" not in shown
    assert len(shown.splitlines()) == 9  # a heading, five events; ready, locked, dead


async def test_queue_shrinks_below_what_any_tier_offers(caller: Caller) -> None:
    caller.create("orders")
    status, answer = await caller.call("POST", "shrink/orders", b'{"megabytes": 1}')
    assert (status, answer) == (200, {"max_size_in_megabytes": 1})
    assert caller.broker.namespace.directory.queue("orders").ingress.max_size_bytes == 1024 * 1024


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "Say to what size"),
        (b'{"megabytes": 1.5}', "whole number"),
        (b'{"megabytes": true}', "whole number"),
        (b'{"megabytes": 0}', "1 to 1024 MB"),
        (b'{"megabytes": 2048}', "1 to 1024 MB"),
    ],
)
async def test_shrinking_by_nonsense_is_refused_in_a_sentence(
    caller: Caller, body: bytes, says: str
) -> None:
    caller.create("orders")
    status, answer = await caller.call("POST", "shrink/orders", body)
    assert status == 400
    assert says in answer["error"]


def attach(caller: Caller, who: str) -> Link:
    link = Link.__new__(Link)  # only its identity counts
    caller.broker.presence.enter(link, Attached(who, SEND, "orders"))
    return link


async def test_a_poll_that_knows_who_is_there_ends_when_somebody_comes_or_goes(
    caller: Caller,
) -> None:
    caller.create("orders")
    _, first = await caller.call("GET", "events?presence=0")
    poll = asyncio.ensure_future(caller.call("GET", "events?after=1&presence=0&wait=60"))
    await asyncio.sleep(0)
    link = attach(caller, "shop")
    _, answer = await poll
    assert (answer["events"], answer["last"]) == ([], 1)
    assert answer["presence"] != first["presence"]

    _, shown = await caller.call("GET", "queues/orders")
    assert shown["clients"] == [{"who": "shop", "is_sender": True}]
    caller.broker.presence.leave(link)
    known = answer["presence"]
    _, answer = await caller.call("GET", f"events?after=1&presence={known}&wait=60")
    assert answer["presence"] != known


async def test_what_happens_as_somebody_comes_is_in_the_answer(caller: Caller) -> None:
    poll = asyncio.ensure_future(caller.call("GET", "events?presence=0&wait=60"))
    await asyncio.sleep(0)
    attach(caller, "shop")
    caller.create("orders")
    _, answer = await poll
    assert [event["what"] for event in answer["events"]] == ["queue_created"]


async def test_a_poll_that_knows_who_is_there_leaves_nobody_behind(caller: Caller) -> None:
    poll = asyncio.ensure_future(caller.call("GET", "events?presence=0&wait=60"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    poll.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poll
    await asyncio.sleep(0)
    assert caller.broker.presence._listeners == []
    assert caller.broker.trace._subscribers == []
