"""The café of the capstone: who works there, where they are hit, and what they promise."""

from sbtutorial.attacks import promises
from sbtutorial.attacks.assignment import Role, Tool
from sbtutorial.attacks.plan import Draw, Harm, Moment, Place, Plan, draw
from sbtutorial.attacks.scene import Scene

_ORDER = Place("shop", Moment.ORDER, 38)
_COOKING = Place("kitchen", Moment.COOKING, 34)
_SERVED = Place("kitchen", Moment.SERVED, 34)
_PAYING = Place("till", Moment.PAYING, 30)
_PAID = Place("till", Moment.PAID, 30)

_DRAWS = (
    Draw(Harm.KILL, (_ORDER,)),
    Draw(Harm.KILL, (_COOKING, _SERVED)),
    Draw(Harm.KILL, (_PAYING, _PAID)),
    Draw(Harm.LOSE_ACK, (_ORDER, _SERVED, _PAID)),
    Draw(Harm.SLOW, (_COOKING, _PAYING)),
    Draw(Harm.CUT, (_ORDER, _COOKING, _SERVED, _PAYING, _PAID)),
    Draw(Harm.BREAK, (_ORDER, _COOKING, _SERVED, _PAYING, _PAID)),
)


def plan(seed: int) -> Plan:
    """The day of a seed."""
    return draw(seed, _DRAWS, poisoned=2, doubled=2)


CAFE = Scene(
    name="cafe",
    opening="open_cafe",
    roles=(
        Role("shop", Tool.ORDERS),
        Role("kitchen", Tool.SERVE),
        Role("till", Tool.BOOK),
    ),
    plan=plan,
    promises=promises.ALL,
)
