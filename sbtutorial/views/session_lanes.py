"""The sessions of a queue as lanes: what waits in each, who holds it, what it keeps."""

from collections.abc import Iterator
from typing import NamedTuple

from sbtutorial.snapshot import LOCKED, READY, MessageSnapshot, QueueSnapshot, SessionSnapshot
from sbtutorial.text import about_to_come, one_line, readable_name

IN_LANES = (READY, LOCKED)  # what is deferred, scheduled or dead is drawn by its state


class Lane(NamedTuple):
    """One session.

    Attributes:
        name: What stands before it: "session Anna".
        messages: Those that wait in it or are locked, in order, as many as the snapshot has.
        more: How many there are beside these.
        remark: Who holds it, for how long, and what is kept with it; "" for nothing.
    """

    name: str
    messages: tuple[MessageSnapshot, ...]
    more: int
    remark: str


def lanes(snapshot: QueueSnapshot) -> list[Lane]:
    """The sessions that the snapshot has, in its order; none for a queue without sessions."""
    return [_lane(session, snapshot) for session in snapshot.sessions]


def _lane(session: SessionSnapshot, snapshot: QueueSnapshot) -> Lane:
    own = tuple(
        message
        for message in snapshot.messages
        if message.session_id == session.session_id and message.state in IN_LANES
    )
    more = max(session.ready + session.locked - len(own), 0)
    name = one_line(session.session_id) or '""'  # the empty id is an id, too
    return Lane(f"session {name}", own, more, ", ".join(_remarks(session, snapshot.at)))


def _remarks(session: SessionSnapshot, now: float) -> Iterator[str]:
    if session.locked_by is not None:
        gone = "" if session.holder_attached else " (gone)"
        yield f"held by {readable_name(session.locked_by)}{gone}"
        if session.locked_until is not None:
            yield f"{about_to_come(session.locked_until - now)} left"
    if session.state_text is not None:
        yield f"keeps “{one_line(session.state_text)}”"
    elif session.state_bytes is not None:
        yield f"keeps {session.state_bytes} bytes"


def remarks_in_lane(message: MessageSnapshot) -> tuple[str, ...]:
    """What there is to say of one message of a session; its lock is the session's."""
    count = message.delivery_count
    found = {"locked": message.state == LOCKED, f"delivery count {count}": count > 0}
    return tuple(remark for remark, is_so in found.items() if is_so)
