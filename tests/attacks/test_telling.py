"""A day in lines, as a checklist, as a row of marks, and drawn."""

import matplotlib
import pytest

matplotlib.use("agg")

from sbtutorial.attacks.cafe import CAFE
from sbtutorial.attacks.outcome import Outcome
from sbtutorial.attacks.picture import text_timeline
from sbtutorial.attacks.promises import judge
from sbtutorial.attacks.steps import BROKER, Account, Step, What
from sbtutorial.attacks.telling import Telling

ROLES = ("shop", "kitchen", "till")
STEPS = (
    Step(1, "shop", What.TOOK, "order-01"),
    Step(2, "shop", What.TOOK, "order-02"),
    Step(3, "shop", What.KILLED, "order-02", "order"),
    Step(4, "shop", What.TOOK, "order-01"),
    Step(5, "shop", What.WENT_HOME),
    Step(6, "kitchen", What.SERVED, "order-01"),
    Step(7, "kitchen", What.HARMED, "order-01", "acknowledgement lost"),
    Step(8, "kitchen", What.FAILED, "", "ServiceBusError: gone"),
    Step(9, "till", What.HARMED, "", "broker killed"),
    Step(10, BROKER, What.LATER),
    Step(11, "till", What.SILENT, "", "15 s without a sign of life"),
)
ACCOUNT = Account(CAFE.plan(7), STEPS)


@pytest.fixture
def outcome() -> Outcome:
    return Outcome("cafe", ACCOUNT, judge(ACCOUNT, CAFE.promises), ROLES)


def test_many_of_one_kind_are_one_line() -> None:
    lines: list[str] = []
    telling = Telling(lines.append)
    for step in STEPS:
        telling.tell(step)
    telling.show("till", "hello\x1b[2J")
    telling.end()
    assert lines == [
        "shop     took 2 orders, up to order-02",
        "shop     ✗ killed before it took order-02",
        "shop     took order-01",
        "shop     went home",
        "kitchen  served order-01",
        "kitchen  ~ the next acknowledgement will be lost",
        "kitchen  ! failed: ServiceBusError: gone",
        "till     ~ the broker is killed, and started again",
        "         » five minutes pass: every lock is over",
        "till     ! ended, and not started again: 15 s without a sign of life",
        "till     │ hello·[2J",
    ]


def test_a_long_line_fits_into_a_small_window_and_an_error_ends_between_words() -> None:
    lines: list[str] = []
    telling = Telling(lines.append)
    error = "MessageLockLostError: The lock supplied is invalid. Either the lock expired"
    telling.tell(Step(1, "kitchen", What.FAILED, "", error))
    telling.tell(Step(2, "kitchen", What.FAILED, "", "x" * 1000))
    telling.show("kitchen", "y" * 1000)
    assert lines == [
        "kitchen  ! failed: MessageLockLostError: The lock supplied is invalid. …",
        "kitchen  ! failed: …",
        f"kitchen  │ {'y' * 64}…",
    ]
    assert max(map(len, lines)) == 76


def test_who_prints_much_is_cut_short() -> None:
    lines: list[str] = []
    telling = Telling(lines.append)
    for number in range(1000):
        telling.show("shop", f"line {number}")
    assert len(lines) == 31
    assert lines[-1] == "shop     │ …"


def test_a_day_is_a_row_of_marks_for_each() -> None:
    assert text_timeline(ACCOUNT, ROLES, 8) == [
        "shop     ••✗•",
        "kitchen       •~!",
        "till               !",
        "broker           ✗»",
        "                ▲ the first broken promise",
        "",
        "✗ killed  ! failed, and started again  ~ hit  • work  » later",
    ]


def test_a_long_day_fits_into_a_line_and_no_mark_of_trouble_is_lost() -> None:
    work = [Step(number, "shop", What.TOOK, "order-01") for number in range(1, 1000)]
    work[500] = work[500]._replace(what=What.KILLED)
    rows = text_timeline(Account(ACCOUNT.plan, work), ROLES, 1000)
    assert max(map(len, rows)) <= 80
    assert "✗" in rows[0]


def test_a_verdict_is_a_checklist_with_the_first_broken_promise(outcome: Outcome) -> None:
    text = repr(outcome)
    assert not outcome
    assert text.startswith("cafe, day 7: 2 of 5 promises broken\n  ✗ none lost – when the day was")
    assert "✗ done within the day – at step 11" in text
    assert outcome.first_broken is not None
    assert outcome.first_broken.promise.text == "done within the day"
    html = outcome._repr_html_()
    assert html.count("<li") == 5
    assert "the first broken promise" in html


def test_a_day_without_a_broken_promise_is_true() -> None:
    account = Account(CAFE.plan(0))
    outcome = Outcome("cafe", account, judge(account, ()), ROLES)
    assert outcome
    assert repr(outcome).startswith("cafe, a quiet day: every promise kept")
    assert outcome.description == "cafe, a quiet day: every promise kept."
    assert outcome.forecast == "nothing goes wrong"


def test_a_day_is_drawn_with_the_first_broken_promise_in_red(outcome: Outcome) -> None:
    axes = outcome.plot()
    assert [label.get_text() for label in axes.get_yticklabels()] == [*ROLES, BROKER]
    (red,) = [line for line in axes.lines if line.get_label() == "first broken promise"]
    assert (red.get_color(), list(red.get_xdata())) == ("#B00000", [11, 11])
    assert repr(axes.figure) == outcome.description
    assert outcome.plot(axes) is axes
