"""What simulated clients do in transactions: take from one queue, and send to others."""

from collections.abc import Sequence
from typing import Any

from sbtutorial.amqp.messaging import (
    AMQP_VALUE,
    Accepted,
    Coordinator,
    Declare,
    Declared,
    Discharge,
    Source,
    TransactionalState,
)
from tests.simulation.client import Client, Received
from tests.simulation.ledger import Bundle
from tests.simulation.living import Doing
from tests.simulation.messages import payload_of
from tests.simulation.world import World

_VALUE = bytes((0x00, 0x53, AMQP_VALUE))


class Mover(Client):
    """Takes messages of a queue and sends one for each to several others, in transactions."""

    def __init__(
        self, world: World, name: str, place: str, targets: Sequence[str], **options: Any
    ) -> None:
        super().__init__(world, name, **options)
        self.place = place
        self.targets = targets

    def work(self) -> Doing:
        source = yield from self.receiver(self.place, credit=2)
        targets: list[Any] = []
        for target in self.targets:
            targets.append((yield from self.sender(target)))
        control = self.session.attach_sender(
            "control", source=Source(self.name), target=Coordinator()
        )
        yield from self.attach(control)
        while not self.has_ended(source):
            messages: list[Received] = []
            message = yield from self.next_message(source, 30.0)
            while message is not None and len(messages) < 2:
                messages.append(message)
                message = yield from self.next_message(source, 0.1)
            if messages:
                yield from self.move(source, targets, control, messages)
                source.keep_credit(2)
                self.flush()

    def move(
        self, source: Any, targets: Sequence[Any], control: Any, messages: list[Received]
    ) -> Doing:
        """Take and send, all of it or nothing."""
        declared, _ = yield from self.send(control, [_VALUE + Declare().encode()])
        if not isinstance(declared, Declared):
            return
        bundle = Bundle([], [])
        is_asked_for = False  # from when on nobody knows, until somebody is told
        try:
            is_whole = yield from self.fill(bundle, source, targets, messages, declared.txn_id)
            rolls_back = not is_whole or self.random.random() < 0.2
            if is_asked_for := not rolls_back:
                self.world.ledger.bundles.append(bundle)
            discharge = _VALUE + Discharge(declared.txn_id, rolls_back).encode()
            outcome, stamp = yield from self.send(control, [discharge])
            self.tell("was told", outcome, "rolls back" if rolls_back else "")
            if is_asked_for:
                self.world.ledger.bundles.remove(bundle)
                is_asked_for = False
            if isinstance(outcome, Accepted) and not rolls_back:
                self.was_done(bundle, stamp)
                bundle = Bundle([], [])
        finally:
            if not is_asked_for:
                self.was_undone(bundle)

    def fill(
        self,
        bundle: Bundle,
        source: Any,
        targets: Sequence[Any],
        messages: list[Received],
        txn_id: bytes,
    ) -> Doing:
        """Say what belongs to it; whether the broker has taken note of all."""
        ledger, is_whole = self.world.ledger, True
        for message in messages:
            for target in self.random.sample(targets, self.random.randint(1, len(targets))):
                place, body = target.target.address, self.new_body()
                bundle.sent.extend(ledger.tries([place], body, self.name, self.world.stamp()))
                self.tell("moves", message.copy, "as", body)
                state = TransactionalState(txn_id)
                outcome, _ = yield from self.send(target, [payload_of(body)], state)
                is_whole &= isinstance(outcome, TransactionalState)
            bundle.taken.append(message.copy)
            is_whole &= yield from self.settle(source, message, "complete", txn_id)
        return is_whole

    def was_done(self, bundle: Bundle, stamp: Any) -> None:
        """The broker has said so."""
        for copy in bundle.taken:
            copy.gone = stamp
        for copy in bundle.sent:
            self.world.ledger.accepted([copy.place], copy.body, stamp)

    def was_undone(self, bundle: Bundle) -> None:
        """It was rolled back, or the connection ended before anything else was asked for."""
        for copy in bundle.taken:
            self.world.ledger.was_not_removed(copy)
        for copy in bundle.sent:
            self.world.ledger.refused([copy.place], copy.body, self.world.stamp())
