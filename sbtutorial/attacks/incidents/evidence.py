"""What is known of an incident's day: its steps, and every event of its broker; counted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sbtutorial.attacks.orders import Order
from sbtutorial.attacks.steps import WORK, Account, What
from sbtutorial.trace import Event

_ENDS = {
    "completed": "completed",
    "taken": "deleted as it was handed out",
    "dead_lettered": "dead-lettered",
    "expired": "expired",
    "duplicate_dropped": "dropped as a duplicate",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """A day, for who asks what was behind it.

    Attributes:
        account: The steps.
        events: Of the broker, all of them.
    """

    account: Account
    events: Sequence[Event]

    def of(self, *kinds: str) -> list[Event]:
        """The events of these kinds."""
        return [event for event in self.events if event.what in kinds]

    def count(self, *kinds: str) -> int:
        """How many there are."""
        return len(self.of(*kinds))

    @property
    def sent(self) -> list[Event]:
        """The messages that senders sent."""
        return self.of("sent")

    @property
    def senders(self) -> set[str]:
        """Who sent them: each connection gives itself a name of its own."""
        return {event.who for event in self.sent}

    @property
    def sessions(self) -> list[str]:
        """Those that somebody held, each once, in that order."""
        return list(dict.fromkeys(event.detail for event in self.of("session_locked")))

    @property
    def ends(self) -> str:
        """What became of messages, in words: "11 completed, 1 expired"."""
        counts = Counter(_ENDS[event.what] for event in self.of(*_ENDS))
        return ", ".join(f"{counts[words]} {words}" for words in _ENDS.values() if counts[words])

    @property
    def most_locked(self) -> int:
        """How many messages were locked at the same time, at most."""
        locked: set[tuple[str, int]] = set()
        most = 0
        for event in self.events:
            message = event.entity, event.sequence_number
            if event.what == "locked":
                locked.add(message)
            elif event.sequence_number:
                locked.discard(message)
            most = max(most, len(locked))
        return most

    def done(self, order: Order) -> bool:
        """Whether somebody did what was ordered, or there was nothing to do."""
        if not order.euros and not self.account.of(What.SERVED):
            return True
        return any(step.order == order.id and step.what in _DOING for step in self.account.steps)

    @property
    def undone(self) -> list[Order]:
        """Orders that can be read, for which nobody did anything; water is charged by nobody."""
        return [order for order in self.account.plan.good if not self.done(order)]

    @property
    def twice(self) -> list[Order]:
        """Orders that were charged more than once."""
        counts = Counter(step.order for step in self.account.of(What.CHARGED))
        return [order for order in self.account.plan.orders if counts[order.id] > 1]

    def with_events(self, *kinds: str) -> list[Order]:
        """Orders of whose messages something of these kinds is told."""
        ids = [event.message_id or "" for event in self.of(*kinds)]
        return [o for o in self.account.plan.orders if any(o.id in text for text in ids)]


_DOING = tuple(what for what in WORK if what is not What.TOOK)


def names(orders: Iterable[Order]) -> str:
    """Orders in words: "order-03", "order-03 and order-07", "order-03, order-04 and 8 more"."""
    ids = [order.id for order in orders] or ["nothing"]
    if len(ids) > _MOST_NAMES:
        return f"{', '.join(ids[: _MOST_NAMES - 1])} and {len(ids) - _MOST_NAMES + 1} more"
    *first, last = ids
    return f"{', '.join(first)} and {last}" if first else last


def were(orders: Sequence[Order]) -> str:
    """The same as the subject of a sentence: "order-03 was", "order-03 and order-07 were"."""
    return f"{names(orders)} {'were' if len(orders) > 1 else 'was'}"


def counted(count: int, thing: str) -> str:
    """A count in words: "1 message", "3 messages"."""
    return f"{count} {thing}{'' if count == 1 else 's'}"


_MOST_NAMES = 4
