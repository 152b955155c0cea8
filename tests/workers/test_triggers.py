import threading

import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.hosting.control_client import BrokerGone, ControlClient, Page
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.trace import Event
from sbtutorial.workers.record import Ending
from sbtutorial.workers.triggers import BrokerWatch, Moment, parse_moment
from sbtutorial.workers.worker import Worker

LIMIT_SECONDS = 30


class ScriptedBroker:
    """Has the events that a test says have happened."""

    def __init__(self) -> None:
        self.events_so_far = []
        self.is_gone = False

    def happens(self, what: str, who: str = "") -> None:
        number = len(self.events_so_far) + 1
        self.events_so_far.append(Event(number, 0.0, what, who=who))

    def events(self, after=0, entity="", wait_seconds=0):
        if self.is_gone:
            raise BrokerGone("Nothing answers.")
        newer = tuple(event for event in self.events_so_far if event.number > after)
        return Page(newer, last=len(self.events_so_far), dropped=0)


@pytest.fixture
def broker():
    return ScriptedBroker()


def watch(broker: ScriptedBroker, moment: str, own: str = "cashier") -> BrokerWatch:
    return BrokerWatch(broker, parse_moment(moment), lambda who: who in ("", own))


# --- moments --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment", "shown"),
    [
        ("working", Moment("working", 1), '"working"'),
        ("working:3", Moment("working", 3), '"working", time 3'),
        ("half way", Moment("half way", 1), '"half way"'),
        ("order:cake", Moment("order:cake", 1), '"order:cake"'),
        ("order:7:2", Moment("order:7", 2), '"order:7", time 2'),
    ],
)
def test_a_moment_is_a_name_and_a_count(text, moment, shown):
    assert parse_moment(text) == moment
    assert str(moment) == shown


# --- watching -------------------------------------------------------------------------------------


def test_an_event_from_before_does_not_count(broker):
    broker.happens("completed")
    completed = watch(broker, "completed")
    assert not completed.has_happened()
    broker.happens("completed")
    assert completed.has_happened()


def test_events_are_counted_once_each(broker):
    completed = watch(broker, "completed:2")
    broker.happens("completed")
    assert not completed.has_happened()
    assert not completed.has_happened()
    broker.happens("completed")
    assert completed.has_happened()


def test_an_event_of_another_worker_does_not_count(broker):
    completed = watch(broker, "completed")
    broker.happens("completed", who="barista")
    assert not completed.has_happened()
    broker.happens("completed", who="cashier")
    assert completed.has_happened()


def test_the_kinds_so_far_are_told_in_order(broker):
    completed = watch(broker, "completed")
    assert completed.so_far == "it reported nothing"
    for what in ("sent", "locked", "sent"):
        broker.happens(what)
    completed.has_happened()
    assert completed.so_far == 'it reported: "sent", "locked"'


def test_a_new_broker_counts_from_the_beginning(broker):
    for _ in range(5):
        broker.happens("sent")
    completed = watch(broker, "completed")
    broker.events_so_far.clear()
    assert not completed.has_happened()
    broker.happens("completed")
    assert completed.has_happened()


def test_a_broker_that_is_gone_reports_nothing(broker):
    completed = watch(broker, "completed")
    broker.is_gone = True
    assert not completed.has_happened()
    assert not completed.until_it_happens(lambda: False)


def test_a_broker_without_events_cannot_be_watched(broker):
    broker.is_gone = True
    with pytest.raises(TutorialError, match="kill it at a checkpoint instead"):
        watch(broker, "completed")


# --- with a broker and a process ------------------------------------------------------------------


@pytest.fixture(scope="module")
def connection_string():
    with ThreadedBroker() as broker:
        yield broker.connection_string


def worker(connection_string: str, source: str, kill_on: str) -> Worker:
    call = f"""
from sbtutorial.hosting.control_client import ControlClient
empty = ControlClient({connection_string!r}).reset
"""
    return Worker("cleaner", call + source, kill_on=kill_on, connection_string=connection_string)


def test_worker_is_killed_before_it_says_another_word(connection_string):
    source = "print('before'); empty(); print('between'); empty(); print('after')"
    cleaner = worker(connection_string, source, "reset:2")
    outcome = cleaner.run(timeout=LIMIT_SECONDS)
    assert str(outcome) == 'cleaner ✗ killed when the broker reported "reset", time 2'
    assert cleaner.output == "before\nbetween\n"


def test_worker_is_killed_at_its_last_line_too(connection_string, monkeypatch):
    monkeypatch.setattr(BrokerWatch, "until_it_happens", lambda watch, is_over: False)
    outcome = worker(connection_string, "empty()", "reset").run(timeout=LIMIT_SECONDS)
    assert outcome.ending is Ending.KILLED


def test_worker_that_says_nothing_is_killed_all_the_same(connection_string):
    source = "empty(); import threading; threading.threading.Event().wait()"
    outcome = worker(connection_string, source, "reset").run(timeout=LIMIT_SECONDS)
    assert str(outcome) == 'cleaner ✗ killed when the broker reported "reset"'


def test_worker_is_killed_on_what_others_do(connection_string):
    source = "checkpoint('begun'); import threading; threading.threading.Event().wait()"
    cleaner = worker(connection_string, source, "reset").start()
    cleaner.wait_for("begun", LIMIT_SECONDS)
    ControlClient(connection_string).reset()
    assert cleaner.wait(LIMIT_SECONDS).ending is Ending.KILLED


def test_an_event_that_does_not_come_is_named_with_those_that_did(connection_string):
    outcome = worker(connection_string, "empty()", "rest").run(timeout=LIMIT_SECONDS)
    assert str(outcome) == (
        'cleaner ✗ finished before the broker reported "rest"; it reported: "reset"'
    )


def test_a_watch_ends_when_nobody_needs_it(broker):
    over = threading.Event()
    thread = threading.Thread(
        target=watch(broker, "completed").until_it_happens, args=[over.is_set]
    )
    thread.start()
    over.set()
    thread.join(LIMIT_SECONDS)
    assert not thread.is_alive()


def test_without_a_broker_no_event_can_kill():
    with pytest.raises(TutorialError, match=r"run the cell with connect\(\) first"):
        Worker("cleaner", "pass", kill_on="reset").start()
