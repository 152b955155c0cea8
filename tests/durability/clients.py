"""Clients of the real SDK that go on whatever happens to their broker, and keep a ledger."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from threading import Event
from typing import Any

from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusClient, ServiceBusMessage, aio
from azure.servicebus.exceptions import ServiceBusError

from tests.durability.ledger import Ledger

ORDERS, TABLES = "orders", "tables"
SESSIONS = ("1", "2", "3")
RETRYING: dict[str, Any] = {
    "retry_total": 1,
    "retry_backoff_factor": 0.05,
    "retry_backoff_max": 0.3,
    "retry_mode": "fixed",
}
_WAIT_SECONDS = 0.5
# What happens to those whose broker is gone; whatever else happens is a failure of the run.
EXPECTED = (ServiceBusError, OSError)


class Clients:
    """What all clients of one run share.

    Args:
        connection_string: Of a broker that dies and comes back under it.
        ledger: Where they report.
        seed: Decides what they do.

    Attributes:
        stopping: Set when they are to end.
        broker_is_up: Cleared while there is no broker: who was interrupted waits for the next one.
        deaths: How often the broker has died and come back.
    """

    def __init__(self, connection_string: str, ledger: Ledger, seed: int) -> None:
        self.ledger = ledger
        self.stopping = Event()
        self.broker_is_up = Event()
        self.deaths = 0
        self._string = connection_string
        self._seed = seed
        self._places: dict[str, int] = {}  # how many each session was sent, as far as is known

    def all(self) -> list[Callable[[], None]]:
        """Every client, each to be run on a thread of its own."""
        return [
            lambda: self._keep_on(self._send_each, 1),
            lambda: self._keep_on(self._send_batches, 2),
            lambda: self._keep_on(self._send_to_sessions, 3),
            lambda: self._keep_on(self._receive, 4),
            lambda: self._keep_on(self._receive, 5),
            lambda: self._keep_on(self._receive_sessions, 6),
            lambda: asyncio.run(self._asynchronous(7)),
        ]

    def _keep_on(self, act: Callable[[ServiceBusClient, Random], None], number: int) -> None:
        """Do something over and over, with a new client each time that the broker was gone."""
        random = Random(self._seed * 100 + number)
        while not self.stopping.is_set():
            try:
                with ServiceBusClient.from_connection_string(self._string, **RETRYING) as client:
                    act(client, random)
            except EXPECTED:
                self._interrupted()

    def _interrupted(self) -> None:
        self.ledger.interrupted()
        self.broker_is_up.wait()

    # -- Senders -------------------------------------------------------------------------------

    def _send_each(self, client: ServiceBusClient, random: Random) -> None:
        with client.get_queue_sender(ORDERS) as sender:
            while not self.stopping.is_set():
                own_id = f"one-{random.getrandbits(48)}"
                message = ServiceBusMessage(own_id, message_id=own_id)
                if random.random() < 0.1:
                    at = datetime.now(UTC) + timedelta(seconds=1)
                    sender.schedule_messages(message, at)
                else:
                    sender.send_messages(message)
                self.ledger.accepted(ORDERS, own_id)

    def _send_batches(self, client: ServiceBusClient, random: Random) -> None:
        with client.get_queue_sender(ORDERS) as sender:
            while not self.stopping.is_set():
                ids = [f"many-{random.getrandbits(48)}" for _ in range(random.randrange(2, 10))]
                sender.send_messages([ServiceBusMessage("x" * 500, message_id=one) for one in ids])
                for own_id in ids:
                    self.ledger.accepted(ORDERS, own_id)

    def _send_to_sessions(self, client: ServiceBusClient, random: Random) -> None:
        """Each session's messages in order; one that may not have arrived is sent again."""
        with client.get_queue_sender(TABLES) as sender:
            while not self.stopping.is_set():
                session = random.choice(SESSIONS)
                place = self._places.setdefault(session, 0) + 1
                own_id = f"{session}-{place}"
                message = ServiceBusMessage(str(place), message_id=own_id, session_id=session)
                sender.send_messages(message)
                self._places[session] = place
                self.ledger.accepted(TABLES, own_id)

    # -- Receivers -----------------------------------------------------------------------------

    def _receive(self, client: ServiceBusClient, random: Random) -> None:
        with client.get_queue_receiver(ORDERS) as receiver:
            while not self.stopping.is_set():
                for message in receiver.receive_messages(5, max_wait_time=_WAIT_SECONDS):
                    self._received(ORDERS, message)
                    self._settle(receiver, message, random)

    def _settle(self, receiver: Any, message: Any, random: Random) -> None:
        number, chance = message.sequence_number, random.random()
        if chance < 0.3:
            self._hold_until_death()
        if 0.3 <= chance < 0.4:
            self.ledger.giving_back(ORDERS, number)
            receiver.abandon_message(message)
            self.ledger.count("abandoned")
        elif 0.4 <= chance < 0.45:
            self.ledger.giving_back(ORDERS, number)
            receiver.defer_message(message)
            self.ledger.count("deferred")
            for deferred in receiver.receive_deferred_messages([number]):
                self._received(ORDERS, deferred)
                self._complete(receiver, ORDERS, deferred)
        else:
            self._complete(receiver, ORDERS, message)

    def _hold_until_death(self) -> None:
        """Work on a message until the broker has died and is back, or for a while."""
        deaths = self.deaths
        for _ in range(20):
            if self.deaths != deaths or self.stopping.wait(0.05):
                return

    def _receive_sessions(self, client: ServiceBusClient, random: Random) -> None:
        while not self.stopping.is_set():
            receiver = client.get_queue_receiver(
                TABLES, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
            )
            with receiver:
                for _ in range(random.randrange(1, 6)):
                    for message in receiver.receive_messages(3, max_wait_time=_WAIT_SECONDS):
                        place = int(str(message))
                        session = str(message.session_id)
                        number = message.sequence_number
                        self.ledger.received_in_session(session, number, place)
                        self._complete(receiver, TABLES, message)

    def _received(self, queue: str, message: Any) -> None:
        until = message.locked_until_utc.timestamp()
        self.ledger.received(queue, message.sequence_number, message.message_id, until)

    def _complete(self, receiver: Any, queue: str, message: Any) -> None:
        self.ledger.completing(queue, message.message_id)
        receiver.complete_message(message)
        self.ledger.completed(queue, message.sequence_number, message.message_id)

    # -- With asyncio ----------------------------------------------------------------------------

    async def _asynchronous(self, number: int) -> None:
        random = Random(self._seed * 100 + number)
        await asyncio.gather(self._send_async(random), self._receive_async(random))

    async def _send_async(self, random: Random) -> None:
        while not self.stopping.is_set():
            try:
                async with (
                    aio.ServiceBusClient.from_connection_string(self._string, **RETRYING) as client,
                    client.get_queue_sender(ORDERS) as sender,
                ):
                    while not self.stopping.is_set():
                        own_id = f"aio-{random.getrandbits(48)}"
                        await sender.send_messages(ServiceBusMessage(own_id, message_id=own_id))
                        self.ledger.accepted(ORDERS, own_id)
            except EXPECTED:
                self.ledger.interrupted()
                await asyncio.to_thread(self.broker_is_up.wait)

    async def _receive_async(self, random: Random) -> None:
        while not self.stopping.is_set():
            try:
                async with (
                    aio.ServiceBusClient.from_connection_string(self._string, **RETRYING) as client,
                    client.get_queue_receiver(ORDERS) as receiver,
                ):
                    while not self.stopping.is_set():
                        for message in await receiver.receive_messages(
                            5, max_wait_time=_WAIT_SECONDS
                        ):
                            self._received(ORDERS, message)
                            self.ledger.completing(ORDERS, str(message.message_id))
                            await receiver.complete_message(message)
                            completed = message.sequence_number, str(message.message_id)
                            self.ledger.completed(ORDERS, completed[0] or 0, completed[1])
            except EXPECTED:
                self.ledger.interrupted()
                await asyncio.to_thread(self.broker_is_up.wait)
