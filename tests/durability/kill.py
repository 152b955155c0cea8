"""`python -m tests.durability.kill --kills 200`: kill a broker at random moments, and keep count.

Several clients of the real SDK, sync and aio, send, batch, schedule, receive, complete, abandon,
defer and work in sessions, against a background broker that dies by SIGKILL after a random number
of their operations, and is started again. Afterwards their ledger says which promises were broken.
"""

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Thread

from azure.servicebus import ServiceBusClient
from azure.servicebus.management import ServiceBusAdministrationClient

from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.server import certificates
from tests.durability.broker import DEFECTS, BrokerProcess
from tests.durability.clients import ORDERS, SESSIONS, TABLES, Clients
from tests.durability.ledger import Ledger

LOCK_SECONDS = 20
# Between two deaths, at most; a broker that nobody gets anything done with is killed all the same.
_MOST_OPERATIONS = 60
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Report:
    """What came of a run.

    Attributes:
        broken: The promises that were broken, each in a sentence.
        counts: How often each thing was done.
        kills: How often the broker died.
        seconds: How long it took.
    """

    broken: list[str]
    counts: dict[str, int]
    kills: int
    seconds: float

    def __str__(self) -> str:
        done = ", ".join(f"{count:,} {what}" for what, count in sorted(self.counts.items()))
        lines = [f"{self.kills} kills in {self.seconds:.0f} s: {done}"]
        lines += [f"BROKEN {one}" for one in self.broken[:20]]
        return "\n".join([*lines, f"{len(self.broken)} promises broken"])


def run(folder: Path, kills: int, seed: int, defect: str = "none") -> Report:
    """Kill a broker so many times, and see what its clients were promised.

    Args:
        folder: Empty; everything goes there.
        kills: How often, unless a promise is broken before.
        seed: Decides what clients do, and after how many operations the broker dies.
        defect: What is wrong with the broker.
    """
    began, random = time.monotonic(), Random(seed)
    certificates.trust(certificates.ensure(certificates.default_folder()))
    broker = BrokerProcess(folder, defect)
    string = broker.start().connection_string
    _make_queues(string)
    ledger = Ledger()
    clients = Clients(string, ledger, seed)
    clients.broker_is_up.set()
    threads = [Thread(target=client, daemon=True) for client in clients.all()]
    for thread in threads:
        thread.start()
    try:
        for _ in range(kills):
            if ledger.broken:
                break
            ledger.await_more(random.randrange(1, _MOST_OPERATIONS), _PATIENCE_SECONDS)
            clients.broker_is_up.clear()
            broker.kill()
            assert broker.start().connection_string == string
            clients.deaths += 1
            clients.broker_is_up.set()
        ledger.await_more(_MOST_OPERATIONS, _PATIENCE_SECONDS)
        clients.stopping.set()
        for thread in threads:
            thread.join()
        _settle_up(string, ledger)
    finally:
        clients.stopping.set()
        clients.broker_is_up.set()
        broker.kill()
    counts = {**ledger.counts, "interruptions": ledger.interruptions}
    return Report(ledger.broken, counts, clients.deaths, time.monotonic() - began)


def _make_queues(string: str) -> None:
    lock = timedelta(seconds=LOCK_SECONDS)
    with ServiceBusAdministrationClient.from_connection_string(string) as administration:
        administration.create_queue(ORDERS, lock_duration=lock, max_delivery_count=2000)
        administration.create_queue(
            TABLES, lock_duration=lock, max_delivery_count=2000, requires_session=True
        )


def _settle_up(string: str, ledger: Ledger) -> None:
    ControlClient(string).advance(2 * LOCK_SECONDS)  # sessions are let go of by those who died
    with ServiceBusClient.from_connection_string(string) as client:
        with client.get_queue_receiver(ORDERS) as receiver:
            ledger.settle_up(ORDERS, _left(receiver))
        left: dict[int, str] = {}
        for session in SESSIONS:
            with client.get_queue_receiver(TABLES, session_id=session) as receiver:
                left |= _left(receiver)
        ledger.settle_up(TABLES, left)


def _left(receiver: object) -> dict[int, str]:
    """All that is there, whatever its state, by number."""
    left: dict[int, str] = {}
    while True:
        after = max(left, default=0) + 1
        peeked = receiver.peek_messages(200, sequence_number=after)  # type: ignore[attr-defined]
        if not peeked:
            return left
        left |= {message.sequence_number: message.message_id for message in peeked}


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser("tests.durability.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--defect", choices=DEFECTS, default="none", help="plant one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sbtutorial-kill-") as folder:
        os.environ[HOME_VARIABLE] = folder
        report = run(Path(folder), options.kills, options.seed, options.defect)
    print(report)
    return 1 if report.broken else 0


if __name__ == "__main__":
    sys.exit(main())
