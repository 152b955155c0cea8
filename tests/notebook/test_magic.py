import textwrap
from queue import Empty

import psutil
import pytest
from IPython.core.interactiveshell import InteractiveShell

from sbtutorial.errors import TutorialError
from sbtutorial.notebook import magic
from sbtutorial.text import wrapped
from sbtutorial.workers.worker import Worker, running_workers
from tests.kernels import start_new_kernel

LIMIT_SECONDS = 30
FOR_EVER = "import threading; threading.Event().wait()"


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        shell = InteractiveShell()
    shell.colors = "nocolor"
    magic.load(shell)
    yield shell
    shell.history_manager.end_session()


@pytest.fixture(autouse=True)
def a_fresh_notebook(shell):
    yield
    for worker in running_workers():
        worker.kill()
    shell.reset()


@pytest.fixture
def cell(shell, capsys):
    """Runs a cell; returns what is printed under it and the error, if it failed."""

    def run(text: str) -> tuple[str, BaseException | None]:
        result = shell.run_cell(textwrap.dedent(text).lstrip("\n"))
        return capsys.readouterr().out, result.error_before_exec or result.error_in_exec

    return run


# --- in the foreground ----------------------------------------------------------------------------


def test_a_cell_runs_in_a_process_of_its_own_until_its_checkpoint(cell):
    output, error = cell("""
        %%worker cashier --kill-at working
        print("took 1 coffee")
        checkpoint("working")
        print("served 1 coffee")
    """)
    assert error is None
    assert output == 'cashier │ took 1 coffee\ncashier ✗ killed at checkpoint "working"\n'


def test_the_same_cell_runs_again_and_again(cell):
    text = "%%worker cashier --kill-at here:2\nfor _ in 'ab': checkpoint('here')"
    first = cell(text)
    assert cell(text) == first
    assert first == ('cashier ✗ killed at checkpoint "here", time 2\n', None)


def test_the_worker_is_left_under_its_name(cell, shell):
    cell("%%worker cashier\nprint('hello')")
    assert isinstance(shell.user_ns["cashier"], Worker)
    assert shell.user_ns["cashier"].output == "hello\n"


def test_lines_of_a_failure_count_from_the_top_of_the_cell(cell):
    output, error = cell("""
        %%worker cashier
        def serve():
            raise ValueError("cold")
        serve()
    """)
    assert error is None
    assert output == (
        "cashier │ line 4:  serve()\n"
        'cashier │ line 3, in serve:  raise ValueError("cold")\n'
        "cashier ✗ failed: ValueError: cold\n"
    )


def test_a_worker_that_uses_the_notebooks_variables_gets_a_hint(cell):
    cell("receiver = 1")
    output, _ = cell("%%worker cashier\nreceiver.close()")
    assert "cashier ✗ failed: NameError: name 'receiver' is not defined\n" in output
    assert "\nHint: A worker is a program of its own" in output


def test_a_worker_that_takes_too_long_says_so(cell):
    assert cell(f"%%worker cashier --timeout 0.3\n{FOR_EVER}") == (
        "cashier ✗ killed: still running after 0.3 s\n",
        None,
    )


def test_a_checkpoint_that_is_never_reached_is_an_error(cell):
    output, error = cell("%%worker cashier --kill-at workin\ncheckpoint('working')")
    assert isinstance(error, TutorialError)
    assert output.strip() == wrapped(str(error))
    assert str(error) == (
        'cashier ✗ finished without reaching checkpoint "workin"; it passed: "working"'
    )


# --- once more ------------------------------------------------------------------------------------


def test_a_program_runs_once_more_with_other_options(cell):
    cell("""
        %%worker cashier --kill-at served
        print("took 1 coffee")
        checkpoint("served")
        print("done")
    """)
    assert cell("%worker cashier") == (
        "cashier │ took 1 coffee\ncashier │ done\ncashier ✓ finished\n",
        None,
    )
    assert cell("%worker cashier --kill-at served") == (
        'cashier │ took 1 coffee\ncashier ✗ killed at checkpoint "served"\n',
        None,
    )


def test_what_runs_once_more_is_the_last_program_of_that_name(cell):
    for drink in ("coffee", "tea"):
        cell(f"%%worker cashier\nprint('{drink}')")
    cell("%%worker barista\nprint('cake')")
    assert cell("%worker cashier") == ("cashier │ tea\ncashier ✓ finished\n", None)


def test_code_under_the_line_is_the_notebooks_own(cell, shell):
    cell("%%worker cashier\nprint('coffee')")
    output, error = cell("%worker cashier\nserved = 1")
    assert (output, error) == ("cashier │ coffee\ncashier ✓ finished\n", None)
    assert shell.user_ns["served"] == 1


def test_lines_of_a_failure_count_from_the_top_of_the_cell_once_more(cell):
    first, _ = cell("%%worker cashier\npass\nraise ValueError('cold')")
    assert "line 3:  raise ValueError" in first
    assert cell("%worker cashier")[0] == first


def test_once_more_replaces_what_still_runs(cell):
    cell(f"%%worker cashier --background\n{FOR_EVER}")
    output, _ = cell("%worker cashier --background")
    assert output == (
        "cashier ▸ the one before was still running and has been killed\n"
        "cashier ▸ running in the background\n"
    )


def test_a_program_that_never_was_is_answered_by_a_sentence(cell):
    output, error = cell("%worker cashier --kill-at served")
    assert isinstance(error, TutorialError)
    assert str(error) == (
        "%worker runs a program once more, and there is none of cashier yet: the cell that holds "
        "it begins with two %, as in '%%worker cashier'."
    )
    assert output.strip() == wrapped(str(error))


def test_a_mistake_in_the_short_line_names_the_short_line(cell):
    _, error = cell("%worker")
    assert str(error).startswith("%worker: the worker has no name, as in '%worker cashier'.")


def test_the_notebooks_own_value_is_no_program(cell):
    cell("client = 1")
    _, error = cell("%worker client")
    assert str(error).startswith("'client' is the notebook's name for something else (int)")


# --- in the background ----------------------------------------------------------------------------


def test_a_worker_in_the_background_is_killed_from_another_cell(cell, shell):
    output, error = cell(f"%%worker cashier --background\ncheckpoint('begun')\n{FOR_EVER}")
    assert (output, error) == ("cashier ▸ running in the background\n", None)
    cell("cashier.wait_for('begun')")
    output, _ = cell("cashier.kill()")
    assert output.endswith("cashier ✗ killed\n")


def test_running_a_background_cell_again_replaces_the_worker(cell, shell):
    text = f"%%worker cashier --background\n{FOR_EVER}"
    cell(text)
    earlier = shell.user_ns["cashier"]
    output, error = cell(text)
    assert error is None
    assert output == (
        "cashier ▸ the one before was still running and has been killed\n"
        "cashier ▸ running in the background\n"
    )
    assert str(earlier.outcome) == "cashier ✗ killed: its cell ran again"
    assert shell.user_ns["cashier"].running


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("", "%%worker: the worker has no name"),
        ("cashier --kil-at x", "there is no --kil-at; --kill-at is meant, perhaps."),
        ("cashier --frobnicate", "there is no --frobnicate."),
        ("cashier barista", "'barista' is one word too many."),
        ("cashier --kill-at", "argument --kill-at: expected one argument."),
        ("cashier --timeout soon", "argument --timeout: invalid float value: 'soon'."),
        ("cashier --timeout 0", "--timeout takes a number of seconds above 0."),
        ("cashier --timeout nan", "--timeout takes a number of seconds above 0."),
        ("cashier --kill-at 'x", "a quotation mark has no partner."),
        ("1st", "'1st' cannot be a worker's name"),
        ("class", "'class' cannot be a worker's name"),
        ("cashier --kill-at x:0", "'x:0' names no moment at which to kill a worker"),
        ("cashier --kill-on completed", "there is no broker: run the cell with connect() first"),
    ],
)
def test_a_mistake_in_the_line_is_answered_by_a_sentence(cell, line, sentence):
    output, error = cell(f"%%worker {line}\npass")
    assert isinstance(error, TutorialError)
    assert sentence in str(error)
    assert output.strip() == wrapped(str(error))  # and no traceback


def test_a_name_of_the_notebook_is_not_taken_away(cell, shell):
    cell("client = 1")
    _, error = cell("%%worker client\npass")
    assert str(error).startswith("'client' is the notebook's name for something else (int)")
    assert shell.user_ns["client"] == 1


def test_an_empty_cell_is_answered_by_a_sentence(cell):
    _, error = cell("%%worker cashier\n   \n")
    assert str(error) == "The cell of cashier is empty: write what it is to do."


def test_a_syntax_error_is_shown_as_pythons_own(cell):
    output, error = cell("%%worker cashier\nok = 1\nprint('coffee'")
    assert isinstance(error, SyntaxError)
    assert "File <cashier>:3\n    print('coffee'\n         ^\nSyntaxError:" in output


def test_a_mistake_leaves_a_running_worker_alone(cell, shell):
    cell(f"%%worker cashier --background\n{FOR_EVER}")
    cell("%%worker cashier\nprint('coffee'")
    assert shell.user_ns["cashier"].running


# --- in a kernel ----------------------------------------------------------------------------------


@pytest.fixture
def kernel(monkeypatch, tmp_path):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    manager, client = start_new_kernel(extra_arguments=["--HistoryManager.enabled=False"])
    client.execute("from sbtutorial.notebook import magic; magic.load(get_ipython())", reply=True)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def kernel_process(client) -> psutil.Process:
    output = []
    client.execute_interactive(
        "import os; print(os.getpid())", output_hook=output.append, timeout=LIMIT_SECONDS
    )
    return psutil.Process(
        int(next(one["content"]["text"] for one in output if one["msg_type"] == "stream"))
    )


def until_printed(client, text: str) -> None:
    """Return when the kernel has printed `text`; what fails instead says what came."""
    seen = ""
    while text not in seen:
        try:
            message = client.get_iopub_msg(timeout=LIMIT_SECONDS)
        except Empty:
            pytest.fail(f"never printed {text!r}, but {seen!r}")
        seen += message["content"].get("text", "")


def test_output_streams_and_the_stop_button_ends_the_worker(kernel):
    manager, client = kernel
    process = kernel_process(client)
    request = client.execute(f"%%worker cashier\nprint('hello')\n{FOR_EVER}")
    until_printed(client, "cashier │ hello\n")
    (worker,) = process.children()
    manager.interrupt_kernel()
    reply = client.get_shell_msg(timeout=LIMIT_SECONDS)
    assert reply["parent_header"]["msg_id"] == request
    assert reply["content"]["status"] == "error"
    assert reply["content"]["evalue"] == "cashier ✗ killed: you stopped the cell"
    assert reply["content"]["traceback"] == ["cashier ✗ killed: you stopped the cell"]
    assert not worker.is_running()


def test_the_stop_button_leaves_workers_in_the_background_alone(kernel):
    manager, client = kernel
    client.execute(f"%%worker barista --background\ncheckpoint('begun')\n{FOR_EVER}", reply=True)
    client.execute("barista.wait_for('begun')", reply=True)
    # A kernel would drop what comes right after an error, as Run All wants it.
    client.execute(f"print('hello')\n{FOR_EVER}", stop_on_error=False)
    until_printed(client, "hello\n")
    manager.interrupt_kernel()
    assert client.get_shell_msg(timeout=LIMIT_SECONDS)["content"]["ename"] == "KeyboardInterrupt"
    answer = client.execute("assert barista.running", reply=True, timeout=LIMIT_SECONDS)
    assert answer["content"]["status"] == "ok"


@pytest.mark.parametrize("how", ["killed", "shut down"])
def test_no_worker_outlives_its_kernel(kernel, how):
    _, client = kernel
    process = kernel_process(client)
    client.execute(f"%%worker cashier --background\n{FOR_EVER}", reply=True, timeout=LIMIT_SECONDS)
    (worker,) = process.children()
    if how == "killed":
        process.kill()
    else:
        client.shutdown()
    _, alive = psutil.wait_procs([worker], timeout=LIMIT_SECONDS)
    assert alive == []
