"""A queue as plain values for the browser: lanes of cards, sessions, people, what came last.

Only facts are here; where a card stands on the page, how its ring is drawn and how the seconds run
down is for `watch.js`. Instants are broker time, and `at` is the instant of the picture.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from sbtutorial.snapshot import (
    DEAD,
    DEFERRED,
    LOCKED,
    READY,
    SCHEDULED,
    MessageSnapshot,
    QueueSnapshot,
    SessionSnapshot,
)
from sbtutorial.text import one_line
from sbtutorial.views.live.cast import Actor
from sbtutorial.views.live.history import GONE, History, Person
from sbtutorial.views.live.planned import ToldFault
from sbtutorial.views.queue_text import is_short_lived, readable_name

Plain = dict[str, Any]

DONE = "done"
LANES = (SCHEDULED, READY, LOCKED, DEFERRED, DEAD)
# Cards that a lane shows before it says "and 994 more".
_CARDS = {SCHEDULED: 6, READY: 8, LOCKED: 8, DEFERRED: 6, DEAD: 6}
_CARDS_PER_SESSION = 6
_TEXT_CHARS = 40


class Condition(StrEnum):
    """How it stands with the view."""

    LIVE = "live"
    GONE = "gone"  # the broker; it is looked for
    MISSING = "missing"  # the queue; it may be created again


def picture(
    snapshot: QueueSnapshot,
    history: History,
    cast: Sequence[Actor],
    faults: Sequence[ToldFault] = (),
) -> Plain:
    """What a live view shows of a queue."""
    key_of = _keys(snapshot.messages)
    checkpoints = {actor.name: actor.checkpoint for actor in cast if actor.is_alive}
    cards = [_card(message, key_of, checkpoints) for message in snapshot.messages]
    lanes = [_lane(state, cards, snapshot.counts) for state in LANES]
    return {
        "condition": Condition.LIVE.value,
        "note": "",
        "name": snapshot.name,
        "at": snapshot.at,
        "lock_seconds": snapshot.lock_seconds,
        "tries": snapshot.max_delivery_count,
        "advanced": snapshot.advanced_seconds,
        "lanes": lanes,
        "sessions": [_session(one, cards) for one in snapshot.sessions],
        "has_sessions": snapshot.requires_session,
        "gone": {how: history.gone[how] for how in GONE if history.gone[how]},
        "recent": [
            {
                "key": _key(one.message_id, one.number),
                "number": one.number,
                "how": one.how,
                "text": history.texts.get(one.number),
            }
            for one in history.recent
        ],
        "people": list(people(snapshot, history, cast)),
        "faults": [_fault(one, snapshot.at) for one in faults],
        "last": history.last,
        "last_at": history.last_at,
        "last_number": history.last_number,
    }


def troubled(before: Mapping[str, Any], history: History, condition: Condition, note: str) -> Plain:
    """The picture that was there last, and what is wrong since."""
    return {**before, "last": history.last, "condition": condition.value, "note": note}


def _fault(fault: ToldFault, at: float) -> Plain:
    left = fault.seconds_left
    return {
        "number": fault.number,
        "line": fault.line,
        "words": fault.words,
        "until": None if left is None else at + left,
    }


def people(snapshot: QueueSnapshot, history: History, cast: Sequence[Actor]) -> Iterator[Plain]:
    """Everybody at the sides: who has taken part, who is connected, who is a worker that lives."""
    connected = {readable_name(client.who): client.is_sender for client in snapshot.clients}
    actors = {actor.name: actor for actor in cast}
    alive = [actor.name for actor in cast if actor.is_alive]
    for name in dict.fromkeys([*history.people, *connected, *alive]):
        person = history.people.get(name, Person(name))
        actor = actors.get(name)
        yield {
            "name": name,
            "is_sender": person.is_sender or connected.get(name, False),
            "did": _deeds(person),
            "is_worker": actor is not None,
            "is_connected": name in connected,
            "is_here": name in connected or (actor is not None and actor.is_alive),
            "is_lost": actor is not None and bool(actor.ending) and not actor.is_finished,
            "state": _state(name, actor, connected),
        }


def _state(name: str, actor: Actor | None, connected: Mapping[str, bool]) -> str:
    if actor is not None:
        if actor.ending:
            return actor.ending
        return f'at "{actor.checkpoint}"' if actor.checkpoint else "working"
    return "connected" if name in connected else ""


def _deeds(person: Person) -> str:
    deeds = {"sent": person.sent, "received": person.received, "settled": person.settled}
    if person.settled in (0, person.received):
        deeds.pop("settled" if not person.settled else "received")
    words = {"sent": "sent", "received": "received", "settled": "done"}
    return ", ".join(f"{count} {words[deed]}" for deed, count in deeds.items() if count)


def _lane(state: str, cards: Sequence[Plain], counts: Mapping[str, int]) -> Plain:
    shown = [card for card in cards if card["state"] == state][: _CARDS[state]]
    count = counts.get(state, 0)
    return {"state": state, "count": count, "cards": shown, "more": max(count - len(shown), 0)}


def _session(session: SessionSnapshot, cards: Sequence[Plain]) -> Plain:
    own = [
        card
        for card in cards
        if card["session"] == session.session_id and card["state"] in (READY, LOCKED)
    ][:_CARDS_PER_SESSION]
    return {
        "id": session.session_id,
        "cards": own,
        "more": max(session.ready + session.locked - len(own), 0),
        "kept": session.state_text,
        "kept_bytes": session.state_bytes,
        "holder": readable_name(session.locked_by) if session.locked_by is not None else None,
        "is_gone": session.locked_by is not None and not session.holder_attached,
        "until": session.locked_until,
    }


def _card(
    message: MessageSnapshot,
    key_of: Callable[[MessageSnapshot], str],
    checkpoints: Mapping[str, str],
) -> Plain:
    is_locked = message.state == LOCKED
    holder = readable_name(message.locked_by or "") if is_locked else None
    return {
        "key": key_of(message),
        "number": message.sequence_number,
        "state": message.state,
        "text": None if message.text is None else one_line(message.text, _TEXT_CHARS),
        "failed": message.delivery_count,
        "session": message.session_id,
        "holder": holder,
        "is_gone": is_locked and not message.holder_attached,
        "checkpoint": checkpoints.get(holder or "", ""),
        "until": message.locked_until if is_locked else message.scheduled_at,
        "expires": message.expires_at if is_short_lived(message) else None,
        "reason": message.dead_letter_reason if message.state == DEAD else None,
    }


def _keys(messages: Sequence[MessageSnapshot]) -> Callable[[MessageSnapshot], str]:
    """What a card is known by while it moves: its number changes when a schedule comes due."""
    ids = Counter(message.message_id for message in messages)

    def key(message: MessageSnapshot) -> str:
        own = message.message_id if ids[message.message_id] == 1 else None
        return _key(own, message.sequence_number)

    return key


def _key(message_id: str | None, number: int) -> str:
    return f"#{number}" if message_id is None else f"id {message_id}"


def next_deadline(snapshot: QueueSnapshot) -> float | None:
    """When time alone will do something next, in broker time; None for never."""
    ends = (
        instant
        for message in snapshot.messages
        for instant in (message.locked_until, message.scheduled_at, message.expires_at)
        if instant is not None and message.state != DEAD
    )
    sessions = (one.locked_until for one in snapshot.sessions if one.locked_until is not None)
    return min((*ends, *sessions), default=None)
