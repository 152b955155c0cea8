"""One feed of a real broker, heard by those who want to."""

from collections.abc import Iterator
from queue import Queue

import pytest

from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.views.feed import Feed, News

SECONDS = 20


@pytest.fixture
def broker() -> Iterator[ThreadedBroker]:
    with ThreadedBroker() as broker:
        yield broker


def heard(news: "Queue[News]", what: str) -> None:
    while all(event.what != what for event in news.get(timeout=SECONDS).events):
        pass


def test_who_listens_is_told_what_happens_until_he_stops(broker: ThreadedBroker) -> None:
    first: Queue[News] = Queue()
    second: Queue[News] = Queue()
    feed = Feed.of(broker.connection_string)
    assert Feed.of(broker.connection_string) is feed
    stop = feed.listen(first.put)
    stop_other = feed.listen(second.put)
    broker.advance(5)
    heard(first, "advanced")
    heard(second, "advanced")
    stop()
    broker.advance(5)
    heard(second, "advanced")
    stop_other()
    assert all(not news.events for news in list(first.queue))


def test_who_listens_is_told_that_a_fault_was_planned_and_taken_back(
    broker: ThreadedBroker,
) -> None:
    news: Queue[News] = Queue()
    control = ControlClient(broker.connection_string)
    stop = Feed.of(broker.connection_string).listen(news.put)
    control.plan_fault("send")
    assert news.get(timeout=SECONDS).events == ()
    control.take_back_fault(control.faults()[0].number)
    assert news.get(timeout=SECONDS).events == ()
    stop()


def test_a_broker_that_is_gone_is_told_of_once() -> None:
    news: Queue[News] = Queue()
    with ThreadedBroker() as broker:
        stop = Feed.of(broker.connection_string).listen(news.put)
        broker.advance(5)
        heard(news, "advanced")
    while not (told := news.get(timeout=SECONDS)).trouble:
        pass
    assert "gone" in told.trouble
    stop()
