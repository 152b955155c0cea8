"""Who listens where a broker was, and would like to have what is meant for it."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sbtutorial.connection_string import connection_string

KEY = "the key"
Answer = tuple[int, dict[str, str], bytes]


class Stranger:
    """Listens on a port, answers as it is told, and keeps all that it hears."""

    def __init__(self, answer: Callable[[str], Answer], port: int) -> None:
        self.heard: list[str] = []
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                stranger.heard.append(f"{self.requestline}\n{self.headers}")
                status, headers, body = answer(self.path)
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.connection_string = connection_string(
            "127.0.0.1", self.server.server_port, "RootManageSharedAccessKey", KEY
        )

    @property
    def got_a_token(self) -> bool:
        return any(re.search("signature|authorization|sig=", one, re.I) for one in self.heard)


@contextmanager
def stranger(answer: Callable[[str], Answer], port: int = 0) -> Iterator[Stranger]:
    """Have one while the block runs."""
    with answering(Stranger(answer, port)) as listening:
        yield listening


@contextmanager
def answering(listening: Stranger) -> Iterator[Stranger]:
    """Have it answer while the block runs."""
    Thread(target=listening.server.serve_forever).start()
    try:
        yield listening
    finally:
        listening.server.shutdown()
        listening.server.server_close()


def as_json(**answer: Any) -> Answer:
    return 200, {"Content-Type": "application/json"}, json.dumps(answer).encode()


def echo(path: str) -> Answer:
    """Sends back what it was sent: the tag for a proof."""
    query = parse_qs(urlsplit(path).query)
    return as_json(instance="one", proof=query["tag"][0])


def answer(port: int, target: str, token: str) -> int:
    """The status with which a broker answers a token."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", target, headers={"Authorization": token})
    status = connection.getresponse().status
    connection.close()
    return status
