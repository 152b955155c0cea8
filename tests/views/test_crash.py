"""A consumer that is really killed, and what its message's timeline says of it."""

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from sbtutorial.connection_string import VARIABLE, parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.hosting.background import find
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.lab.azure import AzureService
from sbtutorial.lab.connecting import connect
from sbtutorial.lab.lab import Lab
from sbtutorial.workers.worker import Worker

pytestmark = pytest.mark.sdk

AZURE = "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=key"

CASHIER = """
from azure.servicebus import ServiceBusClient

with ServiceBusClient.from_connection_string(lab.connection_string) as client:
    with client.get_queue_receiver("orders", client_identifier="cashier") as receiver:
        order = receiver.receive_messages(max_wait_time=10)[0]
        checkpoint("working")
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("views") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBTUTORIAL_HOME", str(folder))
        patch.delenv(VARIABLE, raising=False)
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, os.environ.get(name, ""))
        yield connect()
        if broker := find():
            ControlClient(broker.connection_string).shutdown()


def send(lab: Lab, body: str) -> None:
    lab.fresh_queue("orders", lock_duration=timedelta(seconds=30))
    with (
        ServiceBusClient.from_connection_string(lab.connection_string) as client,
        client.get_queue_sender("orders") as sender,
    ):
        sender.send_messages(ServiceBusMessage(body))


def run_cashier(lab: Lab, kill_at: str | None) -> None:
    worker = Worker("cashier", CASHIER, kill_at=kill_at, connection_string=lab.connection_string)
    worker.run(show=lambda line: None)


def test_killed_consumer_leaves_a_cross_and_its_lock(lab: Lab) -> None:
    send(lab, "tea")
    run_cashier(lab, kill_at="working")
    lab.show("orders")  # a call to the broker, after which it has seen the end of the connection
    lab.advance(20)
    assert repr(lab.timeline("orders", 1)).split("\n")[2:] == [
        "waiting                   a moment",
        "locked by cashier         a moment           ✗ cashier vanished",
        "locked by cashier (gone)  about 20 s so far",
    ]
    lab.advance(11)
    assert repr(lab.timeline("orders", 1)).split("\n")[4:] == [
        "locked by cashier (gone)  about 30 s       the lock ran out, delivery count 1",
        "waiting                   a moment so far",
    ]


def test_consumer_that_says_goodbye_leaves_no_cross(lab: Lab) -> None:
    send(lab, "tea")
    run_cashier(lab, kill_at=None)
    lab.advance(31)
    assert [span.is_cut_off for span in lab.timeline("orders", 1).spans] == [False] * 3


def test_message_that_never_was_is_an_error_in_a_sentence(lab: Lab) -> None:
    send(lab, "tea")
    with pytest.raises(TutorialError, match="a message 7 in 'orders'"):
        lab.timeline("orders", 7)


def test_elsewhere_a_sentence_says_that_there_is_no_record(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    azure = Lab(AzureService(parse_connection_string(AZURE)))
    timeline = azure.timeline("orders", 1)
    assert "Azure keeps no such record" in capsys.readouterr().out
    assert repr(timeline) == "orders, message 1"
