"""What a client's verdict on a message does, and what the broker answers.

Source: AMQP 1.0, 3.4; Azure Service Bus, "Message transfers, locks, and settlement".
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from sbtutorial.amqp.messaging import Accepted, Modified, Rejected, Released
from sbtutorial.broker.message import DEAD_LETTER_ERROR_DESCRIPTION, DEAD_LETTER_REASON
from sbtutorial.broker.subqueues.subqueue import SubQueue

Outcome = Accepted | Modified | Rejected | Released
Settle = Callable[..., Outcome]


def _complete(
    subqueue: SubQueue, token: UUID, verdict: Accepted, *, now: float, who: str
) -> Outcome:
    subqueue.complete(token, now=now, who=who)
    return verdict


def _abandon_or_defer(
    subqueue: SubQueue, token: UUID, verdict: Modified, *, now: float, who: str
) -> Outcome:
    settle = subqueue.defer if verdict.undeliverable_here else subqueue.abandon
    settle(token, _text_keys(verdict.message_annotations), now=now, who=who)
    return Modified(None, bool(verdict.undeliverable_here), None)


def _dead_letter(
    subqueue: SubQueue, token: UUID, verdict: Rejected, *, now: float, who: str
) -> Outcome:
    changed = _text_keys(verdict.error.info if verdict.error else None) or {}
    reason = changed.pop(DEAD_LETTER_REASON, None)
    description = changed.pop(DEAD_LETTER_ERROR_DESCRIPTION, None)
    subqueue.dead_letter(token, reason, description, changed, now=now, who=who)
    return Rejected(None)


def _release(
    subqueue: SubQueue, token: UUID, verdict: Released, *, now: float, who: str
) -> Outcome:
    subqueue.release(token, now=now, who=who)
    return verdict


# By the kind of the verdict. Each takes line, token, verdict, now and who, and gives the answer.
SETTLEMENTS: dict[type, Settle] = {
    Accepted: _complete,
    Modified: _abandon_or_defer,
    Rejected: _dead_letter,
    Released: _release,
}


def _text_keys(changed: Mapping[Any, Any] | None) -> dict[str, Any] | None:
    """Property names arrive as symbols or strings; application properties are named by strings."""
    return {str(key): value for key, value in changed.items()} if changed else None
