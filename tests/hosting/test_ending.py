"""The end of a console window, as Windows tells of it: the handler runs on every system."""

from threading import Event, Thread

import pytest

from sbtutorial.hosting.ending import on_console_event


@pytest.mark.parametrize("event", [2, 5, 6])
def test_the_end_of_a_console_waits_for_the_end_of_the_broker(event: int) -> None:
    stopping, gone, returned = Event(), Event(), Event()

    def handle() -> None:
        assert on_console_event(event, stopping.set, gone)
        returned.set()

    handler = Thread(target=handle)
    handler.start()
    assert stopping.wait(30)
    assert not returned.is_set()
    gone.set()
    handler.join(30)
    assert returned.is_set()


@pytest.mark.parametrize("event", [0, 1])
def test_ctrl_c_and_ctrl_break_are_left_to_their_signals(event: int) -> None:
    assert not on_console_event(event, lambda: pytest.fail("it is a signal, too"), Event())
