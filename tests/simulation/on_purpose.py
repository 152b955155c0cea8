"""Faults on purpose in the world of a seed, beside all that goes wrong by itself.

What was done and not told is to a client as what a dying network kept from it, so every promise
holds as it is. No send is refused here: who is refused what it had sent before cannot tell, either,
whether that is there.
"""

from random import Random

from tests.simulation.run import Trouble
from tests.simulation.scenery import Scenery
from tests.simulation.world import World

# How late answers are made, in seconds.
_DELAYS = (0.0, 0.05, 0.5)


class TroubleOnPurpose(Trouble):
    """Somebody drops acknowledgements, cuts connections, holds answers back, calls outages."""

    def __init__(self, world: World, scene: Scenery, random: Random) -> None:
        super().__init__(world, scene, random)
        world.ledger.may_be_late = True
        self._again(self._drop, 3.0)
        self._again(self._cut_off, 8.0)
        self._again(self._delay, 15.0)
        self._again(self._call_outage, 20.0)

    def _drop(self) -> None:
        if (broker := self._world.broker) is not None and self._scene.places:
            kind = self._random.choice(("sent", "settled"))
            path = self._random.choice([*self._scene.places])
            self._world.tell("world", "drops an acknowledgement of what is", kind, path)
            broker.faults.plan(kind, path=path)

    def _cut_off(self) -> None:
        if (broker := self._world.broker) is not None and (names := broker.clients.names):
            who = self._random.choice(names)
            self._world.tell("world", "cuts off", who)
            broker.cut_connections(who)

    def _delay(self) -> None:
        if (broker := self._world.broker) is not None:
            seconds = self._random.choice(_DELAYS)
            self._world.tell("world", "has answers come so late:", seconds)
            broker.faults.delay(seconds)

    def _call_outage(self) -> None:
        if (broker := self._world.broker) is not None:
            seconds = self._random.choice((0.5, 3.0))
            self._world.tell("world", "calls an outage of", seconds)
            broker.faults.outage(seconds)
