"""A turn of the broker: due work, a share of what came in, a step of each job, what goes out.

Everything that touches the namespace happens inside a turn, on one thread. A turn reads a share
from every connection that has sent something, hands out a share of what is ready, commits all that
has changed as one, and writes; what is written waits in the outbox until the commit is safe, while
the next turns go on: a client is told only what has been kept. What is
left over waits for the next turn, behind the others; so no client, batch or jump of time keeps
another one waiting for more than a turn. Nothing polls: one alarm is set for what falls due next.

What is longer than a share is a *job*: a generator whose steps are short.

    def job() -> Job:
        now = yield 0               # broker time at the next step
        for part in parts:
            do(part, now)
            now = yield 2           # what it took, in the units of `Budget`: 50 microseconds each

`start(job, owner=connection)` runs it, a few steps a turn. The connection that it belongs to is not
read until it is done, so its client's order is kept; once begun, a job is finished whether or not
that connection lives. Jobs of one `key`, such as the entity that they send to, run one after the
other in the order in which they were started; what is short asks `is_busy(key)` first and becomes
a job behind the others if it is. An exception ends the job and fails its owner, nobody else.
"""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Hashable
from math import inf
from typing import Protocol

from sbtutorial.broker.namespace import Namespace
from sbtutorial.clock import Clock
from sbtutorial.gateway.budget import Budget
from sbtutorial.gateway.nodes.dispatch import Dispatchers
from sbtutorial.gateway.outbox import Outbox

_LOG = logging.getLogger(__name__)

# Shares of one turn: what comes in, by connection and in all; jobs; what is handed out.
READ_UNITS = 64
READ_UNITS_IN_ALL = 128
JOB_UNITS = 64
DELIVERY_UNITS = 96

# Yields what its last step took, in the units of `Budget`; is sent broker time.
Job = Generator[int, float, None]


class Handler(Protocol):
    """A connection: it has something to act on or to write at times, and deadlines of its own."""

    def work(self, now: float) -> bool:
        """Act on what has come in, within the budget; whether it could go on at once."""

    def flush(self) -> bool:
        """Write what there is; whether the next deadline may be nearer than the one before."""

    def job_done(self) -> None:
        """The job that it waited for is done."""

    def fail(self) -> None:
        """End the connection: what was done for it has raised what nobody foresaw."""

    def next_deadline(self) -> float:
        """When `handle_deadline` wants to be called, on the clock's `elapsed`; or infinity."""

    def handle_deadline(self) -> None:
        """Do what has fallen due."""


class Alarm(Protocol):
    """One timer, on a clock of its own, that only ever moves to an earlier instant.

    A deadline that moves away leaves it where it is: it then rings once for nothing and is set
    anew, which is far cheaper than moving a timer at every message.

    Attributes:
        at: When it rings; infinity when it is not set.
    """

    at: float

    def set(self, at: float) -> None:
        """Ring at `at`, or earlier; infinity asks for nothing."""

    def cancel(self) -> None:
        """Do not ring."""


class Scheduler(Protocol):
    """What brings a reactor to work: an event loop, or whoever steps it."""

    def call_soon(self, action: Callable[[], None]) -> None:
        """Call once, when everything that can be read now has been."""

    def alarm(self, clock: Callable[[], float], ring: Callable[[], None]) -> Alarm:
        """A timer for instants of this clock."""


class Reactor:
    """Runs the turns of one namespace.

    Attributes:
        on_turn_end: Called when a turn is over, by whoever carries bytes.
        began_at: When the turn began, in broker time.
    """

    def __init__(
        self,
        namespace: Namespace,
        clock: Clock,
        dispatchers: Dispatchers,
        commit: Callable[[], object],
        scheduler: Scheduler,
        budget: Budget,
        outbox: Outbox,
    ) -> None:
        self.on_turn_end: Callable[[], None] = _nothing
        self.began_at = 0.0
        self._namespace = namespace
        self._clock = clock
        self._dispatchers = dispatchers
        self._changed_sources = dispatchers.changed
        self._commit = commit
        self._scheduler = scheduler
        self._budget = budget
        self._outbox = outbox
        outbox.on_room = self._schedule
        self._is_scheduled = self._is_in_turn = self._is_halted = False
        # In the order in which they get their share.
        self._readable: OrderedDict[Handler, None] = OrderedDict()
        self._writable: dict[Handler, None] = {}
        self._jobs = _Jobs()
        self._timers = namespace.timers
        self._alarm = scheduler.alarm(clock.now, self._on_alarm)
        self._alarms: dict[Handler, Alarm] = {}
        self._turn = Turn(self)
        # Hot: each is bound once.
        self._call_soon, self._run = scheduler.call_soon, self.run

    # -- What others ask for ----------------------------------------------------------------

    @property
    def is_due(self) -> bool:
        """Whether a turn has been asked for that has not come yet."""
        return self._is_scheduled

    def turn(self) -> "Turn":
        """Do something to the namespace at once: `with reactor.turn() as now`, in broker time."""
        return self._turn

    def wake(self) -> None:
        """Have a turn, to do what is due and to see what is due next."""
        self._schedule()

    def has_input(self, handler: Handler) -> None:
        """Have a connection act on what it has, in a turn to come. Hot: runs in each turn."""
        self._readable[handler] = None
        if not (self._is_scheduled or self._is_in_turn):  # as `_schedule`
            self._is_scheduled = True
            self._call_soon(self._run)

    def has_output(self, handler: Handler) -> None:
        """Have a connection flushed at the end of the turn."""
        self._writable[handler] = None
        if not (self._is_scheduled or self._is_in_turn):
            self._schedule()

    def start(self, job: Job, *, owner: Handler | None = None, key: Hashable | None = None) -> None:
        """Run a job, a few steps a turn.

        Args:
            job: Not begun yet.
            owner: The connection that waits for it; hears of its end.
            key: What it must have for itself, until it is done; None for nothing.
        """
        self._jobs.add(_Task(job, owner, key))
        self._schedule()

    def is_busy(self, key: Hashable) -> bool:
        """Whether a job has this for itself, or waits for it."""
        return self._jobs.is_busy(key)

    def time_has_jumped(self) -> None:
        """Broker time went ahead at once: the alarm that was set by it would ring too late."""
        self._alarm.cancel()

    def forget(self, handler: Handler) -> None:
        """A connection is gone."""
        self._readable.pop(handler, None)
        self._writable.pop(handler, None)
        self._jobs.disown(handler)
        if alarm := self._alarms.pop(handler, None):
            alarm.cancel()

    def halt(self) -> None:
        """Let nothing happen by itself, and hand nothing out: nothing of it could be kept."""
        self._is_halted = True

    def go_on(self) -> None:
        """Let happen what was due meanwhile, and all else."""
        self._is_halted = False
        self._schedule()

    def close(self) -> None:
        """Cancel every timer."""
        self._alarm.cancel()
        for alarm in self._alarms.values():
            alarm.cancel()

    # -- A turn -----------------------------------------------------------------------------

    def run(self) -> None:
        """One turn: a share of all that waits; none while too much waits to be safe."""
        self._is_scheduled = False
        if self._outbox.is_full:
            return  # it says when there is room
        now = self.begin()
        try:
            self._read(now)
            if self._jobs.running:
                self._step_jobs(now)
        finally:
            self.finish()

    def begin(self) -> float:
        """Begin a turn, which `finish` ends, by doing what is due, or a share of very much.

        Returns:
            Broker time.
        """
        self._is_in_turn = True
        now = self.began_at = self._clock.now()
        timers = self._timers
        if not self._is_halted:
            if timers.is_behind:
                self._namespace.run_some(now)
            else:
                timers.run_due(now, timers.most_at_once)  # the same: nobody waits for the rest
        return now

    def finish(self) -> None:
        """Hand out, keep, write, and see to it that what is left gets its turn.

        Hot: runs in each turn.
        """
        try:
            if self._changed_sources and not self._is_halted:
                self._budget.left = DELIVERY_UNITS
                self._dispatchers.serve(self._clock.now())
            self._commit()
            while self._writable:
                writable, self._writable = self._writable, {}
                for handler in writable:
                    try:
                        if handler.flush():
                            self._set_alarm(handler)
                    except Exception:
                        handler.fail()
            self.on_turn_end()
        finally:
            self._is_in_turn = False
            self._set_next()

    def _set_next(self) -> None:
        """See to it that there is a turn when there is something to do."""
        if self._readable or self._jobs.running:
            self._schedule()
        if self._is_halted:
            return
        timers = self._timers
        if timers.is_behind or self._changed_sources:
            self._schedule()
        if timers.not_before < self._alarm.at and not timers.is_behind:
            self._alarm.set(timers.not_before)

    def _schedule(self) -> None:
        if not (self._is_scheduled or self._is_in_turn):
            self._is_scheduled = True
            self._call_soon(self._run)

    def _read(self, now: float) -> None:
        left = READ_UNITS_IN_ALL
        for _ in range(len(self._readable)):
            if left <= 0:
                break
            handler, _ = self._readable.popitem(last=False)
            self._budget.left = READ_UNITS
            self._writable[handler] = None
            try:
                if handler.work(now):
                    self._readable[handler] = None
            except Exception:
                handler.fail()
            left -= READ_UNITS - self._budget.left

    def _step_jobs(self, now: float) -> None:
        left = JOB_UNITS
        while left > 0 and (task := self._jobs.next()):
            try:
                cost = task.job.send(now if task.has_begun else None)  # type: ignore[arg-type]
            except StopIteration:
                self._end(task)
            except Exception:
                self._end(task)
                self._give_up(task)
            else:
                task.has_begun = True
                left -= max(cost, 1)

    def _end(self, task: "_Task") -> None:
        self._jobs.remove(task)
        if task.owner is not None:
            self._writable[task.owner] = None
            task.owner.job_done()

    def _give_up(self, task: "_Task") -> None:
        if task.owner is not None:
            task.owner.fail()
        else:
            _LOG.exception("a job of the broker's own could not be finished")

    # -- Alarms -----------------------------------------------------------------------------

    def _on_alarm(self) -> None:
        with self.turn():
            pass

    def _on_deadline(self, handler: Handler) -> None:
        with self.turn():
            if handler.next_deadline() <= self._clock.elapsed():
                handler.handle_deadline()
            self.has_output(handler)
        if handler in self._alarms:  # it is not gone
            self._set_alarm(handler)

    def _set_alarm(self, handler: Handler) -> None:
        """Have the handler called at its next deadline, as far as it knows by now."""
        deadline = handler.next_deadline()
        if deadline < inf:
            alarm = self._alarms.get(handler)
            if alarm is None:
                alarm = self._alarms[handler] = self._scheduler.alarm(
                    self._clock.elapsed, lambda: self._on_deadline(handler)
                )
            alarm.set(deadline)


class Turn:
    """The inside of a `with` block; written out because it is entered so often.

    An exception changes nothing about its end: what was done before it is in memory and cannot be
    taken back, so it is kept and told like everything else, and the store never falls behind what
    clients can see. Who raised has told nobody that it succeeded.
    """

    __slots__ = ("_reactor",)

    def __init__(self, reactor: Reactor) -> None:
        self._reactor = reactor

    def __enter__(self) -> float:
        return self._reactor.begin()

    def __exit__(self, *_error: object) -> None:
        self._reactor.finish()


class _Task:
    """A job that is not done."""

    __slots__ = ("has_begun", "job", "key", "owner")

    def __init__(self, job: Job, owner: Handler | None, key: Hashable | None) -> None:
        self.job = job
        self.owner = owner
        self.key = key
        self.has_begun = False


class _Jobs:
    """The jobs that are not done: those that run, in turn, and those that wait for a key.

    Attributes:
        running: Those that run, the next one first.
    """

    def __init__(self) -> None:
        self.running: deque[_Task] = deque()
        self._by_key: dict[Hashable, deque[_Task]] = {}

    def __len__(self) -> int:
        return len(self.running)

    def is_busy(self, key: Hashable) -> bool:
        """Whether a job has this key."""
        return key in self._by_key

    def add(self, task: _Task) -> None:
        """Run it, or have it wait behind those of its key."""
        if task.key is not None:
            waiting = self._by_key.setdefault(task.key, deque())
            waiting.append(task)
            if len(waiting) > 1:
                return
        self.running.append(task)

    def next(self) -> _Task | None:
        """Whose step is next; it goes to the end."""
        if not self.running:
            return None
        self.running.rotate(-1)
        return self.running[-1]

    def remove(self, task: _Task) -> None:
        """It is done: the next one of its key may run."""
        self.running.remove(task)
        if task.key is not None:
            waiting = self._by_key[task.key]
            waiting.popleft()
            if waiting:
                self.running.append(waiting[0])
            else:
                del self._by_key[task.key]

    def disown(self, owner: Handler) -> None:
        """Nobody waits for the jobs of this connection any more; they go on."""
        keyed = self._by_key.values()
        for task in (*self.running, *(task for waiting in keyed for task in waiting)):
            if task.owner is owner:
                task.owner = None


def _nothing() -> None:
    """Nobody needs to know."""
