"""What a receiver's verdict on a message does, whichever protocol it comes by.

Source: AMQP 1.0, 3.4; Azure Service Bus, "Message transfers, locks, and settlement".
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sbtutorial.amqp.messaging import Accepted, Modified, Rejected, Released
from sbtutorial.broker.message import DEAD_LETTER_ERROR_DESCRIPTION, DEAD_LETTER_REASON
from sbtutorial.broker.subqueues.subqueue import Disposition, Settlement

Outcome = Accepted | Modified | Rejected | Released


class Settling(NamedTuple):
    """What to do with the message, and the answer once that is done."""

    disposition: Disposition
    answer: Outcome


def settlement_of(verdict: object) -> Settling | None:
    """What a verdict asks for; None for what is no verdict."""
    settling = _SETTLINGS.get(type(verdict))
    return None if settling is None else settling(verdict)


def _complete(verdict: Accepted) -> Settling:
    return Settling(_COMPLETE, verdict)


def _abandon_or_defer(verdict: Modified) -> Settling:
    defers = bool(verdict.undeliverable_here)
    how = Settlement.DEFER if defers else Settlement.ABANDON
    changed = _text_keys(verdict.message_annotations)
    return Settling(Disposition(how, changed), Modified(None, defers, None))


def _dead_letter(verdict: Rejected) -> Settling:
    changed = _text_keys(verdict.error.info if verdict.error else None) or {}
    reason = changed.pop(DEAD_LETTER_REASON, None)
    description = changed.pop(DEAD_LETTER_ERROR_DESCRIPTION, None)
    disposition = Disposition(Settlement.DEAD_LETTER, changed, reason, description)
    return Settling(disposition, Rejected(None))


def _release(verdict: Released) -> Settling:
    return Settling(_RELEASE, verdict)


_COMPLETE, _RELEASE = Disposition(Settlement.COMPLETE), Disposition(Settlement.RELEASE)
_SETTLINGS: dict[type, Callable[[Any], Settling]] = {
    Accepted: _complete,
    Modified: _abandon_or_defer,
    Rejected: _dead_letter,
    Released: _release,
}


def _text_keys(changed: Mapping[Any, Any] | None) -> dict[str, Any] | None:
    """Property names arrive as symbols or strings; application properties are named by strings."""
    return {str(key): value for key, value in changed.items()} if changed else None
