"""What new users do in a notebook, and get wrong: a real kernel, a real background broker."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sbtutorial.connection_string import VARIABLE
from sbtutorial.hosting import background
from sbtutorial.hosting.background import Broker, ensure, find
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.lab.hints import CONNECT_FIRST
from tests.kernel import Notebook, Shown
from tests.killing import kill

pytestmark = pytest.mark.sdk

# Limits that tell an answer from a wait, also on a busy computer: what they are for takes a second
# or so, and the waits that they would catch a minute.
PROMPT_SECONDS = 10.0
STOP_SECONDS = 10.0

BEGIN = """
    from sbtutorial import connect

    lab = connect()
"""
CLIENT = """
    from azure.servicebus import ServiceBusClient, ServiceBusMessage

    client = ServiceBusClient.from_connection_string(lab.connection_string, retry_total=0)


    def send(*bodies):
        with client.get_queue_sender("orders") as sender:
            sender.send_messages([ServiceBusMessage(body) for body in bodies])


    def take(receiver, wait=5):
        return [str(message) for message in receiver.receive_messages(10, max_wait_time=wait)]
"""
QUEUE = "lab.fresh_queue('orders')"


# -- A home, brokers, notebooks -----------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One home for the module: certificates take longer to make than most tests to run."""
    folder = tmp_path_factory.mktemp("first") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBTUTORIAL_HOME", str(folder))
        patch.setenv("IPYTHONDIR", str(folder.parent / "ipython"))
        patch.delenv(VARIABLE, raising=False)
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.delenv(name, raising=False)
        yield folder
        if broker := find():
            ControlClient(broker.connection_string).shutdown()


@pytest.fixture(scope="module")
def open_notebook(home: Path) -> Callable[[], Any]:
    @contextmanager
    def opened() -> Iterator[Notebook]:
        notebook = Notebook(background._environment())
        yield notebook
        notebook.close()

    return opened


@pytest.fixture(scope="module")
def reused(open_notebook: Callable[[], Any]) -> Iterator[Notebook]:
    with open_notebook() as notebook:
        yield notebook


@pytest.fixture
def notebook(open_notebook: Callable[[], Any]) -> Iterator[Notebook]:
    """A fresh kernel in which nothing has run."""
    with open_notebook() as notebook:
        yield notebook


@pytest.fixture
def lesson(reused: Notebook, broker: Broker) -> Notebook:
    """A notebook in the middle of a lesson: connected, with an empty queue `orders`."""
    reused.runs(BEGIN, QUEUE, CLIENT)
    return reused


@pytest.fixture
def broker(home: Path) -> Broker:
    return ensure()


# -- The connection string in the environment ---------------------------------------------------


def changed(text: str, part: str, value: str | None) -> str:
    """A connection string with another value for a part; None takes it out."""
    parts = dict(each.split("=", 1) for each in text.split(";") if each)
    parts[part] = value or ""
    return ";".join(f"{name}={parts[name]}" for name in parts if (name, value) != (part, None))


def connect_with(notebook: Notebook, text: str) -> Shown:
    return notebook.run(
        f"""
        import os

        from sbtutorial import connect

        os.environ["{VARIABLE}"] = {text!r}
        try:
            connect()
        finally:
            del os.environ["{VARIABLE}"]
        """
    )


@pytest.mark.parametrize(
    ("part", "value", "sentence"),
    [
        ("Endpoint", None, "has no Endpoint."),
        ("SharedAccessKeyName", None, "has no SharedAccessKeyName."),
        ("SharedAccessKey", None, "has no SharedAccessKey."),
        ("UseDevelopmentEmulator", None, "add ;UseDevelopmentEmulator=true at the end."),
        ("Endpoint", "https://127.0.0.1:1", "Endpoint begins with https://"),
        ("Endpoint", "sb://127.0.0.1:1", "Nothing answers at 127.0.0.1:1, the Endpoint of"),
        ("Endpoint", "sb://127.0.0.1:port", "Endpoint has no usable host and port"),
        ("Endpoint", "sb://no-such.invalid", "Nothing answers at no-such.invalid:5672"),
        ("SharedAccessKeyName", "Nobody", "this broker has no key named 'Nobody'"),
        ("SharedAccessKey", "YW5vdGhlcg==", "the key in your connection string is not this"),
        ("SharedAccessKey", "<key>", "still has the placeholder <key>"),
        ("EntityPath", "orders", "It is for 'orders' alone (EntityPath)"),
    ],
)
def test_a_wrong_part_of_the_connection_string_is_named_at_once(
    reused: Notebook, broker: Broker, part: str, value: str | None, sentence: str
) -> None:
    shown = connect_with(reused, changed(broker.connection_string, part, value))
    assert shown.is_sentence, shown
    assert sentence in shown.sentence
    assert VARIABLE in shown.sentence
    assert broker.record.key not in shown.sentence
    assert shown.seconds < PROMPT_SECONDS


def test_an_azure_namespace_that_does_not_exist_is_named_at_once(reused: Notebook) -> None:
    shown = connect_with(
        reused, "Endpoint=sb://no-such.invalid/;SharedAccessKeyName=Root;SharedAccessKey=a2V5"
    )
    assert shown.is_sentence
    assert "Nothing usable answers at no-such.invalid" in shown.sentence
    assert shown.seconds < PROMPT_SECONDS


def test_the_key_of_another_broker_is_refused_in_a_sentence(
    reused: Notebook, broker: Broker
) -> None:
    other = ensure("payments")
    try:
        text = changed(broker.connection_string, "SharedAccessKey", other.record.key)
        shown = connect_with(reused, text)
    finally:
        ControlClient(other.connection_string).shutdown()
    assert shown.is_sentence
    assert "the key in your connection string is not this broker's" in shown.sentence


@pytest.mark.parametrize("form", ['"{}"', "'{}'\n", " {} ", "export NAME='{}'"])
def test_a_connection_string_may_be_pasted_with_what_was_around_it(
    reused: Notebook, broker: Broker, form: str
) -> None:
    shown = connect_with(reused, form.format(broker.connection_string))
    assert not shown.error
    assert shown.text.startswith(f"offline: Service Bus broker at 127.0.0.1:{broker.record.port}")


# -- The SDK with a wrong connection string -----------------------------------------------------

SEND_WITH = """
    text = lab.connection_string{change}
    with ServiceBusClient.from_connection_string(text, retry_total=0) as wrong:
        with wrong.get_queue_sender("orders") as sender:
            sender.send_messages(ServiceBusMessage("coffee"))
"""


@pytest.mark.parametrize(
    ("change", "error", "hint"),
    [
        (
            '.replace("AccessKey=", "AccessKey=X")',
            "ServiceBusAuthenticationError",
            "The connection string is of another broker, or of an earlier one",
        ),
        (
            '.replace("127.0.0.1", "no-such.invalid")',
            "ServiceBusConnectionError",
            "Nothing answers where this client's connection string leads",
        ),
        (
            '.replace(";UseDevelopmentEmulator=true", "")',
            "ServiceBusConnectionError",
            "Nothing answers where this client's connection string leads",
        ),
        ('.partition(";")[0]', "ValueError", "That is no connection string of Service Bus"),
    ],
)
def test_a_client_with_a_wrong_string_fails_with_a_hint(
    lesson: Notebook, change: str, error: str, hint: str
) -> None:
    shown = lesson.run(SEND_WITH.format(change=change))
    assert f"\n{error}: " in shown.error
    assert shown.hint.startswith(hint)
    assert "lab.connection_string" in shown.hint
    assert shown.seconds < PROMPT_SECONDS


def test_a_client_of_a_broker_that_is_gone_for_good_fails_with_a_hint(
    lesson: Notebook,
) -> None:
    other = ensure("payments")
    ControlClient(other.connection_string).shutdown()
    shown = lesson.run(
        f"""
        with ServiceBusClient.from_connection_string(
            {other.connection_string!r}, retry_total=0
        ) as old, old.get_queue_receiver("orders") as receiver:
            receiver.receive_messages()
        """
    )
    assert "\nServiceBusConnectionError: " in shown.error
    assert shown.hint.startswith("Nothing answers where this client's connection string leads")


# -- Cells out of order -------------------------------------------------------------------------


def test_cells_that_run_before_those_above_have_a_hint_even_before_connect(
    notebook: Notebook, broker: Broker
) -> None:
    notebook.runs("from sbtutorial import connect")
    assert notebook.run("lab.advance(60)").hint == CONNECT_FIRST
    shown = notebook.run("%%worker cashier\nprint(lab)")
    assert shown.is_sentence
    assert shown.sentence == CONNECT_FIRST
    notebook.runs(BEGIN)
    assert notebook.run("sender.send_messages([])").hint.startswith("'sender' comes from a cell")


@pytest.mark.parametrize(
    "use",
    [
        "client.get_queue_sender('nope').send_messages(ServiceBusMessage('coffee'))",
        "client.get_queue_receiver('nope').receive_messages(max_wait_time=1)",
        "client.get_queue_receiver('nope').peek_messages()",
    ],
)
def test_a_queue_that_was_not_created_yet_is_said_to_be_missing(lesson: Notebook, use: str) -> None:
    shown = lesson.run(use)
    # Azure refuses the token for a queue that does not exist, and so the SDK says just this.
    said = " ".join(shown.error.split())  # long lines are broken
    assert "ServiceBusAuthenticationError: Service Bus has encountered an error." in said
    assert shown.hint == (
        "There is no such queue: run the cell that creates it, then this one again."
    )
    assert shown.seconds < PROMPT_SECONDS


def test_a_worker_without_its_queue_has_the_same_hint(lesson: Notebook) -> None:
    shown = lesson.run(
        """
        %%worker cashier
        from azure.servicebus import ServiceBusClient

        client = ServiceBusClient.from_connection_string(lab.connection_string, retry_total=0)
        with client, client.get_queue_receiver("nope") as receiver:
            receiver.receive_messages()
        """
    )
    assert not shown.error
    assert "cashier ✗ failed: ServiceBusAuthenticationError" in shown.text
    assert shown.hint.startswith("There is no such queue")


def test_settling_after_the_with_block_has_a_hint(lesson: Notebook) -> None:
    shown = lesson.run(
        "send('coffee')",
        """
        with client.get_queue_receiver("orders") as receiver:
            (message,) = receiver.receive_messages()
        receiver.complete_message(message)
        """,
    )
    assert "\nValueError: " in shown.error
    assert shown.hint.startswith("This sender or receiver is closed")


# -- The broker dies ----------------------------------------------------------------------------


def test_a_broker_that_is_killed_is_said_to_be_gone_and_replaced(
    notebook: Notebook, broker: Broker
) -> None:
    notebook.runs(
        BEGIN,
        QUEUE,
        CLIENT,
        """
        send("coffee", "tea")
        receiver = client.get_queue_receiver("orders")
        messages = receiver.receive_messages()
        old = lab
        """,
    )
    kill(broker)
    gone = "The broker of this lab is gone: nothing like it answers at 127.0.0.1:"
    for call in ("lab.show('orders')", "lab.advance(1)", "lab.events()", QUEUE):
        shown = notebook.run(call)
        assert shown.is_sentence
        assert shown.sentence.startswith(gone)
        assert shown.sentence.endswith("Run connect() again.")
        assert shown.seconds < PROMPT_SECONDS
    hint = "The broker is gone. Run the cell with connect() again"
    for use in ("receiver.receive_messages(max_wait_time=1)", "send('cake')"):
        shown = notebook.run(use)
        assert "\nServiceBusConnectionError: " in shown.error
        assert shown.hint.startswith(hint)
        assert shown.seconds < PROMPT_SECONDS
    shown = notebook.run("receiver.complete_message(messages[0])")
    assert shown.hint.startswith(hint)
    shown = notebook.run("%%worker cashier\nprint(lab)")
    assert f"cashier ✗ failed: {gone}" in " ".join(shown.text.split())

    assert notebook.runs(BEGIN).splitlines()[1:] == [
        "The broker from before was gone; this one goes on with all that it held."
    ]
    assert notebook.runs("lab == old") == "True\n"
    notebook.runs(QUEUE, "send('cake')")
    assert notebook.runs("take(receiver)") == "['cake']\n"


def test_all_of_a_client_works_again_after_the_restart_with_default_retries(
    notebook: Notebook, broker: Broker
) -> None:
    notebook.runs(
        BEGIN,
        QUEUE,
        CLIENT,
        """
        patient = ServiceBusClient.from_connection_string(lab.connection_string)
        sender = patient.get_queue_sender("orders")
        sender.send_messages(ServiceBusMessage("coffee"))
        """,
    )
    kill(broker)
    notebook.runs(BEGIN, QUEUE)
    shown = notebook.run("sender.send_messages(ServiceBusMessage('tea'))")
    assert not shown.error
    assert shown.seconds < PROMPT_SECONDS
    assert notebook.runs("take(client.get_queue_receiver('orders'))") == "['tea']\n"


# -- The stop button ----------------------------------------------------------------------------

OPEN = "receiver = client.get_queue_receiver('orders')\nreceiver.peek_messages()"
WAITS = {
    "receive": "print('waiting')\nreceiver.receive_messages()",
    "iterate": "print('waiting')\nfor message in receiver:\n    pass",
}
WITH_WAITS = {
    "receive": """
        with client.get_queue_receiver("orders") as receiver:
            receiver.peek_messages()
            print("waiting")
            receiver.receive_messages()
    """,
    "iterate": """
        with client.get_queue_receiver("orders") as receiver:
            receiver.peek_messages()
            print("waiting")
            for message in receiver:
                pass
    """,
    "await": """
        from azure.servicebus.aio import ServiceBusClient as AsyncClient

        async with AsyncClient.from_connection_string(lab.connection_string) as asynchronous:
            async with asynchronous.get_queue_receiver("orders") as receiver:
                await receiver.peek_messages()
                print("waiting")
                await receiver.receive_messages()
    """,
}


@pytest.mark.parametrize("wait", WITH_WAITS.values(), ids=WITH_WAITS)
def test_a_wait_that_is_stopped_leaves_nobody_who_takes_the_next_message(
    lesson: Notebook, wait: str
) -> None:
    shown = lesson.stop(wait)
    assert shown.hint.startswith("Stopped. A receiver that is still open may take the next message")
    assert shown.seconds < STOP_SECONDS
    shown = lesson.run("send('coffee')\nprint(take(client.get_queue_receiver('orders')))")
    assert shown.text == "['coffee']\n"
    assert shown.seconds < PROMPT_SECONDS


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_a_receiver_whose_wait_was_stopped_can_be_used_again(lesson: Notebook, wait: str) -> None:
    lesson.runs(OPEN)
    assert lesson.stop(wait).hint.startswith("Stopped. ")
    shown = lesson.run("send('coffee')\nprint(take(receiver))")
    assert shown.text == "['coffee']\n"
    assert shown.seconds < PROMPT_SECONDS
    lesson.runs("receiver.close()")


@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_a_receiver_whose_wait_was_stopped_lets_go_when_closed(lesson: Notebook, wait: str) -> None:
    lesson.runs(OPEN)
    lesson.stop(wait)
    shown = lesson.run(
        "receiver.close()", "send('coffee')\nprint(take(client.get_queue_receiver('orders')))"
    )
    assert shown.text == "['coffee']\n"
    assert shown.seconds < PROMPT_SECONDS


def test_a_worker_that_is_stopped_leaves_nobody_who_takes_the_next_message(
    lesson: Notebook,
) -> None:
    shown = lesson.stop(
        """
        %%worker cashier
        from azure.servicebus import ServiceBusClient

        with ServiceBusClient.from_connection_string(lab.connection_string) as client:
            with client.get_queue_receiver("orders") as receiver:
                receiver.peek_messages()
                print("waiting")
                receiver.receive_messages()
        """,
        "cashier │ waiting\n",
    )
    assert shown.error == "cashier ✗ killed: you stopped the cell"
    assert shown.seconds < STOP_SECONDS
    shown = lesson.run("send('coffee')\nprint(take(client.get_queue_receiver('orders')))")
    assert shown.text == "['coffee']\n"
    assert shown.seconds < PROMPT_SECONDS


# -- Again from the top, and two at once --------------------------------------------------------


def test_restart_and_run_all_works_with_a_queue_that_was_half_received(
    notebook: Notebook, broker: Broker
) -> None:
    cells = [
        BEGIN,
        QUEUE,
        CLIENT,
        """
        send(*"abcde")
        receiver = client.get_queue_receiver("orders", prefetch_count=5)
        print(take(receiver)[0])
        """,
        "lab.show('orders').snapshot['counts']['locked'] > 0",
    ]
    first = [notebook.runs(cell) for cell in cells]
    notebook.restart()
    assert [notebook.runs(cell) for cell in cells] == first
    assert first[-2:] == ["a\n", "True\n"]


def test_what_a_dead_kernel_held_is_seen_as_such_and_comes_back_by_advancing(
    notebook: Notebook, broker: Broker
) -> None:
    notebook.runs(BEGIN, QUEUE, CLIENT, "send('coffee')\ntake(client.get_queue_receiver('orders'))")
    notebook.restart()
    assert notebook.runs(BEGIN, "lab.show('orders')") == (
        "orders   ready   –\n"
        "         locked  1 coffee   by a receiver (gone), about 60 s left, delivery count 0\n"
        "         dead    –\n"
    )
    notebook.runs("lab.advance(61)", CLIENT)
    assert notebook.runs("take(client.get_queue_receiver('orders'))") == "['coffee']\n"


def test_two_notebooks_share_a_queue_and_see_the_same_picture(
    lesson: Notebook, notebook: Notebook
) -> None:
    notebook.runs(BEGIN, CLIENT)
    receive = """
        receiver = client.get_queue_receiver("orders", client_identifier="{name}")
        print(*[str(message) for message in receiver.receive_messages({count}, max_wait_time=5)])
    """
    lesson.runs("send('coffee', 'tea', 'cake')")
    assert lesson.runs(receive.format(name="left", count=1)) == "coffee\n"
    assert notebook.runs(receive.format(name="right", count=1)) == "tea\n"
    pictures = [each.runs("lab.show('orders')") for each in (lesson, notebook)]
    assert pictures[0] == pictures[1]
    assert pictures[0] == (
        "orders   ready   3 cake\n"
        "         locked  1 coffee   by left, about 60 s left, delivery count 0\n"
        "                 2 tea   by right, about 60 s left, delivery count 0\n"
        "         dead    –\n"
    )
    lesson.runs("receiver.close()")


def test_two_notebooks_that_wait_at_once_both_get_a_share(
    lesson: Notebook, notebook: Notebook
) -> None:
    notebook.runs(BEGIN, CLIENT)
    for each in (lesson, notebook):
        each.runs(OPEN)
    wait = "print(len(receiver.receive_messages(max_wait_time=20)))"
    requests = [(each, each.begin(wait)) for each in (lesson, notebook)]
    for body in ("coffee", "tea"):
        with_client(body)
    assert [each.finish(request).text for each, request in requests] == ["1\n", "1\n"]
    lesson.runs("receiver.close()")


def with_client(body: str) -> None:
    """Send from outside of both notebooks, while they wait."""
    from azure.servicebus import ServiceBusClient, ServiceBusMessage

    broker = find()
    assert broker is not None
    with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_sender("orders") as sender,
    ):
        sender.send_messages(ServiceBusMessage(body))


def test_two_notebooks_that_connect_at_the_same_instant_get_the_same_broker(
    reused: Notebook, notebook: Notebook, home: Path
) -> None:
    if broker := find():
        ControlClient(broker.connection_string).shutdown()
    both = (reused, notebook)
    for each in both:
        each.runs("from sbtutorial import connect")
    requests = [(each, each.begin("lab = connect()")) for each in both]
    texts = [each.finish(request).text for each, request in requests]
    assert texts == ['offline: Service Bus broker on this machine, namespace "tutorial"\n'] * 2
    assert len({each.runs("lab.connection_string") for each in both}) == 1


# -- An empty queue, and asyncio ----------------------------------------------------------------


def test_an_empty_queue_gives_an_empty_list_when_the_wait_is_over(lesson: Notebook) -> None:
    lesson.runs(OPEN)
    shown = lesson.run("receiver.receive_messages(max_wait_time=1)")
    assert shown.text == "[]\n"
    assert 0.9 < shown.seconds < PROMPT_SECONDS
    lesson.runs("receiver.close()")


ASK = """
    async with ServiceBusAdministrationClient.from_connection_string(
        lab.connection_string, retry_total=0
    ) as admin:
        print((await admin.get_queue("orders")).name)
"""
IMPORT_ASYNC = "from azure.servicebus.aio.management import ServiceBusAdministrationClient"


def test_await_works_in_a_cell_when_asyncio_is_imported_after_connecting(
    notebook: Notebook, broker: Broker
) -> None:
    notebook.runs(BEGIN, QUEUE, IMPORT_ASYNC)
    assert notebook.runs(ASK) == "orders\n"
    shown = notebook.runs(
        """
        from azure.servicebus import ServiceBusMessage
        from azure.servicebus.aio import ServiceBusClient

        async with ServiceBusClient.from_connection_string(lab.connection_string) as client:
            async with client.get_queue_sender("orders") as sender:
                await sender.send_messages(ServiceBusMessage("coffee"))
            async with client.get_queue_receiver("orders") as receiver:
                (message,) = await receiver.receive_messages(max_wait_time=5)
                await receiver.complete_message(message)
                print(message)
                print(await receiver.receive_messages(max_wait_time=0.5))
        """
    )
    assert shown == "coffee\n[]\n"


def test_asyncio_may_be_imported_before_connect(notebook: Notebook, broker: Broker) -> None:
    notebook.runs(IMPORT_ASYNC)
    (only,) = notebook.runs(BEGIN).splitlines()
    assert only.startswith("offline: ")
    assert not notebook.run(QUEUE, ASK).error


# -- Slips of the pen ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("lab.advance('x')", "lab.advance takes a number of seconds or a timedelta; 'x' is"),
        ("lab.advance(-1)", "lab.advance moves time forward, by more than 0 seconds; -1 does not."),
        ("lab.show('nope')", "The messaging entity 'nope' could not be found."),
        ("lab.show(client)", 'A queue is named by text, as in "orders"'),
        ("lab.events('nope')", "The messaging entity 'nope' could not be found."),
        ("lab.fresh_queue('bad name!')", "'bad name!' cannot name a queue: use letters, digits"),
        ("lab.fresh_queue('orders', lock_duraton=5)", "A queue has no option 'lock_duraton'"),
        ("lab.check('nope', send)", "nope"),
        ("connect('bad name')", "'bad name' cannot be the name of a namespace"),
        ("%%worker\npass", "%%worker: the worker has no name"),
        ("%%worker cashier --kil-at x\npass", "there is no --kil-at; --kill-at is meant"),
        ("%%worker cashier\n  \n", "The cell of cashier is empty"),
        ("%%worker client\npass", "'client' is the notebook's name for something else"),
        ("%%worker cashier --kill-at x\npass", 'finished without reaching checkpoint "x"'),
    ],
)
def test_a_slip_is_answered_by_a_sentence(lesson: Notebook, cell: str, sentence: str) -> None:
    shown = lesson.run(cell)
    assert shown.is_sentence, shown
    assert sentence in shown.sentence
    assert shown.seconds < PROMPT_SECONDS
