import os
import re
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.entities.receivable import MessageCounts
from sbtutorial.errors import TutorialError
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server.broker_server import BrokerServer
from sbtutorial.workers import worker
from sbtutorial.workers.cell import CONNECTION_STRING_VARIABLE
from sbtutorial.workers.checkpoints import checkpoint
from sbtutorial.workers.record import Ending
from sbtutorial.workers.worker import Worker, running_workers

LIMIT_SECONDS = 30
FOR_EVER = "import threading; threading.Event().wait()"


def make(source: str, **options) -> Worker:
    return Worker("cashier", textwrap.dedent(source), **options)


def run(source: str, timeout: float = LIMIT_SECONDS, **options) -> Worker:
    worker = make(source, **options)
    worker.run(timeout=timeout, show=lambda line: None)
    return worker


def shown(source: str, timeout: float = LIMIT_SECONDS, **options) -> list[str]:
    """What a notebook shows of a foreground run, with the outcome's lines."""
    lines: list[str] = []
    outcome = make(source, **options).run(timeout=timeout, show=lines.append)
    return [*lines, *str(outcome).split("\n")]


@pytest.fixture(autouse=True)
def nothing_is_left_running():
    yield
    left = running_workers()
    for one in left:
        one.kill()
    assert left == []


# --- output ---------------------------------------------------------------------------------------


def test_output_is_shown_with_the_name_of_the_worker():
    assert shown('print("took 1 coffee")') == ["cashier │ took 1 coffee", "cashier ✓ finished"]


def test_output_is_kept_as_it_was_printed():
    assert run('print("one"); print("  two")').output == "one\n  two\n"


def test_output_is_shown_while_the_worker_runs_and_from_the_calling_thread():
    seen = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(line: str) -> None:
            seen.append((line, threading.current_thread()))
            if line.endswith("ready"):
                connection, _ = server.accept()
                connection.sendall(b"coffee")
                connection.close()

        source = f"""
            import socket
            connection = socket.create_connection({server.getsockname()})
            print("ready")
            print(connection.recv(100).decode())
        """
        outcome = make(source).run(timeout=LIMIT_SECONDS, show=answer)
    me = threading.current_thread()
    assert seen == [("cashier │ ready", me), ("cashier │ coffee", me)]
    assert outcome.ending is Ending.FINISHED


def test_standard_error_is_in_its_place_among_the_output():
    source = """
        import sys
        print("one")
        print("two", file=sys.stderr)
        print("three")
    """
    assert run(source).output == "one\ntwo\nthree\n"


def test_what_libraries_write_to_the_descriptor_is_in_its_place_too():
    source = """
        import os, subprocess, sys
        print("one")
        os.write(1, b"two\\n")
        subprocess.run([sys.executable, "-c", "print('three')"])
        print("four")
    """
    assert run(source).output == "one\ntwo\nthree\nfour\n"


def test_an_unfinished_line_is_shown_before_a_checkpoint_and_at_the_end():
    source = """
        print("working", end="")
        checkpoint("working")
        print("done", end="")
    """
    assert run(source).output == "working\ndone\n"


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        ("'thé, 茶, ☕'", "thé, 茶, ☕"),
        (r"'\ud800'", r"\ud800"),
        (r"'10 %\r20 %\r30 %'", "30 %"),
        (r"'\x1enot of ours'", "not of ours"),
        (r"'\x1e[1]'", "[1]"),
    ],
)
def test_any_text_can_be_printed(printed, line):
    assert run(f"print({printed})").output == f"{line}\n"


def test_bytes_that_are_no_text_are_shown_as_far_as_they_are():
    assert run(r"import os; os.write(1, b'caf\xe9\n')").output == "caf\N{REPLACEMENT CHARACTER}\n"


def test_a_worker_that_prints_without_end_is_ended(monkeypatch):
    monkeypatch.setattr(worker, "MAX_LINES", 50)
    endless = run("while True: print('again')")
    assert str(endless.outcome) == "cashier ✗ killed: it had printed 50 lines"
    assert endless.output == "again\n" * 50


# --- checkpoints ----------------------------------------------------------------------------------

THREE_ORDERS = """
    for order in ("coffee", "tea", "cake"):
        print("took", order)
        checkpoint("working")
        print("served", order)
"""


def test_worker_is_killed_exactly_at_the_checkpoint():
    assert shown(THREE_ORDERS, kill_at="working") == [
        "cashier │ took coffee",
        'cashier ✗ killed at checkpoint "working"',
    ]


def test_worker_is_killed_the_third_time():
    worker = run(THREE_ORDERS, kill_at="working:3")
    assert worker.output.splitlines()[-1] == "took cake"
    assert str(worker.outcome) == 'cashier ✗ killed at checkpoint "working", time 3'
    assert worker.passed == ("working",) * 3


def test_a_killed_process_is_gone_and_reaped():
    worker = run('import os; print(os.getpid()); checkpoint("here")', kill_at="here")
    assert worker.outcome.ending is Ending.KILLED
    assert not psutil.pid_exists(int(worker.output))


def test_a_killed_process_cleans_nothing_up():
    source = """
        import atexit
        atexit.register(print, "tidied")
        try:
            checkpoint("working")
        finally:
            print("finally")
    """
    assert run(source, kill_at="working").output == ""


def test_checkpoint_can_be_imported():
    source = """
        from sbtutorial.workers.checkpoints import checkpoint as mark
        mark("here")
    """
    assert run(source, kill_at="here").outcome.ending is Ending.KILLED


def test_checkpoint_stops_threads_and_coroutines_alike():
    source = """
        import asyncio
        async def serve():
            await asyncio.to_thread(checkpoint, "in a thread")
            checkpoint("in a coroutine")
            print("too late")
        await serve()
    """
    worker = run(source, kill_at="in a coroutine")
    assert worker.passed == ("in a thread", "in a coroutine")
    assert worker.output == ""


def test_checkpoint_outside_a_worker_means_nothing(capsys):
    assert checkpoint("working") is None
    assert capsys.readouterr() == ("", "")


def test_a_checkpoint_that_is_never_reached_is_named_with_those_that_were():
    worker = run(THREE_ORDERS, kill_at="workin")
    assert worker.outcome.ending is Ending.MISSED
    assert str(worker.outcome) == (
        'cashier ✗ finished without reaching checkpoint "workin"; it passed: "working"'
    )


def test_a_worker_without_checkpoints_says_so_when_one_was_expected():
    outcome = run("print('hello')", kill_at="working").outcome
    assert outcome.sentence == 'finished without reaching checkpoint "working"; it passed none'


@pytest.mark.parametrize("moment", ["", ":3", "working:0", " "])
def test_a_moment_that_cannot_be_is_refused(moment):
    with pytest.raises(TutorialError, match="names no moment"):
        make("pass", kill_at=moment)


# --- how it ends ----------------------------------------------------------------------------------


def test_failure_shows_the_lines_of_the_cell_and_nothing_else():
    source = """\
        import json
        def serve(order):
            return json.loads(order)

        serve("coffee")
    """
    assert shown(source) == [
        'cashier │ line 5:  serve("coffee")',
        "cashier │ line 3, in serve:  return json.loads(order)",
        "cashier ✗ failed: JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    ]


def test_failure_tells_the_error_and_its_bases():
    outcome = run("raise ConnectionResetError('gone')").outcome
    assert outcome.ending is Ending.FAILED
    assert outcome.error_types[:3] == ("ConnectionResetError", "ConnectionError", "OSError")


def test_an_error_of_several_lines_is_shown_whole():
    assert shown("raise ValueError('cold\\nand stale')") == [
        "cashier │ line 1:  raise ValueError('cold\\nand stale')",
        "cashier ✗ failed: ValueError: cold",
        "cashier │ and stale",
    ]


def test_a_sentence_for_the_learner_stands_alone():
    source = """
        from sbtutorial.errors import TutorialError
        raise TutorialError("Run connect() again.")
    """
    assert shown(source)[-1] == "cashier ✗ failed: Run connect() again."


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("raise SystemExit", "cashier ✓ finished"),
        ("import sys; sys.exit(0)", "cashier ✓ finished"),
        ("import sys; sys.exit(3)", "cashier ✗ failed: SystemExit: 3"),
        ("import os; os._exit(3)", "cashier ✗ died with exit code 3"),
        ("raise KeyboardInterrupt", "cashier ✗ failed: KeyboardInterrupt"),
    ],
)
def test_each_end_has_its_sentence(source, sentence):
    assert str(run(source).outcome) == sentence


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to die of")
def test_a_worker_that_something_else_killed_died():
    outcome = run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").outcome
    assert str(outcome) == "cashier ✗ died by signal 9"


def test_a_worker_that_takes_too_long_is_ended():
    worker = run("print('hello', flush=True)\nwhile True: pass", timeout=0.5)
    assert worker.outcome.ending is Ending.TIMED_OUT
    assert str(worker.outcome) == "cashier ✗ killed: still running after 0.5 s"


def test_threads_of_a_worker_may_finish_their_work():
    source = """
        from threading import Event, Thread
        begun = Event()
        def work():
            begun.wait()
            print("served")
        Thread(target=work).start()
        begun.set()
    """
    assert run(source).output == "served\n"


def test_what_shows_the_output_may_break_off_and_nothing_is_left_running():
    def stop(line: str) -> None:
        raise KeyboardInterrupt

    worker = make(f"print('hello')\n{FOR_EVER}")
    with pytest.raises(KeyboardInterrupt):
        worker.run(timeout=LIMIT_SECONDS, show=stop)
    assert str(worker.outcome) == "cashier ✗ killed: you stopped the cell"


def test_a_program_that_a_worker_started_does_not_keep_its_end_back():
    source = f"""
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", {FOR_EVER!r}])
        print(child.pid)
    """
    worker = run(source)
    assert worker.outcome.ending is Ending.FINISHED
    grandchild = psutil.Process(int(worker.output))
    assert grandchild.is_running()
    grandchild.kill()


def test_what_has_finished_was_not_killed():
    source = f"""
        import os, subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", {FOR_EVER!r}])
        print(os.getpid(), child.pid)
        checkpoint("begun")
    """
    worker = make(source).start()
    worker.wait_for("begun", LIMIT_SECONDS)
    own, grandchild = (psutil.Process(int(number)) for number in worker.output.split())
    psutil.wait_procs([own], timeout=LIMIT_SECONDS)
    # Its own child still has the pipe, so the notebook has not heard the last of it yet.
    assert str(worker.kill()) == "cashier ✓ finished"
    grandchild.kill()


# --- in the background ----------------------------------------------------------------------------


def test_a_worker_in_the_background_runs_until_it_is_killed():
    worker = make(f"print('hello')\ncheckpoint('begun')\n{FOR_EVER}").start()
    worker.wait_for("begun", LIMIT_SECONDS)
    assert worker.running
    assert repr(worker) == "cashier ▸ running"
    assert worker.outcome is None
    assert str(worker.kill()) == "cashier ✗ killed"
    assert not worker.running
    assert worker.output == "hello\n"
    assert repr(worker) == "cashier ✗ killed"


def test_wait_returns_how_it_ended():
    assert str(make("print('hello')").start().wait(LIMIT_SECONDS)) == "cashier ✓ finished"


def test_wait_says_when_it_is_still_running():
    worker = make(FOR_EVER).start()
    with pytest.raises(TutorialError, match=r"still running after 0\.1 s: cashier\.kill\(\) ends"):
        worker.wait(timeout=0.1)
    assert worker.running
    worker.kill()


def test_kill_leaves_alone_what_has_ended():
    worker = run("pass")
    assert str(worker.kill()) == "cashier ✓ finished"


def test_killing_twice_tells_the_first_reason():
    worker = make(FOR_EVER).start()
    assert worker.kill() is worker.end("killed: once more")


def test_wait_for_a_checkpoint_that_does_not_come_says_so():
    worker = make("checkpoint('begun')").start()
    with pytest.raises(TutorialError, match='did not reach checkpoint "done" before its end; it'):
        worker.wait_for("done", LIMIT_SECONDS)


def test_wait_for_a_checkpoint_says_when_the_time_is_up():
    worker = make(FOR_EVER).start()
    with pytest.raises(TutorialError, match=r"within 0\.1 s; it passed none"):
        worker.wait_for("done", timeout=0.1)
    worker.kill()


@pytest.mark.parametrize("act", [Worker.kill, Worker.wait, lambda one: one.wait_for("here")])
def test_a_worker_that_was_not_started_says_how_to_start_it(act):
    worker = make("pass")
    assert repr(worker) == "cashier · not started"
    with pytest.raises(TutorialError, match=r"cashier\.start\(\) does"):
        act(worker)


@pytest.mark.parametrize("again", [Worker.start, Worker.run])
def test_a_worker_starts_once(again):
    worker = make(FOR_EVER).start()
    with pytest.raises(TutorialError, match="make a new worker"):
        again(worker)
    assert worker.running
    worker.kill()


# --- the program in the process -------------------------------------------------------------------


def test_the_cell_is_the_main_program():
    source = """
        import pickle
        class Order:
            pass
        if __name__ == "__main__":
            print(type(pickle.loads(pickle.dumps(Order()))) is Order)
    """
    assert run(source).output == "True\n"


def test_names_of_ours_are_not_in_its_way():
    source = "print(sorted(name for name in globals() if not name.startswith('__')))"
    assert run(source).output == "['checkpoint']\n"


def test_it_has_no_keyboard():
    assert run("input()").outcome.sentence.startswith("failed: EOFError")


def test_it_imports_what_the_notebook_could_and_the_standard_library_first(tmp_path, monkeypatch):
    (tmp_path / "menu.py").write_text("dish = 'cake'")
    (tmp_path / "queue.py").write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    assert run("import menu, queue; print(menu.dish)").output == "cake\n"


def test_it_knows_the_broker_of_the_notebook():
    source = f"import os; print(os.environ[{CONNECTION_STRING_VARIABLE!r}])"
    assert run(source, connection_string="Endpoint=sb://here").output == "Endpoint=sb://here\n"


def test_it_inherits_where_the_certificates_are(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", "our.pem")
    assert run("import os; print(os.environ['SSL_CERT_FILE'])").output == "our.pem\n"


def test_a_syntax_error_is_pythons_own_and_comes_before_the_process():
    with pytest.raises(SyntaxError) as caught:
        make("\nprint('coffee'")
    assert (caught.value.filename, caught.value.lineno) == ("<cashier>", 2)


@pytest.mark.parametrize("name", ["", "my cashier", "1st", "class", "café!"])
def test_a_name_that_is_no_identifier_is_refused(name):
    with pytest.raises(TutorialError, match="cannot be a worker's name"):
        Worker(name, "pass")


@pytest.mark.parametrize("source", ["", " \n\n"])
def test_an_empty_cell_is_refused(source):
    with pytest.raises(TutorialError, match="is empty"):
        make(source)


# --- with a broker --------------------------------------------------------------------------------


@pytest.fixture
def broker():
    def make_queue(broker: BrokerServer) -> None:
        with broker.reactor.turn() as now:
            broker.namespace.create("orders", QueueDescription(), now=now)

    with ThreadedBroker() as broker:
        broker.call(make_queue)
        yield broker


def counts(broker: ThreadedBroker) -> MessageCounts:
    return broker.call(
        lambda broker: broker.namespace.directory.queue("orders").receivable.counts()
    )


def test_lab_is_the_notebooks(broker):
    worker = run("print(lab.namespace)", connection_string=broker.connection_string)
    assert worker.output == "tutorial\n"


@pytest.mark.sdk
@pytest.mark.parametrize(("mode", "kept"), [("PEEK_LOCK", 2), ("RECEIVE_AND_DELETE", 1)])
def test_a_consumer_that_is_killed_loses_what_it_had_not_locked(broker, mode, kept):
    with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_sender("orders") as sender,
    ):
        sender.send_messages([ServiceBusMessage("coffee"), ServiceBusMessage("tea")])
    source = f"""
        from azure.servicebus import ServiceBusClient, ServiceBusReceiveMode
        client = ServiceBusClient.from_connection_string(lab.connection_string)
        receiver = client.get_queue_receiver("orders", receive_mode=ServiceBusReceiveMode.{mode})
        for message in receiver:
            print("took", message)
            checkpoint("working")
    """
    worker = run(source, kill_at="working", connection_string=broker.connection_string)
    assert str(worker.outcome) == 'cashier ✗ killed at checkpoint "working"'
    assert worker.output == "took coffee\n"
    assert counts(broker).total == kept


# --- no orphans -----------------------------------------------------------------------------------

PROGRAM = f"""
import sys
from sbtutorial.workers.worker import Worker

worker = Worker("cashier", '''
import os
print(os.getpid())
checkpoint("begun")
{FOR_EVER}
''').start()
worker.wait_for("begun")
print(worker.output, end="", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def program():
    root = str(Path(worker.__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": root},
    )
    with process:
        yield process
        process.kill()


def _is_gone(process: psutil.Process) -> bool:
    # Nobody may be there to reap an orphan: a zombie has no life left either.
    psutil.wait_procs([process], timeout=LIMIT_SECONDS)
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_worker_ends_when_its_program_is_killed(program):
    worker = psutil.Process(int(program.stdout.readline()))
    program.kill()
    program.wait()
    assert _is_gone(worker)


def test_worker_ends_when_its_program_ends(program):
    worker = psutil.Process(int(program.stdout.readline()))
    program.stdin.close()
    assert program.wait(LIMIT_SECONDS) == 0
    assert _is_gone(worker)


def test_nothing_shown_depends_on_process_ids_or_memory():
    lines = "\n".join(shown(THREE_ORDERS, kill_at="working") + shown("raise OSError('gone')"))
    assert not re.search(r"\d{3,}|0x", lines)
