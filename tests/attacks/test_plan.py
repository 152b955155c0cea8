"""A day, drawn from its seed."""

import json

import pytest

from sbtutorial.attacks.cafe import CAFE
from sbtutorial.attacks.orders import COUNT, order_of
from sbtutorial.attacks.plan import QUIET, Blow, Harm, Moment, Plan
from sbtutorial.attacks.telling import announce, forecast
from sbtutorial.exercises.tasks.capstone import BAD_DAYS

SEEDS = range(1, 300)


def places(plan: Plan) -> set[tuple[Harm, str, Moment]]:
    return {(blow.harm, blow.role, blow.moment) for blow in plan.blows}


def test_the_same_seed_is_the_same_day_and_another_one_another() -> None:
    assert CAFE.plan(7) == CAFE.plan(7)
    assert CAFE.plan(7) != CAFE.plan(8)


def test_on_a_quiet_day_nothing_goes_wrong() -> None:
    plan = CAFE.plan(QUIET)
    assert (len(plan.orders), plan.slips, plan.blows) == (COUNT, plan.orders, ())
    assert plan.good == plan.orders
    assert forecast(plan) == ["nothing goes wrong"]
    assert announce(plan) == "A quiet day: 40 orders, and nothing goes wrong."


@pytest.mark.parametrize("seed", [1, 7, 123456789])
def test_a_bad_day_has_something_of_everything(seed: int) -> None:
    plan = CAFE.plan(seed)
    of_incidents = {Harm.LONG, Harm.PAUSE, Harm.REFUSE}
    assert {blow.harm for blow in plan.blows} == set(Harm) - of_incidents
    assert sorted(blow.role for blow in plan.blows if blow.harm is Harm.KILL) == [
        "kitchen",
        "shop",
        "till",
    ]
    assert (len(plan.orders), len(plan.poison), len(plan.doubled)) == (COUNT, 2, 2)
    assert len(forecast(plan)) == 2 + 2 + len(plan.blows)


def test_a_body_can_be_read_unless_it_is_poison_and_tells_whose_it_is() -> None:
    plan = CAFE.plan(3)
    for order in plan.good:
        assert json.loads(order.body)["item"] == order.item
    for order in plan.poison:
        with pytest.raises(ValueError, match=r"line 1"):
            json.loads(order.body)
    for order in plan.orders:
        assert order_of(plan.orders, None, order.body) == order
        assert order_of(plan.orders, f"{order.id}-repaired") == order
        assert "is_poison" not in order.slip
    assert order_of(plan.orders, "something else", "{}") is None


def test_a_second_click_comes_behind_the_first() -> None:
    for seed in SEEDS:
        plan = CAFE.plan(seed)
        for order in plan.doubled:
            first = plan.slips.index(order)
            assert plan.slips.index(order, first + 1) <= first + 5


def test_a_kill_comes_behind_what_else_falls_at_that_moment() -> None:
    blows = (
        Blow("till", Moment.PAID, 3, Harm.KILL),
        Blow("till", Moment.PAID, 3, Harm.LOSE_ACK),
        Blow("till", Moment.PAID, 4, Harm.CUT),
    )
    plan = CAFE.plan(QUIET)._replace(blows=blows)
    assert plan.at("till", "paid", 3) == [Harm.LOSE_ACK, Harm.KILL]
    assert plan.at("till", "paid", 5) == []


def test_the_checkers_days_have_each_harm_at_each_place() -> None:
    everything = set.union(*(places(CAFE.plan(seed)) for seed in SEEDS))
    assert set.union(*(places(CAFE.plan(seed)) for seed in BAD_DAYS)) == everything
