"""Everything that is in a queue, a subscription or its dead letters, thrown away in batches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.places import Kind, Place
from sbtutorial.explorer.refusals import refusals
from sbtutorial.explorer.sending import counted

_AT_ONCE = 500
_WAIT_SECONDS = 1.0
OnProgress = Callable[[int], object]


@dataclass(frozen=True)
class Purged:
    """What a purge has done.

    Attributes:
        count: How many messages are gone.
        deferred: How many of them had been set aside.
    """

    place: Place
    count: int
    deferred: int = 0

    def __repr__(self) -> str:
        of_these = f", {self.deferred} of them deferred" if self.deferred else ""
        return f"{counted(self.count)} of {self.place} deleted{of_these}"


def require_confirmation(place: Place, count: int, confirm: bool) -> None:
    """Refuse to throw messages away unless that was said on purpose.

    Raises:
        TutorialError: It was not; says how many messages there are, and how to say it.
    """
    if confirm is not True:
        raise TutorialError(
            f"This would delete {counted(count)} of {place} for good. If you mean it: "
            f'explorer.purge("{place}", confirm=True).'
        )


def purge(
    links: Links,
    place: Place,
    *,
    has_sessions: bool,
    deferred: list[int],
    on_progress: OnProgress = lambda count: None,
) -> Purged:
    """Delete all that is ready or deferred; what is locked by somebody or scheduled stays.

    Of sessions those are emptied that the service lists: they have a message that is not deferred,
    or a state.

    Args:
        links: To the namespace.
        place: Where.
        has_sessions: Whether it is emptied session by session.
        deferred: The numbers of those that are set aside: only so they can be had.
        on_progress: Told how many are gone so far.

    Raises:
        TutorialError: The service refuses.
    """
    if place.kind is Kind.TOPIC:
        raise TutorialError(
            f"'{place}' is a topic, and keeps no messages: purge its subscriptions."
        )
    count = _Count(on_progress)
    if has_sessions and not place.is_dead:
        for session in links.sessions(place):
            _empty(links, place, count, session=session)
    else:
        _empty(links, place, count, deferred=deferred)
    return Purged(place, count.total, count.deferred)


class _Count:
    def __init__(self, on_progress: OnProgress) -> None:
        self.total = self.deferred = 0
        self._on_progress = on_progress

    def add(self, number: int, *, deferred: bool = False) -> None:
        self.total += number
        self.deferred += number * deferred
        self._on_progress(self.total)


def _empty(
    links: Links,
    place: Place,
    count: _Count,
    *,
    session: str | None = None,
    deferred: list[int] | None = None,
) -> None:
    from azure.servicebus import ServiceBusReceiveMode

    mode: Any = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    with refusals(), links.open_receiver(place, session=session, receive_mode=mode) as receiver:
        if session is not None:
            deferred = [
                one.sequence_number or 0
                for one in receiver.peek_messages(_AT_ONCE)
                if one.state.name == "DEFERRED"
            ]
        while messages := receiver.receive_messages(_AT_ONCE, max_wait_time=_WAIT_SECONDS):
            count.add(len(messages))
        for number in deferred or ():
            count.add(len(receiver.receive_deferred_messages(number)), deferred=True)
