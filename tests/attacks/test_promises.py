"""Promises, judged on days that are written down here."""

import pytest

from sbtutorial.attacks.cafe import CAFE
from sbtutorial.attacks.plan import QUIET, Plan
from sbtutorial.attacks.promises import ALL, AT_ONCE, Broken, first_broken, judge
from sbtutorial.attacks.steps import Account, Fact, Found, Step, What

PLAN = CAFE.plan(QUIET)
BAD = CAFE.plan(1)
T, S, C = What.TOOK, What.SERVED, What.CHARGED


def steps(*told: tuple[object, ...]) -> tuple[Step, ...]:
    return tuple(Step(number, *one) for number, one in enumerate(told, 1))  # type: ignore[arg-type]


def good_day(plan: Plan = PLAN) -> list[tuple[object, ...]]:
    """A day on which everything is done, in order."""
    took = [("shop", T, order.id) for order in plan.slips]
    served = [("kitchen", S, order.id) for order in plan.good]
    charged = [("till", C, order.id, str(order.euros)) for order in plan.good if order.euros]
    return [*took, *served, *charged, ("till", What.WENT_HOME)]


def dead(plan: Plan, reason: str = "unreadable") -> list[Found]:
    return [Found("orders/kitchen", order.id, "dead", reason) for order in plan.poison]


def broken(account: Account) -> tuple[str, Broken]:
    """The promise that was broken first."""
    finding = first_broken(judge(account, ALL))
    assert finding is not None and finding.broken is not None
    return finding.promise.text, finding.broken


def test_a_good_day_keeps_every_promise() -> None:
    for plan in (PLAN, BAD):
        findings = judge(Account(plan, steps(*good_day(plan)), dead=dead(plan)), ALL)
        assert [finding.promise.text for finding in findings if finding.broken] == []


def test_to_be_served_twice_is_no_broken_promise() -> None:
    day = good_day()
    place = day.index(("kitchen", S, "order-05"))
    account = Account(PLAN, steps(*day[: place + 1], day[place], *day[place + 1 :]))
    assert first_broken(judge(account, ALL)) is None


def test_what_waits_is_not_lost_but_late() -> None:
    day = [one for one in good_day() if one != ("kitchen", S, "order-05")]
    account = Account(PLAN, steps(*day), left=[Found("orders/kitchen", "order-05", "ready")])
    promise, found = broken(account)
    assert promise == "done within the day"
    assert found == (account.last + 1, found.seen, found.hint)
    assert found.seen == "still there at the end: 1 in orders/kitchen"


@pytest.mark.parametrize(
    ("facts", "reason", "words"),
    [
        (["copied", "locked", "completed"], None, "never served, and its message was completed"),
        (["copied", "expired"], None, "ran out of time"),
        (["copied", "taken"], None, "deleted as it was handed out"),
        ([], None, "no message of it reached the broker"),
        (["copied"], "MaxDeliveryCountExceeded", "after too many deliveries"),
        (["copied"], "unreadable", "was set aside as 'unreadable'"),
    ],
)
def test_a_loss_is_told_with_its_cause(facts: list[str], reason: str | None, words: str) -> None:
    day = [one for one in good_day() if one != ("kitchen", S, "order-05")]
    told = {"order-05": [Fact(what, "orders/kitchen", 50) for what in facts]} if facts else {}
    gone = [Found("orders/kitchen", "order-05", "dead", reason)] if reason is not None else []
    account = Account(PLAN, steps(*day), told, dead=gone, homes={S: {"orders/kitchen"}})
    promise, found = broken(account)
    assert promise == "none lost"
    assert words in found.seen
    if facts and facts[-1] in ("completed", "expired", "taken"):
        assert found.step == 50


def test_a_shop_that_nobody_killed_is_asked_what_it_was_told() -> None:
    day = [one for one in good_day() if one != ("kitchen", S, "order-05")]
    _, found = broken(Account(PLAN, steps(*day), {}, homes={S: {"orders/kitchen"}}))
    assert "was it told of an error, and went on?" in found.hint
    killed = [("shop", What.KILLED, "order-05", "order"), *day]
    _, found = broken(Account(PLAN, steps(*killed), {}, homes={S: {"orders/kitchen"}}))
    assert "Was it killed with orders in its hands?" in found.hint


def test_a_connection_for_each_message_is_told() -> None:
    def sent_by(*senders: str) -> dict[str, list[Fact]]:
        return {str(at): [Fact("sent", "orders", at, who)] for at, who in enumerate(senders)}

    each = Account(PLAN, steps(*good_day()), sent_by("one", "two", "three"))
    found = AT_ONCE.look(each)
    assert found is not None
    assert found.seen.startswith("3 messages came over 3 connections")
    for senders in (("one", "two", "one"), ("one",), ()):
        assert AT_ONCE.look(Account(PLAN, steps(*good_day()), sent_by(*senders))) is None


@pytest.mark.parametrize(
    ("failure", "role", "words"),
    [
        (
            "OperationTimeoutError: Timed out waiting for the AMQP link to open.",
            "kitchen",
            "opening a receiver takes half a second",
        ),
        ("ServiceBusAuthenticationError: amqp:client-error.", "kitchen", "nothing of that name"),
        ("TypeError: waiter() takes 0 positional arguments", "waiter", "before it has done"),
        ("KeyError: 'item'", "kitchen", "fails at one message"),
    ],
)
def test_a_failure_is_told_with_what_it_says_by_itself(failure: str, role: str, words: str) -> None:
    day = [*good_day(), (role, What.FAILED, "", failure)]
    promise, found = broken(Account(PLAN, steps(*day)))
    assert promise == "done within the day"
    assert words in found.hint


def test_a_shop_that_does_nothing_is_told_to_begin() -> None:
    promise, found = broken(Account(PLAN, steps(("shop", What.WENT_HOME))))
    assert promise == "none lost"
    assert found.seen == "the shop took no order from its list"


@pytest.mark.parametrize(
    ("between", "words"),
    [
        ([("till", What.KILLED, "", "paid")], "was killed before the broker knew"),
        ([("till", What.HARMED, "", "slow")], "was slower than the lock"),
        ([("till", What.FAILED, "", "MessageLockLostError: late")], "had lost the lock"),
        ([("till", What.FAILED, "", "KeyError: 'euros'")], "ended with KeyError"),
        ([], "was given it again"),
    ],
)
def test_a_second_charge_is_told_with_what_came_between(
    between: list[tuple[object, ...]], words: str
) -> None:
    order = next(order for order in PLAN.good if order.euros)
    charge = ("till", C, order.id, str(order.euros))
    day = good_day()
    place = day.index(charge) + 1
    account = Account(PLAN, steps(*day[:place], *between, charge, *day[place:]))
    promise, found = broken(account)
    assert (promise, found.step) == ("none charged twice", place + len(between) + 1)
    assert words in found.seen


def test_a_second_click_is_told_as_one() -> None:
    order = next(order for order in BAD.doubled if order.euros)
    day = good_day(BAD)
    place = day.index(("till", C, order.id, str(order.euros))) + 1
    again = ("till", C, order.id, str(order.euros))
    account = Account(BAD, steps(*day[:place], again, *day[place:]), dead=dead(BAD))
    assert "the customer clicked twice" in broken(account)[1].seen


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("till", C, "order-99", "3"), "nobody ordered that"),
        (("till", C, "water", "0"), "is a glass of water"),
        (("till", C, "order-04", "77"), "and 77 were charged"),
    ],
)
def test_a_wrong_charge_is_told(row: tuple[str, What, str, str], words: str) -> None:
    water = next(order for order in PLAN.orders if not order.euros)
    told = (row[0], row[1], water.id if row[2] == "water" else row[2], row[3])
    day = [one for one in good_day() if one[1:3] != told[1:3]]
    promise, found = broken(Account(PLAN, steps(*day, told)))
    assert promise == "none charged twice"
    assert words in found.seen


def test_who_is_passed_by_is_told_with_what_befell_the_kitchen() -> None:
    ours = [order for order in PLAN.good if order.customer == "Ada"]
    first, second = (("kitchen", S, order.id) for order in ours[:2])
    day = [one for one in good_day() if one not in (first, second)]
    killed = ("kitchen", What.KILLED, ours[0].id, "cooking")
    account = Account(PLAN, steps(*day[:40], killed, second, first, *day[40:]))
    promise, found = broken(account)
    assert (promise, found.step) == ("in order, customer by customer", 42)
    assert f"Ada's {ours[1].id} was served before {ours[0].id}: the kitchen had been" in found.seen


@pytest.mark.parametrize(
    ("reason", "facts", "words"),
    [
        (None, [], "is gone"),
        ("", [], "without a reason"),
        ("MaxDeliveryCountExceeded", [], "again and again until the broker set it aside"),
        ("unreadable", [Fact("completed", "orders/till")], "was completed in orders/till"),
    ],
)
def test_poison_is_set_aside_with_a_reason_wherever_it_comes(
    reason: str | None, facts: list[Fact], words: str
) -> None:
    told = {order.id: facts for order in BAD.poison}
    gone = dead(BAD, reason) if reason is not None else []
    promise, found = broken(Account(BAD, steps(*good_day(BAD)), told, dead=gone))
    assert promise == "poison set aside, with its reason"
    assert words in found.seen


def test_charged_poison_is_told() -> None:
    charge = ("till", C, BAD.poison[0].id, "4")
    account = Account(BAD, steps(*good_day(BAD), charge), dead=dead(BAD))
    assert "nobody can read what" in broken(account)[1].seen


def test_who_had_to_be_ended_is_told_and_what_they_were_given_again_and_again() -> None:
    day = steps(*good_day(BAD), ("kitchen", What.SILENT, "", "15 s without a sign of life"))
    promise, found = broken(Account(BAD, day, dead=dead(BAD)))
    assert (promise, found.step) == ("done within the day", len(day))
    assert "did not come to an end: 15 s" in found.seen
    again = {BAD.poison[0].id: [Fact("locked", "orders/kitchen")] * 9}
    assert "again and again" in broken(Account(BAD, day, again, dead=dead(BAD)))[1].seen


def test_who_failed_until_the_end_is_told() -> None:
    failed = ("till", What.FAILED, "", "JSONDecodeError: cut off")
    left = [Found("orders/till", "order-03", "ready")]
    promise, found = broken(Account(PLAN, steps(*good_day(), failed), left=left))
    assert promise == "done within the day"
    assert found.seen.endswith("the till failed 1 times, at last with JSONDecodeError: cut off")


def test_a_good_order_that_is_set_aside_when_it_is_done_is_told() -> None:
    gone = [Found("orders/till", "order-02", "dead", "MaxDeliveryCountExceeded")]
    promise, found = broken(Account(PLAN, steps(*good_day()), dead=gone))
    assert promise == "poison set aside, with its reason"
    assert "order-02 was done, and handed out again" in found.seen


def test_who_serves_without_end_is_told_what() -> None:
    again = [("kitchen", S, "order-01")] * 900
    day = steps(*good_day(), *again, ("kitchen", What.SILENT, "", "the day had 1000 steps"))
    assert broken(Account(PLAN, day))[1].seen.endswith("order-01 was served 901 times")
