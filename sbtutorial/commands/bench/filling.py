"""A namespace's file with many messages in it."""

from sbtutorial.commands.bench.brokers import running
from sbtutorial.commands.bench.client import Client
from sbtutorial.hosting.storage import Storage


def fill(namespace: str, count: int) -> None:
    """Have a broker take in so many messages, and end it."""
    with running(Storage.DISK, namespace) as broker:
        broker.make_queue()
        with Client.of_module("sdk_client", "sync") as client:
            string = broker.connection_string
            client.call(work="send batches", count=count, connection_string=string)
