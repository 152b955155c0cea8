"""A simulated client: how it sends and receives, and keeps the ledger of what it is told."""

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sbtutorial.amqp.events import LinkAttached, LinkDetached, MessageReceived
from sbtutorial.amqp.link import Link
from sbtutorial.amqp.messaging import (
    BATCH_MESSAGE_FORMAT,
    DATA,
    Accepted,
    DeliveryState,
    Rejected,
    Source,
    Target,
    TransactionalState,
    encode_section,
)
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.receiver import ReceiverLink
from sbtutorial.amqp.sender import SenderLink
from sbtutorial.amqp.types import Long, Symbol, UInt
from tests.simulation.asking import Answer, Asking
from tests.simulation.broken import named
from tests.simulation.group_promises import all_tokens_of_a_request_or_none
from tests.simulation.ledger import Copy, Hold, Lock, Sending, Verdict
from tests.simulation.living import Disconnected, Doing, Wait
from tests.simulation.messages import (
    BY_TOKEN,
    HOW,
    SESSION_FILTER,
    hold_of,
    is_dead_lettering,
    read_sight,
)
from tests.simulation.network import Stamp
from tests.simulation.world import World

TIMEOUT = Symbol("com.microsoft:timeout")


class Received(NamedTuple):
    """A message as a client has it."""

    delivery_id: int
    token: bytes
    copy: Copy
    lock: Lock | None
    number: int


class Client(Asking):
    """One client of the broker, and all that it does; see `Living`."""

    def __init__(self, world: World, name: str, slowness: float = 0.05) -> None:
        super().__init__(world, name, slowness)
        self._sent_count = 0

    def forget(self) -> None:
        """Nothing is received on a new connection yet, and no session held."""
        super().forget()
        self._inbox: dict[Link, deque[Received]] = {}
        self._places: dict[Link, tuple[str, str, Hold | None]] = {}
        self._granted: dict[Link, tuple[str, list[Hold]]] = {}

    def may_have_let_go(self) -> None:
        """Sessions end with their links."""
        super().may_have_let_go()
        for _, _, hold in self._places.values():
            if hold is not None:
                hold.may_be_over = True

    def on_attached(self, event: LinkAttached, stamp: Stamp) -> None:
        """It may have come with a session."""
        super().on_attached(event, stamp)
        link = event.link
        if link in self._granted:
            place, granted = self._granted[link]
            hold = hold_of(link, place, self.name, stamp)
            hold.may_be_over = self.is_cut
            self.tell("has the session", hold.session_id, "to", f"{hold.until:.3f}")
            self.world.ledger.holds_session(hold)
            granted.append(hold)
            self._places[link] = place, "receive", hold

    def on_detached(self, event: LinkDetached, stamp: Stamp) -> None:
        """Its session is over."""
        super().on_detached(event, stamp)
        place = self._places.get(event.link)
        if place is not None and place[2] is not None:
            place[2].may_be_over = True

    def on_message(self, event: MessageReceived, stamp: Stamp) -> None:
        """A message, or an answer."""
        if event.link in self._places:
            self._received(event, stamp)
        else:
            super().on_message(event, stamp)

    # -- Sending --------------------------------------------------------------------------------

    def new_body(self) -> str:
        """A name for one more message."""
        self._sent_count += 1
        return f"{self.name}-{self._sent_count}"

    def send(
        self, link: SenderLink, payloads: Sequence[bytes], state: DeliveryState | None = None
    ) -> Doing:
        """Send one message, or several as a batch; the outcome, and when it was said."""
        yield from self.owed(lambda: link.credit or self.over(link), "credit")
        if self.has_ended(link):
            raise Disconnected
        payload, message_format = payloads[0], 0
        if len(payloads) > 1:
            payload = b"".join(encode_section(DATA, one) for one in payloads)
            message_format = BATCH_MESSAGE_FORMAT
        delivery_id = link.send(
            payload,
            delivery_tag=b"%d" % link.delivery_count,
            settled=False,
            message_format=message_format,
            state=state,
        )
        self.flush()
        outcome = yield from self.outcome(link, delivery_id)
        return outcome

    def sent_to(
        self, place: str, bodies: Sequence[str], sent: Stamp, state: Any, stamp: Stamp
    ) -> bool:
        """Note what came of what was sent; whether it was taken."""
        is_taken = isinstance(state, Accepted)
        error = getattr(state, "error", None)
        condition = str(error.condition) if isinstance(error, Error) else ""
        self.tell("was told of", *bodies, state)
        sending = Sending(place, bodies, self.name, sent, stamp, is_taken, condition)
        self.world.ledger.sent(sending)
        return is_taken

    def requested(self, place: str, bodies: Sequence[str], sent: Stamp, answer: Answer) -> None:
        """Note what came of what was sent with a request."""
        is_taken, ledger = answer.is_good, self.world.ledger
        self.tell("was told of", *bodies, answer.status, answer.text)
        ledger.sent(Sending(place, bodies, self.name, sent, answer.stamp, is_taken))

    # -- Receiving ------------------------------------------------------------------------------

    def receiver(self, place: str, *, takes: bool = False, credit: int = 1) -> Doing:
        """A link to receive on."""
        link = self.session.attach_receiver(
            f"from {place} {len(self._places)}",
            source=Source(place),
            target=Target(self.name),
            snd_settle_mode=1 if takes else 0,
            rcv_settle_mode=0 if takes else 1,
        )
        self._open(link, place, "take" if takes else "receive", None)
        yield from self.attach(link)
        self.grant(link, credit)
        return link

    def accept_session(self, place: str, session_id: str | None, seconds: float) -> Doing:
        """A link to receive a session on, and the hold of it; None when there is none."""
        link = self.session.attach_receiver(
            f"session of {place} {len(self._places)}",
            source=Source(place, filter={SESSION_FILTER: session_id}),
            target=Target(self.name),
            snd_settle_mode=0,
            rcv_settle_mode=1,
            properties={TIMEOUT: UInt(round(seconds * 1000))},
        )
        self._open(link, place, "receive", None)
        granted: list[Hold] = []
        self._granted[link] = place, granted
        self.flush()
        yield from self.owed(
            lambda: True if granted or self.has_ended(link) else None, "a session, or none"
        )
        return (link, granted[0]) if granted else None

    def grant(self, link: ReceiverLink, credit: int) -> None:
        """Welcome messages."""
        if link.is_attached:
            link.grant(credit)
            self.flush()

    def next_message(self, link: ReceiverLink, seconds: float) -> Doing:
        """The next message; None when none comes in time."""
        inbox = self._inbox[link]
        message = yield Wait(
            lambda: inbox.popleft() if inbox else self.over(link), seconds, "a message"
        )
        return None if message is True else message

    def outstanding_takes(self) -> dict[str, int]:
        """Of those who take for good: how many messages may be on the way, by place."""
        found: dict[str, int] = {}
        for link, (place, by, _) in self._places.items():
            if by == "take" and isinstance(link, ReceiverLink):
                found[place] = found.get(place, 0) + max(link.available_credit, 0)
        return found

    def _open(self, link: Link, path: str, by: str, hold: Hold | None) -> None:
        self._places[link] = path, by, hold
        self._inbox[link] = deque()

    def _received(self, event: MessageReceived, stamp: Stamp) -> None:
        path, by, hold = self._places[event.link]
        token = event.delivery_tag if by == "receive" else None
        sight = read_sight(event.payload, path, stamp, self.name, by, token)
        sight.hold = hold
        copy = self.world.ledger.sees(sight)
        lock = copy.locks.get(token) if token else None
        self.tell("has", copy, "number", sight.number, "count", sight.delivery_count)
        message = Received(event.delivery_id, token or b"", copy, lock, sight.number)
        self._inbox[event.link].append(message)

    # -- Settling -------------------------------------------------------------------------------

    def settle(
        self, link: ReceiverLink, message: Received, how: str, txn_id: bytes | None = None
    ) -> Doing:
        """Settle as one of `HOW`; whether it was done."""
        copy, lock = message.copy, message.lock
        assert lock is not None
        ledger = self.world.ledger
        ledger.settles(copy, lock, how)
        outcome = HOW[how]
        if txn_id is not None:
            outcome = TransactionalState(txn_id, outcome)
        self.tell("asks to", how, copy)
        link.settle(message.delivery_id, outcome, settled=False)
        self.flush()
        state, stamp = yield from self.outcome(link, message.delivery_id)
        link.unsettled.pop(message.delivery_id, None)
        if txn_id is None:
            self._settled(message, how, state, stamp)
        return not isinstance(state, Rejected) or (
            how == "dead-letter" and is_dead_lettering(state)
        )

    def _settled(self, message: Received, how: str, state: Any, stamp: Stamp) -> None:
        is_done = type(state) is type(HOW[how])
        if isinstance(state, Rejected):
            is_done = how == "dead-letter" and is_dead_lettering(state)
        error = str(getattr(state, "error", ""))
        self.tell("was told", how, message.copy, is_done, error)
        assert message.lock is not None
        self.world.ledger.settled(Verdict(message.copy, message.lock, how, stamp, is_done, error))

    def settle_by_token(
        self,
        path: str,
        messages: Sequence[Received],
        status: str,
        hold: Hold | None = None,
        wrong: Sequence[UUID] = (),
    ) -> Doing:
        """Settle with one request, which any connection may send; whether it was done.

        Args:
            path: Where they are.
            messages: All of them, or none, are settled.
            status: The protocol's word for how.
            hold: Their session, if any.
            wrong: Tokens that hold nothing, for which the whole request is to be refused.
        """
        how, ledger = BY_TOKEN[status], self.world.ledger
        for message in messages:
            assert message.lock is not None
            ledger.settles(message.copy, message.lock, how)
        self.tell("asks by token to", how, *[message.copy for message in messages])
        tokens = [*(UUID(bytes_le=message.token) for message in messages), *wrong]
        body: dict[str, Any] = {"disposition-status": status, "lock-tokens": tokens}
        if hold is not None:
            body["session-id"] = hold.session_id
        request = [message.copy for message in messages] if how == "complete" else []
        ledger.requests.append(request)
        answer = yield from self.ask(path, "update-disposition", body)
        ledger.requests.remove(request)
        self.tell("was told", how, answer.status, answer.text)
        self._told_together(messages, how, answer, is_wrong=bool(wrong))
        return answer.is_good

    def _told_together(
        self, messages: Sequence[Received], how: str, answer: Answer, *, is_wrong: bool = False
    ) -> None:
        """What came of one request under several locks: done under all of them, or none."""
        ledger = self.world.ledger
        locks = [message.lock for message in messages if message.lock is not None]
        if is_wrong and answer.is_good:
            self.world.broken(
                named(all_tokens_of_a_request_or_none), f"{self.name}: one of them was wrong"
            )
        if not answer.is_good and (is_wrong or any(map(answer.is_too_late_for, locks))):
            for message, lock in zip(messages, locks, strict=True):
                ledger.was_not_done(message.copy, lock, how)
            return
        for message, lock in zip(messages, locks, strict=True):
            ledger.settled(
                Verdict(message.copy, lock, how, answer.stamp, answer.is_good, answer.text)
            )

    def renew(self, path: str, *messages: Received) -> Doing:
        """Ask for more time for all of these; whether it was given."""
        ledger = self.world.ledger
        locks = [message.lock for message in messages if message.lock is not None]
        were_longer = [lock.may_be_longer for lock in locks]
        for lock in locks:
            ledger.renews(lock)
        body = {"lock-tokens": [UUID(bytes_le=message.token) for message in messages]}
        answer = yield from self.ask(path, "renew-lock", body)
        for lock, was_longer in zip(locks, were_longer, strict=True):
            lock.may_be_longer = was_longer
        self._told_together(messages, "renew", answer)
        ends: Sequence[int | None] = [None] * len(locks)
        if answer.is_good:
            ends = answer.body["expirations"]
        for message, lock, end in zip(messages, locks, ends, strict=True):
            until = None if end is None else end / 1000 + answer.stamp.ahead
            self.tell("renews", message.copy, "to", until)
            ledger.renewed(lock, until)
        return answer.is_good

    def receive_deferred(self, path: str, numbers: list[int], hold: Hold | None = None) -> Doing:
        """Ask for deferred messages by their numbers."""
        body: dict[str, Any] = {"sequence-numbers": [Long(number) for number in numbers]}
        if hold is not None:
            body["session-id"] = hold.session_id
        answer = yield from self.ask(
            path, "receive-by-sequence-number", {**body, "receiver-settle-mode": UInt(1)}
        )
        messages: list[Received] = []
        for entry in (answer.body or {}).get("messages", ()) if answer.is_good else ():
            token = entry["lock-token"].bytes_le
            sight = read_sight(bytes(entry["message"]), path, answer.stamp, self.name, "ask", token)
            sight.hold = hold
            copy = self.world.ledger.sees(sight)
            messages.append(Received(0, token, copy, copy.locks[token], sight.number))
        return messages
