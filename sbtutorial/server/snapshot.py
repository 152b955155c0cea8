"""A queue as it stands, in plain values: what the lab's picture is drawn from.

However deep the queue is, this looks at its first messages only, and at the counts.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.types import decode
from sbtutorial.broker.entities.receivable import Receivable
from sbtutorial.broker.message import DEAD_LETTER_REASON, Message
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.subqueue import SubQueue

SHOWN_PER_STATE = 20
_TEXT_CHARS = 100
# Messages are looked at in their order, so among very many one that is far behind is only counted.
_LOOKED_AT = 1000

_STATE_NAMES = {
    MessageState.ACTIVE: "ready",
    MessageState.LOCKED: "locked",
    MessageState.DEFERRED: "deferred",
    MessageState.DEFERRED_LOCKED: "locked",
    MessageState.SCHEDULED: "scheduled",
}


def snapshot(
    entity: Receivable, *, now: float, is_connected: Callable[[str], bool]
) -> dict[str, Any]:
    """What is in a queue, or a subscription, and in its dead-letter queue.

    Args:
        entity: What to look at; have what is due at `now` done first.
        now: Broker time.
        is_connected: Says of the holder of a lock whether it is still there.

    Returns:
        `name`; `counts` by state; `messages`: the first 20 of each state, as dictionaries.
    """
    messages = [
        _describe(message, state, now, is_connected)
        for state, message in (*_first(entity.active), *_first_dead(entity.dead_letter))
    ]
    return {"name": entity.path, "counts": _counts(entity), "messages": messages}


def _first(subqueue: SubQueue) -> Iterator[tuple[str, Message]]:
    shown: Counter[str] = Counter()
    for message in subqueue.peek(0, _LOOKED_AT):
        state = _STATE_NAMES[message.state]
        shown[state] += 1
        if shown[state] <= SHOWN_PER_STATE:
            yield state, message


def _first_dead(dead_letters: SubQueue) -> Iterator[tuple[str, Message]]:
    return (("dead", message) for message in dead_letters.peek(0, SHOWN_PER_STATE))


def _counts(entity: Receivable) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for state, name in _STATE_NAMES.items():
        counts[name] += entity.active.count(state)
    return {**counts, "dead": len(entity.dead_letter)}


def _describe(
    message: Message, state: str, now: float, is_connected: Callable[[str], bool]
) -> dict[str, Any]:
    who = message.locked_by
    return {
        "sequence_number": message.sequence_number,
        "text": text_of(getattr(message.content, "body", b"")),
        "state": state,
        "delivery_count": message.delivery_count,
        "locked_by": who,
        "holder_attached": who is not None and is_connected(who),
        "lock_seconds_left": _until(message.locked_until, now),
        "scheduled_seconds": (
            _until(message.scheduled_enqueue_at, now) if state == "scheduled" else None
        ),
        "dead_letter_reason": (message.properties or {}).get(DEAD_LETTER_REASON),
    }


def _until(at: float | None, now: float) -> float | None:
    return None if at is None else max(at - now, 0.0)


def text_of(body: bytes) -> str | None:
    """The beginning of a body, when it is text; None when it is not.

    Args:
        body: The encoded body sections; of several data sections the first one speaks.
    """
    try:
        value = decode(body)[0].value
        if isinstance(value, bytes | memoryview):
            value = bytes(value).decode()
    except (DecodeError, AttributeError, ValueError):
        return None
    return value[:_TEXT_CHARS] if isinstance(value, str) else None
