"""What the checker says of answers that break in every way, and that nothing of them stays."""

import _thread
import functools
import io
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sbtutorial.exercises import printing
from sbtutorial.exercises.checker import judge
from sbtutorial.exercises.story import Story
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.verdict import Verdict
from sbtutorial.exercises.workbench import Workbench
from sbtutorial.lab.lab import Lab
from tests.exercises.conftest import define, queue_names

pytestmark = pytest.mark.sdk

ORDERS = "orders"
STUB = "def answer():\n    ..."


def task(check: Callable[[Workbench, Answer], str], limit_seconds: float = 5) -> Task:
    return Task(
        "any.task", "", STUB, check, STUB, "it works", "Begin.", limit_seconds=limit_seconds
    )


def call_it(workbench: Workbench, answer: Answer) -> str:
    return f"it returned {workbench.run(answer)}"


def order_goes_in(workbench: Workbench, answer: Answer) -> str:
    """Lend the answer a client; it is to send one message."""
    queue = workbench.queue()
    workbench.run(answer, workbench.new_client(), queue)
    if not workbench.peek(queue):
        not_yet(wanted="an order", seen="nothing was sent", hint="Send.")
    return "an order"


def order_goes_into_new_queue(workbench: Workbench, answer: Answer) -> str:
    name = workbench.unused_name()
    workbench.run(answer, workbench.new_admin(), name)
    if not workbench.exists(name):
        not_yet(wanted="a queue", seen="no queue", hint="Create it.")
    return "a queue"


def verdict_on(lab: Lab, source: str, limit_seconds: float = 5) -> Verdict:
    return judge(lab.service, task(call_it, limit_seconds), define(source))


def verdict_on_sender(lab: Lab, source: str, limit_seconds: float = 5) -> Verdict:
    return judge(lab.service, task(order_goes_in, limit_seconds), define(source))


@pytest.fixture(autouse=True)
def nothing_leaks(lab: Lab) -> Iterator[None]:
    """After each answer all is as it was before."""
    timeout, limit = socket.getdefaulttimeout(), sys.getrecursionlimit()
    yield
    assert printing.__name__ not in {type(each).__module__ for each in (sys.stdout, sys.stderr)}
    assert (socket.getdefaulttimeout(), sys.getrecursionlimit()) == (timeout, limit)
    assert [name for name in queue_names(lab) if name.startswith("exercise")] == []


# --- errors ---------------------------------------------------------------------------------------


def test_error_is_said_in_a_sentence_with_the_learners_own_line(lab: Lab) -> None:
    source = """
    def helper(value):
        return int(value)

    def f():
        total = 0
        return total + helper("tea")
    """
    assert verdict_on(lab, source).seen == (
        "f raised ValueError: invalid literal for int() with base 10: 'tea'\n"
        "in line 2 of your cell: return int(value)"
    )


@pytest.mark.parametrize(
    ("body", "seen", "hint"),
    [
        ("raise SystemExit", "f raised SystemExit\nin line 2", "return ends a function"),
        ("exit()", "f raised SystemExit", "return ends a function"),
        ("raise KeyboardInterrupt", "f raised KeyboardInterrupt\n", "stop button"),
        ("return f()", "f raised RecursionError: maximum recursion depth", "calls itself"),
        ("return next(iter([]))", "f raised StopIteration\n", "a for loop"),
        ("raise MemoryError", "f raised MemoryError\n", "less at a time"),
        ("raise GeneratorExit", "f raised GeneratorExit\n", "last words"),
        (
            "raise BaseExceptionGroup('two', [SystemExit()])",
            "BaseExceptionGroup: two",
            "last words",
        ),
        ("raise type('Odd', (Exception,), {'__str__': None})", "f raised Odd", "last words"),
        ("raise 'tea'", "exceptions must derive from BaseException", "last words"),
        ("return 1 / 0", "f raised ZeroDivisionError: division by zero\n", "last words"),
        ("return client", "f raised NameError: name 'client' is not defined", "from the top"),
        ("import nothing_of_the_kind", "f raised ModuleNotFoundError", "last words"),
        ("assert 'tea' == 'coffee', 'no\\ntea'", "f raised AssertionError: no\n", "last words"),
    ],
)
def test_each_kind_of_error_has_its_sentence(lab: Lab, body: str, seen: str, hint: str) -> None:
    verdict = verdict_on(lab, f"def f():\n    {body}")
    assert seen in verdict.seen
    assert hint in verdict.hint


def test_error_of_a_client_that_was_closed_says_so_and_the_checker_goes_on(lab: Lab) -> None:
    source = """
    def f(client, queue):
        with client:
            sender = client.get_queue_sender(queue)
            with sender:
                pass
        sender.send_messages(ServiceBusMessage("tea"))
    """
    verdict = verdict_on_sender(lab, source)
    assert "already been shutdown" in verdict.seen
    assert "is closed" in verdict.hint


# --- what is no function --------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["return 1", "yield 1", "...", "pass"])
def test_async_function_is_told_so_and_never_called(lab: Lab, body: str) -> None:
    verdict = verdict_on(lab, f"async def f():\n    {body}")
    assert verdict.seen == "your function is async, and the exercise calls it without await"
    assert verdict.hint == "Write def, and use the client as it is."


def test_coroutine_that_comes_out_of_a_function_is_told_and_closed(lab: Lab) -> None:
    source = """
    async def work():
        return 1

    f = lambda: work()
    """
    assert "is async" in verdict_on(lab, source).seen


def test_generator_is_told_that_nothing_of_it_ran(lab: Lab) -> None:
    verdict = verdict_on(lab, "def f():\n    yield 1")
    assert "has a yield in it" in verdict.seen
    assert "return in place of yield" in verdict.hint


def test_class_is_no_answer(lab: Lab) -> None:
    verdict = verdict_on(lab, "class F:\n    pass")
    assert "your answer is a class" in verdict.seen
    assert "def" in verdict.hint


@pytest.mark.parametrize(
    "answer",
    [
        lambda: int("7"),
        functools.partial(lambda number: number, 7),
        functools.partial(int, "7"),
        (7).__int__,
        type("Seven", (), {"__call__": lambda self: int("7")})(),
        functools.wraps(define("def f():\n    return len('seven77')"))(lambda: int("7")),
        functools.cache(lambda: int("7")),
    ],
)
def test_whatever_can_be_called_and_works_is_right(lab: Lab, answer: Any) -> None:
    assert judge(lab.service, task(call_it), answer).seen == "it returned 7"


@pytest.mark.parametrize(
    "answer",
    [
        define(STUB),
        functools.partial(define(STUB)),
        lambda: None,
        type("Idle", (), {"__call__": define("def f(self):\n    '''Docs.'''")})(),
    ],
)
def test_stub_in_any_wrapping_does_nothing(lab: Lab, answer: Any) -> None:
    assert judge(lab.service, task(call_it), answer).seen == "the function does nothing yet"


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("def f(client, queue):\n    return client", "yours is f(client, queue)"),
        ("f = lambda client: client", "yours is your function(client)"),
        ("def f(*, queue):\n    return queue", "yours is f(*, queue)"),
    ],
)
def test_function_with_other_arguments_is_told_so_before_it_runs(
    lab: Lab, source: str, seen: str
) -> None:
    verdict = verdict_on(lab, source)
    assert verdict.seen == seen
    assert "first line" in verdict.hint
    assert verdict.wanted == "a function that can be called with 0 arguments"


# --- no end ---------------------------------------------------------------------------------------


def test_loop_without_end_is_stopped_in_time_and_shown(lab: Lab) -> None:
    verdict = verdict_on(lab, "def f():\n    while True:\n        pass", limit_seconds=0.2)
    assert verdict.seen == (
        "f had not returned after 0.2 seconds, and was stopped\nin line 2 of your cell: while True:"
    ) or verdict.seen.endswith("line 3 of your cell: pass")
    assert "A loop needs an end" in verdict.hint
    assert not any(thread.name == "exercise f" for thread in threading.enumerate())


def test_loop_that_catches_everything_keeps_nobody_waiting(lab: Lab, tmp_path: Path) -> None:
    verdict_is_there = tmp_path / "verdict"
    source = f"""
    import os

    def f():
        while True:
            try:
                if os.path.exists({str(verdict_is_there)!r}):
                    return
            except BaseException:
                continue
    """
    try:
        assert "f had not returned after 0.2 seconds" in verdict_on(lab, source, 0.2).seen
    finally:
        verdict_is_there.touch()  # or the loop would go on for ever


def test_sleep_is_left_behind_and_ends_when_it_wakes_up(lab: Lab) -> None:
    source = """
    import time

    def f():
        time.sleep(1000)
        print("late")
    """
    started = time.monotonic()
    verdict = verdict_on(lab, source, limit_seconds=0.2)
    assert time.monotonic() - started < 100
    assert "would not be stopped: it is left to itself" in verdict.seen
    assert "time.sleep(1000)" in verdict.seen
    assert "Leave the sleep out" in verdict.hint


def test_call_that_listens_to_nothing_is_left_behind_and_says_nothing_later(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    released = threading.Event()

    def stubborn() -> None:
        released.wait()
        print("late")  # pragma: no cover: it must not come to this

    verdict = judge(lab.service, task(call_it, 0.2), stubborn)
    assert "left to itself" in verdict.seen
    (left,) = (each for each in threading.enumerate() if each.name == "exercise stubborn")
    released.set()
    left.join(5)
    assert not left.is_alive()
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def stop_button() -> Iterator[None]:
    """SIGINT as a kernel has it; in a shell's background it would be ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("head_start", [0, 100_000])
@pytest.mark.usefixtures("stop_button")
def test_stop_button_ends_the_check_and_the_answer(lab: Lab, head_start: int) -> None:
    ended = threading.Event()

    def answer() -> None:
        try:
            sum(range(head_start))  # so that the check begins to wait, or not
            _thread.interrupt_main()
            while True:
                pass
        finally:
            ended.set()

    with pytest.raises(KeyboardInterrupt):
        judge(lab.service, task(call_it), answer)
    assert ended.wait(5)


def test_receiver_that_waits_for_ever_is_stopped_and_gets_its_own_hint(lab: Lab) -> None:
    source = """
    def f(client, queue):
        with client.get_queue_receiver(queue) as receiver:
            for message in receiver:
                receiver.complete_message(message)
    """
    verdict = verdict_on_sender(lab, source, limit_seconds=1)
    assert "had not returned after 1 seconds, and was stopped" in verdict.seen
    assert "for message in receiver" in verdict.seen
    assert "max_wait_time" in verdict.hint


# --- what is printed ------------------------------------------------------------------------------


def shown_of(lab: Lab, source: str) -> str:
    shown: list[str] = []
    story = Story(shown.append)
    assert judge(lab.service, task(call_it), define(source), story)
    story.close()
    return "".join(shown)


def test_what_a_function_prints_is_shown_while_it_runs(lab: Lab) -> None:
    source = """
    import sys, threading

    def f():
        print("tea", 1)
        print("for", "table", 4, file=sys.stderr)
        thread = threading.Thread(target=print, args=["cake"])
        thread.start()
        thread.join()
        return 1
    """
    assert shown_of(lab, source) == (
        "your function started\n  │ tea 1\n  │ for table 4\n  │ cake\nreturned\n"
    )


def test_of_a_function_that_prints_a_lot_the_beginning_is_shown(lab: Lab) -> None:
    source = """
    def f():
        for number in range(10_000):
            print("tea", number)
        return 1
    """
    lines = shown_of(lab, source).splitlines()
    assert len(lines) == 1 + 20 + 1 + 1
    assert "  │ … and 9,980 more lines" in lines


def test_stream_that_was_replaced_is_put_back(lab: Lab) -> None:
    source = """
    import io, sys

    def f():
        sys.stdout = io.StringIO()
        print("nowhere")
        return 1
    """
    assert verdict_on(lab, source).passed


def test_others_print_where_they_always_do(lab: Lab) -> None:
    go, done = threading.Event(), threading.Event()
    before = io.StringIO()

    def neighbour() -> None:
        go.wait()
        print("from the neighbour")
        done.set()

    threading.Thread(target=neighbour, daemon=True).start()
    shown: list[str] = []

    def answer() -> int:
        go.set()
        done.wait(5)
        return 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", before)
        judge(lab.service, task(call_it), answer, Story(shown.append))
    assert before.getvalue() == "from the neighbour\n"
    assert "neighbour" not in "".join(shown)


# --- what stays behind ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("import os; os.chdir('/')", "the working directory"),
        ("import os; os.environ['TEA'] = 'green'; del os.environ['PATH']", "the environment"),
        ("import socket; socket.setdefaulttimeout(0.001)", "the default timeout of sockets"),
        ("import sys; sys.setrecursionlimit(5000)", "how deep calls may go"),
        ("import sys; sys.path.clear()", "where modules are looked for"),
        ("import logging; logging.basicConfig(level=0, force=True)", "where the log goes"),
        ("import builtins; builtins.ascii = None; del builtins.oct", "a name that is built in"),
        ("import time; time.sleep = print", "a function of time"),
        ("import socket; socket.create_connection = None", "a function of socket"),
        ("import sys; sys.excepthook = print", "what becomes of errors"),
        ("import threading; threading.excepthook = print", "what becomes of errors in threads"),
    ],
)
def test_what_all_of_python_shares_is_put_back(lab: Lab, body: str, what: str) -> None:
    values = ascii, oct, time.sleep, socket.create_connection, sys.excepthook, [*sys.path]
    folder, path = os.getcwd(), os.environ["PATH"]
    verdict = verdict_on(lab, f"def f():\n    {body}; raise ValueError")
    assert "f raised ValueError" in verdict.seen
    (note,) = verdict.notes
    assert note.startswith(f"your function changed {what}")
    assert note.endswith("it is put back.")
    assert values == (
        *(ascii, oct, time.sleep, socket.create_connection, sys.excepthook),
        sys.path,
    )
    assert (os.getcwd(), os.environ["PATH"], "TEA" in os.environ) == (folder, path, False)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    "start",
    [
        "threading.Thread(target=loop).start()",
        "threading.Thread(target=time.sleep, args=[1000], daemon=True).start()",
        "threading.Timer(1000, print).start()",
        "ThreadPoolExecutor(1).submit(loop)",
    ],
)
def test_thread_that_is_left_running_is_told_to_end(lab: Lab, start: str) -> None:
    source = f"""
    import threading, time
    from concurrent.futures import ThreadPoolExecutor

    def loop():
        while True:
            pass

    def f():
        {start}
        return 1
    """
    verdict = verdict_on(lab, source)
    assert verdict.passed
    assert verdict.notes == ("your function left a thread of its own running; it was told to end.",)


def test_threads_of_others_are_let_be(lab: Lab) -> None:
    source = """
    from concurrent.futures import ThreadPoolExecutor

    def f(client, queue):
        with ThreadPoolExecutor(2) as pool:
            pool.submit(print).result()
        global later
        later = ThreadPoolExecutor(2)
        later.submit(print).result()
        with client.get_queue_sender(queue) as sender:
            sender.send_messages(ServiceBusMessage("tea"))
    """
    verdict = verdict_on_sender(lab, source)
    assert verdict.passed
    assert verdict.notes == ()


def test_receiver_that_is_left_open_is_remarked_on(lab: Lab) -> None:
    source = """
    def f(client, queue):
        with client.get_queue_sender(queue) as sender:
            sender.send_messages(ServiceBusMessage("tea"))
        global receiver
        receiver = client.get_queue_receiver(queue, max_wait_time=1)
        receiver.peek_messages()
    """
    (note,) = verdict_on_sender(lab, source).notes
    assert "left a receiver open" in note
    assert "`with`" in note


def test_client_that_the_answer_closed_was_lent_to_it_alone(lab: Lab) -> None:
    source = """
    def f(client, queue):
        with client, client.get_queue_sender(queue) as sender:
            sender.send_messages(ServiceBusMessage("tea"))
    """
    assert verdict_on_sender(lab, source).passed
    assert verdict_on_sender(lab, source).notes == ()


def test_queue_that_the_answer_deleted_is_missed_in_a_sentence(lab: Lab) -> None:
    source = f"""
    def f(client, queue):
        with ServiceBusAdministrationClient.from_connection_string(
            {lab.connection_string!r}
        ) as admin:
            admin.delete_queue(queue)
    """
    verdict = verdict_on_sender(lab, source)
    assert verdict.seen == "your function deleted the queue that the exercise gave it"


# --- the wrong queue ------------------------------------------------------------------------------

WRONG = "your function used queue 'orders'; the exercise gave it 'exercise'"


def test_answer_that_works_with_a_queue_of_its_own_choice_is_told_which(lab: Lab) -> None:
    lab.fresh_queue(ORDERS)
    lab.advance(100)
    source = """
    def f(client, queue):
        with client.get_queue_sender("orders") as sender:
            sender.send_messages(ServiceBusMessage("tea"))
    """
    verdict = verdict_on_sender(lab, source)
    assert verdict.seen == WRONG
    assert "the name that it is called with" in verdict.hint


def test_what_was_done_before_the_answer_began_is_not_its_doing(lab: Lab) -> None:
    lab.fresh_queue(ORDERS)
    with Workbench(lab.service, task(call_it)) as workbench:
        workbench.send(ORDERS, "tea")
        with workbench.client.get_queue_receiver(ORDERS, max_wait_time=5) as receiver:
            receiver.complete_message(receiver.next())
        workbench.advance(100)
    source = """
    def f(client, queue):
        client.get_queue_sender(queue).close()
    """
    verdict = verdict_on_sender(lab, source)
    assert verdict.seen == "nothing was sent"
    assert verdict.notes == ()


def test_answer_that_works_with_another_queue_as_well_gets_a_note(lab: Lab) -> None:
    lab.fresh_queue(ORDERS)
    source = """
    def f(client, queue):
        with client.get_queue_sender("orders") as sender:
            sender.send_messages(ServiceBusMessage("tea"))
        with client.get_queue_sender(queue) as sender:
            sender.send_messages(ServiceBusMessage("tea"))
        with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
            receiver.complete_message(receiver.next())
    """
    verdict = verdict_on_sender(lab, source)
    assert verdict.seen == "nothing was sent"
    assert verdict.notes == (f"{WRONG}, too.",)


@pytest.mark.parametrize("limit_seconds", [0.5, 60])
def test_answer_that_asks_for_a_queue_that_does_not_exist_is_told_which(
    lab: Lab, limit_seconds: float
) -> None:
    source = f"""
    def f(client, queue):
        with ServiceBusClient.from_connection_string(
            {lab.connection_string!r}, retry_total={0 if limit_seconds > 1 else 3}
        ) as own:
            own.get_queue_sender("ordres").send_messages(ServiceBusMessage("tea"))
    """
    verdict = verdict_on_sender(lab, source, limit_seconds)
    assert verdict.seen == WRONG.replace("orders", "ordres")


def test_queue_that_was_created_under_another_name_is_told(lab: Lab) -> None:
    answer = define("def f(admin, name):\n    admin.create_queue('queue')")
    verdict = judge(lab.service, task(order_goes_into_new_queue), answer)
    assert verdict.seen == WRONG.replace("orders", "queue")


def test_queue_that_others_use_meanwhile_is_no_fault_of_an_answer_that_is_right(lab: Lab) -> None:
    lab.fresh_queue(ORDERS)
    source = """
    def f(client, queue):
        for name in (queue, "orders"):
            with client.get_queue_sender(name) as sender:
                sender.send_messages(ServiceBusMessage("tea"))
    """
    verdict = verdict_on_sender(lab, source)
    assert verdict.passed
    assert verdict.notes == ()
