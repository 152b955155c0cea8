"""What may go out, and behind what."""

from sbtutorial.amqp.frame_writer import FrameWriter
from sbtutorial.amqp.frames import HEARTBEAT, ProtocolId, protocol_header
from sbtutorial.amqp.performatives import Begin, End, Open, SaslInit
from tests.wire import frame

AMQP = protocol_header(ProtocolId.AMQP)


def test_frames_wait_for_the_open_and_follow_it_in_order() -> None:
    outbox = FrameWriter()
    begin, end = Begin(None, 0, 1, 1), End()
    outbox.write_frame(3, begin.encode())
    outbox.write_frame(3, end.encode(), b"payload")
    assert outbox.take() == b""
    outbox.open(Open("c").encode())
    followers = frame(begin, channel=3) + frame(end, b"payload", channel=3)
    assert outbox.take() == frame(Open("c")) + followers


def test_what_is_below_amqp_never_waits() -> None:
    outbox = FrameWriter()
    outbox.write_frame(0, Begin(None, 0, 1, 1).encode())
    outbox.write(AMQP)
    outbox.write_sasl(SaslInit("ANONYMOUS"))
    assert outbox.take() == AMQP + frame(SaslInit("ANONYMOUS"), sasl=True)


def test_what_was_taken_is_not_sent_again() -> None:
    outbox = FrameWriter()
    outbox.open(Open("c").encode())
    outbox.write(HEARTBEAT)
    outbox.take()
    outbox.write_frame(1, End().encode())
    assert outbox.take() == frame(End(), channel=1)
    assert outbox.take() == b""
