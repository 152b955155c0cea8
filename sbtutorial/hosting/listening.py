"""Where a broker in a terminal listens: on the ports that were chosen, or why that cannot be."""

import errno
import socket
from collections.abc import Sequence

from sbtutorial.errors import TutorialError
from sbtutorial.hosting.storage import Identity
from sbtutorial.server.broker_server import BrokerServer


async def listen(
    broker: BrokerServer,
    host: str,
    port: int,
    also: Sequence[int],
    before: Identity | None,
    *,
    has_chosen_key: bool,
) -> list[int]:
    """Listen on every port; returns them. The first is that of before unless one was chosen.

    Args:
        broker: As yet silent.
        host: The address.
        port: The first port; 0 for that of before, or a free one.
        also: Further ones.
        before: What the broker before was known by.
        has_chosen_key: Whether its key has to stay, whoever has that port by now.

    Raises:
        TutorialError: One of them cannot be had; the text says why.
    """
    ports: list[int] = []
    if not port and before is not None and before.port not in also:
        try:
            ports.append(await broker.start(host, before.port))
        except OSError:
            if not has_chosen_key:  # who listens there may have been told what it opens
                broker.change_key()
    for wanted in also if ports else (port, *also):
        option = "--also" if ports else "--port"
        if wanted in ports:
            raise TutorialError(f"Port {wanted} is named twice: leave one of them out.")
        try:
            own = broker.listen_also(wanted) if ports else broker.start(host, wanted)
            ports.append(await own)
        except socket.gaierror:
            raise TutorialError(f"--host {host} is no address of any computer.") from None
        except (OSError, OverflowError) as error:
            raise TutorialError(_refused(option, wanted, error)) from None
    return ports


def _refused(option: str, port: int, error: Exception) -> str:
    if isinstance(error, OverflowError):
        reason = "ports are numbers from 1 to 65535. Choose"
    elif isinstance(error, PermissionError):
        reason = "the system refuses it to you, as most do with those below 1024. Choose"
    elif isinstance(error, OSError) and error.errno == errno.EADDRNOTAVAIL:
        return "This computer has no such address: choose another --host, or 0.0.0.0 for all."
    elif isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        reason = "another program listens there. End that program, choose"
    else:
        reason = f"{error}. Choose"
    remedy = "or leave it out for a free one" if option == "--port" else "or leave it out"
    return f"Port {port} cannot be had: {reason} another {option}, {remedy}."
