"""A program: a client that is nothing but AMQP (Qpid Proton), told what to do by `client.Client`.

It runs on whichever Python has Proton, often the system's: nothing of this package is imported.
"""

import json
import sys
import time
from typing import Any

from proton import Message  # type: ignore[import-not-found]
from proton.handlers import MessagingHandler  # type: ignore[import-not-found]
from proton.reactor import Container  # type: ignore[import-not-found]

_WINDOW = 500


class _Work(MessagingHandler):  # type: ignore[misc]
    """Connects, does its work on one link, and says how long that took."""

    def __init__(self, call: dict[str, Any], **options: Any) -> None:
        super().__init__(**options)
        self.call = call
        self.left = call["count"]
        self.began = self.cpu = 0.0
        self.result: dict[str, float] = {}

    def on_start(self, event: Any) -> None:
        connection = event.container.connect(
            f"amqp://127.0.0.1:{self.call['port']}",
            user=self.call["user"],
            password=self.call["password"],
            allowed_mechs="PLAIN",
            allow_insecure_mechs=True,
            reconnect=False,
        )
        self.open(event.container, connection)

    def open(self, container: Any, connection: Any) -> None:
        raise NotImplementedError

    def begin(self) -> None:
        if not self.began:
            self.began, self.cpu = time.perf_counter(), time.process_time()

    def one_done(self, event: Any) -> None:
        self.left -= 1
        if not self.left:
            self.end(event)

    def end(self, event: Any) -> None:
        wall, cpu = time.perf_counter() - self.began, time.process_time() - self.cpu
        self.result = {"wall": wall, "cpu": cpu}
        event.connection.close()

    def on_transport_error(self, event: Any) -> None:
        raise SystemExit(f"{event.transport.condition}")

    def on_link_error(self, event: Any) -> None:
        raise SystemExit(f"{event.link.remote_condition}")


class _Send(_Work):
    """Sends, and waits until each is settled."""

    def open(self, container: Any, connection: Any) -> None:
        self.to_send = self.left
        self.message = Message(body=b"x" * self.call["bytes"], inferred=True)
        container.create_sender(connection, self.call["address"])

    def on_sendable(self, event: Any) -> None:
        self.begin()
        while event.sender.credit and self.to_send:
            event.sender.send(self.message)
            self.to_send -= 1

    def on_accepted(self, event: Any) -> None:
        self.one_done(event)

    def on_rejected(self, event: Any) -> None:
        raise SystemExit(f"{event.delivery.remote.condition}")


class _Receive(_Work):
    """Receives, and accepts each."""

    def __init__(self, call: dict[str, Any]) -> None:
        super().__init__(call, prefetch=_WINDOW)

    def open(self, container: Any, connection: Any) -> None:
        container.create_receiver(connection, self.call["address"])

    def on_link_opened(self, event: Any) -> None:
        self.begin()

    def on_message(self, event: Any) -> None:
        self.begin()
        self.one_done(event)


WORKS = {"send": _Send, "receive": _Receive}


def main() -> None:
    """Do what is asked for, until nothing more is."""
    for line in sys.stdin:
        call = json.loads(line)
        work = WORKS[call["work"]](call)
        Container(work).run()
        print(json.dumps(work.result), flush=True)


if __name__ == "__main__":
    main()
