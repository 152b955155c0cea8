from sbtutorial.amqp.performatives import Begin, Flow
from sbtutorial.amqp.windows import INCOMING_WINDOW, SessionWindows

LAST = 0xFFFFFFFF


def test_nothing_can_be_sent_before_the_peer_has_begun() -> None:
    assert SessionWindows().sendable == 0


def test_window_of_the_peer_is_spent_frame_by_frame() -> None:
    windows = SessionWindows()
    windows.on_begin(Begin(None, 9, 2, 0))
    windows.on_sent()
    assert (windows.sendable, windows.next_outgoing_id, windows.next_incoming_id) == (1, 1, 9)


def test_flow_opens_the_window_less_what_is_on_its_way_across_the_wrap() -> None:
    windows = SessionWindows()
    windows.next_outgoing_id = LAST
    for _ in range(3):
        windows.on_sent()
    windows.on_flow(Flow(0, 10, 0, 0))
    assert windows.next_outgoing_id == 2
    assert windows.sendable == 8


def test_flow_of_a_peer_that_saw_nothing_yet_counts_from_the_start() -> None:
    windows = SessionWindows()
    windows.on_sent()
    windows.on_flow(Flow(None, 10, 0, 0))
    assert windows.sendable == 9


def test_our_window_asks_for_a_flow_at_half_and_is_open_after_it() -> None:
    windows = SessionWindows()
    asked = [windows.on_received() for _ in range(INCOMING_WINDOW // 2)]
    assert asked.index(True) == INCOMING_WINDOW // 2 - 1
    assert windows.to_flow().incoming_window == INCOMING_WINDOW
    assert not windows.on_received()
