"""A simulated client: how it talks to the broker, and keeps the ledger of what it is told.

What a client does is written as a generator, as if it could wait. It yields a `Wait`; the world
goes on, and comes back when there is what was waited for, or the time is over. When its connection
is over, `Disconnected` is raised in it, and it begins again.
"""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from random import Random
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from sbtutorial.amqp.connection import Connection, ConnectionRole
from sbtutorial.amqp.errors import LocalProtocolError
from sbtutorial.amqp.events import (
    ConnectionClosed,
    DispositionReceived,
    LinkAttached,
    LinkDetached,
    LinkRefused,
    MessageReceived,
)
from sbtutorial.amqp.link import Link
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    BATCH_MESSAGE_FORMAT,
    DATA,
    MESSAGE_ANNOTATIONS,
    Accepted,
    DeliveryState,
    Header,
    Modified,
    Properties,
    Rejected,
    Released,
    Source,
    Target,
    TransactionalState,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Long, Symbol, Timestamp, UInt, decode
from tests.simulation.broken import SLACK_SECONDS, named
from tests.simulation.group_promises import all_tokens_of_a_request_or_none
from tests.simulation.ledger import DEAD, Copy, Hold, Lock, Sending, Sight, Verdict
from tests.simulation.network import Stamp, Wire
from tests.simulation.promises import NO_CLIENT_WAITS_FOR_EVER, PATIENCE_SECONDS
from tests.simulation.world import KEY, World

PLAIN = b"\0RootManageSharedAccessKey\0" + KEY.encode()
SESSION_FILTER = Symbol("com.microsoft:session-filter")
TIMEOUT = Symbol("com.microsoft:timeout")
SCHEDULED = Symbol("x-opt-scheduled-enqueue-time")


class Disconnected(Exception):
    """The connection is over."""


class Wait(NamedTuple):
    """What a client waits for: that `look` gives something.

    Attributes:
        seconds: How long; then it is given None.
        is_owed: The broker must have answered by then.
    """

    look: Callable[[], Any]
    seconds: float
    what: str
    is_owed: bool = False


Doing = Generator[Wait, Any, Any]


class Received(NamedTuple):
    """A message as a client has it."""

    delivery_id: int
    token: bytes
    copy: Copy
    lock: Lock | None
    number: int


class Answer(NamedTuple):
    """To a request: the status, the body, and when the broker said so."""

    status: int
    body: Any
    stamp: Stamp
    text: str

    @property
    def is_good(self) -> bool:
        """Whether it was done."""
        return self.status == 200

    def is_too_late_for(self, lock: Lock) -> bool:
        """Whether a lock may have ended when this was said."""
        until = lock.hold.until if lock.hold else lock.until
        is_over = bool(lock.hold and lock.hold.may_be_over)
        return is_over or self.stamp.at >= until - SLACK_SECONDS


def never() -> None:
    """Nothing to look at."""


def payload_of(
    body: str,
    *,
    label: str | None = None,
    session_id: str | None = None,
    scheduled_ms: int | None = None,
    ttl_ms: int | None = None,
    filler_bytes: int = 0,
) -> bytes:
    """A message as it is sent; its body is its message id as well."""
    parts = [Properties(message_id=body, subject=label, group_id=session_id).encode()]
    if scheduled_ms is not None:
        parts.insert(0, encode_section(MESSAGE_ANNOTATIONS, {SCHEDULED: Timestamp(scheduled_ms)}))
    if ttl_ms is not None:
        parts.insert(0, Header(ttl=UInt(ttl_ms)).encode())
    if filler_bytes:
        parts.append(encode_section(APPLICATION_PROPERTIES, filler(filler_bytes)))
    parts.append(encode_section(DATA, body.encode()))
    return b"".join(parts)


def filler(size: int) -> dict[str, str]:
    """Properties of so many bytes together; each may have 32 KB."""
    return {name: "x" * (size // 4) for name in "abcd"}


class Client:
    """One client of the broker, and all that it does.

    Args:
        world: Where it lives.
        name: Its own.
        slowness: Of its network.
    """

    def __init__(self, world: World, name: str, slowness: float = 0.05) -> None:
        self.world = world
        self.name = name
        self.random = Random(world.random.random())
        self.slowness = slowness
        self.is_done = False
        self.wire: Wire | None = None
        self._doing: Doing = self._live()
        self._wait: Wait | None = None
        self._wait_count = 0
        self._sent_count = 0
        self._forget()

    # -- What it does ---------------------------------------------------------------------------

    def work(self) -> Doing:
        """What it does on one connection."""
        raise NotImplementedError
        yield

    def tell(self, what: str, *details: Any) -> None:
        """Put something in the story."""
        self.world.tell(self.name, what, *details)

    def start(self, after: float) -> None:
        """Begin to live."""
        self.world.timeline.after(after, lambda: self._go(None))

    def cut(self) -> None:
        """Lose the connection."""
        if self.wire is not None and not self.wire.is_over:
            self.tell("connection cut")
            self.wire.cut()

    def may_lose(self) -> None:
        """What the broker sends from now on may never arrive."""

    def _may_have_let_go(self) -> None:
        """The broker may know that the connection is over: sessions end with their links."""
        self._is_cut = True
        self.may_lose()
        for _, _, hold in self._places.values():
            if hold is not None:
                hold.may_be_over = True

    def stop(self) -> None:
        """Live no more."""
        self.is_done = True
        self._doing.close()
        self._wait = None
        self.cut()

    def pause(self, seconds: float) -> Doing:
        """Wait for nothing."""
        yield Wait(never, seconds, "a while")

    def think(self) -> Doing:
        """Be busy for a while, mostly a short one."""
        yield from self.pause(self.random.choice((0.01, 0.05, 0.3, 1.0, 3.0)))

    def _live(self) -> Doing:
        while not self.is_done:
            try:
                yield from self._connect()
                yield from self.work()
                self.is_done = True
                self.cut()
            except (Disconnected, LocalProtocolError):
                self.cut()
            self.wire = None
            yield from self.pause(self.random.choice((0.1, 1.0, 3.0)))

    def _connect(self) -> Doing:
        while self.world.broker is None:
            yield from self.pause(1.0)
        self._forget()
        self.connection = Connection(
            ConnectionRole.CLIENT,
            container_id=self.name,
            sasl_mechanisms=("PLAIN",),
            sasl_response=PLAIN,
            idle_time_out_ms=None,
        )
        wire = Wire(self.world.timeline, self.random, self.world.stamp, self.slowness)
        wire.on_bytes = lambda data, stamp: self._on_bytes(wire, data, stamp)
        wire.on_over = lambda: self._on_over(wire)
        wire.connect(self.world.broker)
        wire.on_cut, wire.on_death = self._may_have_let_go, self.may_lose
        self.world.wires.append(wire)
        self.wire = wire
        self.connection.open()
        self.session = self.connection.begin()
        self.flush()

    # -- Waiting --------------------------------------------------------------------------------

    def owed(self, look: Callable[[], Any], what: str) -> Doing:
        """Wait for what the broker must answer."""
        value = yield Wait(look, PATIENCE_SECONDS, what, is_owed=True)
        return value

    def _go(self, value: Any) -> None:
        """Do what comes next, until there is something to wait for."""
        self._proceed(lambda: self._doing.send(value))

    def _proceed(self, resume: Callable[[], Wait]) -> None:
        if self.is_done:
            return
        self._wait = None
        try:
            wait = resume()
            while (value := wait.look()) is not None:
                wait = self._doing.send(value)
        except StopIteration:
            return
        self._wait = wait
        self._wait_count += 1
        count = self._wait_count
        self.world.timeline.after(wait.seconds, lambda: self._on_time_over(count))

    def _on_time_over(self, count: int) -> None:
        wait = self._wait
        if wait is None or count != self._wait_count:
            return
        if wait.is_owed:
            self.world.broken(
                NO_CLIENT_WAITS_FOR_EVER, f"{self.name} has waited for {wait.what} in vain"
            )
        self._go(None)

    def _look(self) -> None:
        if self._wait is not None and (value := self._wait.look()) is not None:
            self._go(value)

    def _on_over(self, wire: Wire) -> None:
        if wire is not self.wire:
            return
        if self._wait is not None and not self.is_done:
            self.tell("is disconnected")
            self._proceed(lambda: self._doing.throw(Disconnected()))

    # -- Bytes and events -----------------------------------------------------------------------

    def flush(self) -> None:
        """Send what there is to send."""
        if self.wire is not None and not self.wire.is_over:
            if data := self.connection.data_to_send():
                self.wire.send(data)
            elif self.connection.finished:
                self.wire.cut()

    def _on_bytes(self, wire: Wire, data: bytes, stamp: Stamp) -> None:
        if wire is not self.wire:
            return
        self.connection.receive_data(data, now=self.world.timeline.now)
        for event in self.connection.events():
            handler = self._handlers.get(type(event))
            if handler is not None:
                handler(self, event, stamp)
        self.flush()
        self._look()
        self.flush()

    def _forget(self) -> None:
        """A new connection begins with nothing."""
        self._is_cut = False
        self._attached: set[Link] = set()
        self._ended: dict[Link, Error | None] = {}
        self._outcomes: dict[tuple[Link, int], tuple[Any, Stamp]] = {}
        self._inbox: dict[Link, deque[Received]] = {}
        self._places: dict[Link, tuple[str, str, Hold | None]] = {}
        self._answers: dict[UUID, Answer] = {}
        self._asking: dict[str, tuple[SenderLink, ReceiverLink]] = {}
        self._granted: dict[Link, tuple[str, list[Hold]]] = {}

    def _on_attached(self, event: LinkAttached, stamp: Stamp) -> None:
        link = event.link
        self._attached.add(link)
        if link in self._granted:
            place, granted = self._granted[link]
            hold = hold_of(link, place, self.name, stamp)
            hold.may_be_over = self._is_cut
            self.tell("has the session", hold.session_id, "to", f"{hold.until:.3f}")
            self.world.ledger.holds_session(hold)
            granted.append(hold)
            self._places[link] = place, "receive", hold

    def _on_refused(self, event: LinkRefused, _stamp: Stamp) -> None:
        self._ended[event.link] = event.error

    def _on_detached(self, event: LinkDetached, _stamp: Stamp) -> None:
        self._ended[event.link] = event.error
        place = self._places.get(event.link)
        if place is not None and place[2] is not None:
            place[2].may_be_over = True

    def _on_closed(self, event: ConnectionClosed, _stamp: Stamp) -> None:
        self.tell("is closed", event.error)

    def _on_disposition(self, event: DispositionReceived, stamp: Stamp) -> None:
        self._outcomes[event.link, event.delivery_id] = event.state, stamp

    def _on_message(self, event: MessageReceived, stamp: Stamp) -> None:
        if event.link in self._places:
            self._received(event, stamp)
        else:
            self._answered(event, stamp)

    _handlers: ClassVar[dict[type, Callable[["Client", Any, Stamp], None]]] = {
        LinkAttached: _on_attached,
        LinkRefused: _on_refused,
        LinkDetached: _on_detached,
        ConnectionClosed: _on_closed,
        DispositionReceived: _on_disposition,
        MessageReceived: _on_message,
    }

    # -- Sending --------------------------------------------------------------------------------

    def sender(self, address: str) -> Doing:
        """A link to send on."""
        link = self.session.attach_sender(
            f"to {address}", source=Source(self.name), target=Target(address)
        )
        yield from self._attach(link)
        return link

    def new_body(self) -> str:
        """A name for one more message."""
        self._sent_count += 1
        return f"{self.name}-{self._sent_count}"

    def send(
        self, link: SenderLink, payloads: Sequence[bytes], state: DeliveryState | None = None
    ) -> Doing:
        """Send one message, or several as a batch; the outcome, and when it was said."""
        yield from self.owed(lambda: link.credit or self._over(link), "credit")
        if link in self._ended:
            raise Disconnected
        payload, message_format = payloads[0], 0
        if len(payloads) > 1:
            payload = b"".join(encode_section(DATA, one) for one in payloads)
            message_format = BATCH_MESSAGE_FORMAT
        delivery_id = link.send(
            payload,
            delivery_tag=b"%d" % link.delivery_count,
            settled=False,
            message_format=message_format,
            state=state,
        )
        self.flush()
        outcome = yield from self._outcome(link, delivery_id)
        return outcome

    def sent_to(
        self, place: str, bodies: Sequence[str], sent: Stamp, state: Any, stamp: Stamp
    ) -> bool:
        """Note what came of what was sent; whether it was taken."""
        is_taken = isinstance(state, Accepted)
        error = getattr(state, "error", None)
        condition = str(error.condition) if isinstance(error, Error) else ""
        self.tell("was told of", *bodies, state)
        sending = Sending(place, bodies, self.name, sent, stamp, is_taken, condition)
        self.world.ledger.sent(sending)
        return is_taken

    def requested(self, place: str, bodies: Sequence[str], sent: Stamp, answer: Answer) -> None:
        """Note what came of what was sent with a request."""
        is_taken, ledger = answer.is_good, self.world.ledger
        self.tell("was told of", *bodies, answer.status, answer.text)
        ledger.sent(Sending(place, bodies, self.name, sent, answer.stamp, is_taken))

    def _outcome(self, link: Link, delivery_id: int) -> Doing:
        key = link, delivery_id
        outcome = yield from self.owed(
            lambda: self._outcomes.pop(key, None) or self._over(link), "an outcome"
        )
        if outcome is True:
            raise Disconnected
        return outcome

    def _over(self, link: Link) -> bool | None:
        return True if link in self._ended else None

    def _attach(self, link: Link) -> Doing:
        self.flush()
        yield from self.owed(
            lambda: True if link in self._attached or link in self._ended else None, "an attach"
        )
        if link in self._ended:
            raise Disconnected

    # -- Receiving ------------------------------------------------------------------------------

    def receiver(self, place: str, *, takes: bool = False, credit: int = 1) -> Doing:
        """A link to receive on."""
        link = self.session.attach_receiver(
            f"from {place} {len(self._places)}",
            source=Source(place),
            target=Target(self.name),
            snd_settle_mode=1 if takes else 0,
            rcv_settle_mode=0 if takes else 1,
        )
        self._open(link, place, "take" if takes else "receive", None)
        yield from self._attach(link)
        self.grant(link, credit)
        return link

    def accept_session(self, place: str, session_id: str | None, seconds: float) -> Doing:
        """A link to receive a session on, and the hold of it; None when there is none."""
        link = self.session.attach_receiver(
            f"session of {place} {len(self._places)}",
            source=Source(place, filter={SESSION_FILTER: session_id}),
            target=Target(self.name),
            snd_settle_mode=0,
            rcv_settle_mode=1,
            properties={TIMEOUT: UInt(round(seconds * 1000))},
        )
        self._open(link, place, "receive", None)
        granted: list[Hold] = []
        self._granted[link] = place, granted
        self.flush()
        yield from self.owed(
            lambda: True if granted or link in self._ended else None, "a session, or none"
        )
        return (link, granted[0]) if granted else None

    def grant(self, link: ReceiverLink, credit: int) -> None:
        """Welcome messages."""
        if link.is_attached:
            link.grant(credit)
            self.flush()

    def next_message(self, link: ReceiverLink, seconds: float) -> Doing:
        """The next message; None when none comes in time."""
        inbox = self._inbox[link]
        message = yield Wait(
            lambda: inbox.popleft() if inbox else self._over(link), seconds, "a message"
        )
        return None if message is True else message

    def outstanding_takes(self) -> dict[str, int]:
        """Of those who take for good: how many messages may be on the way, by place."""
        found: dict[str, int] = {}
        for link, (place, by, _) in self._places.items():
            if by == "take" and isinstance(link, ReceiverLink):
                found[place] = found.get(place, 0) + max(link.available_credit, 0)
        return found

    def _open(self, link: Link, path: str, by: str, hold: Hold | None) -> None:
        self._places[link] = path, by, hold
        self._inbox[link] = deque()

    def _received(self, event: MessageReceived, stamp: Stamp) -> None:
        path, by, hold = self._places[event.link]
        token = event.delivery_tag if by == "receive" else None
        sight = read_sight(event.payload, path, stamp, self.name, by, token)
        sight.hold = hold
        copy = self.world.ledger.sees(sight)
        lock = copy.locks.get(token) if token else None
        self.tell("has", copy, "number", sight.number, "count", sight.delivery_count)
        message = Received(event.delivery_id, token or b"", copy, lock, sight.number)
        self._inbox[event.link].append(message)

    # -- Settling -------------------------------------------------------------------------------

    def settle(
        self, link: ReceiverLink, message: Received, how: str, txn_id: bytes | None = None
    ) -> Doing:
        """Settle as one of `HOW`; whether it was done."""
        copy, lock = message.copy, message.lock
        assert lock is not None
        ledger = self.world.ledger
        ledger.settles(copy, lock, how)
        outcome = HOW[how]
        if txn_id is not None:
            outcome = TransactionalState(txn_id, outcome)
        self.tell("asks to", how, copy)
        link.settle(message.delivery_id, outcome, settled=False)
        self.flush()
        state, stamp = yield from self._outcome(link, message.delivery_id)
        link.unsettled.pop(message.delivery_id, None)
        if txn_id is None:
            self._settled(message, how, state, stamp)
        return not isinstance(state, Rejected) or (
            how == "dead-letter" and is_dead_lettering(state)
        )

    def _settled(self, message: Received, how: str, state: Any, stamp: Stamp) -> None:
        is_done = type(state) is type(HOW[how])
        if isinstance(state, Rejected):
            is_done = how == "dead-letter" and is_dead_lettering(state)
        error = str(getattr(state, "error", ""))
        self.tell("was told", how, message.copy, is_done, error)
        assert message.lock is not None
        self.world.ledger.settled(Verdict(message.copy, message.lock, how, stamp, is_done, error))

    def settle_by_token(
        self,
        path: str,
        messages: Sequence[Received],
        status: str,
        hold: Hold | None = None,
        wrong: Sequence[UUID] = (),
    ) -> Doing:
        """Settle with one request, which any connection may send; whether it was done.

        Args:
            path: Where they are.
            messages: All of them, or none, are settled.
            status: The protocol's word for how.
            hold: Their session, if any.
            wrong: Tokens that hold nothing, for which the whole request is to be refused.
        """
        how, ledger = BY_TOKEN[status], self.world.ledger
        for message in messages:
            assert message.lock is not None
            ledger.settles(message.copy, message.lock, how)
        self.tell("asks by token to", how, *[message.copy for message in messages])
        tokens = [*(UUID(bytes_le=message.token) for message in messages), *wrong]
        body: dict[str, Any] = {"disposition-status": status, "lock-tokens": tokens}
        if hold is not None:
            body["session-id"] = hold.session_id
        request = [message.copy for message in messages] if how == "complete" else []
        ledger.requests.append(request)
        answer = yield from self.ask(path, "update-disposition", body)
        ledger.requests.remove(request)
        self.tell("was told", how, answer.status, answer.text)
        self._told_together(messages, how, answer, is_wrong=bool(wrong))
        return answer.is_good

    def _told_together(
        self, messages: Sequence[Received], how: str, answer: "Answer", *, is_wrong: bool = False
    ) -> None:
        """What came of one request under several locks: done under all of them, or none."""
        ledger = self.world.ledger
        locks = [message.lock for message in messages if message.lock is not None]
        if is_wrong and answer.is_good:
            self.world.broken(
                named(all_tokens_of_a_request_or_none), f"{self.name}: one of them was wrong"
            )
        if not answer.is_good and (is_wrong or any(map(answer.is_too_late_for, locks))):
            for message, lock in zip(messages, locks, strict=True):
                ledger.was_not_done(message.copy, lock, how)
            return
        for message, lock in zip(messages, locks, strict=True):
            ledger.settled(
                Verdict(message.copy, lock, how, answer.stamp, answer.is_good, answer.text)
            )

    def renew(self, path: str, *messages: Received) -> Doing:
        """Ask for more time for all of these; whether it was given."""
        ledger = self.world.ledger
        locks = [message.lock for message in messages if message.lock is not None]
        were_longer = [lock.may_be_longer for lock in locks]
        for lock in locks:
            ledger.renews(lock)
        body = {"lock-tokens": [UUID(bytes_le=message.token) for message in messages]}
        answer = yield from self.ask(path, "renew-lock", body)
        for lock, was_longer in zip(locks, were_longer, strict=True):
            lock.may_be_longer = was_longer
        self._told_together(messages, "renew", answer)
        ends: Sequence[int | None] = [None] * len(locks)
        if answer.is_good:
            ends = answer.body["expirations"]
        for message, lock, end in zip(messages, locks, ends, strict=True):
            until = None if end is None else end / 1000 + answer.stamp.ahead
            self.tell("renews", message.copy, "to", until)
            ledger.renewed(lock, until)
        return answer.is_good

    # -- Asking ---------------------------------------------------------------------------------

    def ask(self, path: str, operation: str, body: dict[str, Any]) -> Doing:
        """A request to an entity's management node, and the answer."""
        if path not in self._asking:
            address = f"{path}/$management"
            name = f"{address} {len(self._asking)}"
            answers = self.session.attach_receiver(
                name, source=Source(address), target=Target(name)
            )
            requests = self.session.attach_sender(name, source=Source(name), target=Target(address))
            self._asking[path] = requests, answers
            yield from self._attach(requests)
            yield from self._attach(answers)
            answers.grant(1000)
        requests, _ = self._asking[path]
        yield from self.owed(lambda: requests.credit or self._over(requests), "credit for requests")
        request_id = UUID(int=self.random.getrandbits(128))
        payload = (
            Properties(message_id=request_id).encode()
            + encode_section(APPLICATION_PROPERTIES, {"operation": f"com.microsoft:{operation}"})
            + encode_section(AMQP_VALUE, body)
        )
        requests.send(payload, delivery_tag=request_id.bytes, settled=True)
        self.flush()
        answer = yield from self.owed(
            lambda: self._answers.pop(request_id, None) or self._over(requests), operation
        )
        if answer is True:
            raise Disconnected
        return answer

    def _answered(self, event: MessageReceived, stamp: Stamp) -> None:
        sections = split_sections(event.payload)
        assert sections.properties is not None and sections.application_properties is not None
        request_id = Properties.decode_section(sections.properties).correlation_id
        status = decode(sections.application_properties)[0].value
        body = decode(sections.body)[0].value
        assert isinstance(request_id, UUID)
        text = str(status["statusDescription"])
        self._answers[request_id] = Answer(int(status["statusCode"]), body, stamp, text)

    def receive_deferred(self, path: str, numbers: list[int], hold: Hold | None = None) -> Doing:
        """Ask for deferred messages by their numbers."""
        body: dict[str, Any] = {"sequence-numbers": [Long(number) for number in numbers]}
        if hold is not None:
            body["session-id"] = hold.session_id
        answer = yield from self.ask(
            path, "receive-by-sequence-number", {**body, "receiver-settle-mode": UInt(1)}
        )
        messages: list[Received] = []
        for entry in (answer.body or {}).get("messages", ()) if answer.is_good else ():
            token = entry["lock-token"].bytes_le
            sight = read_sight(bytes(entry["message"]), path, answer.stamp, self.name, "ask", token)
            sight.hold = hold
            copy = self.world.ledger.sees(sight)
            messages.append(Received(0, token, copy, copy.locks[token], sight.number))
        return messages


HOW: dict[str, Any] = {
    "complete": Accepted(),
    "abandon": Modified(True, False),
    "release": Released(),
    "defer": Modified(True, True),
    "dead-letter": Rejected(Error(Symbol("com.microsoft:dead-letter"), "", None)),
}


# The protocol's words for it in a request; the spelling is its own.
BY_TOKEN = {
    "completed": "complete",
    "abandoned": "abandon",
    "defered": "defer",
    "suspended": "dead-letter",
}


def is_dead_lettering(state: Rejected) -> bool:
    """Whether this is our own verdict that comes back, and no refusal of it."""
    return state.error is None or state.error.condition == "com.microsoft:dead-letter"


def hold_of(link: Link, place: str, who: str, stamp: Stamp) -> Hold:
    """What the answer to an attach says of a session."""
    source, attach = link.source, link.remote_attach
    assert isinstance(source, Source) and source.filter is not None and attach is not None
    session_id = source.filter[SESSION_FILTER]
    properties = attach.properties or {}
    ticks = properties[Symbol("com.microsoft:locked-until-utc")]
    until = (ticks - 621_355_968_000_000_000) / 10_000_000
    return Hold(place, session_id, who, stamp, until + stamp.ahead)


def read_sight(
    payload: bytes, path: str, stamp: Stamp, who: str, by: str, token: bytes | None = None
) -> Sight:
    """A message as it came: what the broker says of it."""
    sections = split_sections(payload)
    notes = decode(sections.message_annotations)[0].value if sections.message_annotations else {}
    count = Header.decode_section(sections.header).delivery_count if sections.header else 0
    until = notes.get("x-opt-locked-until")
    body = bytes(decode(sections.body)[0].value).decode()
    place, is_dead = path.removesuffix(DEAD), path.endswith(DEAD)
    reason = None
    if is_dead and sections.application_properties:
        reason = decode(sections.application_properties)[0].value.get("DeadLetterReason")
    return Sight(
        place,
        is_dead,
        body,
        int(notes.get("x-opt-sequence-number", 0)),
        int(count or 0),
        stamp,
        who,
        by,
        token,
        None if until is None else until / 1000 + stamp.ahead,
        reason=reason,
    )
