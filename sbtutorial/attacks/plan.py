"""What goes wrong on a day, as data: nothing of it depends on how fast a machine is.

A blow falls at a moment that is counted, not timed: the fifth time that the kitchen has served
something, whichever of its processes that is. The same seed gives the same plan.
"""

from enum import StrEnum
from random import Random
from typing import NamedTuple

from sbtutorial.attacks.orders import COUNT, Order, draw_orders, draw_slips

QUIET = 0  # the seed of the day on which nothing goes wrong


class Moment(StrEnum):
    """Where a program stands still, and may be hit."""

    ORDER = "order"  # the next order is about to be taken from the list
    COOKING = "cooking"  # the work has begun, and nothing has come of it yet
    SERVED = "served"  # the meal is on the table
    PAYING = "paying"  # everything is written into the book, and not yet committed
    PAID = "paid"  # committed


class Harm(StrEnum):
    """What is done to a program then."""

    KILL = "killed"
    LOSE_ACK = "acknowledgement lost"  # the next one: done by the broker, and never told
    CUT = "connections cut"
    SLOW = "slow"  # the work takes longer than any lock
    BREAK = "broker killed"  # and started again
    LONG = "long"  # the work takes twenty seconds, and who renews a lock meanwhile keeps it
    PAUSE = "pause"  # an hour in which nobody works
    REFUSE = "refused"  # the work fails this time


class Blow(NamedTuple):
    """One harm at one moment.

    Attributes:
        role: Whose.
        moment: Which.
        nth: The how-manieth of that name in the whole day; 1 for the first.
        harm: What is done.
    """

    role: str
    moment: Moment
    nth: int
    harm: Harm


class Plan(NamedTuple):
    """A day, before it begins.

    Attributes:
        seed: What it was drawn from.
        orders: What is ordered, in that order.
        slips: What the shop is given: some orders come twice.
        blows: What goes wrong.
        pace_seconds: How long each piece of work takes, for the broker's clock.
    """

    seed: int
    orders: tuple[Order, ...]
    slips: tuple[Order, ...]
    blows: tuple[Blow, ...]
    pace_seconds: float = 0.0

    def at(self, role: str, moment: str, nth: int) -> list[Harm]:
        """What is to be done now; a kill comes last."""
        harms = [blow.harm for blow in self.blows if blow[:3] == (role, moment, nth)]
        return sorted(harms, key=lambda harm: harm is Harm.KILL)

    @property
    def kill_count(self) -> int:
        """How many programs are killed."""
        return sum(blow.harm is Harm.KILL for blow in self.blows)

    @property
    def good(self) -> tuple[Order, ...]:
        """The orders that can be read."""
        return tuple(order for order in self.orders if not order.is_poison)

    @property
    def poison(self) -> tuple[Order, ...]:
        """Those that nobody can read."""
        return tuple(order for order in self.orders if order.is_poison)

    @property
    def doubled(self) -> tuple[Order, ...]:
        """Those that the shop is given twice."""
        return tuple(order for order in self.orders if self.slips.count(order) > 1)


class Place(NamedTuple):
    """A moment of a role at which a harm may be drawn.

    Attributes:
        role: Whose.
        moment: Which.
        up_to: How often it comes in a day, at least.
    """

    role: str
    moment: Moment
    up_to: int


class Draw(NamedTuple):
    """One harm of a day, and the places of which one is drawn for it."""

    harm: Harm
    places: tuple[Place, ...]


def draw(
    seed: int,
    draws: tuple[Draw, ...],
    *,
    poisoned: int = 0,
    doubled: int = 0,
    count: int = COUNT,
    pace_seconds: float = 0.0,
) -> Plan:
    """The day of a seed; on that of QUIET nothing goes wrong.

    Args:
        seed: 0 or more.
        draws: What goes wrong on every other day, each at one place.
        poisoned: How many orders nobody can read then.
        doubled: How many are sent twice then, by their customers.
        count: How many orders there are.
        pace_seconds: How long each piece of work takes.
    """
    random = Random(f"a bad day, {seed}")
    is_quiet = seed == QUIET
    orders = draw_orders(random, poisoned=0 if is_quiet else poisoned, count=count)
    slips = draw_slips(random, orders, doubled=0 if is_quiet else doubled)
    blows = () if is_quiet else tuple(_draw(random, one) for one in draws)
    return Plan(seed, orders, slips, blows, pace_seconds)


def _draw(random: Random, one: Draw) -> Blow:
    place = random.choice(one.places)
    # Not the first time: something is there by then that can be lost or repeated.
    return Blow(place.role, place.moment, random.randint(2, place.up_to), one.harm)
