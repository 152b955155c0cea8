"""A queue by what anybody may see of it from outside: its counts, and its messages by peeking.

That is the evidence where no events are told. It knows which messages there are, since when, and
how often each has been handed out; not who holds one, nor what became of those that are gone.
"""

import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.links import open_admin, open_client
from sbtutorial.snapshot import (
    DEAD,
    DEFERRED,
    READY_OR_LOCKED,
    SCHEDULED,
    MessageSnapshot,
    QueueSnapshot,
)
from sbtutorial.text import text_of
from sbtutorial.trace import Event

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage
    from azure.servicebus.management import (
        QueueProperties,
        ServiceBusAdministrationClient,
        SubscriptionProperties,
    )

_SHOWN_COUNT = 20


class _Seen(NamedTuple):
    """What was found: the counts, and the first messages, each with when it came."""

    counts: dict[str, int]
    messages: list[tuple[MessageSnapshot, float]]
    at: float


def peeked(connection_string: str, queue: str) -> QueueSnapshot:
    """A queue, or "topic/subscription", as peeking shows it: ready and locked look the same.

    Raises:
        TutorialError: There is no such queue.
    """
    seen = _look(connection_string, queue)
    messages = tuple(message for message, _ in seen.messages)
    return QueueSnapshot(queue, seen.at, seen.counts, messages)


def evidence(connection_string: str, queue: str) -> list[Event]:
    """The same as events: when each message came, and where it is now.

    When it was set aside nobody says, so that is told as if it were just now.

    Raises:
        TutorialError: There is no such queue.
    """
    seen = _look(connection_string, queue)
    told = []
    for message, came_at in seen.messages:
        first = "scheduled" if message.state == SCHEDULED else "sent"
        kinds = [(first, min(came_at, seen.at))]
        if message.state in _SET_ASIDE:
            kinds.append((_SET_ASIDE[message.state], seen.at))
        for what, at in kinds:
            told.append((at, what, message))
    told.sort(key=lambda one: one[0])
    return [
        Event(
            number,
            at,
            what,
            queue,
            message.sequence_number,
            message.message_id,
            message.delivery_count,
            detail=message.dead_letter_reason or "",
        )
        for number, (at, what, message) in enumerate(told, 1)
    ]


_SET_ASIDE = {DEAD: "dead_lettered", DEFERRED: "deferred"}


def _look(connection_string: str, queue: str) -> _Seen:
    from azure.core.exceptions import ResourceNotFoundError
    from azure.servicebus import ServiceBusSubQueue

    with open_admin(connection_string) as admin:
        try:
            names, counts, described = _counted(admin, queue)
        except ResourceNotFoundError:
            raise TutorialError(
                f"The messaging entity '{queue}' could not be found: run the cell that creates it."
            ) from None
    opening = "get_subscription_receiver" if len(names) > 1 else "get_queue_receiver"
    with open_client(connection_string) as client:
        open_receiver = getattr(client, opening)
        live: list[ServiceBusReceivedMessage] = []
        dead: list[ServiceBusReceivedMessage] = []
        # In sessions a receiver would take one, and keep others out; what forwards gives none out.
        if not described.requires_session and not described.forward_to:
            with open_receiver(*names) as receiver:
                live = receiver.peek_messages(max_message_count=_SHOWN_COUNT)
        if not described.forward_dead_lettered_messages_to:
            with open_receiver(*names, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as receiver:
                dead = receiver.peek_messages(max_message_count=_SHOWN_COUNT)
    now = time.time()
    messages = [(_describe(one, _STATES[one.state.name], now), _came(one, now)) for one in live]
    messages += [(_describe(one, DEAD, now), _came(one, now)) for one in dead]
    return _Seen(_at_least(counts, [message for message, _ in messages]), messages, now)


def _counted(
    admin: "ServiceBusAdministrationClient", queue: str
) -> "tuple[list[str], dict[str, int], QueueProperties | SubscriptionProperties]":
    """How the SDK names it, what it counts, and its settings."""
    from azure.core.exceptions import ResourceNotFoundError

    try:
        own, described = admin.get_queue_runtime_properties(queue), admin.get_queue(queue)
        counts = _by_state(own, own.scheduled_message_count)
        return [queue], counts, described
    except ResourceNotFoundError:
        topic, slash, name = queue.rpartition("/")
        if not slash:
            raise
    runtime = admin.get_subscription_runtime_properties(topic, name)
    return [topic, name], _by_state(runtime, 0), admin.get_subscription(topic, name)


def _by_state(runtime: Any, scheduled: int | None) -> dict[str, int]:
    """Azure counts everything but what is deferred."""
    return {
        READY_OR_LOCKED: runtime.active_message_count or 0,
        DEFERRED: 0,
        SCHEDULED: scheduled or 0,
        DEAD: runtime.dead_letter_message_count or 0,
    }


def _at_least(counts: dict[str, int], messages: list[MessageSnapshot]) -> dict[str, int]:
    """Azure counts late: never less than is seen."""
    seen = Counter(message.state for message in messages)
    return {state: max(count, seen[state]) for state, count in counts.items()}


def _came(message: "ServiceBusReceivedMessage", now: float) -> float:
    return _seconds(message.enqueued_time_utc) or now


_STATES = {"ACTIVE": READY_OR_LOCKED, "DEFERRED": DEFERRED, "SCHEDULED": SCHEDULED}


def _describe(message: "ServiceBusReceivedMessage", state: str, now: float) -> MessageSnapshot:
    scheduled_at = _seconds(message.scheduled_enqueue_time_utc) if state == SCHEDULED else None
    expires_at = _seconds(message.expires_at_utc)
    return MessageSnapshot(
        sequence_number=message.sequence_number or 0,
        state=state,
        text=_text(message),
        message_id=_text_or_none(message.message_id),
        session_id=_text_or_none(message.session_id),
        delivery_count=message.delivery_count or 0,
        scheduled_at=scheduled_at,
        scheduled_seconds=None if scheduled_at is None else max(scheduled_at - now, 0.0),
        expires_at=expires_at,
        dead_letter_reason=_text_or_none(message.dead_letter_reason),
        seconds_to_live=None if expires_at is None else max(expires_at - now, 0.0),
    )


def _seconds(instant: datetime | None) -> float | None:
    return None if instant is None else instant.timestamp()


def _text_or_none(value: object) -> str | None:
    return None if value is None else text_of(value)


def _text(message: "ServiceBusReceivedMessage") -> str | None:
    body = message.body
    if isinstance(body, str):
        return body
    try:
        return b"".join(body).decode()
    except (TypeError, ValueError):
        return None
