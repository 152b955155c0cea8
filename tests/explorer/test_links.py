"""Links that stay open: used again, replaced when they have ended, and never in anybody's way."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.browsing import browse
from sbtutorial.explorer.draft import Draft
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.keeping.kept_links import IDLE_SECONDS, KeptLinks
from sbtutorial.explorer.keeping.lent_links import OutcomeUnknownError
from sbtutorial.explorer.links import CLIENT_NAME, Links, open_admin
from sbtutorial.explorer.places import Kind, Place
from sbtutorial.explorer.receiving import Receiving
from sbtutorial.explorer.sending import send
from sbtutorial.lab.lab import Lab

PATIENCE_SECONDS = 30
ORDERS = Place(Kind.QUEUE, "orders")
Happening = Callable[[Lab], object]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def kept(clock: Clock) -> KeptLinks:
    return KeptLinks(now=clock)


@pytest.fixture
def links(lab: Lab, kept: KeptLinks) -> Iterator[Links]:
    """Those to a namespace that has the queue "orders"."""
    make(lab)
    links = Links(lab.connection_string, kept)
    yield links
    links.close()


@pytest.fixture
def busy(explorer: Explorer) -> Explorer:
    """One that has sent to a queue, looked into it and received: its links are kept."""
    explorer.create_queue("orders")
    explorer.send("orders", "early")
    assert bodies(explorer) == ["early"]
    explorer.receive("orders")[0].complete()
    return explorer


def make(lab: Lab, name: str = "orders", **properties: Any) -> None:
    with open_admin(lab.connection_string) as admin:
        admin.create_queue(name, **properties)


def bodies(explorer: Explorer, name: str = "orders") -> list[str]:
    return [message.body for message in explorer.browse(name)]


def made_anew(lab: Lab) -> None:
    with open_admin(lab.connection_string) as admin:
        admin.delete_queue("orders")
    make(lab)


def disabled_for_a_while(lab: Lab) -> None:
    with open_admin(lab.connection_string) as admin:
        for status in ("Disabled", "Active"):
            queue = admin.get_queue("orders")
            queue.status = status
            admin.update_queue(queue)


def killed(lab: Lab) -> None:
    lab.kill_broker()


def cut(lab: Lab) -> None:
    lab.faults.cut_connections(CLIENT_NAME)


HAPPENINGS = [made_anew, disabled_for_a_while, killed, cut]


# -- Used again -----------------------------------------------------------------------------------


def test_one_link_sends_and_one_looks_receives_and_settles_however_often(
    busy: Explorer, lab: Lab
) -> None:
    for body in ("one", "two"):
        busy.send("orders", body)
        assert bodies(busy) == [body]
        busy.receive("orders")[0].complete()
    busy.send("orders", "three")
    busy.receive("orders")[0].defer()
    busy.complete("orders", 4)
    assert lab.faults.cut_connections(CLIENT_NAME) == 2


def test_dead_letters_are_taken_and_sent_again_by_the_links_that_are_there(
    busy: Explorer, lab: Lab
) -> None:
    for body in ("tea", "cake"):
        busy.send("orders", body)
        busy.receive("orders")[0].dead_letter("cold")
    assert busy.resubmit("orders", 2).numbers == (2,)
    assert busy.resubmit("orders").numbers == (3,)
    assert lab.faults.cut_connections(CLIENT_NAME) == 3


def test_many_threads_may_come_at_once(explorer: Explorer) -> None:
    explorer.create_queue("orders")

    def come(number: int) -> str:
        """Send one, look, and take whichever is first: all threads are at the same queue."""
        explorer.send("orders", f"{number}")
        explorer.browse("orders")
        (held,) = explorer.receive("orders", wait_seconds=PATIENCE_SECONDS)
        held.complete()
        return held.message.body

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(come, range(12)))
    assert sorted(taken, key=int) == [f"{number}" for number in range(12)]
    assert explorer.tree()["orders"].active == 0
    assert explorer.held() == []


# -- In nobody's way ------------------------------------------------------------------------------


def test_nothing_comes_to_a_link_that_is_kept(busy: Explorer, lab: Lab) -> None:
    with client(lab) as sdk, sdk.get_queue_receiver("orders") as receiver:
        with sdk.get_queue_sender("orders") as sender:
            sender.send_messages(ServiceBusMessage("late"))
        (message,) = receiver.receive_messages(1, max_wait_time=PATIENCE_SECONDS)
        assert (str(message), message.delivery_count) == ("late", 0)
        receiver.complete_message(message)
    assert CLIENT_NAME not in lockers(lab, 2)


def test_nothing_more_comes_to_a_link_whose_messages_are_held(explorer: Explorer, lab: Lab) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "early")
    assert len(explorer.receive("orders", 10)) == 1
    with client(lab) as sdk, sdk.get_queue_receiver("orders") as receiver:
        with sdk.get_queue_sender("orders") as sender:
            sender.send_messages(ServiceBusMessage("late"))
        (message,) = receiver.receive_messages(1, max_wait_time=PATIENCE_SECONDS)
        receiver.complete_message(message)
    assert CLIENT_NAME not in lockers(lab, 2)


def test_a_receiver_that_got_too_little_or_holds_something_is_not_kept(
    links: Links, kept: KeptLinks
) -> None:
    receiving = Receiving(links)
    assert len(receiving.receive(ORDERS, 1, 0.1, None)) == 0
    assert len(kept) == 0
    send(links, ORDERS, [Draft.of("tea")])
    assert len(kept) == 1  # the sender
    (held,) = receiving.receive(ORDERS, 1, PATIENCE_SECONDS, None)
    assert len(kept) == 1
    held.complete()
    assert len(kept) == 2


def test_a_link_whose_message_was_lost_is_not_kept(lab: Lab, links: Links, kept: KeptLinks) -> None:
    make(lab, "short", lock_duration="PT5S")
    short = Place(Kind.QUEUE, "short")
    send(links, short, [Draft.of("tea")])
    (held,) = Receiving(links).receive(short, 1, PATIENCE_SECONDS, None)
    lab.advance(6)
    with pytest.raises(TutorialError, match="lock on that message has run out"):
        held.complete()
    assert len(kept) == 1  # the sender


def test_a_session_is_let_go_of_at_once(lab: Lab, links: Links, kept: KeptLinks) -> None:
    make(lab, "tables", requires_session=True)
    tables = Place(Kind.QUEUE, "tables")
    send(links, tables, [Draft.of("tea", session_id="a")])
    assert len(browse(links, tables, session="a")) == 1
    (held,) = Receiving(links).receive(tables, 1, PATIENCE_SECONDS, "a")
    held.abandon()
    assert len(kept) == 1  # the sender
    with client(lab) as sdk, sdk.get_queue_receiver("tables", session_id="a") as receiver:
        assert len(receiver.receive_messages(1, max_wait_time=PATIENCE_SECONDS)) == 1


def test_what_is_kept_keeps_no_program_from_its_end(lab: Lab) -> None:
    make(lab)
    code = (
        "import sys\n"
        "from sbtutorial.explorer.explorer import Explorer\n"
        "explorer = Explorer(sys.argv[1])\n"
        "explorer.send('orders', 'tea')\n"
        "print(len(explorer.browse('orders')))\n"
    )
    command = [sys.executable, "-c", code, lab.connection_string]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (run.stdout.split(), run.stderr) == (["1"], "")


# -- Replaced -------------------------------------------------------------------------------------


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_whatever_ended_a_sender_meanwhile_a_message_is_sent_and_once(
    busy: Explorer, lab: Lab, happening: Happening
) -> None:
    happening(lab)
    busy.send("orders", "late")
    assert bodies(busy) == ["late"]


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_whatever_ended_a_receiver_meanwhile_messages_are_received(
    busy: Explorer, lab: Lab, happening: Happening
) -> None:
    happening(lab)
    with client(lab) as sdk, sdk.get_queue_sender("orders") as sender:
        sender.send_messages(ServiceBusMessage("late"))
    (held,) = busy.receive("orders", wait_seconds=PATIENCE_SECONDS)
    assert held.message.body == "late"
    held.complete()
    assert bodies(busy) == []


@pytest.mark.parametrize("happening", HAPPENINGS)
def test_whatever_ended_a_receiver_meanwhile_messages_are_looked_at(
    busy: Explorer, lab: Lab, happening: Happening
) -> None:
    happening(lab)
    with client(lab) as sdk, sdk.get_queue_sender("orders") as sender:
        sender.send_messages(ServiceBusMessage("late"))
    assert bodies(busy) == ["late"]


def test_a_message_whose_fate_is_unknown_is_not_sent_again(busy: Explorer, lab: Lab) -> None:
    lab.faults.drop_next_ack("orders", of="send")
    with pytest.raises(OutcomeUnknownError, match="nobody knows whether"):
        busy.send("orders", "once")
    assert bodies(busy) == ["once"]
    busy.send("orders", "another")
    assert bodies(busy) == ["once", "another"]


def test_the_same_on_a_link_that_is_new(explorer: Explorer, lab: Lab) -> None:
    explorer.create_queue("orders")
    lab.faults.drop_next_ack("orders", of="send")
    with pytest.raises(OutcomeUnknownError, match="Nothing was tried again"):
        explorer.send("orders", "once")
    assert bodies(explorer) == ["once"]


def test_what_the_service_has_not_taken_is_sent_by_a_new_link(busy: Explorer, lab: Lab) -> None:
    lab.faults.refuse_sends("server busy")
    busy.send("orders", "late")
    assert bodies(busy) == ["late"]
    lab.faults.refuse_sends("quota exceeded")
    with pytest.raises(TutorialError):
        busy.send("orders", "too late")
    assert bodies(busy) == ["late"]


def test_what_lay_there_for_long_is_replaced(links: Links, kept: KeptLinks, clock: Clock) -> None:
    send(links, ORDERS, [Draft.of("tea")])
    assert len(browse(links, ORDERS)) == 1
    clock.now = IDLE_SECONDS - 1
    assert len(browse(links, ORDERS)) == 1
    assert len(kept) == 2
    clock.now = IDLE_SECONDS
    assert len(browse(links, ORDERS)) == 1
    assert len(kept) == 1  # the sender was closed meanwhile
    send(links, ORDERS, [Draft.of("cake")])
    assert len(browse(links, ORDERS)) == 2


def test_an_explorer_that_was_closed_opens_again(busy: Explorer) -> None:
    busy.close()
    busy.send("orders", "late")
    assert bodies(busy) == ["late"]


def test_what_an_explorer_that_was_closed_had_locked_is_settled_no_more(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea")
    (held,) = explorer.receive("orders")
    explorer.close()
    with pytest.raises(TutorialError, match="came by is closed"):
        held.complete()
    assert explorer.tree()["orders"].active == 1


def client(lab: Lab) -> ServiceBusClient:
    return ServiceBusClient.from_connection_string(lab.connection_string)


def lockers(lab: Lab, number: int) -> list[str]:
    """Who had a message locked, one after the other; somebody had."""
    events = lab.events("orders", sequence_number=number)
    names = [event.who for event in events if event.what == "locked"]
    assert names
    return names
