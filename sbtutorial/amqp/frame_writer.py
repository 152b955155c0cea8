"""Frame writer: frames that wait to be sent, in order. Source: AMQP 1.0, 2.3 and 2.4.1."""

from sbtutorial.amqp.frames import SASL_FRAME, frame_header
from sbtutorial.amqp.types.composites import Composite


class FrameWriter:
    """Frames for the peer; those that are written before our open wait here, and follow it.

    Attributes:
        size_bytes: Of the frames that wait.
    """

    __slots__ = ("_early", "_frames", "_out", "size_bytes")

    def __init__(self) -> None:
        self.size_bytes = 0
        self._out: list[bytes] = []
        self._early: list[bytes] = []
        self._frames = self._early

    def write(self, data: bytes) -> None:
        """Send bytes that are no AMQP frame, such as a protocol header: they never wait."""
        self._out.append(data)

    def write_sasl(self, performative: Composite) -> None:
        """Send a SASL frame."""
        encoded = performative.encode()
        self._out += (frame_header(len(encoded), frame_type=SASL_FRAME), encoded)

    def write_frame(self, channel: int, performative: bytes, payload: bytes = b"") -> None:
        """Send a frame, behind the open."""
        size = len(performative) + len(payload)
        self.size_bytes += size
        self._frames += frame_header(size, channel), performative, payload

    def open(self, performative: bytes) -> None:
        """Send the open frame, and those that have waited for it."""
        self._frames = self._out
        self.write_frame(0, performative)
        self._out += self._early
        self._early.clear()

    def take(self) -> bytes:
        """Everything that may go out now; it is the caller's from here on."""
        data = b"".join(self._out)
        self._out.clear()
        self.size_bytes = 0
        return data
