"""Requests about very many things: worked on in parts, so that nobody waits long."""

from collections.abc import Generator, Iterator, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.gateway.management.call import Call

# Of what takes some ten microseconds each, so many are done at once, which takes so much of a turn.
PART = 64
UNITS_A_PART = 20
# Of what was checked before, so much is done in one turn, and so in one commit: up to 30 ms, if all
# of it becomes dead letters. That is of what has so few bytes.
AS_ONE = 2500
_LIGHT_BYTES = 512

_BYTES_A_PART = 1024 * 1024

_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result", covariant=True)


class Act(Protocol[_Result]):
    """What is done under each lock."""

    def __call__(self, token: UUID, /, *, now: float, who: str) -> _Result:
        """Do it."""


class Check(Protocol):
    """What must hold of each lock before anything is done."""

    def __call__(self, token: UUID, /, *, now: float) -> object:
        """Raise if it does not."""


def parts_of(things: Sequence[_Thing], size: int = PART) -> Iterator[tuple[list[_Thing], bool]]:
    """Things, some at a time, and whether those are the last ones."""
    for start in range(0, len(things), size):
        yield list(things[start : start + size]), start + size >= len(things)


def parts_by_size(messages: Sequence[Message]) -> Iterator[tuple[list[Message], bool]]:
    """As `parts_of`, of messages whose bytes are copied: large ones are fewer."""
    part: list[Message] = []
    size = 0
    for message in messages:
        if part and (len(part) == PART or size + message.size_bytes > _BYTES_A_PART):
            yield part, False
            part, size = [], 0
        part.append(message)
        size += message.size_bytes
    yield part, True


def under_locks(
    call: Call, tokens: Sequence[UUID], check: Check, act: Act[_Result], *, weight: int = 0
) -> Generator[int, float, list[_Result]]:
    """Do something under each of many locks, if that can be done under all of them.

    None of them runs out between the check of the first and the deed under the last. What ends the
    broker in the middle leaves all done or none of up to `AS_ONE`, which is one commit; of more
    than that, as many whole times so many as were done. A lock that somebody else ends meanwhile,
    who knows its token, too, ends this before anything is done under up to so many.

    Args:
        call: Names the subqueue.
        tokens: Of the locks.
        check: Asked before.
        act: Done under each.
        weight: How many bytes are worked on under each: of many, so many fewer are one commit.

    Returns:
        The result of each, in order.

    Raises:
        BrokerError: What `check` raises; MESSAGE_LOCK_LOST.
    """
    subqueue, now = call.target, call.now
    held: list[Message] = []
    results: list[_Result] = []
    light = max(weight // _LIGHT_BYTES, 1)
    as_one = max(AS_ONE // light, 1)
    try:
        for part, is_last in parts_of(tokens, max(PART // light, 1)):
            for token in part:
                check(token, now=now)
                held.append(subqueue.suspend_lock(token, now=now))
            if not is_last:
                now = yield UNITS_A_PART
        for part, is_last in parts_of(tokens, as_one):
            for token in part:
                subqueue.require_lock(token, now=now)
            results += [act(token, now=now, who=call.who) for token in part]
            if not is_last:
                now = yield UNITS_A_PART * AS_ONE // PART
    except BrokerError:
        for some, _ in parts_of(held):
            _resume(call, some)
            yield UNITS_A_PART
        raise
    except Exception:
        _resume(call, held)
        raise
    return results


def _resume(call: Call, held: list[Message]) -> None:
    for message in held:
        call.target.resume_lock(message)
