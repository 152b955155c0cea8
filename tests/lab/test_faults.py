"""`lab.faults`: asked for in one line, listed with that line, over at a reset; elsewhere a word."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from sbtutorial.broker.descriptions import (
    QueueDescription,
    SubscriptionDescription,
    TopicDescription,
)
from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.lab.azure import AzureService
from sbtutorial.lab.faults import Faults
from sbtutorial.lab.lab import Lab
from sbtutorial.lab.offline import OfflineService
from sbtutorial.server.broker_server import BrokerServer

AZURE = "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=key"


@pytest.fixture
def broker() -> Iterator[ThreadedBroker]:
    with ThreadedBroker() as broker:
        broker.call(make_queue)
        yield broker


@pytest.fixture
def lab(broker: ThreadedBroker) -> Lab:
    return Lab(OfflineService(broker.connection_string, "tutorial"))


def make_queue(broker: BrokerServer) -> None:
    with broker.reactor.turn() as now:
        broker.namespace.create("orders", QueueDescription(), now=now)


def make_others(broker: BrokerServer) -> None:
    with broker.reactor.turn() as now:
        broker.namespace.create("payments", QueueDescription(), now=now)
        broker.namespace.create("news", TopicDescription(), now=now)
        broker.namespace.create("news/Subscriptions/all", SubscriptionDescription(), now=now)


@pytest.fixture
def elsewhere() -> Lab:
    return Lab(AzureService(parse_connection_string(AZURE)))


def test_without_faults_the_list_says_so(lab: Lab) -> None:
    assert repr(lab.faults) == "no faults"
    assert lab.faults._repr_html_() == "<p>no faults</p>"
    assert list(lab.faults) == []


def test_a_fault_is_listed_with_the_line_that_planned_it(lab: Lab) -> None:
    lab.faults.drop_next_ack("orders")
    lab.faults.drop_next_ack("Orders", of="send")
    assert repr(lab.faults) == (
        'lab.faults.drop_next_ack("orders")'
        "             the next settlement of orders: done, and not told\n"
        'lab.faults.drop_next_ack("orders", of="send")'
        "  the next send of orders: done, and not told"
    )
    html = lab.faults._repr_html_()
    assert html.count("<li>") == 2
    first = "<code>lab.faults.drop_next_ack(&quot;orders&quot;)</code>"
    expected = f"<li>{first} the next settlement of orders: done, and not told</li>"
    assert expected in html.replace("<wbr>", "")
    for fault in lab.faults:
        assert fault.path == "orders"


def test_what_a_program_planned_is_listed_too(lab: Lab) -> None:
    control = ControlClient(lab.connection_string)
    control.plan_fault("settle", condition="amqp:not-allowed", times=2)
    assert repr(lab.faults) == (
        'plan_fault("settle", condition="amqp:not-allowed", times=2)'
        "  the next 2 settlements: refused"
    )


def test_refusals_are_listed_with_how_often_they_are_still_to_come(lab: Lab) -> None:
    lab.faults.refuse_sends("Server busy ", times=3)
    lab.faults.refuse_sends("timeout", queue="orders")
    ControlClient(lab.connection_string).plan_fault("send", condition="amqp:not-allowed")
    assert [line.split("  ", 1)[0] for line in repr(lab.faults).splitlines()] == [
        'lab.faults.refuse_sends("server busy", times=3)',
        'lab.faults.refuse_sends("timeout", queue="orders")',
        'plan_fault("send", condition="amqp:not-allowed", times=1)',
    ]
    assert "the next 3 sends: refused" in repr(lab.faults)
    assert "the next send of orders: refused" in repr(lab.faults)


def test_what_lasts_is_listed_while_it_does(lab: Lab) -> None:
    lab.faults.delay(0.5)
    lab.faults.outage(timedelta(minutes=5))
    assert repr(lab.faults) == (
        "lab.faults.outage(300)  nobody is served until it is over\n"
        "lab.faults.delay(0.5)   every answer comes 0.5 s late"
    )
    outage, delay = lab.faults
    assert (outage.seconds, delay.seconds) == (300, 0.5)
    assert 290 < outage.seconds_left <= 300
    lab.faults.delay(0)
    assert [fault.kind for fault in lab.faults] == ["outage"]
    lab.reset()
    assert list(lab.faults) == []


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda faults: faults.refuse_sends("full"), "No send is refused as 'full'; there is "),
        (lambda faults: faults.refuse_sends(404), "No send is refused as 404; there is "),
        (lambda faults: faults.refuse_sends("timeout", 0), "1 to 999 times; not 0"),
        (lambda faults: faults.refuse_sends("timeout", 1000), "1 to 999 times; not 1000"),
        (lambda faults: faults.refuse_sends("timeout", True), "1 to 999 times; not True"),
        (lambda faults: faults.refuse_sends("timeout", queue="oders"), "'oders' could not"),
        (lambda faults: faults.refuse_sends("timeout", queue=""), "'' is no name"),
        (lambda faults: faults.delay(61), "0 to 60 seconds late, not 61"),
        (lambda faults: faults.delay(-1), "0 to 60 seconds late, not -1"),
        (lambda faults: faults.delay("1"), "lab.faults.delay takes a number of seconds; '1'"),
        (lambda faults: faults.delay(float("nan")), "fewer seconds than nan"),
        (lambda faults: faults.outage(0), "more than 0 and at most 600 seconds, not 0"),
        (lambda faults: faults.outage(601), "more than 0 and at most 600 seconds, not 601"),
        (lambda faults: faults.outage(True), "lab.faults.outage takes a number of seconds; True"),
        (lambda faults: faults.outage(10**400), "fewer seconds than 1000"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    lab: Lab, call: Callable[[Faults], None], match: str
) -> None:
    with pytest.raises(TutorialError, match=match) as refused:
        call(lab.faults)
    assert str(refused.value).endswith(".")
    assert list(lab.faults) == []


def test_the_lab_itself_works_during_an_outage_and_at_once_during_a_delay(lab: Lab) -> None:
    lab.faults.delay(60)
    lab.faults.outage(600)
    assert lab.show("orders").snapshot.counts["ready"] == 0
    lab.advance(60)
    assert [event.detail for event in lab.events() if event.what == "fault"] == [
        "answers are 60 s late",
        "outage of 600 s",
    ]


def test_a_fault_is_taken_back_as_it_is_listed_or_by_its_number_or_with_all_others(
    lab: Lab,
) -> None:
    lab.faults.drop_next_ack("orders")
    lab.faults.refuse_sends("timeout", times=2)
    lab.faults.delay(0.01)
    delay, dropped, _ = lab.faults
    lab.faults.take_back(dropped)
    lab.faults.take_back(delay.number)
    assert repr(lab.faults).startswith('lab.faults.refuse_sends("timeout", times=2)')
    with pytest.raises(TutorialError, match=f"no fault .{dropped.number}. to be taken back: it"):
        lab.faults.take_back(dropped)
    for wrong in ("1", True, 1.0):
        with pytest.raises(TutorialError, match="taken back by its number"):
            lab.faults.take_back(wrong)  # type: ignore[arg-type]
    lab.faults.outage(600)
    lab.faults.take_back()
    assert list(lab.faults) == []
    lab.faults.take_back()


def test_a_snapshot_has_the_faults_that_concern_its_queue(lab: Lab, broker: ThreadedBroker) -> None:
    broker.call(make_others)
    lab.faults.drop_next_ack("orders")
    lab.faults.drop_next_ack("orders/$DeadLetterQueue")
    lab.faults.refuse_sends("timeout")
    lab.faults.refuse_sends("timeout", queue="payments")
    lab.faults.refuse_sends("timeout", queue="news")

    def paths(name: str) -> list[str]:
        return [fault.path for fault in lab.service.snapshot(name).faults]

    assert paths("orders") == ["orders", "orders/$DeadLetterQueue", ""]
    assert paths("payments") == ["", "payments"]
    assert paths("news/all") == ["", "news"]


def test_a_reset_ends_every_fault(lab: Lab) -> None:
    lab.faults.drop_next_ack("orders")
    lab.reset()
    assert list(lab.faults) == []


@pytest.mark.parametrize("queue", ["oders", "orders/$Nowhere", "news"])
@pytest.mark.parametrize("of", ["send", "settlement"])
def test_a_queue_that_is_not_there_is_said_so(lab: Lab, queue: str, of: str) -> None:
    with pytest.raises(TutorialError, match=queue.partition("/")[0]):
        lab.faults.drop_next_ack(queue, of=of)
    assert list(lab.faults) == []


@pytest.mark.parametrize("queue", ["", None, 7])
def test_what_is_no_name_is_refused_in_a_sentence(lab: Lab, queue: object) -> None:
    with pytest.raises(TutorialError, match="is no name"):
        lab.faults.drop_next_ack(queue)  # type: ignore[arg-type]


def test_what_is_not_acknowledged_is_refused_in_a_sentence(lab: Lab) -> None:
    with pytest.raises(TutorialError, match='of= is "send" or "settlement"'):
        lab.faults.drop_next_ack("orders", of="peek")


def test_cutting_says_how_many_or_who_is_here(lab: Lab) -> None:
    from azure.servicebus import ServiceBusClient

    assert lab.faults.cut_connections() == 0
    with (
        ServiceBusClient.from_connection_string(lab.connection_string) as client,
        client.get_queue_receiver("orders", client_identifier="relief"),
        client.get_queue_sender("orders"),
    ):
        with pytest.raises(TutorialError, match=r"'cashier' .*: here is 'a sender', 'relief'\.$"):
            lab.faults.cut_connections("cashier")
        assert lab.faults.cut_connections("relief") == 1
        assert lab.faults.cut_connections("a sender") == 1
    with pytest.raises(TutorialError, match="'cashier' is connected: here is nobody"):
        lab.faults.cut_connections("cashier")
    with pytest.raises(TutorialError, match="7 is no name"):
        lab.faults.cut_connections(7)  # type: ignore[arg-type]


def test_faults_elsewhere_are_a_sentence_each(
    elsewhere: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere.faults.drop_next_ack("orders")
    elsewhere.faults.drop_next_ack("orders", of="send")
    assert elsewhere.faults.cut_connections("cashier") == 0
    elsewhere.faults.refuse_sends("server busy", times=3)
    elsewhere.faults.delay(2)
    elsewhere.faults.outage(10)
    elsewhere.faults.take_back()
    elsewhere.faults.kill_broker()
    assert capsys.readouterr().out.splitlines() == [
        "lab.faults.drop_next_ack() is for the offline broker: "
        "orders acknowledges every settlement on Azure.",
        "lab.faults.drop_next_ack() is for the offline broker: "
        "orders acknowledges every send on Azure.",
        "lab.faults.cut_connections() is for the offline broker: every connection stays on Azure.",
        "lab.faults.refuse_sends() is for the offline broker: no send is refused on Azure.",
        "lab.faults.delay() is for the offline broker: answers come when they come on Azure.",
        "lab.faults.outage() is for the offline broker: everybody goes on being served on Azure.",
        "lab.faults.take_back() is for the offline broker: "
        "nothing is ever planned to fail on Azure.",
        "lab.kill_broker() is for the offline broker: nobody kills Azure from here.",
    ]
    assert repr(elsewhere.faults) == "no faults"
