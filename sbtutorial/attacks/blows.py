"""What each harm is: done to the world of a day while somebody stands still in it."""

from time import sleep

from sbtutorial.attacks.plan import Harm
from sbtutorial.attacks.world import World

REFUSAL = "the oven is out"  # what somebody hears whose work is refused
_PAUSE_SECONDS = 3600.0
_LONG_SECONDS, _RENEWAL_SECONDS = 9.0, 2.2


def strike(world: World, harm: Harm, *, is_sender: bool, step: int) -> None:
    """Do it; a kill and a refusal are their victim's own, and not of the world.

    Args:
        world: To what.
        harm: What.
        is_sender: Whether it befalls somebody who sends.
        step: The number of the step at which.
    """
    if harm is Harm.LOSE_ACK:
        world.lose_next_ack(of_send=is_sender)
    elif harm is Harm.CUT:
        world.cut()
    elif harm is Harm.SLOW:
        world.let_time_pass()
    elif harm is Harm.PAUSE:
        world.let_time_pass(_PAUSE_SECONDS)
    elif harm is Harm.LONG:
        _work_long(world)
    elif harm is Harm.BREAK:
        world.break_broker(step)


def _work_long(world: World) -> None:
    """Twenty seconds, of which two are real: in those, whoever renews a lock does it.

    An `AutoLockRenewer` goes by this machine's clock. It renews a lock of eleven seconds when ten
    of them are left.
    """
    world.let_time_pass(_LONG_SECONDS)
    sleep(_RENEWAL_SECONDS)
    world.let_time_pass(_LONG_SECONDS)
