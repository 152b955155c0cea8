"""What a receiver's verdict on a message does, whichever protocol it comes by.

Source: AMQP 1.0, 3.4; Azure Service Bus, "Message transfers, locks, and settlement".
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, NamedTuple
from uuid import UUID

from sbtutorial.amqp.messaging import Accepted, Modified, Rejected, Released
from sbtutorial.broker.message import DEAD_LETTER_ERROR_DESCRIPTION, DEAD_LETTER_REASON
from sbtutorial.broker.subqueues.subqueue import SubQueue

Outcome = Accepted | Modified | Rejected | Released


class Settling(Enum):
    """What may become of a locked message."""

    COMPLETE = "complete"
    ABANDON = "abandon"
    DEFER = "defer"
    DEAD_LETTER = "dead-letter"
    RELEASE = "release"


class Verdict(NamedTuple):
    """What becomes of a message, and what its receiver says beside it.

    Attributes:
        properties: Application properties to lay over the message's own.
        reason: Why it is dead-lettered; likewise `description`.
    """

    settling: Settling
    properties: Mapping[str, Any] | None = None
    reason: str | None = None
    description: str | None = None


def settle(verdict: Verdict, subqueue: SubQueue, token: UUID, *, now: float, who: str) -> None:
    """Do to the message under a lock what its receiver wants.

    Raises:
        BrokerError: What the subqueue raises: MESSAGE_LOCK_LOST, NOT_ALLOWED.
    """
    _SETTLEMENTS[verdict.settling](subqueue, token, verdict, now, who)


_SETTLEMENTS: dict[Settling, Callable[[SubQueue, UUID, Verdict, float, str], object]] = {
    Settling.COMPLETE: lambda subqueue, token, verdict, now, who: subqueue.complete(
        token, now=now, who=who
    ),
    Settling.ABANDON: lambda subqueue, token, verdict, now, who: subqueue.abandon(
        token, verdict.properties, now=now, who=who
    ),
    Settling.DEFER: lambda subqueue, token, verdict, now, who: subqueue.defer(
        token, verdict.properties, now=now, who=who
    ),
    Settling.DEAD_LETTER: lambda subqueue, token, verdict, now, who: subqueue.dead_letter(
        token, verdict.reason, verdict.description, verdict.properties, now=now, who=who
    ),
    Settling.RELEASE: lambda subqueue, token, verdict, now, who: subqueue.release(
        token, now=now, who=who
    ),
}


# -- As AMQP says it --------------------------------------------------------------------------


def read_verdict(state: object) -> Verdict | None:
    """The verdict that a delivery state is; None for one that is none, such as `received`."""
    read = _READ.get(type(state))
    return read(state) if read else None


def outcome_of(state: object) -> Outcome:
    """What the broker answers when it has done what a delivery state says."""
    if isinstance(state, Modified):
        return Modified(None, bool(state.undeliverable_here), None)
    if isinstance(state, Rejected):
        return Rejected(None)
    assert isinstance(state, Accepted | Released)
    return state


def _read_modified(state: Modified) -> Verdict:
    settling = Settling.DEFER if state.undeliverable_here else Settling.ABANDON
    return Verdict(settling, _text_keys(state.message_annotations))


def _read_rejected(state: Rejected) -> Verdict:
    changed = _text_keys(state.error.info if state.error else None) or {}
    reason = changed.pop(DEAD_LETTER_REASON, None)
    description = changed.pop(DEAD_LETTER_ERROR_DESCRIPTION, None)
    return Verdict(Settling.DEAD_LETTER, changed, reason, description)


_COMPLETE, _RELEASE = Verdict(Settling.COMPLETE), Verdict(Settling.RELEASE)
_READ: dict[type, Callable[[Any], Verdict]] = {
    Accepted: lambda _state: _COMPLETE,
    Modified: _read_modified,
    Rejected: _read_rejected,
    Released: lambda _state: _RELEASE,
}


def _text_keys(changed: Mapping[Any, Any] | None) -> dict[str, Any] | None:
    """Property names arrive as symbols or strings; application properties are named by strings."""
    return {str(key): value for key, value in changed.items()} if changed else None
