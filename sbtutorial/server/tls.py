"""TLS as a layer between bytes: what is inside a connection whose first bytes were read already.

An event loop cannot be handed bytes that somebody has read to find out what they are, so TLS runs
here in memory, without a socket: encrypted bytes in, decrypted bytes on to an inner endpoint, whose
own bytes go out encrypted.
"""

import ssl
from contextlib import suppress

from sbtutorial.gateway.endpoint import Close, Endpoint, EndpointFactory, Write

_READ_BYTES = 256 * 1024


class TlsEndpoint:
    """The server's side of TLS on one connection.

    A peer that breaks the handshake or the stream is let go quietly; why is in `failure`.

    Args:
        context: A server's, with its certificate loaded.
        write: Takes encrypted bytes.
        close: Ends the connection, after what was written.
        make_inner: Called once, when the handshake is done, with its own `write` and `close`.

    Attributes:
        failure: What went wrong, in OpenSSL's words; None while nothing has.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        write: Write,
        close: Close,
        make_inner: EndpointFactory,
    ) -> None:
        self.failure: str | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._write = write
        self._close = close
        self._make_inner = make_inner
        self._inner: Endpoint | None = None
        self._is_closed = False
        self._is_answering = False  # a peer that sends no more

    def receive_data(self, data: bytes) -> None:
        """Decrypt, and hand on to the inner endpoint whatever is complete."""
        if self._is_closed:
            return
        self._incoming.write(data)
        try:
            self._advance()
        except ssl.SSLWantReadError:
            self._flush()  # of the handshake, or of a key update
        except ssl.SSLError as error:
            self._fail(str(error))

    @property
    def is_proved(self) -> bool:
        """Whether the peer has proved to the inner endpoint who it is."""
        return self._inner is not None and self._inner.is_proved

    @property
    def takes_input(self) -> bool:
        """Whether the inner endpoint takes more."""
        return self._inner is None or self._inner.takes_input

    @property
    def is_cut(self) -> bool:
        """Whether what is spoken inside is dropped without a goodbye."""
        return self._inner is not None and self._inner.is_cut

    def pause_writing(self) -> None:
        """Pass it on."""
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self._inner is not None:
            self._inner.resume_writing()

    def input_ended(self) -> bool:
        """An end that nobody has signed (with close_notify) is none."""
        return self._is_answering

    def connection_lost(self) -> None:
        """Tell the inner endpoint, once."""
        if self._inner is None and not self._is_closed:
            self.failure = "the peer left before the end of the handshake"
        self._end()

    def _advance(self) -> None:
        """Go on until more is needed from the peer, which raises `SSLWantReadError`."""
        if self._inner is None:
            self._tls.do_handshake()
            self._flush()
            self._inner = self._make_inner(self._encrypt, self._say_goodbye)
        while not self._is_closed:
            data = self._tls.read(_READ_BYTES)
            if not data:  # close_notify: the peer sends no more
                self._on_end_of_input()
                return
            self._inner.receive_data(data)

    def _on_end_of_input(self) -> None:
        assert self._inner is not None
        self._is_answering = self._inner.input_ended()
        if not self._is_answering:
            self._say_goodbye()
            self._end()

    def _encrypt(self, data: bytes) -> None:
        """The inner endpoint's `write`."""
        view = memoryview(data)
        try:
            while view and not self._is_closed:
                view = view[self._tls.write(view) :]
        except ssl.SSLError as error:
            self._fail(str(error))
        self._flush()

    def _say_goodbye(self) -> None:
        """The inner endpoint's `close`: send close_notify, and do not wait for the answer."""
        if self._is_closed:
            return
        self._is_closed = True
        if not self.is_cut:
            with suppress(ssl.SSLError):  # which only says that the peer's close_notify is missing
                self._tls.unwrap()
        self._flush()
        self._close()

    def _fail(self, reason: str) -> None:
        if self._is_closed:
            return
        self.failure = reason
        self._is_closed = True
        self._flush()  # the alert that tells the peer
        self._close()
        self._end()

    def _end(self) -> None:
        self._is_closed = True
        inner, self._inner = self._inner, None
        if inner is not None:
            inner.connection_lost()

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._write(self._outgoing.read())
