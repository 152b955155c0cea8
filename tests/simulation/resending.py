"""What simulated clients do that send again what they have no answer to."""

from typing import Any

from tests.simulation.living import Doing
from tests.simulation.messages import payload_of
from tests.simulation.programs import Sender


class Stubborn(Sender):
    """Sends again what it has no answer to: the queue takes each message once."""

    lives = (None,)
    WINDOW_SECONDS = 600.0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.unanswered: dict[str, float] = {}

    def work(self) -> Doing:
        link = yield from self.sender(self.place)
        ledger = self.world.ledger
        while self.count > 0 or self.unanswered:
            again = next(iter(self.unanswered), None)
            is_first = again is None
            if again is None:
                again = self.new_body()
                self.count -= 1
                self.unanswered[again] = self.world.broker_time
            elif self.world.broker_time > self.unanswered[again] + self.WINDOW_SECONDS - 100:
                del self.unanswered[again]  # it would count as another message
                continue
            self.tell("sends", again)
            sent = self.world.stamp()
            ledger.tries([self.place], again, self.name, sent)
            state, stamp = yield from self.send(link, [payload_of(again)])
            is_taken = self.sent_to(self.place, [again], sent, state, stamp)
            if is_taken:
                ledger.accepted([self.place], again, stamp)
            elif is_first:  # else it may have been taken before
                ledger.refused([self.place], again, stamp)
            if self.random.random() < 0.8:
                del self.unanswered[again]
            yield from self.think()
