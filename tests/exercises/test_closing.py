"""Links that close while something else happens."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from azure.servicebus import ServiceBusMessage

from sbtutorial.exercises.closing import Aside
from sbtutorial.explorer.links import open_client
from sbtutorial.lab.lab import Lab


@pytest.mark.sdk
def test_a_sender_sends_and_is_closed_in_the_end(lab: Lab) -> None:
    lab.fresh_queue("aside")
    aside = Aside()
    with open_client(lab.connection_string) as client:
        sender = client.get_queue_sender("aside")
        with aside.opened(sender) as opened:
            opened.send_messages(ServiceBusMessage("tea"))
        aside.wait()
        with pytest.raises(ValueError, match="shutdown"):
            sender.send_messages(ServiceBusMessage("lost"))
    assert len(lab.service.snapshot("aside").messages) == 1


@contextmanager
def slow(may_close: threading.Event, closed: list[str]) -> Iterator[str]:
    try:
        yield "open"
    finally:
        assert may_close.wait(30)
        closed.append("closed")


def test_nobody_waits_until_somebody_does() -> None:
    may_close, closed = threading.Event(), list[str]()
    aside = Aside()
    with aside.opened(slow(may_close, closed)) as link:
        assert link == "open"
    assert closed == []
    may_close.set()
    aside.wait()
    assert closed == ["closed"]


def test_after_an_error_it_is_closed_at_once() -> None:
    may_close, closed = threading.Event(), list[str]()
    may_close.set()
    with pytest.raises(KeyError), Aside().opened(slow(may_close, closed)):
        raise KeyError("mine")
    assert closed == ["closed"]


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_while_it_closes_is_nobodys() -> None:
    @contextmanager
    def broken() -> Iterator[None]:
        yield
        raise ConnectionError("gone")

    aside = Aside()
    with aside.opened(broken()):
        pass
    aside.wait()
