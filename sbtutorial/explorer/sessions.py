"""The sessions of a queue or a subscription, and what each remembers."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.entities import Entity
from sbtutorial.explorer.keeping.lent_links import LentReceiver
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.places import Place
from sbtutorial.explorer.tables import Shown, Table
from sbtutorial.text import text_of


@dataclass(frozen=True)
class Session:
    """One session.

    Attributes:
        id: Its id.
        is_held: Whether a receiver holds it, so that nothing else can be known of it.
        messages: How many messages were seen in it, a hundred at most.
        state: What was stored with it; None for nothing.
    """

    id: str
    is_held: bool
    messages: int = 0
    state: bytes | None = None


class Sessions(Shown):
    """The sessions that have messages or a state."""

    def __init__(self, place: Place, sessions: Sequence[Session]) -> None:
        self.place = place
        self._sessions = tuple(sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(self._sessions)

    def __len__(self) -> int:
        return len(self._sessions)

    def __getitem__(self, session_id: str) -> Session:
        return next(one for one in self if one.id == session_id)

    def table(self) -> Table:
        """A row each."""
        heads = ("session", "messages", "state", "")
        rows = (
            (
                one.id or '""',
                "" if one.is_held else _up_to(one.messages),
                "" if one.state is None else text_of(one.state),
                "held by a receiver" if one.is_held else "",
            )
            for one in self
        )
        return Table(f"sessions of {self.place}", heads, rows, f"{self.place}: no session")


_COUNTED = 100
_AT_ONCE = 8  # each takes the SDK a second, nearly all of it asleep


def sessions(links: Links, place: Place, entity: Entity) -> Sessions:
    """Look into every session that nobody holds.

    Raises:
        TutorialError: The entity has no sessions, or the service refuses.
    """
    _require_sessions(place, entity)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return Sessions(
            place, list(pool.map(lambda one: _look(links, place, one), links.sessions(place)))
        )


def set_state(
    links: Links, place: Place, entity: Entity, session: str, state: str | bytes | None
) -> Session:
    """Store something with a session; None clears it.

    Raises:
        TutorialError: The entity has no sessions, somebody holds this one, or the service refuses.
    """
    _require_sessions(place, entity)
    with links.receiver(place, session=session) as receiver:
        receiver.session.set_state(state)
        return _seen(receiver, session)


def _look(links: Links, place: Place, session: str) -> Session:
    try:
        with links.receiver(place, session=session) as receiver:
            return _seen(receiver, session)
    except TutorialError as refusal:
        if type(refusal.__cause__).__name__ != "SessionCannotBeLockedError":
            raise
        return Session(session, True)


def _seen(receiver: LentReceiver, session: str) -> Session:
    state = receiver.session.get_state()
    return Session(session, False, len(receiver.peek_messages(_COUNTED)), state or None)


def _require_sessions(place: Place, entity: Entity) -> None:
    if not getattr(entity.description, "requires_session", False):
        raise TutorialError(
            f"'{place}' has no sessions: that is chosen when it is created, by "
            "requires_session=True."
        )


def _up_to(count: int) -> str:
    return f"{count} or more" if count >= _COUNTED else str(count)
