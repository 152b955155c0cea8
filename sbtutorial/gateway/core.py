"""The broker without a socket: a namespace, its clock, its keys, its log, and what shares them.

Everything that serves a client is given this one object: the nodes of an AMQP connection, the HTTP
APIs, the lab's own calls. With a scheduler of one's own it can be stepped in a plain loop: the same
random bytes, the same input and the same clock give the same output.
"""

import logging
from collections.abc import Callable
from math import inf

from sbtutorial.broker.changes import ACCOUNTS, Change, ChangeKind
from sbtutorial.broker.limits import STANDARD, Limits
from sbtutorial.broker.namespace import Namespace
from sbtutorial.clock import Clock
from sbtutorial.folders import DEFAULT_NAMESPACE, HOST
from sbtutorial.gateway.access.keyring import Keyring
from sbtutorial.gateway.access.sas import ALL_RIGHTS, Key
from sbtutorial.gateway.budget import Budget
from sbtutorial.gateway.connection_quota import ConnectionQuota
from sbtutorial.gateway.faults import Faults
from sbtutorial.gateway.ids import Ids, RandomBytes
from sbtutorial.gateway.nodes.dispatch import Dispatchers
from sbtutorial.gateway.reactor import Job, Reactor, Scheduler
from sbtutorial.gateway.wire.properties import WirePropertyAccess
from sbtutorial.store.store import MemoryStore, Store
from sbtutorial.trace import Advanced, Trace

# The log has a word of its own for time that was advanced.
_NOT_TRACED = ACCOUNTS | {ChangeKind.ADVANCED}
_LOG = logging.getLogger(__name__)

KEY_NAME = "RootManageSharedAccessKey"
# So many timers run in one turn; what more is due runs in those that follow.
TIMERS_AT_ONCE = 128
# The broker counts what its background work costs in smaller units than a turn's budget.
_STEPS_COST_PER_UNIT = 10


def _note_failure() -> None:
    _LOG.exception("something that was due could not be done")


class Core:
    """A namespace and what all who serve its clients need.

    Args:
        scheduler: Brings the reactor to work.
        clock: Where every instant comes from.
        random_bytes: Where every id comes from.
        namespace: Its name, as it shows in messages and files.
        key: The key that clients must sign with; a random one unless given.
        limits: Azure's numbers for the tier.
        store: Keeps what changes; by default nothing outlives the process.
        max_events: How many events the log holds.
        accept_bearer_tokens: Let every token of Microsoft Entra ID open everything. Nothing here
            can tell a good one from a bad one, so this is for programs that use a credential
            class, on a machine whose users trust each other.

    Attributes:
        host: The name or address that its clients call it by.
        started_at: Wall-clock seconds.
        instance: Random; tells this broker from every other, also from a later one with its key.
        keys: The namespace's own, by name.
        faults: Refusals that a test has ordered.
        on_shutdown: What ends the process around it; None where that is another program.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        clock: Clock,
        random_bytes: RandomBytes,
        *,
        namespace: str = DEFAULT_NAMESPACE,
        key: str | None = None,
        limits: Limits = STANDARD,
        store: Store | None = None,
        max_events: int = 20_000,
        accept_bearer_tokens: bool = False,
    ) -> None:
        self.clock = clock
        self.ids = Ids(random_bytes)
        self.key = key or self.ids.url_safe_key()
        self.trace = Trace(max_events)
        self.namespace = Namespace(
            namespace,
            limits=limits,
            journal=self._journal,
            new_token=self.ids.uuid,
            property_access=WirePropertyAccess(clock.to_wire),
        )
        self.namespace.step_timers(TIMERS_AT_ONCE, _note_failure)
        self.budget = Budget()
        self.dispatchers = Dispatchers(self.budget)
        self.reactor = Reactor(
            self.namespace, clock, self.dispatchers, self._commit, scheduler, self.budget
        )
        self.keys = {KEY_NAME: Key(self.key, ALL_RIGHTS)}
        self.keyring = Keyring(self.keys, self.namespace, accepts_bearer=accept_bearer_tokens)
        self.quota = ConnectionQuota(limits)
        self.faults = Faults()
        self.host = HOST
        self.started_at = clock.wall()
        self.instance = random_bytes(8).hex()
        self.on_shutdown: Callable[[], None] | None = None
        self._store = store or MemoryStore()
        self._uncommitted: list[Change] = []
        self._is_working = False
        self.namespace.background.on_added = self._work

    @property
    def connections(self) -> int:
        """How many clients are connected now."""
        return self.quota.count

    def is_connected(self, who: str) -> bool:
        """Whether the client that goes by this name (its container-id) has a connection."""
        return self.quota.is_here(who)

    def reset(self) -> None:
        """Back to an empty namespace, for everyone who is connected."""
        with self.reactor.turn() as now:
            self.namespace.reset(now=now)

    def advance(self, seconds: float, then: Callable[[], None] | None = None) -> None:
        """Make everything that the broker holds `seconds` older, and act on what that ends.

        A few things happen at once; of very many the rest happens in the turns that follow,
        between those of clients, who are given nothing meanwhile that has expired.

        Args:
            seconds: How far time goes ahead.
            then: Called when everything has happened that was due.

        Raises:
            ValueError: Time cannot go that way.
        """
        name, before = self.namespace.name, self.clock.now()
        self.clock.advance(seconds)
        self.namespace.advance(seconds, now=before)
        self.trace.record(Advanced(before, seconds, name, f"by {seconds:g} s"))
        self.reactor.time_has_jumped()
        with self.reactor.turn() as now:
            pass
        if then is not None:
            self.reactor.start(self._wait_for_timers(now, then))

    def close(self) -> None:
        """Cancel every timer, and let go of the store."""
        self.reactor.close()
        self._store.close()

    def _work(self) -> None:
        if not self._is_working:
            self._is_working = True
            self.reactor.start(self._do_background_work())

    def _do_background_work(self) -> Job:
        background = self.namespace.background
        try:
            yield 0
            while background:
                yield background.step() // _STEPS_COST_PER_UNIT
        finally:
            self._is_working = False
            if background:  # one piece has failed; the others have not
                self._work()

    def _wait_for_timers(self, until: float, then: Callable[[], None]) -> Job:
        while (self.namespace.next_deadline() or inf) <= until:
            yield 0
        then()

    def _journal(self, change: Change) -> None:
        self._uncommitted.append(change)
        if change.kind not in _NOT_TRACED:
            self.trace.record(change)

    def _commit(self) -> None:
        self.namespace.report_accesses()
        if self._uncommitted:
            self._store.commit(self._uncommitted)
            self._uncommitted = []
