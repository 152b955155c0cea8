"""What a notebook does with its lab, against a real background broker."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest

from sbtutorial.connection_string import (
    VARIABLE,
    ConnectionString,
    connection_string,
    parse_connection_string,
)
from sbtutorial.errors import TutorialError
from sbtutorial.hosting.background import find
from sbtutorial.hosting.control_client import BrokerGone, ControlClient
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.lab import azure
from sbtutorial.lab.azure import AzureService
from sbtutorial.lab.connecting import attach, connect
from sbtutorial.lab.lab import Lab
from sbtutorial.lab.offline import OfflineService
from sbtutorial.lab.service import Mode
from sbtutorial.trace import Event
from sbtutorial.views import feed
from sbtutorial.views.event_table import EventTable
from tests.hosting.stranger import echo, stranger
from tests.killing import kill

pytestmark = pytest.mark.sdk

NOBODY = "Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=Root;SharedAccessKey=key"
NOBODY_HERE = NOBODY + ";UseDevelopmentEmulator=true"
AZURE = "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=key"


@pytest.fixture(autouse=True, scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One home for the module: certificates take longer to make than all the tests to run."""
    folder = tmp_path_factory.mktemp("lab") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBTUTORIAL_HOME", str(folder))
        patch.delenv(VARIABLE, raising=False)
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, os.environ.get(name, ""))
        yield folder
        if broker := find():
            ControlClient(broker.connection_string).shutdown()


@pytest.fixture(autouse=True)
def no_aiohttp_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a fresh kernel: another test of this process may have imported it before `connect`."""
    monkeypatch.delitem(sys.modules, "aiohttp.connector", raising=False)


@pytest.fixture
def lab() -> Lab:
    lab = connect()
    lab.reset()
    return lab


def send(lab: Lab, queue: str, *bodies: str, **options: Any) -> None:
    from azure.servicebus import ServiceBusClient, ServiceBusMessage

    with (
        ServiceBusClient.from_connection_string(lab.connection_string, **options) as client,
        client.get_queue_sender(queue) as sender,
    ):
        sender.send_messages([ServiceBusMessage(body, message_id=body) for body in bodies])


def receive_and_crash(lab: Lab, queue: str) -> None:
    """Take one message as "cashier" and leave it locked."""
    from azure.servicebus import ServiceBusClient

    with (
        ServiceBusClient.from_connection_string(lab.connection_string) as client,
        client.get_queue_receiver(queue, client_identifier="cashier") as receiver,
    ):
        receiver.receive_messages(max_message_count=1, max_wait_time=5)


# -- Connecting -------------------------------------------------------------------------------


def test_connect_prints_one_line_that_says_what_answers(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    connect()
    lab.fresh_queue("orders")
    connect()
    line = 'offline: Service Bus broker on this machine, namespace "tutorial"\n'
    assert capsys.readouterr().out == line + line


def test_connecting_again_gives_an_equal_lab(lab: Lab) -> None:
    assert connect() == lab
    assert hash(connect()) == hash(lab)
    assert (lab.mode, lab.namespace) == ("offline", "tutorial")


def test_lab_keeps_its_key_to_itself(lab: Lab) -> None:
    assert repr(lab) == '<Lab offline, namespace "tutorial">'


def test_program_with_a_connection_string_attaches_in_silence(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert attach(lab.connection_string) == lab
    assert attach(lab.connection_string).mode is Mode.OFFLINE
    assert capsys.readouterr().out == ""


def test_broker_that_died_is_replaced_and_the_learner_told(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    broker = find()
    assert broker is not None
    kill(broker)
    capsys.readouterr()
    again = connect()
    first_line, second_line = capsys.readouterr().out.splitlines()
    assert first_line.startswith("offline: Service Bus broker on this machine")
    assert "broker from before was gone" in second_line
    assert again == lab


@pytest.mark.parametrize(
    "call",
    [
        lambda lab: lab.advance(1),
        lambda lab: lab.reset(),
        lambda lab: lab.events(),
        lambda lab: lab.show("orders"),
        lambda lab: lab.fresh_queue("orders"),
        lambda lab: lab.fresh_topic("counter"),
        lambda lab: lab.shrink("orders", megabytes=1),
    ],
)
def test_every_method_says_so_when_the_broker_is_gone(call: object) -> None:
    lab = Lab(OfflineService(NOBODY_HERE, "tutorial"))
    with pytest.raises(BrokerGone, match=r"Run connect\(\) again"):
        call(lab)  # type: ignore[operator]


def test_sdk_calls_the_broker_directly_whatever_proxy_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stranger(echo) as proxy:
        address = f"http://127.0.0.1:{proxy.server.server_port}"
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, address)
        monkeypatch.setenv("NO_PROXY", "intranet.example")
        monkeypatch.setenv("no_proxy", "intranet.example")
        connect().fresh_queue("orders")
        assert proxy.heard == []
        assert os.environ["no_proxy"].startswith("intranet.example,127.0.0.1")
        before = dict(os.environ)
        connect()
        assert dict(os.environ) == before


def test_without_a_proxy_the_environment_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    connect()
    assert [name for name in os.environ if name.lower().endswith("_proxy")] == []


# -- With SBTUTORIAL_CONNECTION_STRING ----------------------------------------------------------


def test_variable_with_our_own_brokers_string_leads_there(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(VARIABLE, lab.connection_string)
    capsys.readouterr()
    assert connect() == lab
    assert capsys.readouterr().out.startswith("offline: Service Bus broker at 127.0.0.1:")


def as_azure(lab: Lab) -> ConnectionString:
    """The broker as if it were Azure: https and a name, without the mark of the emulator."""
    text = lab.connection_string.replace(";UseDevelopmentEmulator=true", "")
    return parse_connection_string(text)


def test_azure_is_asked_for_its_name(lab: Lab) -> None:
    assert azure.describe(as_azure(lab)) == 'azure: Service Bus namespace "tutorial", Standard tier'
    assert attach(as_azure(lab).text).mode is Mode.AZURE


def test_azure_refuses_a_wrong_key_by_naming_it(lab: Lab) -> None:
    with pytest.raises(TutorialError, match="SharedAccessKey is wrong"):
        azure.describe(replace(as_azure(lab), text=as_azure(lab).text + "X"))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root", "SharedAccessKey"),
        ("SharedAccessKeyName=Root;SharedAccessKey=key", "Endpoint"),
        (NOBODY, "add ;UseDevelopmentEmulator=true"),
        (NOBODY_HERE, "127.0.0.1:9"),
        (AZURE + ";EntityPath=orders", "'orders' alone"),
    ],
)
def test_unusable_variable_is_refused_by_naming_the_part(
    monkeypatch: pytest.MonkeyPatch, text: str, names: str
) -> None:
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(TutorialError, match=names) as refusal:
        connect()
    assert VARIABLE in str(refusal.value)


def test_wrong_key_of_our_own_broker_is_not_taken_for_the_emulator(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = lab.connection_string.replace("SharedAccessKey=", "SharedAccessKey=X")
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(TutorialError, match="key in your connection string") as refusal:
        connect()
    assert VARIABLE in str(refusal.value)


def test_something_else_in_the_brokers_place_is_called_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as stranger:
        Thread(target=stranger.serve_forever).start()
        try:
            monkeypatch.setenv(
                VARIABLE,
                connection_string("127.0.0.1", stranger.server_port, "Root", "key"),
            )
            with pytest.raises(TutorialError, match="is no broker of this tutorial"):
                connect()
        finally:
            stranger.shutdown()


def test_program_whose_broker_is_gone_does_not_take_that_for_the_emulator() -> None:
    with pytest.raises(BrokerGone, match=r"Run connect\(\) again"):
        attach(NOBODY_HERE)


def test_program_attaches_to_the_emulator_where_something_else_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as emulator:
        Thread(target=lambda: emulator.accept()[0].close()).start()  # as it does with HTTP
        text = connection_string("127.0.0.1", emulator.getsockname()[1], "Root", "key")
        assert attach(text).mode is Mode.EMULATOR


def test_a_broker_that_is_killed_goes_on_with_what_it_held(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.fresh_queue("orders")
    send(lab, "orders", "tea")
    capsys.readouterr()
    lab.kill_broker()
    assert capsys.readouterr().out == "killed the broker (signal 9), and started it again\n"
    assert lab.service.snapshot("orders").counts["ready"] == 1


def test_views_hear_that_a_killed_broker_is_back_though_nothing_happens_there(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_WAIT_SECONDS", 60.0)  # longer than anybody waits here
    news: Queue[feed.News] = Queue()
    stop = feed.Feed.of(lab.connection_string).listen(news.put)
    broker = find()
    assert broker is not None
    os.kill(broker.record.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    while not news.get(timeout=50).trouble:
        pass
    connect()
    while not news.get(timeout=50).is_anew:
        pass
    stop()


def test_what_was_done_and_not_told_outlives_the_broker(lab: Lab) -> None:
    from azure.servicebus.exceptions import ServiceBusError

    lab.fresh_queue("orders")
    lab.faults.drop_next_ack("orders", of="send")
    with pytest.raises(ServiceBusError):
        send(lab, "orders", "tea", retry_total=0)
    lab.faults.kill_broker()
    assert lab.service.snapshot("orders").counts["ready"] == 1
    assert list(lab.faults) == []


def test_a_broker_of_another_program_is_not_killed(lab: Lab) -> None:
    with ThreadedBroker() as broker:
        other = Lab(OfflineService(broker.connection_string, lab.service.namespace))
        with pytest.raises(TutorialError, match="no background broker of yours"):
            other.kill_broker()


@pytest.mark.parametrize(("text", "mode"), [(AZURE, Mode.AZURE), (NOBODY_HERE, Mode.EMULATOR)])
def test_offline_powers_say_so_elsewhere_and_do_nothing(
    text: str, mode: Mode, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = Lab(AzureService(parse_connection_string(text)))
    assert lab.mode is mode
    lab.reset()
    assert lab.events() == []
    lab.shrink("orders", megabytes=1)
    lab.kill_broker()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all("offline broker" in line for line in lines)


def test_advancing_elsewhere_waits_and_shows_how_long(capsys: pytest.CaptureFixture[str]) -> None:
    instants = iter([0.0, 1.0, 2.0, 3.0])
    slept: list[float] = []
    azure.wait(3, now=lambda: next(instants), sleep=slept.append)
    said, drawn = capsys.readouterr()
    assert said == "Time cannot be moved here, so this waits 3 s.\n"
    assert "100%" in drawn
    assert slept == [1.0, 1.0]


def test_advancing_elsewhere_is_waiting(capsys: pytest.CaptureFixture[str]) -> None:
    Lab(AzureService(parse_connection_string(AZURE))).advance(0.01)
    assert capsys.readouterr().out == "Time cannot be moved here, so this waits 0 s.\n"


# -- Queues, time, events ---------------------------------------------------------------------


def test_fresh_queue_is_empty_and_has_its_options_every_time(lab: Lab) -> None:
    from azure.servicebus.management import ServiceBusAdministrationClient

    for _ in range(2):
        lab.fresh_queue("orders", lock_duration=timedelta(seconds=30), max_delivery_count=3)
        assert repr(lab.show("orders")).splitlines()[0] == "orders   ready   –"
        send(lab, "orders", "coffee")
    with ServiceBusAdministrationClient.from_connection_string(lab.connection_string) as admin:
        assert admin.get_queue("orders").max_delivery_count == 3


def test_lock_of_a_dead_consumer_is_seen_and_runs_out_by_advancing(lab: Lab) -> None:
    lab.fresh_queue("orders", lock_duration=timedelta(seconds=30))
    send(lab, "orders", "coffee", "tea")
    receive_and_crash(lab, "orders")
    assert repr(lab.show("orders")) == (
        "orders   ready   2 tea\n"
        "         locked  1 coffee   by cashier (gone), about 30 s left, delivery count 0\n"
        "         dead    –"
    )
    lab.advance(31)
    assert repr(lab.show("orders")) == (
        "orders   ready   1 coffee   delivery count 1\n"
        "                 2 tea\n"
        "         locked  –\n"
        "         dead    –"
    )


def test_a_topic_is_made_afresh_and_shows_its_subscriptions(lab: Lab) -> None:
    from azure.servicebus import ServiceBusClient, ServiceBusMessage
    from azure.servicebus.management import ServiceBusAdministrationClient

    for _ in range(2):
        lab.fresh_topic("counter")
        assert repr(lab.show("counter")).startswith("counter   no subscription")
        with ServiceBusAdministrationClient.from_connection_string(lab.connection_string) as admin:
            admin.create_subscription("counter", "kitchen")
        with (
            ServiceBusClient.from_connection_string(lab.connection_string) as client,
            client.get_topic_sender("counter") as sender,
        ):
            sender.send_messages(ServiceBusMessage("soup"))
        assert repr(lab.show("counter")) == "counter   kitchen  ready  1 soup"
        assert [event.what for event in lab.events("counter")] == ["topic_created", "sent"]


def test_an_option_that_no_topic_has_is_refused_in_a_sentence(lab: Lab) -> None:
    with pytest.raises(TutorialError, match="A topic has no option 'lock_duration'"):
        lab.fresh_topic("counter", lock_duration=30)


def test_picture_elsewhere_comes_from_peeking(lab: Lab) -> None:
    lab.fresh_queue("orders")
    send(lab, "orders", "coffee", "tea")
    receive_and_crash(lab, "orders")
    elsewhere = Lab(AzureService(parse_connection_string(lab.connection_string)))
    assert repr(elsewhere.show("orders")) == (
        "orders   ready or locked  1 coffee   2 tea\n         dead             –"
    )


def test_picture_of_a_missing_queue_is_refused_in_a_sentence(lab: Lab) -> None:
    with pytest.raises(TutorialError, match="'orders' could not be found"):
        lab.show("orders")


@pytest.mark.parametrize("name", [None, 5, "", b"orders"])
def test_what_is_no_queues_name_is_refused_in_a_sentence(lab: Lab, name: object) -> None:
    for call in (lab.show, lab.fresh_queue, *([lab.events] if name is not None else [])):
        with pytest.raises(TutorialError, match="A queue is named by text"):
            call(name)  # type: ignore[arg-type,operator]


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("bad name!", {}, "'bad name!' cannot name a queue: use letters"),
        ("a" * 300, {}, "it has 300 characters"),
        (
            "orders",
            {"max_delivery_count": 0},
            "max_delivery_count is 0; it may be 1 to 2147483647.",
        ),
        ("orders", {"lock_duraton": 30}, "no option 'lock_duraton'; lock_duration is meant"),
        ("orders", {"lock_duration": 30}, "lock_duration takes a timedelta, as in"),
        ("orders", {"colour": "red"}, "no option 'colour': authorization_rules, "),
    ],
)
def test_queue_that_cannot_be_is_refused_in_a_sentence(
    lab: Lab, name: str, options: dict[str, object], sentence: str
) -> None:
    with pytest.raises(TutorialError) as refusal:
        lab.fresh_queue(name, **options)
    assert sentence in str(refusal.value)
    assert "SubCode" not in str(refusal.value)


@pytest.mark.parametrize("seconds", [31, 31.0, timedelta(seconds=31)])
def test_advance_takes_seconds_and_timedeltas(lab: Lab, seconds: float | timedelta) -> None:
    before = ControlClient(lab.connection_string).status()["advanced_seconds"]
    lab.advance(seconds)
    assert ControlClient(lab.connection_string).status()["advanced_seconds"] == before + 31


@pytest.mark.parametrize(
    "nonsense", ["31", None, True, 0, -1, float("nan"), float("inf"), 1e300, 10**400]
)
def test_advance_by_nonsense_is_refused_in_a_sentence(lab: Lab, nonsense: object) -> None:
    with pytest.raises(TutorialError, match=r"forward|neither"):
        lab.advance(nonsense)  # type: ignore[arg-type]


def test_shrunk_queue_is_full_soon(lab: Lab) -> None:
    from azure.servicebus.exceptions import ServiceBusQuotaExceededError

    lab.fresh_queue("orders")
    lab.shrink("orders", megabytes=1)
    with pytest.raises(ServiceBusQuotaExceededError, match="Max entity size in bytes:1048576"):
        for _ in range(15):  # each of them 100 KB, at least
            send(lab, "orders", *["x" * 100] * 1000)


def test_events_tell_a_messages_story(lab: Lab) -> None:
    lab.fresh_queue("orders")
    send(lab, "orders", "coffee", "tea")
    receive_and_crash(lab, "orders")
    story = lab.events("orders", message_id="coffee")
    assert [event.what for event in story][-2:] == ["sent", "locked"]
    assert lab.events("orders", sequence_number=1) == story
    last = lab.events("orders")[-1]
    assert lab.events("orders", after=last.number) == []


def test_events_of_a_queue_begin_with_its_latest_creation(lab: Lab) -> None:
    for body in ("coffee", "tea"):
        lab.fresh_queue("orders")
        send(lab, "orders", body)
    kinds = [event.what for event in lab.events("orders")]
    assert kinds == ["queue_created", "sent"]
    assert [event.message_id for event in lab.events("Orders", sequence_number=1)] == ["tea"]
    everything = [event.message_id for event in lab.events() if event.what == "sent"]
    assert everything[-2:] == ["coffee", "tea"]


def test_events_of_a_deleted_queue_are_still_told(lab: Lab) -> None:
    lab.fresh_queue("orders")
    lab.reset()
    assert lab.events("orders")[0].what == "queue_created"


def test_a_subscription_is_shown_and_told_of_since_it_was_last_created(lab: Lab) -> None:
    from azure.servicebus import ServiceBusClient, ServiceBusMessage
    from azure.servicebus.management import ServiceBusAdministrationClient

    string = lab.connection_string
    with ServiceBusAdministrationClient.from_connection_string(string) as administration:
        administration.create_topic("news")
        for text in ("old", "new"):
            administration.create_subscription("news", "fans")
            with (
                ServiceBusClient.from_connection_string(string) as client,
                client.get_topic_sender("news") as sender,
            ):
                sender.send_messages(ServiceBusMessage(text))
            if text == "old":
                administration.delete_subscription("news", "fans")
    for name in ("news/fans", "news/Subscriptions/fans"):
        (message,) = lab.show(name).snapshot.messages
        assert message.text == "new"
        told = [event.what for event in lab.events(name)]
        assert told == ["subscription_created", "rule_created", "copied"]
        assert repr(lab.timeline(name)).startswith(f"{name}, 1 message")
    with pytest.raises(TutorialError, match="news/critics"):
        lab.events("news/critics")


def test_events_of_a_mistyped_queue_are_refused_in_a_sentence(lab: Lab) -> None:
    with pytest.raises(TutorialError, match="'oders' could not be found"):
        lab.events("oders")


def test_a_timeline_of_what_is_no_number_is_refused_in_a_sentence(lab: Lab) -> None:
    lab.fresh_queue("orders")
    with pytest.raises(TutorialError, match="'5' is none"):
        lab.timeline("orders", "5")  # type: ignore[arg-type]


def test_table_of_events_leaves_out_what_differs_from_run_to_run() -> None:
    random_name = "SBSender-0d3f6a52-9c1e-4b7a-8f00-1234567890ab"
    table = EventTable(
        [
            Event(7, 1.0, "sent", "orders", 1, None, 0, random_name, ""),
            Event(8, 2.0, "lock_expired", "orders", 1, None, 1, "cashier", ""),
        ]
    )
    assert repr(table) == (
        "what          message  by        delivery count\n"
        "sent          1        a sender  0\n"
        "lock expired  1        cashier   1"
    )


def test_table_of_events_names_the_queues_when_there_are_several() -> None:
    table = EventTable(
        [
            Event(7, 1.0, "sent", "orders", 1, None, 0, "shop", ""),
            Event(8, 2.0, "sent", "photos", 1, None, 0, "shop", ""),
        ]
    )
    assert repr(table) == (
        "what  entity  message  by    delivery count\n"
        "sent  orders  1        shop  0\n"
        "sent  photos  1        shop  0"
    )


def test_table_of_events_shows_the_message_ids_that_somebody_chose() -> None:
    random_id = "0d3f6a52-9c1e-4b7a-8f00-1234567890ab"
    chosen = [Event(1, 1.0, "sent", "orders", 1, "no-7", 0, "", "")]
    at_random = [Event(2, 1.0, "sent", "orders", 2, random_id, 0, "", "")]
    assert "message id" not in repr(EventTable(at_random))
    assert repr(EventTable(chosen + at_random)) == (
        "what  message  message id  delivery count\n"
        "sent  1        no-7        0\n"
        "sent  2                    0"
    )
    assert EventTable(at_random)[0].message_id == random_id


def test_table_without_events_says_so() -> None:
    assert repr(EventTable()) == "no events"


def test_some_of_the_events_are_a_table_too() -> None:
    sent = Event(1, 0.0, "sent", "orders", 1, None, 0, "shop", "")
    table = EventTable([sent, sent._replace(number=2, what="completed")])
    assert repr(table[:1]).split("\n") == [
        "what  message  by    delivery count",
        "sent  1        shop  0",
    ]
    assert table[1].what == "completed"
    assert repr(table[5:]) == "no events"
