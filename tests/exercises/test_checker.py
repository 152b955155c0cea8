"""What the checker does for every exercise; `test_breaking` has answers that break."""

from collections.abc import Callable
from typing import Any

import pytest

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.exercises.checker import check, judge
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.verdict import Verdict
from sbtutorial.exercises.workbench import Workbench
from sbtutorial.hosting.control_client import BrokerGone
from sbtutorial.lab.azure import AzureService
from sbtutorial.lab.lab import Lab
from sbtutorial.lab.offline import OfflineService
from tests.exercises.conftest import define, queue_names

pytestmark = pytest.mark.sdk


def task(check: Callable[[Workbench, Answer], str]) -> Task:
    stub = "def answer():\n    ..."
    return Task("any.task", "Do it.", stub, check, stub, "it works", "Begin.")


def call_it(workbench: Workbench, answer: Answer) -> str:
    return f"it returned {workbench.run(answer)}"


def verdict_on(lab: Lab, source: str) -> Verdict:
    return judge(lab.service, task(call_it), define(source))


def test_answer_is_run_and_the_check_says_what_it_saw(lab: Lab) -> None:
    assert repr(verdict_on(lab, "def f():\n    return 6 * len('seven')")) == (
        "any.task: passed\n    seen    it returned 30"
    )


@pytest.mark.parametrize("body", ["...", "pass", "'''Docs.'''", "return", "return None"])
def test_every_kind_of_empty_function_gets_the_first_hint(lab: Lab, body: str) -> None:
    verdict = verdict_on(lab, f"def f():\n    {body}")
    assert (verdict.seen, verdict.hint) == ("the function does nothing yet", "Begin.")


@pytest.mark.parametrize(
    ("answer", "says"),
    [(None, "without `return`"), ("send_all", "a str"), (3, "an int"), ([], "a list")],
)
def test_what_is_no_function_is_refused(lab: Lab, answer: Any, says: str) -> None:
    with pytest.raises(TutorialError, match="without parentheses") as refusal:
        check(lab.service, "send.batch", answer)
    assert says in str(refusal.value)


def test_lab_checks_an_exercise_by_its_name(lab: Lab) -> None:
    assert lab.check("send.batch", lambda sender, photos: None).task == "send.batch"


def test_unknown_exercise_is_refused(lab: Lab) -> None:
    with pytest.raises(TutorialError, match=r"did you mean 'send\.batch'"):
        lab.check("send.bach", print)


def test_queues_of_a_check_are_gone_after_it_however_it_ends(lab: Lab) -> None:
    def fails(workbench: Workbench, answer: Answer) -> str:
        workbench.queue()
        workbench.admin.create_queue(workbench.unused_name())
        not_yet(wanted="more", seen="less", hint="Try.")

    def breaks(workbench: Workbench, answer: Answer) -> str:
        workbench.queue()
        raise ZeroDivisionError

    before = queue_names(lab)
    assert not judge(lab.service, task(fails), print)
    with pytest.raises(ZeroDivisionError):
        judge(lab.service, task(breaks), print)
    assert queue_names(lab) == before


def test_verdict_leaves_out_the_random_names_of_queues(lab: Lab) -> None:
    def tells(workbench: Workbench, answer: Answer) -> str:
        workbench.run(answer, workbench.unused_name())
        return ""

    answer = define("def f(name):\n    raise ValueError(name)")
    assert "ValueError: exercise\n" in judge(lab.service, task(tells), answer).seen


def test_what_only_the_offline_broker_tells_is_noted_elsewhere_once(lab: Lab) -> None:
    def looks_twice(workbench: Workbench, answer: Answer) -> str:
        assert workbench.events("orders") == workbench.events("orders") == []
        return "right"

    elsewhere = AzureService(parse_connection_string(lab.connection_string))
    verdict = judge(elsewhere, task(looks_twice), print)
    assert verdict.passed
    assert len(verdict.notes) == 1
    assert "offline broker" in verdict.notes[0]


def test_many_messages_are_peeked_page_by_page(lab: Lab) -> None:
    from azure.servicebus import ServiceBusMessage

    with Workbench(lab.service, task(call_it)) as workbench:
        queue = workbench.queue()
        for number in range(4):
            workbench.send(queue, ServiceBusMessage(f"{number}".ljust(120_000)))
        assert [str(message)[0] for message in workbench.peek(queue)] == ["0", "1", "2", "3"]
        assert workbench.peek(queue, dead_letter=True) == []


def test_checking_without_a_broker_says_so() -> None:
    nobody = "Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=Root;SharedAccessKey=key"
    lab = Lab(OfflineService(nobody + ";UseDevelopmentEmulator=true", "tutorial"))
    with pytest.raises(BrokerGone, match=r"Run connect\(\) again"):
        lab.check("receive.peek", lambda receiver: [print])
