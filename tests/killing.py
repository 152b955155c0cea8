"""The end of a background broker, as the system would bring it about."""

import socket
from contextlib import suppress

import psutil

from sbtutorial.hosting.background import Broker

LIMIT_SECONDS = 30.0


def kill(broker: Broker) -> None:
    """Kill it, and come back when it is gone.

    Its process may stay as a zombie for as long as the notebook lives that started it. So what is
    waited for is the end of a connection to it.
    """
    with socket.create_connection(("127.0.0.1", broker.record.port), LIMIT_SECONDS) as line:
        psutil.Process(broker.record.pid).kill()
        with suppress(ConnectionResetError):
            assert line.recv(1) == b""
    # Its sockets end one after the other: the one that listens may be the last.
    with suppress(ConnectionError):
        while True:
            socket.create_connection(("127.0.0.1", broker.record.port), LIMIT_SECONDS).close()
