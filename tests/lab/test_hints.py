import asyncio
import socket
import threading
import time
from types import SimpleNamespace

import pytest
from azure.core import exceptions as core_exceptions
from azure.servicebus import ServiceBusClient
from azure.servicebus import exceptions as sdk_exceptions
from IPython.core.interactiveshell import InteractiveShell

from sbtutorial.connection_string import connection_string, parse_connection_string
from sbtutorial.lab import hints
from sbtutorial.lab.azure import AzureService
from sbtutorial.lab.hints import HINTS, Failure, hint_for
from sbtutorial.lab.lab import Lab
from sbtutorial.lab.nothing_received import NothingReceived
from sbtutorial.lab.offline import OfflineService
from sbtutorial.notebook import hint_hook


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    hint_hook.install(shell)
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture
def under(shell, capsys):
    """Runs a cell; returns the hint under it."""

    def run(text: str) -> str:
        shell.run_cell(text)
        _, found, hint = capsys.readouterr().out.rpartition("Hint: ")
        return " ".join((found + hint).split()) if found else ""

    return run


def lab_at(port: int) -> Lab:
    return Lab(OfflineService(connection_string("127.0.0.1", port, "Root", "key"), "tutorial"))


@pytest.fixture
def lost_lab():
    """A lab whose broker is gone: nothing else gets the port while the test has it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield lab_at(taken.getsockname()[1])


@pytest.fixture
def lab():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield lab_at(server.getsockname()[1])


def test_every_error_of_the_table_exists():
    for hint in HINTS:
        for name in hint.types:
            places = (sdk_exceptions, core_exceptions, asyncio, __builtins__)
            assert any(
                name in place if isinstance(place, dict) else hasattr(place, name)
                for place in places
            ), name


def test_every_row_of_the_table_can_be_met(lost_lab):
    failures = [
        Failure(["NameError"], "name 'client' is not defined"),
        Failure(["NameError"], "name 'lab' is not defined", in_worker=True),
        Failure(["NameError"], "name 'orders' is not defined", in_worker=True),
        Failure(["ServiceBusConnectionError"], "", service=lost_lab.service),
        Failure(["ValueError"], "The handler has already been shutdown.", service=lost_lab.service),
        Failure(["ServiceRequestError"], "[SSL: CERTIFICATE_VERIFY_FAILED]"),
        Failure(["ServiceBusConnectionError"], "Failed to initiate the connection"),
        Failure(["ServiceBusAuthenticationError"], "", "Status code: 404"),
        Failure(["ServiceBusAuthenticationError"], ""),
        Failure(["MessagingEntityNotFoundError"], ""),
        Failure(["ValueError"], "Connection string is either blank", in_sdk=True),
        Failure(["ValueError"], "The handler has already been shutdown."),
        Failure(["IndexError"], "", nothing=NothingReceived()),
        Failure(["MessageAlreadySettled"], ""),
        Failure(["MessageLockLostError"], ""),
        Failure(["MessageNotFoundError"], ""),
        Failure(["ValueError"], "complete is not supported for peeked messages."),
        Failure(["ValueError"], "complete is not supported in 'RECEIVE_AND_DELETE' receive mode"),
        Failure(["TypeError"], "'message' must be of type ServiceBusReceivedMessage"),
        Failure(["AttributeError"], "'Message' object has no attribute 'complete'"),
        Failure(["TypeError"], "Only AmqpAnnotatedMessage, ServiceBusMessage instances or"),
        Failure(["TypeError"], "must be str, bytes or bytearray, not generator"),
        Failure(["SessionLockLostError"], ""),
        Failure(["SessionCannotBeLockedError"], ""),
        Failure(["OperationTimeoutError"], "If trying to receive from NEXT_AVAILABLE_SESSION"),
        Failure(["ServiceBusError"], "to create a non-sessionful message receiver."),
        Failure(["ServiceBusError"], "The SessionId was not set on a message"),
        Failure(["ServiceBusError"], "A sessionful message receiver cannot be created"),
        Failure(["ResourceExistsError"], ""),
        Failure(["MessagingEntityDisabledError"], ""),
        Failure(["ServiceBusQuotaExceededError"], ""),
        Failure(["MessageSizeExceededError"], ""),
        Failure(["ServiceBusServerBusyError"], ""),
        Failure(["ValueError"], "HTTP transport has already been closed."),
        Failure(["ServiceBusError"], "The AutoLockRenewer has already been shutdown."),
        Failure(["KeyboardInterrupt"], "", in_sdk=True),
    ]
    met = [hint_for(failure) for failure in failures]
    assert met == [
        hint.sentence.format(failure=failure) for hint, failure in zip(HINTS, failures, strict=True)
    ]


def test_a_cell_that_works_has_no_hint(under):
    assert under("1 + 1") == ""


@pytest.mark.parametrize("name", ["connect", "client", "ServiceBusMessage"])
def test_a_name_from_further_up_is_explained(under, name):
    assert under(name) == (
        f"Hint: '{name}' comes from a cell further up: run the cells from the top first."
    )


def test_a_lab_that_is_not_there_yet_is_had_by_the_cell_that_connects(under):
    assert " ".join(under("lab").split()) == f"Hint: {hints.CONNECT_FIRST}"


def test_a_name_of_the_learners_own_is_not_explained_away(under):
    assert under("totl") == ""


@pytest.mark.parametrize(
    "raised",
    [
        "azure.servicebus.exceptions.ServiceBusConnectionError()",
        "azure.servicebus.exceptions.ServiceBusCommunicationError()",
        "azure.core.exceptions.ServiceRequestError('refused')",
    ],
)
def test_a_broker_that_is_gone_is_explained(under, shell, lost_lab, raised):
    shell.user_ns["lab"] = lost_lab
    assert under(f"import azure.servicebus; raise {raised}").startswith(
        "Hint: The broker is gone. Run the cell with connect() again"
    )


def test_a_broker_that_answers_is_not_called_gone(under, shell, lab):
    shell.user_ns["lab"] = lab
    raised = "azure.servicebus.exceptions.ServiceBusConnectionError()"
    assert under(f"import azure.servicebus; raise {raised}") == ""


def test_azure_is_not_called_gone(under, shell):
    text = "Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=b"
    shell.user_ns["lab"] = Lab(AzureService(parse_connection_string(text)))
    raised = "azure.servicebus.exceptions.ServiceBusConnectionError()"
    assert under(f"import azure.servicebus; raise {raised}") == ""


@pytest.mark.parametrize(
    ("raised", "beginning"),
    [
        ("azure.servicebus.exceptions.ServiceBusAuthenticationError()", "The connection string is"),
        ("azure.core.exceptions.ClientAuthenticationError()", "The connection string is"),
        ("azure.servicebus.exceptions.MessagingEntityNotFoundError()", "There is no such queue"),
        ("azure.core.exceptions.ResourceNotFoundError()", "There is no such queue"),
    ],
)
def test_an_error_of_the_sdk_is_explained(under, raised, beginning):
    hint = under(f"import azure.servicebus.exceptions; raise {raised}")
    assert hint.startswith(f"Hint: {beginning}")


def test_stopping_a_receive_is_explained(under, shell, monkeypatch):
    stopped = threading.current_thread()

    def stop():
        if threading.current_thread() is stopped:
            raise KeyboardInterrupt
        return time.time()

    # The receiver looks at its clock as it begins; that is where the stop comes in. Nobody else's
    # clock stops: other threads look at theirs, too, also those that keep other links alive.
    text = connection_string("127.0.0.1", 1, "Root", "key")
    client = ServiceBusClient.from_connection_string(text)
    clock = SimpleNamespace(**{**vars(time), "time": stop})
    monkeypatch.setattr("azure.servicebus._pyamqp.client.time", clock)
    shell.user_ns["receiver"] = client.get_queue_receiver("orders")
    assert under("receiver.receive_messages()").startswith("Hint: Stopped. A receiver that is")


def test_a_value_error_of_the_learners_own_is_not_explained_away(under):
    assert under("int('coffee')") == ""
    assert under("raise ValueError('Connection string is mine')") == ""


@pytest.mark.parametrize(
    "text", ["hello", "Endpoint=sb://h", "Endpoint=h;SharedAccessKeyName=a;SharedAccessKey=b"]
)
def test_what_the_sdk_refuses_as_connection_string_is_explained(under, shell, text):
    shell.user_ns["ServiceBusClient"] = ServiceBusClient
    hint = under(f"ServiceBusClient.from_connection_string({text!r})")
    assert hint.startswith("Hint: That is no connection string of Service Bus")


def test_a_hint_is_broken_between_words(capsys):
    hints.print_hint_for(Failure(["ServiceBusAuthenticationError"], ""))
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines
    assert all(50 < len(line) <= 72 for line in lines)
    assert last.endswith("lab.connection_string.")


def test_stopping_anything_else_is_not(under):
    assert under("raise KeyboardInterrupt") == ""


def test_installing_again_changes_nothing(shell, under, capsys):
    hint_hook.install(shell)
    shell.run_cell("lab")
    assert capsys.readouterr().out.count("Hint:") == 1


def test_a_hint_that_goes_wrong_hides_nothing(under, shell, monkeypatch, capsys):
    monkeypatch.setattr(hints, "hint_for", lambda failure: 1 / 0)
    result = shell.run_cell("lab")
    assert isinstance(result.error_in_exec, NameError)
    assert "ZeroDivisionError" not in "".join(capsys.readouterr())
