"""What may answer a request: a response, at once or later, or another protocol."""

from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple

from sbtutorial.gateway.endpoint import Close, Endpoint, Write
from sbtutorial.http.request import Headers, Request, Response
from sbtutorial.server.shares import Cancellable

Later = Callable[[float, Callable[[], None]], Cancellable]


class Switch(NamedTuple):
    """An answer after which the connection speaks another protocol: RFC 9110, 7.8.

    Attributes:
        headers: They name the protocol that the client has asked for.
        make_endpoint: Makes what serves the connection from then on, given also `later`.
    """

    headers: Headers
    make_endpoint: Callable[[Write, Close, Later], Endpoint]


class Vigil(Awaitable[Response]):
    """An answer that waits for something to happen; nobody stays up for a client that has left.

    Attributes:
        answer: With what has happened.
        otherwise: What is answered to a client that sends no more, and may be gone.
    """

    def __init__(self, answer: Awaitable[Response], otherwise: Response) -> None:
        self.answer = answer
        self.otherwise = otherwise

    def __await__(self) -> Generator[Any, Any, Response]:
        return self.answer.__await__()


Handler = Callable[[Request], Response | Switch | Awaitable[Response]]
