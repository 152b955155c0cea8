"""What simulated clients do beyond queues: schedule, repeat, use topics, transactions and HTTP."""

import json
from math import inf
from typing import Any
from xml.sax.saxutils import escape

from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    Accepted,
    Coordinator,
    Declare,
    Declared,
    Discharge,
    Source,
    TransactionalState,
)
from sbtutorial.amqp.types import Long
from tests.simulation.client import Client, Doing, Received, Wait, payload_of
from tests.simulation.ledger import Lock, Sight, Verdict
from tests.simulation.network import Stamp
from tests.simulation.programs import Sender
from tests.simulation.promises import (
    NO_CLIENT_WAITS_FOR_EVER,
    PATIENCE_SECONDS,
    WHAT_WAS_MADE_IS_THERE,
)
from tests.simulation.world import World

SUBSCRIPTIONS = ("news/Subscriptions/all", "news/Subscriptions/hot", "news/Subscriptions/odd")
LOOKS = 500  # how often who waits for a response looks for it
CANNOT_NOW = 503  # the disk is full
_VALUE = bytes((0x00, 0x53, AMQP_VALUE))


class Planner(Client):
    """Schedules messages, and cancels some of them, early or too late."""

    def __init__(self, world: World, name: str, place: str, count: int, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.place = place
        self.count = count

    def work(self) -> Doing:
        while self.count > 0:
            self.count -= 1
            number, copy, at = yield from self.schedule()
            draw = self.random.random()
            if number is None or draw < 0.5:
                yield from self.think()
                continue
            if draw < 0.8:  # just before its time, or just after
                left = at - self.world.broker_time + self.random.choice((-0.2, 0.0, 0.1))
                yield from self.pause(max(left, 0.0))
            yield from self.cancel(number, copy)

    def schedule(self) -> Doing:
        """One message for later."""
        seconds = self.random.choice((0.5, 2.0, 10.0, 60.0))
        wall_ms = round((self.world.wall + seconds) * 1000)
        sent, body, ledger = self.world.stamp(), self.new_body(), self.world.ledger
        at = wall_ms / 1000 + sent.ahead
        ledger.tries([self.place], body, self.name, sent, not_before=-inf)
        copy = ledger.copies[self.place, body]
        self.tell("schedules", body, f"for {at:.3f}")
        messages = [{"message": payload_of(body, scheduled_ms=wall_ms), "message-id": body}]
        answer = yield from self.ask(self.place, "schedule-message", {"messages": messages})
        if not answer.is_good:
            ledger.refused([self.place], body, answer.stamp)
            return None, copy, at
        # By the clock of the instant at which the broker had it.
        at = copy.not_before = wall_ms / 1000 + answer.stamp.ahead
        ledger.accepted([self.place], body, answer.stamp)
        return answer.body["sequence-numbers"][0], copy, at

    def cancel(self, number: int, copy: Any) -> Doing:
        """Take one back."""
        copy.may_be_gone = True
        self.tell("cancels", copy)
        answer = yield from self.ask(
            self.place, "cancel-scheduled-message", {"sequence-numbers": [Long(number)]}
        )
        self.tell("was told", answer.status, answer.text)
        if answer.is_good:
            copy.gone = answer.stamp
        elif not copy.locks and copy.gone is None:
            copy.may_be_gone = False  # it has come: nobody has taken it away


class Stubborn(Sender):
    """Sends again what it has no answer to: the queue takes each message once."""

    lives = (None,)
    WINDOW_SECONDS = 600.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.unanswered: dict[str, float] = {}

    def work(self) -> Doing:
        link = yield from self.sender(self.place)
        ledger = self.world.ledger
        while self.count > 0 or self.unanswered:
            again = next(iter(self.unanswered), None)
            if again is None:
                again = self.new_body()
                self.count -= 1
                self.unanswered[again] = self.world.broker_time
            elif self.world.broker_time > self.unanswered[again] + self.WINDOW_SECONDS - 100:
                del self.unanswered[again]  # it would count as another message
                continue
            self.tell("sends", again)
            ledger.tries([self.place], again, self.name, self.world.stamp())
            state, stamp = yield from self.send(link, [payload_of(again)])
            self.tell("was told of", again, state)
            is_taken = isinstance(state, Accepted)
            (ledger.accepted if is_taken else ledger.refused)([self.place], again, stamp)
            if self.random.random() < 0.8:
                del self.unanswered[again]
            yield from self.think()


class Publisher(Sender):
    """Sends to a topic whose subscriptions take different messages."""

    labels = ("hot", "cold")
    lives = (None,)
    fillers = (0, 0, 0, 50_000)  # long to look into: the topic hands it out in steps

    def places_of(self, label: str | None) -> tuple[str, ...]:
        """Subscriptions by their rules; see `scenery`."""
        everything, hot, odd = SUBSCRIPTIONS
        return (everything, hot) if label == "hot" else (everything, odd)


class Mover(Client):
    """Moves messages from a queue to another one, each in a transaction."""

    def __init__(self, world: World, name: str, place: str, target: str, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.place = place
        self.target = target

    def work(self) -> Doing:
        source = yield from self.receiver(self.place, credit=1)
        target = yield from self.sender(self.target)
        control = self.session.attach_sender(
            "control", source=Source(self.name), target=Coordinator()
        )
        yield from self._attach(control)
        while source not in self._ended:
            message = yield from self.next_message(source, 30.0)
            if message is not None:
                yield from self.move(source, target, control, message)
                source.keep_credit(1)
                self.flush()

    def move(self, source: Any, target: Any, control: Any, message: Received) -> Doing:
        """Take and send, both or none."""
        ledger = self.world.ledger
        declared, _ = yield from self.send(control, [_VALUE + Declare().encode()])
        if not isinstance(declared, Declared):
            return
        body = self.new_body()
        ledger.tries([self.target], body, self.name, self.world.stamp())
        twin = ledger.copies[self.target, body]
        self.tell("moves", message.copy, "as", body)
        state = TransactionalState(declared.txn_id)
        outcome, stamp = yield from self.send(target, [payload_of(body)], state)
        was_kept = isinstance(outcome, TransactionalState)
        was_kept &= yield from self.settle(source, message, "complete", declared.txn_id)
        rolls_back = not was_kept or self.random.random() < 0.2
        bundle = message.copy, twin
        if not rolls_back:
            ledger.bundles.append(bundle)
        discharge = _VALUE + Discharge(declared.txn_id, rolls_back).encode()
        outcome, stamp = yield from self.send(control, [discharge])
        self.tell("was told", outcome, "rolls back" if rolls_back else "")
        if isinstance(outcome, Accepted) and not rolls_back:
            ledger.bundles.remove(bundle)
            message.copy.gone = stamp
            ledger.accepted([self.target], body, stamp)
            return
        if not rolls_back:
            ledger.bundles.remove(bundle)
        ledger.refused([self.target], body, stamp)


class Web(Client):
    """Sends, receives and settles over HTTP, each in a request of its own."""

    def __init__(self, world: World, name: str, place: str, count: int, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.place = place
        self.count = count

    def _live(self) -> Doing:
        while self.count > 0:
            self.count -= 1
            if self.random.random() < 0.6:
                yield from self.post()
            else:
                yield from self.lock_one()
            yield from self.think()
        self.is_done = True

    def post(self) -> Doing:
        """Send one message."""
        body, ledger = self.new_body(), self.world.ledger
        ledger.tries([self.place], body, self.name, self.world.stamp())
        self.tell("posts", body)
        content_type = "application/octet-stream"
        path = f"/{self.place}/messages"
        answer = yield from over_http(
            self.world, "POST", path, body.encode(), Content_Type=content_type
        )
        self.tell("was told", answer and answer[0].status)
        if answer is not None:
            is_taken = answer[0].status == 201
            (ledger.accepted if is_taken else ledger.refused)([self.place], body, answer[1])

    def lock_one(self) -> Doing:
        """Receive one message under a lock, and complete or unlock it."""
        path = f"/{self.place}/messages/head?timeout=0"
        answer = yield from over_http(self.world, "POST", path)
        if answer is None or answer[0].status != 201:
            return
        response, stamp = answer
        headers = dict(response.headers)
        sight = http_sight(headers, response.body.decode(), self.place, stamp)
        sight.who = self.name
        copy = self.world.ledger.sees(sight)
        assert sight.token is not None
        lock = copy.locks[sight.token]
        lock.may_be_longer = True  # by less than a second: that is how precise HTTP's dates are
        self.tell("has", copy)
        yield from self.think()
        method, how = self.random.choice((("DELETE", "complete"), ("PUT", "release")))
        yield from self.settle_over_http(headers["Location"], method, how, copy, lock)

    def settle_over_http(
        self, location: str, method: str, how: str, copy: Any, lock: Lock
    ) -> Doing:
        """Ask for what becomes of a message, and hear it."""
        self.world.ledger.settles(copy, lock, how)
        path = "/" + location.split("://", 1)[1].split("/", 1)[1]
        answer = yield from over_http(self.world, method, path)
        self.tell("asks to", how, copy, "and was told", answer and answer[0].status)
        if answer is not None and answer[0].status != CANNOT_NOW:
            response, stamp = answer
            is_done, error = response.status == 200, str(response.status)
            self.world.ledger.settled(Verdict(copy, lock, how, stamp, is_done, error))


def over_http(world: World, method: str, target: str, body: bytes = b"", **headers: str) -> Doing:
    """A request; the response, and when it was made up; None if the broker dies of it, or has."""
    asked = world.http(method, target, body, **headers)
    if asked is None:
        return None
    exchange, stamp = asked
    life, cuts = world.lives, world.cuts

    def look() -> Any:
        if exchange.response is not None:
            return exchange.response
        is_cut = world.broker is None or world.lives != life or world.cuts != cuts
        return True if is_cut else None

    for _ in range(LOOKS):
        response = yield Wait(look, PATIENCE_SECONDS / LOOKS, "a response")
        if response is not None:
            return None if response is True else (response, stamp)
    world.broken(NO_CLIENT_WAITS_FOR_EVER, f"{method} {target} has no response")


def http_sight(headers: dict[str, str], body: str, place: str, stamp: Stamp) -> Sight:
    """A message as the data plane gives it."""
    from email.utils import parsedate_to_datetime
    from uuid import UUID

    said = json.loads(headers["BrokerProperties"])
    until = parsedate_to_datetime(said["LockedUntilUtc"]).timestamp()
    token = UUID(said["LockToken"]).bytes_le
    number, count = said["SequenceNumber"], said["DeliveryCount"]
    return Sight(
        place, False, body, number, count, stamp, "", "receive", token, until + stamp.ahead
    )


class Office(Client):
    """Makes, changes and deletes queues of its own; what it was told is so, also after a crash."""

    def __init__(self, world: World, name: str, count: int, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.count = count
        self.known: dict[str, str | None] = {}  # the note on each queue; None for no queue

    def _live(self) -> Doing:
        while self.count > 0:
            self.count -= 1
            name = self.random.choice((f"{self.name}-a", f"{self.name}-b"))
            if self.random.random() < 0.6:
                yield from self.put(name)
            else:
                yield from self.look(name)
                if self.random.random() < 0.5:
                    yield from self.delete(name)
            yield from self.think()
        self.is_done = True

    def put(self, name: str) -> Doing:
        """Make a queue, or change its note."""
        note = self.new_body()
        is_there = self.known.get(name) is not None
        headers = {"If_Match": "*"} if is_there else {}
        self.tell("makes" if not is_there else "changes", name, note)
        response = yield from self._ask("PUT", name, queue_xml(note), **headers)
        if response is None:
            self.known.pop(name, None)  # nobody knows
        elif response.status in (200, 201):
            self.known[name] = note

    def delete(self, name: str) -> Doing:
        """Delete a queue."""
        response = yield from self._ask("DELETE", name)
        self.tell("deletes", name, response and response.status)
        if response is None:
            self.known.pop(name, None)
        elif response.status in (200, 404):
            self.known[name] = None

    def look(self, name: str) -> Doing:
        """See whether a queue is as was said."""
        response = yield from self._ask("GET", name)
        if response is None or response.status not in (200, 404):
            return  # nobody there, or nobody who can answer now
        is_there = response.status == 200 and b"QueueDescription" in response.body
        if name in self.known:
            note = self.known[name]
            is_right = is_there == (note is not None)
            if note is not None:
                is_right &= f">{note}<".encode() in response.body
            if not is_right:
                self.world.broken(
                    WHAT_WAS_MADE_IS_THERE, f"queue '{name}' with {note!r}: {response.status}"
                )
        elif not is_there:
            self.known[name] = None

    def _ask(self, method: str, name: str, body: bytes = b"", **headers: str) -> Doing:
        headers["Content_Type"] = "application/atom+xml"
        target = f"/{name}?api-version=2021-05"
        answer = yield from over_http(self.world, method, target, body, **headers)
        return answer and answer[0]


def queue_xml(note: str) -> bytes:
    """What makes a queue."""
    return (
        '<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml">'
        '<QueueDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/'
        f'connect"><UserMetadata>{escape(note)}</UserMetadata></QueueDescription>'
        "</content></entry>"
    ).encode()
