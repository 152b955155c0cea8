"""Looking at everything: at what a broker begins its life with, and at the end.

In the end nothing goes wrong any more. Time passes until every lock is over and everything that was
scheduled has come; then an auditor, over the wire like any client, peeks at all that there is,
receives all of it, and finds nothing left.
"""

import re
from collections import Counter
from typing import Any
from uuid import UUID

from sbtutorial.amqp.events import LinkAttached, LinkRefused, MessageReceived
from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    APPLICATION_PROPERTIES,
    Accepted,
    Properties,
    Source,
    Target,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.types import Int, Long, UInt, decode
from sbtutorial.broker.message import Message
from sbtutorial.testing import Client as PlainClient
from tests.simulation.broken import Broken
from tests.simulation.client import TIMEOUT
from tests.simulation.ledger import DEAD, Seen
from tests.simulation.living import PLAIN
from tests.simulation.messages import SESSION_FILTER, hold_of, read_sight
from tests.simulation.promises import AT_LAST, ON_AUDIT, WHAT_CAN_BE_RECEIVED_IS_RECEIVED
from tests.simulation.scenery import Scenery
from tests.simulation.standing_promises import (
    counts_agree,
    memory_stays_bounded,
    subqueues,
    what_is_told_of_counts_is_so,
)
from tests.simulation.world import World

_PEEKED_AT_ONCE = 100
# An answer that is shorter than so much, which is half of the most, has all that was asked for.
_SURELY_ALL_BYTES = 128 * 1024


def look_into(world: World) -> None:
    """What a broker begins its life with: everything that was acknowledged."""
    assert world.broker is not None
    seen: Seen = Counter()
    for subqueue in subqueues(world.broker):
        counts_agree(subqueue)
        place, is_dead = subqueue.path.removesuffix(DEAD), subqueue.path.endswith(DEAD)
        for message in subqueue.messages:
            seen[place, body_of(message), is_dead] += 1
    check(world, seen)


def body_of(message: Message) -> str:
    """What names a message."""
    content: Any = message.content
    return bytes(decode(bytes(content.body))[0].value).decode()


def check(world: World, seen: Seen) -> None:
    """All that must be true when everything was looked at."""
    for promise in ON_AUDIT:
        promise(world.ledger, seen)


class Auditor:
    """A client to whom the network is good."""

    def __init__(self, world: World) -> None:
        assert world.broker is not None
        self.world = world
        self.broker = world.broker
        self.wire = PlainClient(
            world.broker,
            world.broker.run,
            "auditor",
            sasl_mechanisms=("PLAIN",),
            sasl_response=PLAIN,
        )
        self._asking: dict[str, Any] = {}
        self._link_count = 0

    def ask(self, path: str, operation: str, body: dict[str, Any]) -> tuple[int, Any]:
        """A request, and its answer: status and body."""
        if path not in self._asking:
            address = f"{path}/$management"
            session = self.wire.session
            answers = session.attach_receiver(address, source=Source(address), target=Target("a"))
            requests = session.attach_sender(address, source=Source("a"), target=Target(address))
            self.wire.pump()
            answers.grant(1000)
            self._asking[path] = requests
        payload = (
            Properties(message_id=UUID(int=1)).encode()
            + encode_section(APPLICATION_PROPERTIES, {"operation": f"com.microsoft:{operation}"})
            + encode_section(AMQP_VALUE, body)
        )
        self.wire.events.clear()
        self._asking[path].send(payload, delivery_tag=b"r", settled=True)
        self.wire.pump()
        (event,) = self.wire.of(MessageReceived)
        sections = split_sections(event.payload)
        status = decode(sections.application_properties or b"")[0].value["statusCode"]
        return int(status), decode(sections.body)[0].value

    def peek(self, path: str) -> list[tuple[str, int, int]]:
        """Body, number and state of everything at a path."""
        found: list[tuple[str, int, int]] = []
        start = 0
        while True:
            body = {"from-sequence-number": Long(start), "message-count": Int(_PEEKED_AT_ONCE)}
            status, answer = self.ask(path, "peek-message", body)
            if status != 200:
                return found
            entries = answer["messages"]
            for entry in entries:
                payload = bytes(entry["message"])
                sight = read_sight(payload, path, self.world.stamp(), "auditor", "peek")
                self.world.ledger.sees(sight)
                found.append((sight.body, sight.number, state_of(payload)))
                start = sight.number + 1
            size = sum(len(entry["message"]) for entry in entries)
            if len(entries) < _PEEKED_AT_ONCE and size < _SURELY_ALL_BYTES:
                return found

    def counts(self, place: str) -> dict[str, int]:
        """What the administration API says of an entity."""
        response = self.broker.http("GET", f"/{place}?api-version=2021-05").response
        assert response is not None and response.status == 200, response
        names = "ActiveMessageCount|DeadLetterMessageCount"
        found = re.findall(rf"<\w+:({names})[^>]*>(\d+)<", response.body.decode())
        return {name: int(count) for name, count in found}

    def receive_all(self, path: str) -> list[str]:
        """Receive and complete all that is ready; the bodies."""
        link = self._attach(Source(path), {})
        return self._complete_all(link, path, None)

    def receive_session(self, path: str) -> list[str] | None:
        """The same of the next session; None when there is none."""
        link = self._attach(Source(path, filter={SESSION_FILTER: None}), {TIMEOUT: UInt(0)})
        if any(event.link is link for event in self.wire.of(LinkRefused)):
            return None
        if not any(event.link is link for event in self.wire.of(LinkAttached)):
            self.broker.tick(1)
            self.wire.pump()
            return None
        hold = hold_of(link, path, "auditor", self.world.stamp())
        self.world.ledger.holds_session(hold)
        bodies = self._complete_all(link, path, hold)
        hold.may_be_over = True
        return bodies

    def take_deferred(self, path: str, number: int) -> str | None:
        """Take a deferred message by its number."""
        body = {"sequence-numbers": [Long(number)], "receiver-settle-mode": UInt(0)}
        status, answer = self.ask(path, "receive-by-sequence-number", body)
        if status != 200:
            return None
        payload = bytes(answer["messages"][0]["message"])
        return read_sight(payload, path, self.world.stamp(), "auditor", "take").body

    def _attach(self, source: Source, properties: dict[Any, Any]) -> Any:
        self._link_count += 1
        self.wire.events.clear()
        link = self.wire.session.attach_receiver(
            f"audit {self._link_count}",
            source=source,
            target=Target("a"),
            snd_settle_mode=0,
            rcv_settle_mode=1,
            properties=properties,
        )
        self.wire.pump()
        return link

    def _complete_all(self, link: Any, path: str, hold: Any) -> list[str]:
        bodies: list[str] = []
        link.grant(1000)
        while True:
            self.wire.pump()
            messages = self.wire.of(MessageReceived)
            self.wire.events.clear()
            if not messages:
                break
            for event in messages:
                stamp = self.world.stamp()
                sight = read_sight(
                    event.payload, path, stamp, "auditor", "receive", event.delivery_tag
                )
                sight.hold = hold
                copy = self.world.ledger.sees(sight)
                copy.locks[event.delivery_tag].may_be_over = True
                bodies.append(sight.body)
                link.settle(event.delivery_id, Accepted(), settled=False)
        link.detach()
        self.wire.pump()
        return bodies


def state_of(payload: bytes) -> int:
    """What a peeked message says of its state: 0 active, 1 deferred, 2 scheduled."""
    annotations = split_sections(payload).message_annotations
    notes = decode(annotations)[0].value if annotations else {}
    return int(notes.get("x-opt-message-state", 0))


def last_look(world: World, scene: Scenery) -> None:
    """The end: all that there is, and then nothing any more."""
    auditor = Auditor(world)
    seen: Seen = Counter()
    deferred: dict[str, list[int]] = {}
    ready: dict[str, set[str]] = {}
    peeked: dict[str, list[tuple[str, int, int]]] = {}
    filled = {subqueue.path for subqueue in subqueues(auditor.broker) if len(subqueue.messages)}
    for path in [path + suffix for path in scene.places for suffix in ("", DEAD)]:
        peeked[path] = auditor.peek(path) if path in filled else []
        for body, number, state in peeked[path]:
            seen[path.removesuffix(DEAD), body, path.endswith(DEAD)] += 1
            if state == 1:
                if world.ledger.copies[path.removesuffix(DEAD), body].expires_after is None:
                    deferred.setdefault(path, []).append(number)
            elif state == 0:
                ready.setdefault(path, set()).add(body)
            else:
                raise Broken(WHAT_CAN_BE_RECEIVED_IS_RECEIVED, f"'{body}' is scheduled still")
    for subqueue in subqueues(auditor.broker):  # where nobody may look
        place, is_dead = subqueue.path.removesuffix(DEAD), subqueue.path.endswith(DEAD)
        for message in subqueue.messages if place not in scene.places else ():
            seen[place, body_of(message), is_dead] += 1
    check(world, seen)
    for promise in AT_LAST:
        promise(world.ledger, seen)
    for place in scene.places:
        there = {
            "ActiveMessageCount": sum(state == 0 for _, _, state in peeked[place]),
            "DeadLetterMessageCount": len(peeked[place + DEAD]),
        }
        what_is_told_of_counts_is_so(place, auditor.counts(place), there)
    for path, bodies in ready.items():
        got: list[str] = []
        if path in scene.session_places or path.removesuffix(DEAD) in scene.session_places:
            while (more := auditor.receive_session(path)) is not None:
                got += more
        else:
            got = auditor.receive_all(path)
        if missing := bodies - set(got):
            raise Broken(WHAT_CAN_BE_RECEIVED_IS_RECEIVED, f"{sorted(missing)} stay in '{path}'")
    for path, numbers in deferred.items():
        is_in_session = path.removesuffix(DEAD) in scene.session_places
        for number in () if is_in_session else numbers:
            if auditor.take_deferred(path, number) is None:
                raise Broken(WHAT_CAN_BE_RECEIVED_IS_RECEIVED, f"deferred {number} of '{path}'")
    auditor.wire.break_off()
    left = 0
    for subqueue in subqueues(auditor.broker):
        counts_agree(subqueue)
        left += len(subqueue.messages)
    memory_stays_bounded(auditor.broker, left)
