"""`LocalBroker` as a stranger's program uses it: the real SDK, and nothing else of ours."""

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusQuotaExceededError
from azure.servicebus.management import ServiceBusAdministrationClient

from sbtutorial import LocalBroker
from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.local.options import RunsIn

pytestmark = pytest.mark.sdk

PLACES: tuple[RunsIn, ...] = ("thread", "process")
CONFIG = """{"UserConfig": {"Namespaces": [{"Name": "n", "Queues": [{"Name": "orders"}]}]}}"""


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Certificates of its own, trusted by nobody before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBTUTORIAL_HOME", str(tmp_path_factory.mktemp("local") / "home"))
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NO_PROXY", "no_proxy"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module", params=PLACES)
def shared(request: pytest.FixtureRequest, home: None) -> Iterator[LocalBroker]:
    with LocalBroker(runs_in=request.param) as broker:
        yield broker


@pytest.fixture
def broker(shared: LocalBroker) -> LocalBroker:
    shared.reset()
    return shared


def send(broker: LocalBroker, queue: str, *bodies: str) -> None:
    with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_sender(queue) as sender,
    ):
        sender.send_messages([ServiceBusMessage(body) for body in bodies])


def test_messages_go_there_and_their_story_is_told(broker: LocalBroker) -> None:
    broker.create_queue("orders", lock_duration=timedelta(seconds=30))
    send(broker, "orders", "tea", "cake")
    with (
        ServiceBusClient.from_connection_string(broker.connection_string) as client,
        client.get_queue_receiver("orders") as receiver,
    ):
        assert len(receiver.receive_messages(max_wait_time=5)) == 1
        broker.advance(31)
    told = [event.what for event in broker.events("orders")]
    assert told == ["queue_created", "sent", "sent", "locked", "lock_expired"]
    assert "tea" in repr(broker.show("orders"))


def test_administration_trusts_the_certificate_by_itself(broker: LocalBroker) -> None:
    broker.create_queue("orders", max_delivery_count=3)
    broker.create_topic("news")
    broker.create_subscription("news", "urgent", sql_filter="priority > 3", requires_session=True)
    with ServiceBusAdministrationClient.from_connection_string(broker.connection_string) as admin:
        assert admin.get_queue("orders").max_delivery_count == 3
        assert admin.get_subscription("news", "urgent").requires_session
        (rule,) = admin.list_rules("news", "urgent")
    assert rule.name == "$Default"
    assert rule.filter.sql_expression == "priority > 3"


def test_a_client_may_be_told_where_the_broker_is_and_whom_to_trust(broker: LocalBroker) -> None:
    context = ssl.create_default_context(cafile=broker.certificate)
    with (
        socket.create_connection(("127.0.0.1", broker.port)) as tcp,
        context.wrap_socket(tcp, server_hostname="localhost") as tls,
    ):
        assert tls.version()


def test_a_queue_may_forward_to_another(broker: LocalBroker) -> None:
    broker.create_queue("kitchen")
    broker.create_queue("orders", forward_to="kitchen")
    send(broker, "orders", "tea")
    assert "tea" in repr(broker.show("kitchen"))


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("orders", {}, "'orders' exists already"),
        ("other", {"lock_duration": timedelta(days=3)}, "lock_duration is 3 days"),
        ("other", {"colour": "red"}, 'A queue has no option "colour"'),
        ("other", {"lock_duration": 30}, r"lock_duration is a timedelta, .*, and not 30\."),
        ("other", {"max_delivery_count": "3"}, "max_delivery_count is a whole number, and not '3'"),
        ("other", {"max_delivery_count": True}, "max_delivery_count is a whole number, and not T"),
        ("other", {"requires_session": "no"}, "requires_session is True or False, and not 'no'"),
    ],
)
def test_what_the_broker_refuses_it_says(
    broker: LocalBroker, name: str, options: dict[str, object], sentence: str
) -> None:
    broker.create_queue("orders")
    with pytest.raises(TutorialError, match=sentence):
        broker.create_queue(name, **options)  # type: ignore[arg-type]


def test_a_fault_is_planned_and_gone_with_a_reset(broker: LocalBroker) -> None:
    broker.create_queue("orders")
    broker.faults.refuse_sends("quota exceeded")
    assert [fault.condition for fault in broker.faults] == ["amqp:resource-limit-exceeded"]
    with pytest.raises(ServiceBusQuotaExceededError):
        send(broker, "orders", "tea")
    broker.faults.delay(1)
    broker.reset()
    assert not [*broker.faults]


@pytest.mark.parametrize("runs_in", PLACES)
def test_what_was_kept_in_a_folder_is_there_again_at_the_same_address(
    tmp_path: Path, runs_in: RunsIn
) -> None:
    config = tmp_path / "config.json"
    config.write_text(CONFIG)
    with LocalBroker(folder=tmp_path, config=config) as broker:
        before = broker.connection_string
        send(broker, "orders", "tea")
    with LocalBroker(folder=tmp_path, config=config, runs_in=runs_in) as broker:
        assert "tea" in repr(broker.show("orders"))
        assert broker.connection_string == before
    address = ("127.0.0.1", parse_connection_string(before).port or 0)
    with socket.create_server(address), LocalBroker(folder=tmp_path) as broker:
        assert "tea" in repr(broker.show("orders"))
        assert str(parse_connection_string(broker.connection_string).key) not in before


def test_a_file_of_queues_that_is_wrong_is_named(tmp_path: Path) -> None:
    for content, sentence in ((None, "cannot be read: No such"), ("{}", "UserConfig")):
        path = tmp_path / "config.json"
        if content is not None:
            path.write_text(content)
        with pytest.raises(TutorialError, match=f"config.json.*{sentence}"):
            LocalBroker(config=path).__enter__()


def test_tiers_differ(tmp_path: Path) -> None:
    with (
        LocalBroker(tier="emulator") as broker,
        pytest.raises(TutorialError, match="partition"),
    ):
        broker.create_queue("orders", enable_partitioning=True)


def test_what_cannot_be_is_refused_at_once() -> None:
    with pytest.raises(TutorialError, match="tier is one of standard, premium, emulator; 'gold'"):
        LocalBroker(tier="gold")  # type: ignore[arg-type]
    with pytest.raises(TutorialError, match="runs_in is one of thread, process"):
        LocalBroker(runs_in="docker")  # type: ignore[arg-type]


def test_outside_of_its_block_it_says_so() -> None:
    broker = LocalBroker()
    with pytest.raises(TutorialError, match="while its `with` block runs"):
        broker.create_queue("orders")
    with broker, pytest.raises(TutorialError, match="runs already"):
        broker.__enter__()
    with pytest.raises(TutorialError, match="while its `with` block runs"):
        broker.events()


@pytest.mark.parametrize("runs_in", PLACES)
def test_nobody_answers_after_the_block(runs_in: RunsIn) -> None:
    with LocalBroker(runs_in=runs_in) as broker:
        port = parse_connection_string(broker.connection_string).port
        assert "runs" in repr(broker)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
