"""What clients did and were told, and what that forbids: the promises that a kill may break."""

import time
from collections import Counter
from dataclasses import dataclass, field
from threading import Condition

# The clocks of a client and a broker on one machine are one; their roundings are not.
_MARGIN_SECONDS = 0.05


@dataclass
class _Delivery:
    """The last time that a message was handed out."""

    own_id: str
    locked_until: float
    is_given_back: bool = False


@dataclass
class Ledger:
    """Kept by all clients of one run together.

    Attributes:
        counts: How often each thing was done.
        interruptions: How often a client's broker was gone in the middle of something.
        broken: The promises that were broken, each in a sentence.
    """

    counts: Counter[str] = field(default_factory=Counter)
    interruptions: int = 0
    broken: list[str] = field(default_factory=list)
    _changed: Condition = field(default_factory=Condition)
    _accepted: dict[tuple[str, str], str] = field(default_factory=dict)
    _completing: set[tuple[str, str]] = field(default_factory=set)
    _completed: dict[tuple[str, int], str] = field(default_factory=dict)
    _deliveries: dict[tuple[str, int], _Delivery] = field(default_factory=dict)
    _last_of_session: dict[str, tuple[int, int]] = field(default_factory=dict)

    def count(self, what: str) -> None:
        """One more was done."""
        with self._changed:
            self.counts[what] += 1
            self._changed.notify_all()

    def interrupted(self) -> None:
        """A client's broker was gone in the middle of something."""
        with self._changed:
            self.interruptions += 1

    def await_more(self, count: int, seconds: float) -> bool:
        """Wait until so many more things were done; whether they were in time."""
        with self._changed:
            end = self.counts.total() + count
            return self._changed.wait_for(lambda: self.counts.total() >= end, seconds)

    # -- What clients report -------------------------------------------------------------------

    def accepted(self, queue: str, own_id: str) -> None:
        """A send was acknowledged."""
        with self._changed:
            self._accepted[queue, own_id] = own_id
        self.count("accepted")

    def received(self, queue: str, number: int, own_id: str, locked_until: float) -> None:
        """A message was handed out, under a lock to this instant."""
        now = time.time()
        with self._changed:
            self._see_a_delivery(queue, number, own_id, now)
            self._deliveries[queue, number] = _Delivery(own_id, locked_until)
        self.count("received")

    def received_in_session(self, session: str, number: int, place: int) -> None:
        """A message of a session was handed out, the one that was sent as its `place`-th."""
        with self._changed:
            last_number, last_place = self._last_of_session.get(session, (0, 0))
            if number > last_number and place < last_place:
                self.broken.append(
                    f"order: session {session} gave out its message {place} behind {last_place}"
                )
            if number > last_number:
                missing = [
                    one
                    for one in range(last_place + 1, place)
                    if ("tables", f"{session}-{one}") in self._accepted
                ]
                if missing:
                    self.broken.append(
                        f"order: session {session} gave out its message {place} before {missing}"
                    )
                self._last_of_session[session] = number, place

    def giving_back(self, queue: str, number: int) -> None:
        """A lock is about to be given up: another may follow at once."""
        with self._changed:
            self._deliveries[queue, number].is_given_back = True

    def completing(self, queue: str, own_id: str) -> None:
        """A completion is about to be sent: the message may be gone from now on."""
        with self._changed:
            self._completing.add((queue, own_id))

    def completed(self, queue: str, number: int, own_id: str) -> None:
        """A completion was confirmed."""
        with self._changed:
            self._completed[queue, number] = own_id
        self.count("completed")

    # -- What that forbids -----------------------------------------------------------------------

    def _see_a_delivery(self, queue: str, number: int, own_id: str, now: float) -> None:
        if (queue, number) in self._completed:
            self.broken.append(f"completion: {queue} {number} ({own_id}) was handed out again")
        before = self._deliveries.get((queue, number))
        if before is None:
            return
        if before.own_id != own_id:
            self.broken.append(f"number: {queue} {number} is {before.own_id} and {own_id}")
        elif not before.is_given_back and now < before.locked_until - _MARGIN_SECONDS:
            self.broken.append(f"lock: {queue} {number} ({own_id}) is under two locks")

    def settle_up(self, queue: str, left: dict[int, str]) -> None:
        """At the end: what is left of a queue, by number.

        What was acknowledged is left, or somebody has at least tried to complete it.
        """
        here = set(left.values())
        for there, own_id in self._accepted:
            if there == queue and own_id not in here and (queue, own_id) not in self._completing:
                self.broken.append(f"message: {queue} has lost {own_id}")
        for number in left:
            if (queue, number) in self._completed:
                self.broken.append(f"completion: {queue} {number} ({left[number]}) is still there")
