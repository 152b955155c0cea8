"""A simulated client's life: it connects, does what it does, waits, and begins again.

What a client does is written as a generator, as if it could wait. It yields a `Wait`; the world
goes on, and comes back when there is what was waited for, or the time is over. When its connection
is over, `Disconnected` is raised in it, and it begins again.
"""

from collections.abc import Callable, Generator
from random import Random
from typing import Any, NamedTuple

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
from sbtutorial.amqp.messaging import Source, Target
from sbtutorial.amqp.performatives import Error
from tests.simulation.network import Stamp, Wire
from tests.simulation.promises import NO_CLIENT_WAITS_FOR_EVER, PATIENCE_SECONDS
from tests.simulation.world import KEY, World

PLAIN = b"\0RootManageSharedAccessKey\0" + KEY.encode()


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


def never() -> None:
    """Nothing to look at."""


class Living:
    """One client of the broker, as far as all are alike.

    Args:
        world: Where it lives.
        name: Its own.
        slowness: Of its network.

    Attributes:
        is_cut: Whether the broker may have lost its connection, and may not have noticed.
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
        self.forget()

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

    def may_have_let_go(self) -> None:
        """The broker may know that the connection is over: its links may be gone."""
        self.is_cut = True
        self.may_lose()

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
        self.forget()
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
        wire.on_cut, wire.on_death = self.may_have_let_go, self.may_lose
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
            name = _HANDLERS.get(type(event))
            if name is not None:
                getattr(self, name)(event, stamp)
        self.flush()
        self._look()
        self.flush()

    def forget(self) -> None:
        """A new connection begins with nothing."""
        self.is_cut = False
        self._attached: set[Link] = set()
        self._ended: dict[Link, Error | None] = {}
        self._outcomes: dict[tuple[Link, int], tuple[Any, Stamp]] = {}

    def on_attached(self, event: LinkAttached, _stamp: Stamp) -> None:
        """A link is there."""
        self._attached.add(event.link)

    def on_refused(self, event: LinkRefused, _stamp: Stamp) -> None:
        """A link will not be there."""
        self._ended[event.link] = event.error

    def on_detached(self, event: LinkDetached, _stamp: Stamp) -> None:
        """A link is gone."""
        self._ended[event.link] = event.error

    def on_closed(self, event: ConnectionClosed, _stamp: Stamp) -> None:
        """The broker has ended the connection."""
        self.tell("is closed", event.error)

    def on_disposition(self, event: DispositionReceived, stamp: Stamp) -> None:
        """The broker says what came of a delivery."""
        self._outcomes[event.link, event.delivery_id] = event.state, stamp

    def on_message(self, event: MessageReceived, stamp: Stamp) -> None:
        """Something came on a link."""

    # -- Links ----------------------------------------------------------------------------------

    def sender(self, address: str) -> Doing:
        """A link to send on."""
        link = self.session.attach_sender(
            f"to {address}", source=Source(self.name), target=Target(address)
        )
        yield from self.attach(link)
        return link

    def outcome(self, link: Link, delivery_id: int) -> Doing:
        """What the broker says of a delivery, and when it said so."""
        key = link, delivery_id
        outcome = yield from self.owed(
            lambda: self._outcomes.pop(key, None) or self.over(link), "an outcome"
        )
        if outcome is True:
            raise Disconnected
        return outcome

    def has_ended(self, link: Link) -> bool:
        """Whether a link is gone, or never came."""
        return link in self._ended

    def over(self, link: Link) -> bool | None:
        """True when a link is gone; else nothing to look at."""
        return True if link in self._ended else None

    def attach(self, link: Link) -> Doing:
        """Wait until a link is there."""
        self.flush()
        yield from self.owed(
            lambda: True if link in self._attached or link in self._ended else None, "an attach"
        )
        if link in self._ended:
            raise Disconnected


# What there is to do, by the name of the method that does it: whoever is a client may have its own.
_HANDLERS: dict[type, str] = {
    LinkAttached: "on_attached",
    LinkRefused: "on_refused",
    LinkDetached: "on_detached",
    ConnectionClosed: "on_closed",
    DispositionReceived: "on_disposition",
    MessageReceived: "on_message",
}
