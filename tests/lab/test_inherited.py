"""The namespace that lesson 07 looks around in: its riddles are there, each time it is made."""

from collections.abc import Iterator

import pytest

from sbtutorial.explorer.explorer import Explorer
from sbtutorial.lab.inherited import leave_behind
from tests.own_home import lab_at

pytestmark = pytest.mark.sdk


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    with lab_at(tmp_path_factory.mktemp("inherited") / "home") as lab:
        explorer = lab.explorer()
        yield explorer
        explorer.close()


def test_it_is_the_same_each_time_and_has_what_a_real_one_has(explorer: Explorer) -> None:
    explorer.create_queue("somebody-elses")
    for _ in range(2):
        assert leave_behind(explorer) == (
            "4 queues, a topic with 3 subscriptions, 15 messages, and nobody to ask"
        )
        explorer.edit("stove", status="Active")  # and whatever else a learner does meanwhile
        explorer.delete_rule("parties/large", "many")
    leave_behind(explorer)

    assert explorer.tree()["somebody-elses"].active == 0
    assert explorer.show("stove")["status"] == "SendDisabled"
    assert [one.state for one in explorer.browse("parties/large")] == [
        "deferred",
        "ready or locked",
        "ready or locked",
    ]
    assert [one.state for one in explorer.browse("reminders")] == ["scheduled", "scheduled"]


def test_its_riddles_can_be_solved_by_looking(explorer: Explorer) -> None:
    leave_behind(explorer)

    (group,) = explorer.dead_letters("parties/small")
    assert group.numbers == [1, 2, 3]
    assert "'stove' is disabled for sending" in group.description

    of_the_customer = explorer.browse("invoices", text="Villa Rosa")
    assert len(of_the_customer) == 2
    assert explorer.test_rules("parties", of_the_customer[0]).subscriptions == ["office"]

    reasons = {group.reason: group.numbers for group in explorer.dead_letters("invoices")}
    assert reasons == {"printer offline": [2, 4], "unreadable": [5], "TTLExpiredException": [6]}
