"""What a café promises, and whether it kept it: pure functions of what is known of a day.

Each promise is looked at by itself; the first step at which one was broken is the one to look at.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sbtutorial.attacks import causes
from sbtutorial.attacks.orders import Order
from sbtutorial.attacks.steps import Account, Step, What


class Broken(NamedTuple):
    """A promise that was not kept.

    Attributes:
        step: The number of the step at which that was so; one behind the last for the day's end.
        seen: What happened, in words.
        hint: What to look at.
    """

    step: int
    seen: str
    hint: str


class Promise(NamedTuple):
    """Something that holds on every day.

    Attributes:
        text: In a few words.
        look: Finds the first time that it was broken on a day; None if it was kept.
    """

    text: str
    look: Callable[[Account], Broken | None]


class Finding(NamedTuple):
    """A promise, and what became of it."""

    promise: Promise
    broken: Broken | None


def judge(account: Account, promises: tuple[Promise, ...]) -> tuple[Finding, ...]:
    """What became of each promise."""
    return tuple(Finding(promise, promise.look(account)) for promise in promises)


def first_broken(findings: tuple[Finding, ...]) -> Finding | None:
    """Of the promises that were broken, the one that was so first."""
    broken = [finding for finding in findings if finding.broken]
    return min(
        broken, key=lambda finding: finding.broken.step if finding.broken else 0, default=None
    )


# --- none lost ------------------------------------------------------------------------------------


def _look_for_lost(account: Account) -> Broken | None:
    for order in account.plan.good:
        for what in _missing(account, order):
            if not account.left_of(order):
                seen, hint = causes.of_loss(account, order, what)
                return Broken(causes.step_of_loss(account, order, what), seen, hint)
    return None


def _missing(account: Account, order: Order) -> Iterator[What]:
    """What was to be done for an order, by those who are there for it, and was not."""
    if account.is_done_by_somebody(What.SERVED) and not account.of(What.SERVED, order):
        yield What.SERVED
    is_charged = order.euros and account.is_done_by_somebody(What.CHARGED)
    if is_charged and not account.of(What.CHARGED, order):
        yield What.CHARGED


# --- none charged twice ---------------------------------------------------------------------------


def _look_for_charges(account: Account) -> Broken | None:
    charged: dict[str, Step] = {}
    known = {order.id: order for order in account.plan.orders}
    for step in account.of(What.CHARGED):
        order = known.get(step.order)
        if order is None:
            return Broken(step.number, *causes.of_unknown_charge(step))
        if earlier := charged.get(order.id):
            return Broken(step.number, *causes.of_second_charge(account, order, earlier, step))
        if not order.is_poison and (not order.euros or step.detail != str(order.euros)):
            return Broken(step.number, *causes.of_wrong_charge(order, step))
        charged[order.id] = step
    return None


# --- in order -------------------------------------------------------------------------------------


def _look_for_order(account: Account) -> Broken | None:
    first: dict[str, int] = {}
    for step in account.of(What.SERVED):
        first.setdefault(step.order, step.number)
    waiting: dict[str, list[Order]] = {}
    for order in account.plan.good:
        waiting.setdefault(order.customer, []).append(order)
    for step in account.of(What.SERVED):
        if first[step.order] != step.number:
            continue  # served again, which no broker can rule out
        for orders in waiting.values():
            ids = [order.id for order in orders]
            if step.order not in ids:
                continue
            place = ids.index(step.order)
            passed = [one for one in orders[:place] if one.id in first]
            if passed:
                return Broken(
                    step.number, *causes.of_wrong_order(account, orders[place], passed[0], step)
                )
            del orders[: place + 1]
    return None


# --- poison ---------------------------------------------------------------------------------------


def _look_for_poison(account: Account) -> Broken | None:
    for order in account.plan.poison:
        if charged := account.of(What.CHARGED, order):
            return Broken(charged[0].number, *causes.of_charged_poison(order))
        if account.left_of(order):
            continue  # the day's end is another promise
        if cause := causes.of_poison(account, order):
            return Broken(account.last + 1, *cause)
    return _look_for_good_set_aside(account)


def _look_for_good_set_aside(account: Account) -> Broken | None:
    for order in account.plan.good:
        if dead := account.dead_of(order):
            return Broken(account.last + 1, *causes.of_good_set_aside(order, dead[0]))
    return None


# --- at once --------------------------------------------------------------------------------------


def _look_for_connections(account: Account) -> Broken | None:
    """Counted, not timed: a connection for each message is what takes long."""
    sent = [fact for told in account.facts.values() for fact in told if fact.what == "sent"]
    if len(sent) > 1 and len({fact.who for fact in sent}) == len(sent):
        return Broken(account.last + 1, *causes.of_connections(len(sent)))
    return None


# --- done within the day --------------------------------------------------------------------------


def _look_for_rest(account: Account) -> Broken | None:
    if silent := account.of(What.SILENT):
        return Broken(silent[0].number, *causes.of_silence(account, silent[0]))
    if account.left or _was_never_done(account):
        return Broken(account.last + 1, *causes.of_rest(account))
    return None


def _was_never_done(account: Account) -> bool:
    """Whether somebody's program failed until nobody started it any more."""
    ended = {step.role: step.what for step in account.steps if step.what in _ENDINGS}
    return What.FAILED in ended.values()


_ENDINGS = (What.FAILED, What.WENT_HOME)

NONE_LOST = Promise("none lost", _look_for_lost)
NONE_CHARGED_TWICE = Promise("none charged twice", _look_for_charges)
IN_ORDER = Promise("in order, customer by customer", _look_for_order)
POISON_SET_ASIDE = Promise("poison set aside, with its reason", _look_for_poison)
NONE_SET_ASIDE = Promise("no good order set aside", _look_for_good_set_aside)
AT_ONCE = Promise("orders are taken at once", _look_for_connections)
DONE = Promise("done within the day", _look_for_rest)
ALL = (NONE_LOST, NONE_CHARGED_TWICE, IN_ORDER, POISON_SET_ASIDE, DONE)
