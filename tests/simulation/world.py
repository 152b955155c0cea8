"""The world of one seed: virtual time, the lives of the broker, and what goes wrong."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

from sbtutorial.broker.changes import Change
from sbtutorial.broker.descriptions import EntityStatus
from sbtutorial.broker.errors import BrokerError
from sbtutorial.clock import ManualClock
from sbtutorial.store.stepped import Keeper
from sbtutorial.store.store import Trouble
from sbtutorial.testing import Exchange, SteppedBroker
from tests.simulation.broken import Broken
from tests.simulation.disk import Disk, Records
from tests.simulation.failing import ErrorLog
from tests.simulation.ledger import Ledger
from tests.simulation.network import Stamp, Wire
from tests.simulation.promises import (
    NOTHING_FAILS_INSIDE,
    ON_HOLD,
    ON_SENDING,
    ON_SESSION_WORK,
    ON_SIGHT,
    ON_STATE,
    ON_VERDICT,
)
from tests.simulation.standing_promises import counts_agree
from tests.simulation.timeline import Timeline

START = 1_700_000_000.0
KEY = "secret"


class World:
    """What all share.

    Attributes:
        timeline: What happens, in its order.
        random: The seed's; each client has one of its own.
        disk: What outlives the broker.
        broker: None while it is down.
        ledger: What the clients were told.
        errors: What has failed inside the broker.
        lives: How many brokers there have been.
        cuts: How often one has dropped all connections.
        commits_to_live: After how many more commits the broker dies, before it does anything else;
            None for no such number.
        dies_after: Asked of each commit whether the broker dies of it, before it does more.
        is_tidy: Whether nothing goes wrong any more: the end is near.
    """

    def __init__(
        self,
        seed: int,
        tell: Callable[[str], None] | None = None,
        open_keeper: Callable[[], Keeper] | None = None,
    ) -> None:
        self.timeline = Timeline()
        self.random = Random(seed)
        ids = Random(seed + 1)
        records = Records(lambda: UUID(bytes=ids.randbytes(16), version=4))
        open_keeper = open_keeper or (lambda: records)
        self.disk = Disk(self.timeline, Random(seed + 2), open_keeper)
        self.disk.on_commit = self._look_at_commit
        self.errors = ErrorLog()
        self.ledger = Ledger(ON_SENDING, ON_SIGHT, ON_VERDICT, ON_HOLD, ON_SESSION_WORK, ON_STATE)
        self.broker: SteppedBroker | None = None
        self.lives = 0
        self.cuts = 0
        self.is_tidy = False
        self.commits_to_live: int | None = None
        self.dies_after: Callable[[Sequence[Change]], bool] = lambda changes: False
        self.wires: list[Wire] = []
        self.on_boot: list[Callable[[], None]] = []
        self._seed = seed
        self._steps = 0
        self._wall = START
        self._changed: set[str] = set()
        self._tell = tell

    # -- For the story --------------------------------------------------------------------------

    def tell(self, who: str, what: str, *details: Any) -> None:
        """Put something in the story; it is written only if somebody reads it."""
        if self._tell is not None:
            words = " ".join(str(detail) for detail in details)
            self._tell(f"{self.timeline.now:9.3f} {self._steps:5} {who:>12}: {what} {words}")

    # -- Time -----------------------------------------------------------------------------------

    def stamp(self) -> Stamp:
        """Now, as something is said."""
        self._steps += 1
        clock = self.broker.clock if self.broker else None
        at = clock.now() if clock else self._wall
        return Stamp(self._steps, at, at - self._wall, self.timeline.now)

    @property
    def wall(self) -> float:
        """The wall clock of everybody."""
        return self._wall

    @property
    def broker_time(self) -> float:
        """Broker time; while there is none, about what it would be."""
        return self.broker.clock.now() if self.broker else self._wall

    def next(self) -> bool:
        """Have the next thing happen; false when nothing will."""
        if self.timeline.next_at is None:
            return False
        before = self.timeline.now
        action = self.timeline.take()
        self._pass(self.timeline.now - before)
        action()
        self.work()
        return True

    def _pass(self, seconds: float) -> None:
        self._wall += seconds
        if self.broker is not None:
            self.broker.clock.tick(seconds)

    # -- The broker -----------------------------------------------------------------------------

    def boot(self) -> None:
        """Start a broker with what the disk has."""
        self.lives += 1
        broker = SteppedBroker(
            seed=self._seed * 1000 + self.lives,
            clock=ManualClock(self._wall),
            key=KEY,
            store=self.disk,
        )
        broker.on_cut = self._cut_all
        self.broker = broker
        self.tell("world", "the broker is up, at", f"{broker.clock.now():.3f}")
        self.work()  # what has fallen due meanwhile, and what was under way
        for listener in self.on_boot if self.broker is broker else ():
            listener()

    def _cut_all(self) -> None:
        self.tell("world", "the broker cuts all connections")
        self.cuts += 1
        for wire in self.wires:
            wire.cut()
        self.wires.clear()

    def crash(self) -> None:
        """The broker's process is gone, and all that it had not committed."""
        if self.broker is None:
            return
        self.tell("world", "the broker dies")
        self.broker = None
        self.disk.crash()
        self._changed.clear()
        for wire in self.wires:
            wire.broker_died()
        self.wires.clear()
        down = self.random.choice((0.2, 1.0, 1.0, 5.0, 30.0))
        self.timeline.after(0.0 if self.is_tidy else down, self.boot)

    def set_wall(self, seconds: float) -> None:
        """Somebody sets the computer's clock, so many seconds on or back."""
        if self.are_answers_late:
            return
        self._wall += seconds
        if self.broker is not None:
            self.broker.clock.set_wall(self._wall)
        self.tell("world", "the clock is set by", seconds)

    def advance(self, seconds: float) -> None:
        """Somebody advances broker time."""
        if (broker := self.broker) is not None and not self.are_answers_late:
            self.tell("world", "time is advanced by", seconds)
            broker.advance(seconds)

    @property
    def are_answers_late(self) -> bool:
        """Whether answers are held back: what they say of instants is by the clock before that."""
        return self.broker is not None and self.broker.faults.delay_seconds > 0.0

    def set_status(self, path: str, status: EntityStatus) -> bool:
        """Somebody disables an entity, or enables it; false where nobody is there to do it."""
        broker = self.broker
        if broker is None or broker.condition.trouble is Trouble.STUCK:
            return False
        self.tell("world", f"'{path}' is to be", status.value)
        entity = broker.namespace.directory.entity(path)
        confirm = self.ledger.statuses.ask(path, status, self.stamp())
        with broker.reactor.turn() as now:
            description = replace(entity.description, status=status)
            broker.namespace.update(entity, description, now=now)

        def told() -> None:
            self.tell("world", f"'{path}' is", status.value)
            confirm(self.stamp())

        broker.when_safe(told)
        return True

    def work(self) -> None:
        """Have the broker do all that it can at this instant, looking at it after each step."""
        broker = self.broker
        while broker is not None and broker is self.broker:
            self.look_at_changed()
            if self.errors.texts:
                self.broken(NOTHING_FAILS_INSIDE, self.errors.texts[0])
            if self.commits_to_live is not None and self.commits_to_live < 0:
                self.commits_to_live = None
                self.crash()
            elif not broker.step():
                return

    def http(
        self, method: str, target: str, body: bytes = b"", **headers: str
    ) -> tuple[Exchange, Stamp] | None:
        """A request over HTTP, and when it came; None when nobody is there to answer."""
        if self.broker is None:
            return None
        stamp = self.stamp()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.broker.http(method, target, body, names), stamp

    # -- After every step -----------------------------------------------------------------------

    def _look_at_commit(self, changes: Sequence[Change]) -> None:
        self._steps += 1
        if self.commits_to_live is not None:
            self.commits_to_live -= 1
        if self.dies_after(changes) and not self.is_tidy:
            self.commits_to_live = -1
        for change in changes:
            self._changed.add(change.entity)
            if target := getattr(change, "target", ""):
                self._changed.add(target)

    def look_at_changed(self) -> None:
        """Check what the last commits have touched."""
        if not self._changed or self.broker is None:
            return
        directory = self.broker.namespace.directory
        changed, self._changed = sorted(self._changed), set()
        for path in changed:
            with suppress(BrokerError):  # the namespace's own, or an entity that is gone
                counts_agree(directory.managed(path))

    def broken(self, promise: str, what: str) -> None:
        """A promise was not kept."""
        raise Broken(promise, what)
