"""What stands at the beginning of every connection, until its first bytes say what is spoken."""

from collections.abc import Callable, Mapping

from sbtutorial.gateway.endpoint import Close, Endpoint, EndpointFactory, Write
from sbtutorial.server.sniff import Kind, sniff


class Recognizer:
    """An endpoint that becomes the one that its first bytes ask for; unknown ones close it.

    Args:
        factories: Make the endpoint.
        write, close: The way out.
        on_recognized: Told of that endpoint, which may take its place.
    """

    def __init__(
        self,
        factories: Mapping[Kind, EndpointFactory],
        write: Write,
        close: Close,
        on_recognized: Callable[[Endpoint], None] = lambda endpoint: None,
    ) -> None:
        self._factories = factories
        self._write = write
        self._close = close
        self._on_recognized = on_recognized
        self._first_bytes = b""
        self._endpoint: Endpoint | None = None

    @property
    def is_proved(self) -> bool:
        """Whether the peer has proved to whoever serves it who it is."""
        return self._endpoint is not None and self._endpoint.is_proved

    @property
    def takes_input(self) -> bool:
        """Whether more may be read from the peer."""
        return self._endpoint is None or self._endpoint.takes_input

    def receive_data(self, data: bytes) -> None:
        """Take in what the peer sent."""
        if self._endpoint is not None:
            self._endpoint.receive_data(data)
            return
        self._first_bytes += data
        kind = sniff(self._first_bytes)
        if kind is Kind.NEED_MORE:
            return
        if factory := self._factories.get(kind):
            self._endpoint = factory(self._write, self._close)
            self._on_recognized(self._endpoint)
            self._endpoint.receive_data(self._first_bytes)
        else:
            self._close()

    @property
    def is_cut(self) -> bool:
        """Whether what is spoken inside is dropped without a goodbye."""
        return self._endpoint is not None and self._endpoint.is_cut

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._endpoint is not None:
            self._endpoint.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._endpoint is not None:
            self._endpoint.resume_writing()

    def input_ended(self) -> bool:
        """Pass it on, if anybody was spoken to."""
        return self._endpoint is not None and self._endpoint.input_ended()

    def connection_lost(self) -> None:
        """Pass it on, if anybody was spoken to."""
        if self._endpoint is not None:
            self._endpoint.connection_lost()
