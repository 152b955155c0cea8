"""One message with everything that is in it, as plain values for a view: nothing is cut."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.bodies import body_bytes
from sbtutorial.explorer.links import open_client
from sbtutorial.explorer.message import Message, spelled
from sbtutorial.explorer.places import Kind, Part, Place
from sbtutorial.lab.watch_programs import Target
from sbtutorial.trace import Event
from sbtutorial.views.life import tell

Plain = dict[str, Any]


def peek(
    connection_string: str, target: Target, number: int, *, is_dead: bool, session_id: str | None
) -> Message:
    """Look at one message, wherever it stands, without taking it.

    Args:
        connection_string: Of the namespace.
        target: Where it is.
        number: Which.
        is_dead: Whether it is among the dead letters.
        session_id: Its session's, where there are sessions: that must be free.

    Raises:
        TutorialError: It is gone.
    """
    from azure.servicebus import ServiceBusSubQueue

    options: Plain = {"sub_queue": ServiceBusSubQueue.DEAD_LETTER} if is_dead else {}
    if session_id is not None and not is_dead:
        options = {"session_id": session_id}
    with (
        open_client(connection_string) as client,
        getattr(client, target.opens)(*target.names, **options) as receiver,
    ):
        found = receiver.peek_messages(1, sequence_number=number)
    if not found or found[0].sequence_number != number:
        raise TutorialError(f"Message {number} is not there any more.")
    return Message.seen(_place(target, is_dead), found[0])


def describe(message: Message) -> Plain:
    """All sections of a message, each with its names and values, and the body in each way."""
    data = body_bytes(message.draft)
    return {
        "sections": [
            [name.capitalize(), [[row.name, spelled(row.value)] for row in rows]]
            for name, rows in groupby(message.sections(), lambda row: row.section)
        ],
        "size": message.draft.body_kind if data is None else len(data),
        "body": message.bodies(),
    }


def life(events: Sequence[Event], now: float) -> list[Plain]:
    """The stretches of a message's life: where, how long, and what ended it."""
    return [
        {"label": span.label, "length": span.length, "notes": list(filter(None, span.notes))}
        for span in tell(events, now)
    ]


def _place(target: Target, is_dead: bool) -> Place:
    entity, *subscription = target.names
    kind = Kind.SUBSCRIPTION if subscription else Kind.QUEUE
    return Place(kind, entity, "".join(subscription), Part.DEAD if is_dead else Part.LIVE)
