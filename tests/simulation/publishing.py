"""What simulated clients do with topics: publish at once and for later."""

from collections.abc import Sequence
from math import inf
from typing import Any, ClassVar

from sbtutorial.amqp.types import Long
from sbtutorial.broker.changes import Change, ChangeKind
from tests.simulation.client import Client
from tests.simulation.ledger import Copy
from tests.simulation.living import Doing
from tests.simulation.messages import payload_of
from tests.simulation.programs import Sender
from tests.simulation.world import World

NEWS, LEAFLETS = "news", "leaflets"
SUBSCRIPTIONS = tuple(f"{NEWS}/Subscriptions/{name}" for name in ("all", "hot", "odd"))
# So many that a topic hands a message out in steps, with a commit in the middle of its copies.
LETTERBOXES = tuple(f"{LEAFLETS}/Subscriptions/box{number:02}" for number in range(34))


def is_half_way(changes: Sequence[Change]) -> bool:
    """Whether a commit leaves a topic that hands out in steps in the middle of a message."""
    kinds = {change.kind for change in changes}
    return ChangeKind.COPIED in kinds and ChangeKind.HANDED_OUT not in kinds


class Publisher(Sender):
    """Sends to a topic whose subscriptions take different messages."""

    labels = ("hot", "cold")
    lives = (None,)
    fillers = (0, 0, 0, 50_000)  # long to look into: the topic hands it out in steps
    known: ClassVar = {"comes_by": (NEWS,)}

    def places_of(self, label: str | None) -> tuple[str, ...]:
        """Subscriptions by their rules; see `scenery`."""
        everything, hot, odd = SUBSCRIPTIONS
        return (everything, hot) if label == "hot" else (everything, odd)

    def note(self, copies: list[Copy]) -> None:
        """All of them are copies of one message."""
        self.world.ledger.published.append(copies)


class Distributor(Publisher):
    """Sends to a topic with very many subscriptions."""

    labels = (None,)
    fillers = (0,)
    known: ClassVar = {"comes_by": (LEAFLETS,)}

    def places_of(self, _label: str | None) -> tuple[str, ...]:
        """All of them."""
        return LETTERBOXES


class Planner(Client):
    """Schedules messages, and cancels some of them, early or too late."""

    def __init__(self, world: World, name: str, place: str, count: int, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.place = place
        self.count = count
        self.known: dict[str, Any] = {}

    @property
    def places(self) -> tuple[str, ...]:
        """Where a message comes in the end."""
        return (self.place,)

    def work(self) -> Doing:
        while self.count > 0:
            self.count -= 1
            number, copies, at = yield from self.schedule()
            draw = self.random.random()
            if number is None or draw < 0.5:
                yield from self.think()
                continue
            if draw < 0.8:  # just before its time, or just after
                left = at - self.world.broker_time + self.random.choice((-0.2, 0.0, 0.1))
                yield from self.pause(max(left, 0.0))
            yield from self.cancel(number, copies)

    def schedule(self) -> Doing:
        """One message for later."""
        seconds = self.random.choice((0.5, 2.0, 10.0, 60.0))
        wall_ms = round((self.world.wall + seconds) * 1000)
        sent, body, ledger = self.world.stamp(), self.new_body(), self.world.ledger
        at = wall_ms / 1000 + sent.ahead
        copies = ledger.tries(self.places, body, self.name, sent, not_before=-inf, **self.known)
        ledger.published.append(copies)
        self.tell("schedules", body, f"for {at:.3f}")
        messages = [{"message": payload_of(body, scheduled_ms=wall_ms), "message-id": body}]
        answer = yield from self.ask(self.place, "schedule-message", {"messages": messages})
        self.requested(self.place, [body], sent, answer)
        if not answer.is_good:
            ledger.refused(self.places, body, answer.stamp)
            return None, copies, at
        # By the clock of the instant at which the broker had it.
        at = wall_ms / 1000 + answer.stamp.ahead
        for copy in copies:
            copy.not_before = at
        ledger.accepted(self.places, body, answer.stamp)
        return answer.body["sequence-numbers"][0], copies, at

    def cancel(self, number: int, copies: list[Copy]) -> Doing:
        """Take one back."""
        for copy in copies:
            copy.may_be_gone = True
        self.tell("cancels", copies[0])
        answer = yield from self.ask(
            self.place, "cancel-scheduled-message", {"sequence-numbers": [Long(number)]}
        )
        self.tell("was told", answer.status, answer.text)
        for copy in copies:
            if answer.is_good:
                copy.gone = answer.stamp
            elif not copy.locks and copy.gone is None:
                copy.may_be_gone = False  # it has come: nobody has taken it away


class Editor(Planner):
    """The same at a topic."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.known = {"comes_by": (self.place,), "waits_at": self.place}

    @property
    def places(self) -> tuple[str, ...]:
        """All subscriptions that take what has no label."""
        return SUBSCRIPTIONS[:1] if self.place == NEWS else LETTERBOXES
