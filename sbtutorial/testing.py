"""A broker for tests: on a thread of the test's own process, or stepped by hand, without a socket.

    with ThreadedBroker() as broker:  # for the real SDK
        client = ServiceBusClient.from_connection_string(broker.connection_string)

    broker = SteppedBroker(seed=1)  # nothing moves but by your hand, and twice the same way
    broker.create_queue("orders")
    client = broker.connect(sasl_mechanisms=("PLAIN",), sasl_response=broker.plain_response)
    sender = client.session.attach_sender("s", source=Source("here"), target=Target("orders"))
    client.pump()
    sender.send(payload, delivery_tag=b"1", settled=False)
    client.pump()
    broker.tick(60)

Our own tests and benchmarks use these; programs of others have `sbtutorial.LocalBroker`, which also
trusts its certificate and stays as it is from release to release.

The same seed, the same calls and the same clock give the same bytes. Importing this imports no
event loop.
"""

from collections.abc import Callable
from math import inf
from random import Random
from typing import TYPE_CHECKING, Any

from sbtutorial.amqp.connection import Connection, ConnectionRole
from sbtutorial.amqp.events import Event
from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.clock import ManualClock
from sbtutorial.gateway.access.sas import sign
from sbtutorial.gateway.amqp_endpoint import AmqpEndpoint
from sbtutorial.gateway.core import KEY_NAME, Core
from sbtutorial.gateway.rest.data_plane import Poll, Work
from sbtutorial.http.request import NO_ANSWER, Request, Response
from sbtutorial.server import router

if TYPE_CHECKING:
    from sbtutorial.hosting.thread import ThreadedBroker

__all__ = ["Client", "Exchange", "SteppedBroker", "ThreadedBroker"]

HOST = "127.0.0.1"


class SteppedBroker(Core):
    """A whole broker that does nothing by itself.

    Args:
        seed: What every id comes from.
        clock: Stands still unless it is moved.
        options: What `Core` takes beside these.
    """

    clock: ManualClock

    def __init__(
        self,
        *,
        seed: int = 0,
        clock: ManualClock | None = None,
        key: str = "secret",
        **options: Any,
    ) -> None:
        self._scheduler = _Scheduler()
        self._waiting: dict[Exchange, None] = {}
        super().__init__(
            self._scheduler, clock or ManualClock(), Random(seed).randbytes, key=key, **options
        )

    def step(self) -> bool:
        """Do one thing: a turn, what an alarm has rung for, or an answer that waited.

        Returns:
            False when there is nothing left to do at this instant.
        """
        if self._scheduler.step():
            return True
        return any(exchange.look_again() for exchange in list(self._waiting))

    def run(self) -> None:
        """Step until there is nothing left to do at this instant."""
        while self.step():
            pass

    def tick(self, seconds: float) -> None:
        """Let time pass for everybody, and do what has fallen due."""
        self.clock.tick(seconds)
        self.run()

    def advance(self, seconds: float, then: Callable[[], None] | None = None) -> None:
        """Make everything that the broker holds older, and do all that has fallen due."""
        super().advance(seconds, then)
        self.run()

    def create_queue(self, name: str, **properties: Any) -> None:
        """Make a queue; properties are those of `QueueDescription`."""
        with self.reactor.turn() as now:
            self.namespace.create(name, QueueDescription(**properties), now=now)

    @property
    def plain_response(self) -> bytes:
        """What a client says in SASL PLAIN to be allowed everything."""
        return b"\0" + KEY_NAME.encode() + b"\0" + self.key.encode()

    def connect(self, who: str = "client", **options: Any) -> "Client":
        """One more AMQP client; options are those of its `Connection`."""
        return Client(self, self.run, who, **options)

    def http(
        self, method: str, target: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> "Exchange":
        """Ask over HTTP, with a token that opens everything unless there is another one."""
        token = sign(f"https://{HOST}/", KEY_NAME, self.key, self.clock.wall() + 3600)
        given = {"Host": HOST, "Authorization": token, **(headers or {})}
        lower = {name.lower(): value for name, value in given.items()}
        request = Request(method, target, lower, body, tuple(given.items()))
        exchange = Exchange(self, router.handle(request, self))
        self.run()
        return exchange

    def _wait(self, exchange: "Exchange") -> None:
        self._waiting[exchange] = None

    def _wait_no_more(self, exchange: "Exchange") -> None:
        self._waiting.pop(exchange, None)


class Client:
    """An AMQP client: an engine, and a wire to the broker on which nothing moves by itself.

    Args:
        core: The broker.
        run: Has the broker do all that it can.
        who: The client's name.
        options: Of its engine.

    Attributes:
        connection: The engine; `session` is one that has been begun.
        endpoint: The broker's side.
        events: What the engine has reported.
        received: Every byte that the broker has sent and this client has read.
        is_closed: Whether the broker has dropped the connection.
        on_written: Called when the broker has written.
    """

    def __init__(
        self, core: Core, run: Callable[[], None], who: str = "client", **options: Any
    ) -> None:
        self._core = core
        self._run = run
        self.events: list[Event] = []
        self.received = bytearray()
        self.is_closed = False
        self.on_written: Callable[[], None] = lambda: None
        self.connection = Connection(ConnectionRole.CLIENT, container_id=who, **options)
        self._unread = bytearray()
        self._is_behind = False
        self.endpoint = AmqpEndpoint(core, *core.gate(self._on_written, self._on_closed))
        self.connection.open()
        self.session = self.connection.begin()
        self.pump()

    # How much may wait for a reader before the broker is told, and how little is left when it may
    # go on.
    HIGH_WATER_BYTES = 1024 * 1024
    LOW_WATER_BYTES = 256 * 1024

    @property
    def unread_bytes(self) -> int:
        """What the broker has written and this client has not read."""
        return len(self._unread)

    def pump(self) -> None:
        """Carry bytes both ways until nobody has anything left to say."""
        while self.write() | self.read():
            pass

    def write(self) -> bool:
        """Send what the engine has to say, and let the broker work; whether there was anything."""
        data = self.connection.data_to_send() if self.endpoint.takes_input else b""
        if data:
            self.endpoint.receive_data(data)
        self._run()
        return bool(data)

    def read(self, at_most: int | None = None) -> bool:
        """Read what the broker has written, or part of it; whether there was anything."""
        data = bytes(self._unread[:at_most])
        del self._unread[:at_most]
        if self._is_behind and len(self._unread) <= self.LOW_WATER_BYTES:
            self._is_behind = False
            self.endpoint.resume_writing()
        if data:
            self.received += data
            self.connection.receive_data(data, now=self._core.clock.elapsed())
        self.events += self.connection.events()
        return bool(data)

    def break_off(self) -> None:
        """Be gone without a goodbye."""
        self.endpoint.connection_lost()
        self._run()

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if type(event) is kind]

    def _on_written(self, data: bytes) -> None:
        self._unread += data
        self.on_written()
        if not self._is_behind and len(self._unread) > self.HIGH_WATER_BYTES:
            self._is_behind = True
            self.endpoint.pause_writing()

    def _on_closed(self) -> None:
        self.is_closed = True


class Exchange:
    """A request over HTTP, and its response; None while it waits for a message, or if it is cut.

    Attributes:
        response: What the client has been answered.
        is_cut: Whether its connection was dropped instead, as a fault asked for.
    """

    def __init__(self, broker: SteppedBroker, answer: router.Answer) -> None:
        self.response: Response | None = None
        self.is_cut = False
        self._broker = broker
        if isinstance(answer, Poll):
            self._poll = answer
            self._ends_at = broker.clock.elapsed() + answer.wait_seconds
            self._has_news = True
            answer.subqueue.listeners.append(self._on_news)
            broker._wait(self)
        elif isinstance(answer, Work):
            answer.start(self._on_answer)
        elif isinstance(answer, Response):
            self._on_answer(answer)
        else:
            raise TypeError(f"a stepped broker has no socket for {answer!r}")

    def look_again(self) -> bool:
        """Try to answer, if that is worth trying; whether it was."""
        is_over = self._broker.clock.elapsed() >= self._ends_at
        if not (self._has_news or is_over):
            return False
        self._has_news = False
        with self._broker.reactor.turn() as now:
            response = self._poll.attempt(now)
        if response is None and is_over:
            response = self._poll.nothing
        if response is not None:
            self._poll.subqueue.listeners.remove(self._on_news)
            self._broker._wait_no_more(self)
            self._on_answer(response)
        return True

    def _on_answer(self, response: Response) -> None:
        """Have it, once all is safe that it may tell of."""

        def respond() -> None:
            if response is NO_ANSWER:
                self.is_cut = True
            else:
                self.response = response

        self._broker.when_safe(respond)

    def _on_news(self, _subqueue: object) -> None:
        self._has_news = True


class _Scheduler:
    """Remembers what is to be done until somebody does it."""

    def __init__(self) -> None:
        self._soon: list[Callable[[], None]] = []
        self._alarms: dict[_Alarm, None] = {}

    def call_soon(self, action: Callable[[], None]) -> None:
        """Do it in the next step."""
        self._soon.append(action)

    def alarm(self, clock: Callable[[], float], ring: Callable[[], None]) -> "_Alarm":
        """A timer that rings in a step."""
        return _Alarm(self._alarms, clock, ring)

    def step(self) -> bool:
        """Do the next thing that is to be done now; whether there was one."""
        if self._soon:
            self._soon.pop(0)()
            return True
        return any(alarm.ring_if_due() for alarm in list(self._alarms))


class _Alarm:
    """See `gateway.reactor.Alarm`."""

    def __init__(
        self,
        those_set: "dict[_Alarm, None]",
        clock: Callable[[], float],
        ring: Callable[[], None],
    ) -> None:
        self._those_set = those_set
        self._clock = clock
        self._ring = ring
        self.at = inf

    def set(self, at: float) -> None:
        self.at = min(at, self.at)
        self._those_set[self] = None

    def cancel(self) -> None:
        self.at = inf
        self._those_set.pop(self, None)

    def ring_if_due(self) -> bool:
        if self.at > self._clock():
            return False
        self.cancel()
        self._ring()
        return True


if not TYPE_CHECKING:  # whoever steps a broker needs no event loop

    def __getattr__(name: str) -> Any:
        if name != "ThreadedBroker":
            raise AttributeError(f"module 'sbtutorial.testing' has no attribute '{name}'")
        from sbtutorial.hosting.thread import ThreadedBroker

        return ThreadedBroker
