"""What is otherwise in the world: a name server that knows the broker, and roots that vouch for it.

Python imports this by itself at the start of every program that has its folder on its path.
"""

import os
import socket

import certifi

_NAME, _, _PORT = os.environ["REMOTE_BROKER"].partition(" ")
_PORTS = (5671, 443, "5671", "443")
_look_up = socket.getaddrinfo


def _getaddrinfo(host, port, *arguments, **options):
    name = host.decode() if isinstance(host, bytes) else host
    if name == _NAME and port in _PORTS:
        host, port = "127.0.0.1", int(_PORT)
    return _look_up(host, port, *arguments, **options)


socket.getaddrinfo = _getaddrinfo
certifi.where = lambda: os.environ["REMOTE_CA"]
