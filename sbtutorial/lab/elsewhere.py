"""What a cell means where names have a prefix, or where there is no key: asked while it runs.

`workers.rewriting` puts these two calls into cells. What they do depends on the service that the
notebook, or the worker, is connected to last.
"""

from typing import Any

from sbtutorial.explorer.links import open_any
from sbtutorial.lab.service import Service

_connected: list[Service] = []


def connected(service: Service) -> None:
    """Remember what this process is connected to."""
    _connected[:] = [service]


def whole_name(value: Any) -> Any:
    """An entity's name as it is there; whatever is no text stays as it is."""
    if isinstance(value, str) and _connected:
        return _connected[0].whole_name(value)
    return value


def from_connection_string(kind: Any, *arguments: Any, **options: Any) -> Any:
    """`kind.from_connection_string(…)`; or, where the string has no key, a client by identity."""
    if len(arguments) == 1 and isinstance(arguments[0], str):
        return open_any(kind, arguments[0], **options)
    return kind.from_connection_string(*arguments, **options)
