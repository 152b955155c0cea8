"""What can be seen of a connection from this end."""

import socket


def is_open(connection: socket.socket) -> bool:
    """Whether the other end still has it, once all is read that was sent."""
    connection.setblocking(False)
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False
