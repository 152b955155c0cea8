"""Messages as simulated clients write and read them, and the words for settling them."""

from typing import Any

from sbtutorial.amqp.link import Link
from sbtutorial.amqp.messaging import (
    APPLICATION_PROPERTIES,
    DATA,
    MESSAGE_ANNOTATIONS,
    Accepted,
    Header,
    Modified,
    Properties,
    Rejected,
    Released,
    Source,
    encode_section,
    split_sections,
)
from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.types import Symbol, Timestamp, UInt, decode
from tests.simulation.ledger import DEAD, Hold, Sight
from tests.simulation.network import Stamp

SESSION_FILTER = Symbol("com.microsoft:session-filter")
_SCHEDULED = Symbol("x-opt-scheduled-enqueue-time")

HOW: dict[str, Any] = {
    "complete": Accepted(),
    "abandon": Modified(True, False),
    "release": Released(),
    "defer": Modified(True, True),
    "dead-letter": Rejected(Error(Symbol("com.microsoft:dead-letter"), "", None)),
}


# The protocol's words for it in a request; the spelling is its own.
BY_TOKEN = {
    "completed": "complete",
    "abandoned": "abandon",
    "defered": "defer",
    "suspended": "dead-letter",
}


def payload_of(
    body: str,
    *,
    label: str | None = None,
    session_id: str | None = None,
    scheduled_ms: int | None = None,
    ttl_ms: int | None = None,
    filler_bytes: int = 0,
) -> bytes:
    """A message as it is sent; its body is its message id as well."""
    parts = [Properties(message_id=body, subject=label, group_id=session_id).encode()]
    if scheduled_ms is not None:
        parts.insert(0, encode_section(MESSAGE_ANNOTATIONS, {_SCHEDULED: Timestamp(scheduled_ms)}))
    if ttl_ms is not None:
        parts.insert(0, Header(ttl=UInt(ttl_ms)).encode())
    if filler_bytes:
        parts.append(encode_section(APPLICATION_PROPERTIES, filler(filler_bytes)))
    parts.append(encode_section(DATA, body.encode()))
    return b"".join(parts)


def filler(size: int) -> dict[str, str]:
    """Properties of so many bytes together; each may have 32 KB."""
    return {name: "x" * (size // 4) for name in "abcd"}


def is_dead_lettering(state: Rejected) -> bool:
    """Whether this is our own verdict that comes back, and no refusal of it."""
    return state.error is None or state.error.condition == "com.microsoft:dead-letter"


def hold_of(link: Link, place: str, who: str, stamp: Stamp) -> Hold:
    """What the answer to an attach says of a session."""
    source, attach = link.source, link.remote_attach
    assert isinstance(source, Source) and source.filter is not None and attach is not None
    session_id = source.filter[SESSION_FILTER]
    properties = attach.properties or {}
    ticks = properties[Symbol("com.microsoft:locked-until-utc")]
    until = (ticks - 621_355_968_000_000_000) / 10_000_000
    return Hold(place, session_id, who, stamp, until + stamp.ahead)


def read_sight(
    payload: bytes, path: str, stamp: Stamp, who: str, by: str, token: bytes | None = None
) -> Sight:
    """A message as it came: what the broker says of it."""
    sections = split_sections(payload)
    notes = decode(sections.message_annotations)[0].value if sections.message_annotations else {}
    count = Header.decode_section(sections.header).delivery_count if sections.header else 0
    until = notes.get("x-opt-locked-until")
    body = bytes(decode(sections.body)[0].value).decode()
    place, is_dead = path.removesuffix(DEAD), path.endswith(DEAD)
    reason = None
    if is_dead and sections.application_properties:
        reason = decode(sections.application_properties)[0].value.get("DeadLetterReason")
    return Sight(
        place,
        is_dead,
        body,
        int(notes.get("x-opt-sequence-number", 0)),
        int(count or 0),
        stamp,
        who,
        by,
        token,
        None if until is None else until / 1000 + stamp.ahead,
        reason=reason,
    )
