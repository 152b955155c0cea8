"""Peers who do harm, and what they cost: `python -m tests.hostile` prints a row for each.

A broker runs in a process of its own; each scenario opens connections to it and keeps them. A row
says how much memory the broker has more than before, how many of the hostile connections it still
has, and how long one well-behaved client takes meanwhile, at the median, to send and receive.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from sbtutorial.amqp.connection import Connection, ConnectionRole
from sbtutorial.amqp.messaging import DATA, Source, Target, encode_section
from sbtutorial.connection_string import ConnectionString, parse_connection_string
from sbtutorial.hosting.control_client import ControlClient
from tests.sockets import is_open

_ROUNDS = 30
_DEEP = 2000


class Hostile:
    """One AMQP connection that has the key, over a socket that is read only when asked to.

    Attributes:
        is_open: Whether the broker has not dropped it, as far as was read.
    """

    def __init__(self, broker: ConnectionString) -> None:
        assert broker.key
        self.socket = socket.create_connection((broker.host, broker.port), timeout=20)
        response = f"\0{broker.key_name}\0{broker.key}".encode()
        self.engine = Connection(
            ConnectionRole.CLIENT,
            container_id="hostile",
            sasl_mechanisms=("PLAIN",),
            sasl_response=response,
        )
        self.engine.open()
        self.session = self.engine.begin()
        self.talk(0.05)

    def talk(self, seconds: float = 0.3) -> None:
        """Write and read until nothing comes for so long."""
        self.write()
        with suppress(OSError):
            self.socket.settimeout(seconds)
            while data := self.socket.recv(65_536):
                self.engine.receive_data(data, now=time.monotonic())
                self.engine.events()
                self.write()
                self.socket.settimeout(seconds)

    def write(self) -> None:
        """Say what the engine has to say, and read nothing."""
        if data := self.engine.data_to_send():
            self.socket.settimeout(2)
            with suppress(OSError):
                self.socket.sendall(data)


Scenario = Callable[[ConnectionString], list[socket.socket]]


def nobody(_broker: ConnectionString) -> list[socket.socket]:
    """Nobody else, to compare with."""
    return []


def strangers(broker: ConnectionString) -> list[socket.socket]:
    """400 connections that prove nothing: silent, or with half of a handshake."""
    words = (b"", b"AMQP\x03\x01\x00\x00", b"GET / HTTP/1.1\r\nX:", b"\x16\x03\x01")
    return [_connected(broker, words[number % len(words)]) for number in range(400)]


def slow_readers(broker: ConnectionString) -> list[socket.socket]:
    """Five receivers that ask for everything in a deep queue and read nothing."""
    return [_greedy(broker, "deep", _DEEP) for _ in range(5)]


def credit_hoarders(broker: ConnectionString) -> list[socket.socket]:
    """Fifty receivers on an empty queue with all the credit that there is."""
    return [_greedy(broker, "empty", 2**31 - 1) for _ in range(50)]


def _greedy(broker: ConnectionString, queue: str, credit: int) -> socket.socket:
    """A receiver that asks for much, and reads nothing from then on."""
    one = Hostile(broker)
    receiver = one.session.attach_receiver("r", source=Source(queue), target=Target("here"))
    one.talk(0.05)
    receiver.grant(credit)
    one.write()
    return one.socket


def endless_transfers(broker: ConnectionString) -> list[socket.socket]:
    """Ten senders of a message that never ends, as much of it as the broker takes in."""
    found = []
    for _ in range(10):
        one = Hostile(broker)
        sender = one.session.attach_sender("s", source=Source("x"), target=Target("empty"))
        one.talk(0.05)
        sender.send(encode_section(DATA, b"x" * 20_000_000), delivery_tag=b"t", settled=False)
        one.socket.settimeout(1)
        with suppress(OSError):
            one.socket.sendall(one.engine.data_to_send()[:-1])
        found.append(one.socket)
    return found


def idle_links(broker: ConnectionString) -> list[socket.socket]:
    """Ten thousand links that say nothing, on ten connections."""
    found = []
    for _ in range(10):
        one = Hostile(broker)
        for number in range(1000):
            name = f"idle {number}"
            one.session.attach_sender(name, source=Source("x"), target=Target("empty"))
            if number % 100 == 99:
                one.talk(0.05)
        one.talk()
        found.append(one.socket)
    return found


def half_open(broker: ConnectionString) -> list[socket.socket]:
    """Two hundred clients that are gone without a goodbye, as after a pulled plug."""
    found = [Hostile(broker) for _ in range(200)]
    return [one.socket for one in found]


def slow_writers(broker: ConnectionString) -> list[socket.socket]:
    """A hundred requests over HTTP whose head never ends."""
    return [
        _connected(broker, b"GET /orders HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ") for _ in range(100)
    ]


SCENARIOS: tuple[Scenario, ...] = (
    nobody,
    strangers,
    slow_writers,
    half_open,
    credit_hoarders,
    slow_readers,
    endless_transfers,
    idle_links,
)


def main() -> None:
    """Run every scenario against a fresh broker, and print its row."""
    print(f"{'':20}{'connections':>12}{'kept':>7}{'memory':>10}{'one round':>12}")
    for scenario in SCENARIOS:
        with _broker() as (process, text):
            broker = parse_connection_string(text)
            _furnish(text)
            before = process.memory_info().rss
            sockets = scenario(broker)
            milliseconds = _rounds(text)
            more = (process.memory_info().rss - before) / 2**20
            kept = sum(map(is_open, sockets))
            name = scenario.__name__.replace("_", " ")
            print(
                f"{name:20}{len(sockets):12}{kept:7}{more:7.1f} MB{milliseconds:9.1f} ms",
                flush=True,
            )
            for one in sockets:
                one.close()


@contextmanager
def _broker() -> Iterator[tuple[psutil.Process, str]]:
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "SBTUTORIAL_HOME": home}
        command = [sys.executable, "-m", "sbtutorial", "serve", "--key", "secret"]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        text = next(line.strip() for line in process.stdout if line.startswith("Endpoint="))
        child = psutil.Process(process.pid)
        try:
            yield next(iter(child.children()), child), text
        finally:
            ControlClient(text).shutdown()
            process.wait(20)


def _furnish(text: str) -> None:
    from sbtutorial.gateway.access.sas import sign

    own = parse_connection_string(text)
    assert own.key_name and own.key
    token = sign(f"http://{own.host}/", own.key_name, own.key, time.time() + 600)
    body = b"<entry><content><QueueDescription/></content></entry>"
    for name in ("orders", "deep", "empty"):
        head = f"PUT /{name} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n"
        with socket.create_connection((own.host, own.port), timeout=20) as asking:
            asking.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            assert b" 201 " in asking.recv(4096)
    with (
        ServiceBusClient.from_connection_string(text) as client,
        client.get_queue_sender("deep") as sender,
    ):
        for _ in range(_DEEP // 100):
            sender.send_messages([ServiceBusMessage(b"x" * 1024) for _ in range(100)])


def _rounds(text: str) -> float:
    """The median of sending, receiving and completing one message, in milliseconds."""
    taken = []
    with (
        ServiceBusClient.from_connection_string(text) as client,
        client.get_queue_sender("orders") as sender,
        client.get_queue_receiver("orders", max_wait_time=20) as receiver,
    ):
        for _ in range(_ROUNDS):
            start = time.perf_counter()
            sender.send_messages(ServiceBusMessage("x"))
            for message in receiver.receive_messages(1):
                receiver.complete_message(message)
            taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken)


def _connected(broker: ConnectionString, words: bytes) -> socket.socket:
    connection = socket.create_connection((broker.host, broker.port), timeout=20)
    connection.sendall(words)
    return connection


if __name__ == "__main__":
    main()
