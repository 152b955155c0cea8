"""A port that listens: its socket, and what accepts connections from it."""

import asyncio
import errno
import logging
import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

_BACKLOG = 512
# Where a client that is told no other port looks for AMQP in TLS.
AMQPS_PORT = 5671
_MAX_SEGMENT_BYTES = 32_767
# When the system has no file descriptor left: how long to wait before asking again.
_ACCEPT_AGAIN_SECONDS = 1.0
_AFTER_A_FAILURE_SECONDS = 0.01
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
# Windows has numbers of its own for sockets.
_EXHAUSTED |= {getattr(errno, name, errno.EMFILE) for name in ("WSAEMFILE", "WSAENOBUFS")}

_LOG = logging.getLogger(__name__)


class Port:
    """A socket that listens, and what accepts from it.

    asyncio's own server asks again at once, hundreds of times, when there is no file descriptor
    left for a new connection; here that is asked once a second, and said once.
    """

    def __init__(
        self, host: str, port: int, make_connection: Callable[[], asyncio.BaseProtocol]
    ) -> None:
        self._make_connection = make_connection
        self._socket = _listening(host, port)
        self.number = int(self._socket.getsockname()[1])
        self._accepting = asyncio.ensure_future(self._accept())

    async def close(self) -> None:
        """Accept no more."""
        self._accepting.cancel()
        with suppress(asyncio.CancelledError):
            await self._accepting
        self._socket.close()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        is_exhausted = False
        while True:
            try:
                accepted, _ = await loop.sock_accept(self._socket)
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    # A peer that was gone before it was accepted; whatever it is, without a spin.
                    await asyncio.sleep(_AFTER_A_FAILURE_SECONDS)
                    continue
                if not is_exhausted:
                    is_exhausted = True
                    _LOG.error(
                        "The system has no room for another connection (%s): new ones on port %d "
                        "wait until some are closed.",
                        error.strerror,
                        self.number,
                    )
                await asyncio.sleep(_ACCEPT_AGAIN_SECONDS)
                continue
            is_exhausted = False
            try:
                await loop.connect_accepted_socket(self._make_connection, accepted)
            except OSError:  # gone meanwhile
                accepted.close()


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens; the address may be of either family."""
    # As bytes, for which no tables of Unicode are loaded.
    name = host.encode() if host.isascii() else host
    family, _, _, _, address = socket.getaddrinfo(
        name, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    # On Windows that option would let two programs have the same port.
    reuse = os.name == "posix"
    # With its protocol named, event loops set TCP_NODELAY on what is accepted from it.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if reuse:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if port == AMQPS_PORT:
            _limit_segments(listening)
        listening.setblocking(False)
        listening.bind((address[0], port, *address[2:]))  # the resolver takes any number
        listening.listen(_BACKLOG)
    except (OSError, OverflowError):
        listening.close()
        raise
    return listening


def _limit_segments(listening: socket.socket) -> None:
    """Have clients find a segment size that Linux lets them set again.

    The asyncio half of `azure-servicebus` 7.10 to 7.14 reads the options of its socket, and sets
    them to what it read. On loopback the segments grow to 32,768 bytes during the handshake of
    TLS, one more than may be set, and each connection ends with "Invalid argument". A listening
    socket tells its clients how large their segments may be.
    Source: azure-sdk-for-python#45394.
    """
    if sys.platform == "linux":
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _MAX_SEGMENT_BYTES)
