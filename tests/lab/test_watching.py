"""What the buttons of a live view do, and that their lines do the same: on a real broker."""

from collections.abc import Iterator
from datetime import timedelta
from queue import Queue
from threading import Event
from typing import Any

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.lab.lab import Lab
from sbtutorial.lab.watching import Watch
from tests.own_home import lab_at

pytestmark = pytest.mark.sdk

PATIENCE_SECONDS = 30
HOSTILE = 'it\'s "<b>" \\ {x}\n'


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_at(tmp_path_factory.mktemp("watching") / "home") as lab:
        yield lab


@pytest.fixture
def watch(lab: Lab) -> Watch:
    lab.fresh_queue("orders", lock_duration=timedelta(seconds=30))
    return watching(lab, "orders")


def watching(lab: Lab, name: str) -> Watch:
    return Watch(lab.service, name, {"lab": lab})


def press(watch: Watch, request: str, **asked: object) -> dict[str, Any]:
    return dict(watch.handlers[request](asked))


def receiver(lab: Lab, **options: Any) -> Any:
    from azure.servicebus import ServiceBusClient

    client = ServiceBusClient.from_connection_string(lab.connection_string)
    return client.get_queue_receiver("orders", **options)


def counts(lab: Lab, queue: str = "orders") -> dict[str, int]:
    return {state: count for state, count in lab.show(queue).snapshot.counts.items() if count}


@pytest.mark.parametrize("body", ["coffee", HOSTILE])
def test_send_sends_what_was_written_and_shows_how(lab: Lab, watch: Watch, body: str) -> None:
    shown = press(watch, "send", body=body)["program"]
    exec(shown, {"lab": lab})
    assert counts(lab) == {"ready": 2}
    for number in (1, 2):
        opened = press(watch, "open", number=number, state="ready")
        assert opened["body"]["text"] == body


def test_receive_one_takes_the_oldest_and_says_which(lab: Lab, watch: Watch) -> None:
    press(watch, "send", body="coffee")
    press(watch, "send", body="tea")
    assert press(watch, "receive")["printed"] == "completed coffee"
    assert counts(lab) == {"ready": 1}


def test_to_the_next_deadline_and_expire_make_time_pass(lab: Lab, watch: Watch) -> None:
    with pytest.raises(TutorialError, match="Nothing here has a deadline"):
        press(watch, "deadline")
    press(watch, "send", body="coffee")
    with receiver(lab) as held:
        held.receive_messages(max_wait_time=5)
        assert counts(lab) == {"locked": 1}
        assert press(watch, "expire", number=1)["program"] in ("lab.advance(30)", "lab.advance(29)")
        assert counts(lab) == {"ready": 1}
    with pytest.raises(TutorialError, match="not locked any more"):
        press(watch, "expire", number=1)


def test_resubmit_sends_a_copy_and_leaves_the_other_dead_letters(lab: Lab, watch: Watch) -> None:
    for body in ("coffee", "tea"):
        press(watch, "send", body=body)
    with receiver(lab) as counter:
        for _ in range(2):
            [order] = counter.receive_messages(max_wait_time=5)
            counter.dead_letter_message(order, reason="unreadable")
    assert counts(lab) == {"dead": 2}
    done = press(watch, "resubmit", number=2)
    assert '    print(explorer.resubmit("orders", 2))' in done["program"]
    assert done["printed"].startswith("1 message of orders/$DeadLetterQueue sent again to orders")
    assert counts(lab) == {"ready": 1, "dead": 1}
    opened = press(watch, "open", number=1, state="dead")
    assert ["DeadLetterReason", "unreadable"] in dict(opened["sections"])["Application properties"]
    assert [span["label"] for span in opened["life"][:2]] == ["waiting", "locked by a receiver"]
    assert opened["life"][-1]["label"] == "dead"


def test_purge_deletes_what_is_ready_and_nothing_else(lab: Lab, watch: Watch) -> None:
    for body in ("coffee", "tea", "cake"):
        press(watch, "send", body=body)
    with receiver(lab) as held:
        held.receive_messages(max_wait_time=5)
        press(watch, "purge")
        assert counts(lab) == {"locked": 1}


def test_sessions_are_sent_to_and_received_from(lab: Lab) -> None:
    lab.fresh_queue("tables", requires_session=True)
    watch = watching(lab, "tables")
    press(watch, "send", body="coffee", session="window")
    press(watch, "send", body="tea", session="door")
    assert [one.session_id for one in lab.show("tables").snapshot.sessions] == ["door", "window"]
    assert press(watch, "open", number=1, session="window", state="ready")["body"]["text"]
    assert press(watch, "receive")["printed"] == "completed coffee"
    assert "session door  2 tea" in repr(watching(lab, "tables"))
    press(watch, "send", body="cake", session="garden")
    press(watch, "purge")
    assert counts(lab, "tables") == {}
    assert press(watch, "receive")["printed"] == "no session has a message for us"


def test_what_was_deleted_meanwhile_is_named_at_once(lab: Lab, watch: Watch) -> None:
    lab.reset()
    for request in ("send", "receive", "purge", "open", "resubmit"):
        with pytest.raises(TutorialError, match="'orders' could not be found"):
            press(watch, request, number=1)


def test_a_subscription_is_watched_by_the_names_of_both(lab: Lab) -> None:
    from azure.servicebus.management import ServiceBusAdministrationClient

    with ServiceBusAdministrationClient.from_connection_string(lab.connection_string) as admin:
        admin.create_topic("news")
        admin.create_subscription("news", "sport")
    watch = watching(lab, "news/sport")
    press(watch, "send", body="coffee")
    assert "ready   1 coffee" in repr(watching(lab, "news/sport"))
    assert press(watch, "receive")["printed"] == "completed coffee"
    with pytest.raises(TutorialError, match="news/weather"):
        watching(lab, "news/weather")


def test_what_is_done_at_once_does_not_wait_behind_the_sdk(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = watch.view("cell")
    told: Queue[dict[str, Any]] = Queue()
    monkeypatch.setattr(view, "tell", told.put)
    is_over = Event()
    view.on_request("send", lambda _asked: {"was_over": is_over.wait(PATIENCE_SECONDS)})
    try:
        view._take(view, {"request": 1, "name": "send"}, [])
        view._take(view, {"request": 2, "name": "advance", "arguments": {"seconds": 1}}, [])
        answers = [told.get(timeout=PATIENCE_SECONDS) for _ in range(3)]
        assert answers[-1]["answer"] == 2
        assert answers[-1]["result"]["program"] == "lab.advance(1)"
        is_over.set()
        assert told.get(timeout=PATIENCE_SECONDS) == {"answer": 1, "result": {"was_over": True}}
    finally:
        is_over.set()
        view.close()


def test_who_is_no_worker_cannot_be_killed(watch: Watch) -> None:
    with pytest.raises(TutorialError, match="There is no worker"):
        press(watch, "kill", name="os._exit(1) or cashier")


def test_a_worker_is_killed_by_its_own_name(lab: Lab, watch: Watch) -> None:
    from sbtutorial.workers.worker import Worker

    cashier = Worker("cashier", "from threading import Event\nEvent().wait()").start()
    assert press(watch, "kill", name="cashier")["program"] == "cashier.kill()"
    assert "killed" in str(cashier.wait())


def test_an_acknowledgement_is_dropped_and_a_connection_cut_by_lines_of_faults(
    lab: Lab, watch: Watch
) -> None:
    assert press(watch, "drop_ack")["program"] == 'lab.faults.drop_next_ack("orders")'
    assert len(list(lab.faults)) == 1
    with pytest.raises(TutorialError, match="nobody"):
        press(watch, "cut", who="nobody")
    with receiver(lab, client_identifier="waiter") as waiting:
        waiting.peek_messages()
        shown = press(watch, "cut", who="waiter")["program"]
        assert shown == 'lab.faults.cut_connections("waiter")'
    lab.reset()


def test_what_is_planned_to_fail_is_shown_and_each_taken_back_by_a_line_of_faults(
    lab: Lab, watch: Watch
) -> None:
    press(watch, "drop_ack")
    lab.faults.refuse_sends("timeout", queue="orders")
    words = [line.split("  ") for line in repr(watching(lab, "orders")).split("\n")[-2:]]
    assert words == [
        [
            "fault",
            "the next settlement of orders: done, and not told",
            'lab.faults.drop_next_ack("orders")',
        ],
        [
            "fault",
            "the next send of orders: refused",
            'lab.faults.refuse_sends("timeout", queue="orders")',
        ],
    ]
    dropped, refused = lab.faults
    shown = press(watch, "take_back", number=dropped.number)["program"]
    assert shown == f"lab.faults.take_back({dropped.number})"
    assert list(lab.faults) == [refused]
    with pytest.raises(TutorialError, match="There is no fault"):
        press(watch, "take_back", number=dropped.number)
    lab.reset()


def test_outside_a_notebook_it_is_text(lab: Lab, watch: Watch) -> None:
    press(watch, "send", body="coffee")
    shown = lab.watch("orders")
    assert repr(shown).startswith("orders   ready   1 coffee")


def test_who_is_connected_is_seen_as_it_comes_and_goes(lab: Lab, watch: Watch) -> None:
    assert lab.service.snapshot("orders").clients == ()
    with receiver(lab, client_identifier="waiter") as waiting:
        waiting.peek_messages()
        assert [one.who for one in lab.service.snapshot("orders").clients] == ["waiter"]
