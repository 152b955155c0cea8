import asyncio
from collections.abc import Sequence

from sbtutorial.amqp.messaging import Accepted
from sbtutorial.broker.changes import Change
from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.broker.message import Message
from sbtutorial.server.broker_server import BrokerServer
from sbtutorial.store.stepped import ListKeeper, SteppedStore
from sbtutorial.store.store import OnSafe
from sbtutorial.testing import SteppedBroker
from tests.gateway.talk import Talk


class WatchingStore(SteppedStore):
    """Notes what it is given, among whatever else is noted in the same list."""

    def __init__(self, notes: list[object]) -> None:
        super().__init__(ListKeeper())
        self.notes = notes

    def commit(self, changes: Sequence[Change], on_safe: OnSafe) -> None:
        super().commit(changes, on_safe)
        kinds = [str(change.kind) for change in changes]
        self.notes.append([kind for kind in kinds if kind != "accessed"])


async def test_a_sender_hears_accepted_only_after_the_store_has_the_message() -> None:
    notes: list[object] = []
    store = WatchingStore(notes)
    broker = SteppedBroker(store=store)
    talk = Talk(broker)
    talk.make_queue()
    store.step()
    link = talk.attach_sender()
    store.step()
    talk.pump()
    notes.clear()
    talk.wire.on_written = lambda: notes.append("written")
    talk.send(link)
    assert notes == [["sent"]]
    store.step()
    talk.pump()
    assert notes == [["sent"], "written"]
    assert Accepted() in [getattr(event, "state", None) for event in talk.events]
    broker.reactor.close()


async def test_advancing_does_at_once_what_was_due_later() -> None:
    talk = Talk()
    talk.make_queue()
    talk.send(talk.attach_sender())
    receiver = talk.attach_receiver()
    receiver.grant(1)
    talk.pump()
    assert talk.broker.namespace.next_deadline() == talk.clock.now() + 30
    talk.broker.advance(30)
    assert talk.broker.namespace.directory.queue("orders").receivable.counts().locked == 0
    assert talk.broker.namespace.next_deadline() is None
    talk.broker.reactor.close()


async def test_what_falls_due_after_an_advance_happens_as_much_earlier() -> None:
    broker = BrokerServer(key="secret")  # by the computer's own clock
    activated = asyncio.Event()
    broker.trace.subscribe(lambda event: activated.set() if event.what == "activated" else None)
    with broker.reactor.turn() as now:
        queue = broker.namespace.create("orders", QueueDescription(), now=now)
        for delay in (1000.0, 1001.0):
            queue.ingress.send(
                [Message("x", size_bytes=1, scheduled_enqueue_at=now + delay)], now=now
            )
    broker.advance(1000.5)
    assert activated.is_set()
    activated.clear()
    await asyncio.wait_for(activated.wait(), 5)  # half a second from now, and not in a quarter hour
    broker.reactor.close()
