"""What simulated clients do by lock token: hold messages for long, and settle several at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tests.simulation.client import Client, Received
from tests.simulation.living import Disconnected, Doing
from tests.simulation.messages import BY_TOKEN
from tests.simulation.world import World

_MOST = 3
# What holds nothing anywhere.
_WRONG = UUID(int=4711)


class Holder(Client):
    """Works long on what it has: renews its locks again and again, and settles by their tokens.

    It does so on another connection as well, when its own has broken or the broker has died.
    """

    def __init__(self, world: World, name: str, place: str, **options: Any) -> None:
        super().__init__(world, name, **options)
        self.place = place
        self.held: list[Received] = []
        self.rounds = 0

    def work(self) -> Doing:
        link = yield from self.receiver(self.place, credit=_MOST)
        while True:
            if not self.held:
                yield from self.take_some(link)
            elif (left := self.time_left) < 0.2:
                self.held = []
            elif self.rounds:
                self.rounds -= 1
                yield from self.pause(max(left - self.random.choice((0.5, 1.0, 2.0)), 0.0))
                yield from self.renew(self.place, *self.held)
            else:
                yield from self.finish()

    @property
    def time_left(self) -> float:
        """Until the first of its locks ends."""
        ends = [message.lock.until for message in self.held if message.lock is not None]
        return min(ends) - self.world.broker_time

    def take_some(self, link: Any) -> Doing:
        """A few messages at once, to be held for some rounds."""
        link.keep_credit(_MOST)
        self.flush()
        message = yield from self.next_message(link, 30.0)
        if self.has_ended(link):
            raise Disconnected
        while message is not None and len(self.held) < _MOST:
            self.held.append(message)
            message = yield from self.next_message(link, 0.1)
        self.rounds = self.random.choice((0, 1, 2, 3))

    def finish(self) -> Doing:
        """Settle all that it holds with one request; now and then with a wrong token first."""
        status = self.random.choice(("completed", *BY_TOKEN))
        if self.random.random() < 0.3:
            yield from self.settle_by_token(self.place, self.held, status, wrong=[_WRONG])
        held: Sequence[Received] = self.held
        self.held = []  # whatever comes of it: nobody asks twice
        yield from self.settle_by_token(self.place, held, status)
