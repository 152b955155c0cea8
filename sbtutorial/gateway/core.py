"""The broker without a socket: a namespace, its clock, its keys, its log, and what shares them.

Everything that serves a client is given this one object: the nodes of an AMQP connection, the HTTP
APIs, the lab's own calls. With a scheduler of one's own it can be stepped in a plain loop: the same
random bytes, the same input and the same clock give the same output.
"""

import logging
from collections.abc import Callable, Sequence
from math import inf

from sbtutorial.broker.changes import ACCOUNTS, Change
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.limits import STANDARD, Limits
from sbtutorial.broker.namespace import Namespace
from sbtutorial.clock import Clock
from sbtutorial.folders import DEFAULT_NAMESPACE, HOST
from sbtutorial.gateway.access.keyring import Keyring
from sbtutorial.gateway.access.sas import ALL_RIGHTS, Key
from sbtutorial.gateway.budget import Budget
from sbtutorial.gateway.clients import Clients
from sbtutorial.gateway.connection_quota import ConnectionQuota
from sbtutorial.gateway.endpoint import Close, Write
from sbtutorial.gateway.faults import CONNECTION_CUT, OUTAGE_CUT, Faults
from sbtutorial.gateway.ids import Ids, RandomBytes
from sbtutorial.gateway.nodes.dispatch import Dispatchers
from sbtutorial.gateway.outbox import Outbox
from sbtutorial.gateway.presence import Presence
from sbtutorial.gateway.reactor import Job, Reactor, Scheduler
from sbtutorial.gateway.wire.properties import WirePropertyAccess
from sbtutorial.store.restore import take_in
from sbtutorial.store.store import Condition, Store, Trouble
from sbtutorial.trace import Trace

_LOG = logging.getLogger(__name__)

# A store learns of the entities that are in use with whatever else changes, or so often.
_ACCESSES_SECONDS = 5.0
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
        store: Has what there was, and keeps what changes; None where nothing outlives the process.
        max_events: How many events the log holds.
        accept_bearer_tokens: Let every token of Microsoft Entra ID open everything. Nothing here
            can tell a good one from a bad one, so this is for programs that use a credential
            class, on a machine whose users trust each other.

    Attributes:
        host: The name or address that its clients call it by.
        known_as: Further names, in small letters, that they may call it by.
        started_at: Wall-clock seconds.
        instance: Random; tells this broker from every other, also from a later one with its key.
        keys: The namespace's own, by name.
        clients: Who is connected over AMQP.
        faults: What is to fail because somebody asked for it.
        presence: Who has a link to which entity.
        on_shutdown: What ends the process around it; None where that is another program.
        on_cut: Drops every connection: what was done for them may never be told.
        condition: How the store is.
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
        self.trace = Trace(max_events, ignoring=ACCOUNTS)
        self.namespace = Namespace(
            namespace,
            limits=limits,
            journal=self.trace.record if store is None else self._journal,
            journal_all=self.trace.record_all if store is None else self._journal_all,
            new_token=self.ids.uuid,
            property_access=WirePropertyAccess(clock.to_wire, clock.from_wire),
        )
        self.namespace.step_timers(TIMERS_AT_ONCE, _note_failure)
        self.budget = Budget()
        self.dispatchers = Dispatchers(self.budget)
        self.outbox = Outbox()
        self.reactor = Reactor(
            self.namespace,
            clock,
            self.dispatchers,
            self.namespace.forget_accesses if store is None else self._commit,
            scheduler,
            self.budget,
            self.outbox,
        )
        self.keys = {KEY_NAME: Key(self.key, ALL_RIGHTS)}
        self.keyring = Keyring(self.keys, self.namespace, accepts_bearer=accept_bearer_tokens)
        self.quota = ConnectionQuota(limits)
        self.clients = Clients()
        self.presence = Presence()
        self.faults = Faults(clock, self.trace.record, namespace, self.presence.stir)
        self.faults.on_change(self._on_fault)
        self.host = HOST
        self.known_as: frozenset[str] = frozenset()
        self.started_at = clock.wall()
        self.instance = random_bytes(8).hex()
        self.on_shutdown: Callable[[], None] | None = None
        self.on_cut: Callable[[], None] = lambda: None
        self.condition = Condition()
        self._store = store
        self._uncommitted: list[Change] = []
        self._accesses_told_at = 0.0
        if store is not None:
            self._restore(store)
            store.on_condition = self._on_condition
        self._is_working = False
        self.namespace.background.on_added = self._work
        if store is not None:
            self.reactor.wake()  # what was due meanwhile

    @property
    def connections(self) -> int:
        """How many connections clients have open over AMQP; calls over HTTP come and go."""
        return self.quota.count

    @property
    def keeps(self) -> bool:
        """Whether what it holds outlives the process."""
        return self._store is not None

    def is_connected(self, who: str) -> bool:
        """Whether the client that goes by this name (its container-id) has a connection."""
        return self.quota.is_here(who)

    def change_key(self) -> None:
        """Have another key from now on: what was signed with the one before opens nothing."""
        self.key = self.ids.url_safe_key()
        self.keys[KEY_NAME] = Key(self.key, ALL_RIGHTS)

    def reset(self) -> None:
        """Back to an empty namespace, for everyone who is connected, in which nothing fails."""
        self.faults.clear()
        with self.reactor.turn() as now:
            self.namespace.reset(now=now)

    def cut_connections(self, who: str | None = None) -> int:
        """Drop connections without a word, as a network does that breaks.

        Args:
            who: Whose, as `Clients.named` has it; None for everybody's.

        Returns:
            How many.
        """
        cut = self.clients.named(who)
        with self.reactor.turn():
            for client in cut:
                client.cut_off(CONNECTION_CUT)
        return len(cut)

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
        before = self.clock.now()
        self.clock.advance(seconds)
        self.namespace.advance(seconds, now=before)
        self.reactor.time_has_jumped()
        with self.reactor.turn() as now:
            pass
        if then is not None:
            self.reactor.start(self._wait_for_timers(now, then))

    def close(self) -> None:
        """Cancel every timer, and let go of the store."""
        self.reactor.close()
        if self._store is not None:
            self._accesses_told_at = -inf
            self._commit()
            self._store.close()

    def gate(self, write: Write, close: Close) -> tuple[Write, Close]:
        """What a connection is written to by: nothing leaves that tells of what is not safe."""
        return (write, close) if self._store is None else self.outbox.gate(write, close)

    def when_safe(self, action: Callable[[], None]) -> None:
        """Do something when all is safe that has changed by now."""
        self.outbox.when_safe(action)

    def spare_memory(self) -> None:
        """Let go of memory that only saves time; from any thread."""
        if self._store is not None:
            self._store.spare_memory()

    def _on_fault(self) -> None:
        """Act on a delay or an outage that has begun or ended."""
        is_out = self.faults.is_out
        with self.reactor.turn():
            for client in self.clients.named(None):
                if is_out:
                    client.cut_off(OUTAGE_CUT)
                else:
                    client.catch_up()

    def _restore(self, store: Store) -> None:
        """Take in what there was, and let time go on from where it is by now."""
        last_at = take_in(store.load(), self.namespace)
        self.clock.resume(self.namespace.advanced_seconds, last_at)

    def require_store(self) -> None:
        """Refuse whatever could not be kept.

        Raises:
            BrokerError: QUOTA_EXCEEDED, with what is wrong and what to do.
        """
        if self.condition.trouble is Trouble.STUCK:
            raise BrokerError(ErrorCode.QUOTA_EXCEEDED, self.condition.text)

    def _on_condition(self, condition: Condition) -> None:
        """Act on how the store is.

        When it can keep nothing, what the namespace holds is ahead of it. Nobody was told of that
        and nobody will be: connections are cut, new ones are refused whatever could show it, and
        nothing happens by itself, until the store has caught up.
        """
        before, self.condition = self.condition.trouble, condition
        is_fine = condition.trouble is Trouble.NONE
        refusal = None if is_fine else BrokerError(ErrorCode.QUOTA_EXCEEDED, condition.text)
        self.namespace.refuse_sends(refusal)
        if condition.trouble is Trouble.STUCK:
            if before is not Trouble.STUCK:
                self.reactor.halt()
                self.outbox.cut()
                self.on_cut()
        elif before is Trouble.STUCK:
            self.outbox.mend()
            self.reactor.go_on()
        _LOG.warning("%s", condition.text or "There is room again: the broker goes on.")

    def _work(self) -> None:
        if not self._is_working:
            self._is_working = True
            self.reactor.start(self._do_background_work())

    def _do_background_work(self) -> Job:
        yield 0
        while self.namespace.background:
            yield self.step_background()
        self._is_working = False

    def step_background(self) -> int:
        """Do a step of what takes too long to be done at once; returns what it cost a turn.

        A job that waits for such work had better do some. A piece that fails is given up, and
        nobody else learns of it.
        """
        background = self.namespace.background
        if not background:
            return 1
        try:
            return background.step() // _STEPS_COST_PER_UNIT
        except Exception:
            _LOG.exception("gave up a piece of background work")
            return 1

    def _wait_for_timers(self, until: float, then: Callable[[], None]) -> Job:
        while (self.namespace.next_deadline() or inf) <= until:
            yield 0
        then()

    def _journal(self, change: Change) -> None:
        self._uncommitted.append(change)
        self.trace.record(change)

    def _journal_all(self, changes: Sequence[Change]) -> None:
        self._uncommitted += changes
        self.trace.record_all(changes)

    def _commit(self) -> None:
        """Hand over what the turn has changed, and which entities were in use.

        That alone is no reason for a commit, for there is no end of it; now and then it is.
        """
        now = self.reactor.began_at
        if not self._uncommitted and now < self._accesses_told_at + _ACCESSES_SECONDS:
            return
        self._accesses_told_at = now
        self.namespace.report_accesses()
        if self._uncommitted:
            assert self._store is not None
            changes, self._uncommitted = self._uncommitted, []
            self.outbox.committing()
            self._store.commit(changes, self.outbox.on_safe)
