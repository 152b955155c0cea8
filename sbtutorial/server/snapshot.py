"""A queue as it stands, in plain values: what the lab's picture is drawn from.

However deep the queue is, this looks at its first messages only, and at the counts.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types import decode
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.message import DEAD_LETTER_REASON, Message
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.snapshot import (
    BEGINNING_CHARS,
    DEAD,
    DEFERRED,
    LOCKED,
    READY,
    SCHEDULED,
    ClientSnapshot,
    MessageSnapshot,
    PlannedFault,
    QueueSnapshot,
    SessionSnapshot,
)
from sbtutorial.text import text_of

SHOWN_PER_STATE = 20
# Messages are looked at in their order, so among very many one that is far behind is only counted.
_LOOKED_AT = 1000

_STATE_NAMES = {
    MessageState.ACTIVE: READY,
    MessageState.LOCKED: LOCKED,
    MessageState.DEFERRED: DEFERRED,
    MessageState.DEFERRED_LOCKED: LOCKED,
    MessageState.SCHEDULED: SCHEDULED,
}


def snapshot(
    entity: Queue | Subscription,
    *,
    now: float,
    is_connected: Callable[[str], bool],
    clients: Sequence[ClientSnapshot] = (),
    faults: Sequence[PlannedFault] = (),
    advanced_seconds: float = 0.0,
    text_chars: int = BEGINNING_CHARS,
) -> QueueSnapshot:
    """What is in a queue, or a subscription, and in its dead-letter queue.

    Args:
        entity: What to look at; have what is due at `now` done first.
        now: Broker time.
        is_connected: Says of the holder of a lock whether it is still there.
        clients: Who is connected to it.
        faults: What is planned to fail there.
        advanced_seconds: How far time has been moved so far.
        text_chars: How much to have of each body.

    Returns:
        It with the first 20 messages of each state, and the first 20 sessions.
    """
    messages = tuple(
        _describe(message, state, now, is_connected, text_chars)
        for state, message in (*_first(entity.main), *_first_dead(entity.dead_letter))
    )
    description = entity.main.context.description
    return QueueSnapshot(
        entity.path,
        now,
        _counts(entity),
        messages,
        lock_seconds=description.lock_seconds,
        max_delivery_count=getattr(description, "max_delivery_count", 0),
        advanced_seconds=advanced_seconds,
        requires_session=entity.main.requires_session,
        sessions=tuple(_sessions(entity.main, is_connected)),
        clients=tuple(clients),
        faults=tuple(faults),
    )


def _sessions(subqueue: SubQueue, is_connected: Callable[[str], bool]) -> Iterator[SessionSnapshot]:
    if not isinstance(subqueue, SessionSubQueue):
        return
    ids = [*subqueue.messages.list_sessions(skip=0, top=SHOWN_PER_STATE), *subqueue.held_ids]
    for session_id in list(dict.fromkeys(ids))[:SHOWN_PER_STATE]:
        entry = subqueue.messages.look_at(session_id)
        held = subqueue.held(session_id)
        state = subqueue.messages.state_of(session_id)
        yield SessionSnapshot(
            text_of(session_id),
            ready=entry.ready_count if entry else 0,
            locked=entry.locked_count if entry else 0,
            state_text=_readable(state),
            state_bytes=None if state is None else len(state),
            locked_by=_text(held and held.who),
            holder_attached=held is not None and is_connected(held.who),
            locked_until=held.locked_until if held else None,
        )


def _readable(state: bytes | None) -> str | None:
    try:
        return None if state is None else text_of(state.decode(), BEGINNING_CHARS)
    except ValueError:
        return None


def _first(subqueue: SubQueue) -> Iterator[tuple[str, Message]]:
    shown: Counter[str] = Counter()
    for message in subqueue.messages.peek(0, _LOOKED_AT):
        state = _STATE_NAMES[message.state]
        shown[state] += 1
        if shown[state] <= SHOWN_PER_STATE:
            yield state, message


def _first_dead(dead_letters: SubQueue) -> Iterator[tuple[str, Message]]:
    return ((DEAD, message) for message in dead_letters.messages.peek(0, SHOWN_PER_STATE))


def _counts(entity: Queue | Subscription) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for state, name in _STATE_NAMES.items():
        counts[name] += entity.main.messages.count(state)
    return {**counts, DEAD: len(entity.dead_letter.messages)}


def _describe(
    message: Message,
    state: str,
    now: float,
    is_connected: Callable[[str], bool],
    text_chars: int,
) -> MessageSnapshot:
    who = message.locked_by
    scheduled_at = message.scheduled_enqueue_at if state == SCHEDULED else None
    return MessageSnapshot(
        sequence_number=message.sequence_number,
        state=state,
        text=body_text(getattr(message.content, "body", b""), text_chars),
        message_id=_text(message.message_id),
        session_id=_text(message.session_id),
        delivery_count=message.delivery_count,
        locked_by=_text(who),
        holder_attached=who is not None and is_connected(who),
        locked_until=message.locked_until,
        lock_seconds_left=_until(message.locked_until, now),
        scheduled_at=scheduled_at,
        scheduled_seconds=_until(scheduled_at, now),
        expires_at=message.expires_at,
        dead_letter_reason=_text((message.properties or {}).get(DEAD_LETTER_REASON)),
        seconds_to_live=_until(message.expires_at, now),
    )


def _text(value: object) -> str | None:
    return None if value is None else text_of(value)


def _until(at: float | None, now: float) -> float | None:
    return None if at is None else max(at - now, 0.0)


def body_text(body: bytes, max_chars: int = BEGINNING_CHARS) -> str | None:
    """The beginning of a body, when it is text; None when it is not.

    Args:
        body: The encoded body sections; of several data sections the first one speaks.
        max_chars: How much of it.
    """
    try:
        value = decode(body)[0].value
        if isinstance(value, bytes | memoryview):
            value = bytes(value).decode()
    except (DecodeError, AttributeError, ValueError, RecursionError):
        return None
    return text_of(value, max_chars) if isinstance(value, str) else None
