"""What simulated clients do over HTTP: send, receive, administer, let queues end by themselves."""

from typing import Any

from tests.simulation.broken import SLACK_SECONDS
from tests.simulation.client import Client
from tests.simulation.ledger import Lock, Verdict
from tests.simulation.living import Doing
from tests.simulation.over_http import http_sight, over_http, queue_xml
from tests.simulation.promises import (
    WHAT_IS_USED_STAYS,
    WHAT_NOBODY_USES_ENDS,
    WHAT_WAS_MADE_IS_THERE,
)
from tests.simulation.world import World

CANNOT_NOW = 503  # the disk is full
IDLE_SECONDS = 300.0
_DONE, _MADE, _NOT_THERE = 200, 201, 404
_ATOM = "application/atom+xml"


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
        response = yield from self._ask("PUT", name, queue_xml(UserMetadata=note), **headers)
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
        headers["Content_Type"] = _ATOM
        target = f"/{name}?api-version=2021-05"
        answer = yield from over_http(self.world, method, target, body, **headers)
        return answer and answer[0]


class Visitor(Client):
    """Makes a queue that ends after five minutes without use, and uses it at times.

    Attributes:
        used: Broker time of the last use that the broker has told of; None where nobody knows.
        may_be_used: Broker time of the last use that may have been.
    """

    def __init__(self, world: World, name: str, count: int, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.count = count
        self.used: float | None = None
        self.may_be_used = 0.0

    def _live(self) -> Doing:
        while self.count > 0:
            self.count -= 1
            yield from self.use()
            self.world.advance(self.random.choice((1.0, 200.0, 298.0, 302.0)))
            if self.random.random() < 0.2:
                self.world.crash()
            yield from self.pause(self.random.choice((0.1, 1.0, 3.0)))
            yield from self.look()
        self.is_done = True

    def use(self) -> Doing:
        """Make the queue, or send something there."""
        if self.world.broker is not None:
            self.may_be_used = self.world.broker_time
        if self.used is None and self.random.random() < 0.8:
            body = queue_xml(AutoDeleteOnIdle="PT5M")
            answer = yield from self.ask_over_http("PUT", "?api-version=2021-05", body, _ATOM)
        else:
            body, kind = self.new_body().encode(), "application/octet-stream"
            answer = yield from self.ask_over_http("POST", "/messages", body, kind)
        self.tell("uses what ends by itself", answer and answer[0].status)
        if answer is None:
            self.used = None  # it may have ended, and been made again
        elif answer[0].status == _MADE:
            self.used = answer[1].at
        elif answer[0].status == _NOT_THERE:
            self.is_gone(answer[1].at)

    def look(self) -> Doing:
        """See whether it is there, and whether that is right."""
        answer = yield from self.ask_over_http("GET", "?api-version=2021-05")
        if answer is None or answer[0].status not in (_DONE, _NOT_THERE):
            return
        is_there, at = b"QueueDescription" in answer[0].body, answer[1].at
        self.tell("sees that what ends by itself is", "there" if is_there else "gone")
        if not is_there:
            self.is_gone(at)
        elif at > self.may_be_used + IDLE_SECONDS + SLACK_SECONDS:
            self.world.broken(
                WHAT_NOBODY_USES_ENDS,
                f"'{self.name}' is there at {at:.3f}, and not used since {self.may_be_used:.3f}",
            )

    def is_gone(self, at: float) -> None:
        """It must not have been in use until just now."""
        if self.used is not None and at < self.used + IDLE_SECONDS - SLACK_SECONDS:
            self.world.broken(
                WHAT_IS_USED_STAYS,
                f"'{self.name}' is gone at {at:.3f}, and was used at {self.used:.3f}",
            )
        self.used = None

    def ask_over_http(self, method: str, rest: str, body: bytes = b"", kind: str = "") -> Doing:
        """A request about the queue; as `over_http`."""
        headers = {"Content_Type": kind} if kind else {}
        answer = yield from over_http(self.world, method, f"/{self.name}{rest}", body, **headers)
        return answer
