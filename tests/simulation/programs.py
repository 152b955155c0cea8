"""What simulated clients do with queues: send, receive, take, hold sessions."""

from random import Random
from typing import Any, ClassVar

from sbtutorial.broker.descriptions import EntityStatus
from tests.simulation.asking import Answer
from tests.simulation.client import Client, Received
from tests.simulation.ledger import DEAD, Copy, SessionWork
from tests.simulation.living import Doing
from tests.simulation.messages import payload_of
from tests.simulation.network import Wire
from tests.simulation.world import World

# How often a receiver settles in which way; what is not settled at once is said by the names.
MANNERS = {
    "complete": 50,
    "abandon": 10,
    "release": 6,
    "defer": 6,
    "dead-letter": 6,
    "late": 6,  # asks for completion when the lock is over, or nearly
    "renew": 6,
    "by token": 6,
    "forget": 4,  # never settles
}


def chosen(random: Random, weights: dict[str, int]) -> str:
    """One of the names, as often as its weight says."""
    return random.choices(list(weights), list(weights.values()))[0]


class Sender(Client):
    """Sends to one queue, one by one or in batches."""

    session_ids: tuple[str | None, ...] = (None,)
    labels: tuple[str | None, ...] = (None,)
    lives: tuple[int | None, ...] = (None, None, None, 20_000)
    fillers: tuple[int, ...] = (0,)
    known: ClassVar[dict[str, Any]] = {}  # of each message, for the ledger

    def __init__(self, world: World, name: str, place: str, count: int, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.place = place
        self.count = count

    def places_of(self, _label: str | None) -> tuple[str, ...]:
        """Where a message comes that has this label."""
        return (self.place,)

    def work(self) -> Doing:
        link = yield from self.sender(self.place)
        while self.count > 0:
            size = min(self.random.choice((1, 1, 1, 2, 5)), self.count)
            self.count -= size
            session_id = self.random.choice(self.session_ids)
            ttl = self.random.choice(self.lives)
            yield from self.send_some(link, size, session_id, ttl)
            yield from self.think()

    def send_some(self, link: Any, size: int, session_id: str | None, ttl_ms: int | None) -> Doing:
        """So many messages at once, and what comes of them."""
        ledger, sent = self.world.ledger, self.world.stamp()
        payloads: list[bytes] = []
        batch: list[list[Copy]] = []
        for _ in range(size):
            body, label = self.new_body(), self.random.choice(self.labels)
            places = self.places_of(label)
            known: dict[str, Any] = {"session_id": session_id, **self.known}
            if ttl_ms is not None:
                known["expires_after"] = ttl_ms / 1000
            copies = ledger.tries(places, body, self.name, sent, **known)
            for copy in copies if ttl_ms is not None else ():
                copy.may_be_gone = copy.place not in ledger.fragile
            self.note(copies)
            payloads.append(
                payload_of(
                    body,
                    label=label,
                    session_id=session_id,
                    ttl_ms=ttl_ms,
                    filler_bytes=self.random.choice(self.fillers),
                )
            )
            batch.append(copies)
        bodies = [copies[0].body for copies in batch]
        self.tell("sends", *bodies)
        together = [copy for copies in batch for copy in copies]
        ledger.batches.append(together)
        state, stamp = yield from self.send(link, payloads)
        ledger.batches.remove(together)
        is_taken = self.sent_to(self.place, bodies, sent, state, stamp)
        for copy in together:
            (ledger.accepted if is_taken else ledger.refused)([copy.place], copy.body, stamp)

    def note(self, copies: list[Copy]) -> None:
        """See to what else is to be known of a message that goes out."""


class Receiver(Client):
    """Receives under locks, with prefetch, and settles in all manners."""

    credits: tuple[int, ...] = (1, 3, 10)

    def __init__(
        self,
        world: World,
        name: str,
        place: str,
        manners: dict[str, int] = MANNERS,
        **options: Any,
    ) -> None:
        super().__init__(world, name, **options)
        self.place = place
        self.manners = manners
        self.deferred: list[int] = []

    def work(self) -> Doing:
        link = yield from self.receiver(self.place, credit=self.random.choice(self.credits))
        credit = link.available_credit
        while True:
            message = yield from self.next_message(link, 30.0)
            if self.has_ended(link):
                return
            if message is not None:
                yield from self.handle(link, message)
                link.keep_credit(credit)
                self.flush()
            if self.deferred and self.random.random() < 0.4:
                yield from self.ask_for_deferred()
            if self.random.random() < 0.03:
                link.detach()
                self.flush()
                yield from self.think()
                link = yield from self.receiver(self.place, credit=credit)

    def handle(self, link: Any, message: Received) -> Doing:
        """Do something with one message."""
        manner = chosen(self.random, self.manners)
        assert message.lock is not None
        if manner == "forget":
            return
        if manner == "by token":
            status = self.random.choice(("completed", "abandoned"))
            yield from self.settle_by_token(self.place, [message], status)
            return
        if manner == "late":
            left = message.lock.until - self.world.broker_time
            yield from self.pause(max(left + self.random.choice((-0.3, 0.0, 0.5)), 0.0))
            manner = "complete"
        elif manner == "renew":
            yield from self.renew(self.place, message)
            manner = "complete"
        elif self.random.random() < 0.5:
            yield from self.think()
        is_done = yield from self.settle(link, message, manner)
        if is_done and manner == "defer":
            self.deferred.append(message.number)

    def ask_for_deferred(self) -> Doing:
        """Have one of those set aside, and settle it by its token."""
        number = self.deferred.pop(self.random.randrange(len(self.deferred)))
        if messages := (yield from self.receive_deferred(self.place, [number])):
            status = self.random.choice(("completed", "completed", "abandoned"))
            yield from self.settle_by_token(self.place, messages, status)


class Digger(Receiver):
    """Receives very much at once: if it goes away, very many locks end at one instant."""

    credits = (10, 300)


class Undertaker(Receiver):
    """Looks after a dead-letter queue."""

    def __init__(self, world: World, name: str, place: str, **options: Any) -> None:
        manners = {"complete": 3, "abandon": 1, "renew": 1}
        super().__init__(world, name, place + DEAD, manners, **options)


class Taker(Client):
    """Receives and deletes: what is on its way when the connection breaks is lost."""

    def __init__(self, world: World, name: str, place: str, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.place = place
        self._excused: Wire | None = None  # the connection whose loss is counted already

    def work(self) -> Doing:
        credit = self.random.choice((1, 5))
        link = yield from self.receiver(self.place, takes=True, credit=credit)
        while not self.has_ended(link):
            if (yield from self.next_message(link, 30.0)) is not None:
                yield from self.think()
                link.keep_credit(credit)
                self.flush()

    def may_lose(self) -> None:
        """What it was sent and has not seen is gone."""
        if self._excused is not self.wire:
            self._excused = self.wire
            for place, count in self.outstanding_takes().items():
                self.world.ledger.excuse(place, count)


class Relayed(Sender):
    """Sends to a queue that forwards to another one."""

    lives = (None,)
    known: ClassVar = {"comes_by": ("inbox",)}

    def places_of(self, _label: str | None) -> tuple[str, ...]:
        """Where it is forwarded to."""
        return ("outbox",)


class Lettered(Sender):
    """Sends to a queue whose dead letters go on to another one."""

    lives = (None,)

    def note(self, copies: list[Copy]) -> None:
        """It may come there, too, as a message with a number of its own."""
        (copy,) = copies
        ledger = self.world.ledger
        (copy.goes_on_as,) = ledger.tries(["returns"], copy.body, self.name, copy.sent)
        ledger.came_from["returns", copy.body] = copy


class Doorkeeper(Client):
    """Disables an entity for sending, again and again; at times the broker dies meanwhile."""

    def __init__(self, world: World, name: str, place: str, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.place = place

    def _live(self) -> Doing:
        while True:
            yield from self.pause(self.random.choice((1.0, 4.0, 10.0)))
            self.world.set_status(self.place, EntityStatus.SEND_DISABLED)
            yield from self.pause(self.random.choice((2.0, 8.0)))
            if self.random.random() < 0.3:
                self.world.crash()
            while not self.world.set_status(self.place, EntityStatus.ACTIVE):
                yield from self.pause(1.0)


class BulkSender(Sender):
    """Sends batches that are too long for one turn of the broker."""

    lives = (None,)

    def work(self) -> Doing:
        link = yield from self.sender(self.place)
        while self.count > 0:
            self.count -= 1
            yield from self.send_some(link, self.random.choice((10, 40, 70, 100)), None, None)
            yield from self.think()


class SessionSender(Sender):
    """Sends to sessions."""

    session_ids = ("red", "green", "blue")
    lives = (None,)


class SessionReceiver(Client):
    """Takes sessions, one after the other, works on their messages and keeps their state."""

    def __init__(self, world: World, name: str, place: str, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.place = place
        self.state_count = 0
        self.deferred: dict[str, list[int]] = {}

    def work(self) -> Doing:
        while True:
            session_id = self.random.choice((None, None, "red", "green", "blue"))
            found = yield from self.accept_session(self.place, session_id, 10.0)
            if found is None:
                yield from self.think()
                continue
            link, hold = found
            yield from self.look_at_state(hold)
            self.grant(link, self.random.choice((1, 4)))
            yield from self.work_on(link, hold)
            hold.may_be_over = True
            link.detach()
            self.flush()
            yield from self.think()

    def work_on(self, link: Any, hold: Any) -> Doing:
        """Some messages of a session."""
        for _ in range(self.random.randrange(1, 8)):
            message = yield from self.next_message(link, self.random.choice((0.5, 5.0)))
            if message is None:
                return
            if self.random.random() < 0.4:
                yield from self.think()
            draw = self.random.random()
            if draw < 0.15:
                yield from self.renew_session(hold)
            elif draw < 0.3:
                yield from self.set_state(hold)
            elif draw < 0.4:
                yield from self.be_late(hold)
            weights = {"complete": 10, "abandon": 1, "release": 1, "defer": 1, "forget": 1}
            how = chosen(self.random, weights)
            is_done = how != "forget" and (yield from self.settle(link, message, how))
            if is_done and how == "defer":
                self.deferred.setdefault(hold.session_id, []).append(message.number)
            if self.deferred.get(hold.session_id) and self.random.random() < 0.5:
                yield from self.ask_for_deferred(hold)
            if link.available_credit == 0:
                self.grant(link, 4)

    def ask_for_deferred(self, hold: Any) -> Doing:
        """Have one of those that were set aside in this session."""
        number = self.deferred[hold.session_id].pop()
        if messages := (yield from self.receive_deferred(self.place, [number], hold)):
            yield from self.settle_by_token(self.place, messages, "completed", hold)

    def renew_session(self, hold: Any) -> Doing:
        """Ask for more time."""
        was_longer = hold.may_be_longer
        self.world.ledger.renews(hold)
        answer = yield from self.ask(
            self.place, "renew-session-lock", {"session-id": hold.session_id}
        )
        hold.may_be_longer = was_longer
        self.worked_on(hold, "renew", answer)
        until = answer.body["expiration"] / 1000 + answer.stamp.ahead if answer.is_good else None
        self.tell("renews the session", hold.session_id, "to", until)
        self.world.ledger.renewed(hold, until)

    def be_late(self, hold: Any) -> Doing:
        """Do something with the session when its lock is over, or nearly."""
        left = hold.until - self.world.broker_time
        yield from self.pause(max(left + self.random.choice((-0.3, 0.0, 0.5)), 0.0))
        do = self.random.choice((self.renew_session, self.set_state, self.look_at_state))
        yield from do(hold)

    def set_state(self, hold: Any) -> Doing:
        """Keep something with the session."""
        self.state_count += 1
        state = f"{self.name} {self.state_count}".encode()
        self.world.ledger.may_have_state(hold, state)
        self.tell("sets the state of", hold.session_id, state)
        answer = yield from self.ask(
            self.place,
            "set-session-state",
            {"session-id": hold.session_id, "session-state": state},
        )
        self.tell("was told", answer.status)
        self.worked_on(hold, "set the state of", answer)
        if answer.is_good:
            self.world.ledger.has_state(hold, state, answer.stamp)

    def worked_on(self, hold: Any, what: str, answer: Answer) -> None:
        """Note what came of something that only the session's holder may do."""
        work = SessionWork(hold, what, answer.stamp, answer.is_good, answer.text)
        self.world.ledger.worked_on_session(work)

    def look_at_state(self, hold: Any) -> Doing:
        """See what was kept."""
        answer = yield from self.ask(
            self.place, "get-session-state", {"session-id": hold.session_id}
        )
        self.worked_on(hold, "see the state of", answer)
        if answer.is_good:
            self.tell("sees the state of", hold.session_id, answer.body["session-state"])
            self.world.ledger.saw_state(hold, answer.body["session-state"], answer.stamp)
