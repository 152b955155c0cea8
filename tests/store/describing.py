"""A namespace in plain lines: all that makes two of them equal, for a reader and for `==`."""

from typing import Any

from sbtutorial.broker.changes import Change, MessageChange
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.entities.queue import Queue
from sbtutorial.broker.entities.subscription import Subscription
from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.message import Message
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.message_session import MessageSession
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.gateway.wire.message import Content

FIXED = (
    *("content", "message_id", "session_id", "partition_key"),
    *("time_to_live", "scheduled_enqueue_at", "dead_letter_source", "enqueued_sequence_number"),
    "hops",
)
CHANGING = (
    *("sequence_number", "enqueued_at", "expires_at", "state", "delivery_count", "lock_token"),
    *("locked_until", "locked_by", "properties", "size_bytes", "header_bytes"),
)


def describe(namespace: Namespace) -> list[str]:
    """What there is, and what will happen to it; have what is due done before."""
    lines = [f"namespace {namespace.name}, advanced by {namespace.advanced_seconds}"]
    for entity in sorted(namespace.directory, key=lambda one: one.path):
        lines += described_entity(entity)
        if isinstance(entity, Topic):
            for subscription in entity.subscriptions():
                lines += described_entity(subscription)
    lines += [f"at {at}: {what}" for at, what in timers(namespace)]
    return lines


def described_entity(entity: Queue | Topic | Subscription) -> list[str]:
    context = entity.context
    lines = [
        f"{entity.kind} {entity.path}: {entity.description}",
        f"  created {entity.created_at}, updated {entity.updated_at}, accessed "
        f"{entity.accessed_at}, used {entity.used_at}, numbered to {context.last_sequence_number}",
    ]
    if isinstance(entity, Subscription):
        lines += [f"  rule {rule}" for rule in entity.rules]
    elif entity.ingress.duplicates is not None:
        window = entity.ingress.duplicates
        lines += [f"  remembers {known} for {window.length_seconds}" for known in window]
    for subqueue in entity.subqueues:
        lines += described_subqueue(subqueue)
    return lines


def described_subqueue(subqueue: SubQueue) -> list[str]:
    messages = subqueue.messages
    counts = {state.name: messages.count(state) for state in MessageState if messages.count(state)}
    inside = {state: n for state, n in counts.items() if state not in ("NEW", "DEAD", "GONE")}
    lines = [f"  {subqueue.path}: {inside}, {messages.size_bytes} bytes"]
    if isinstance(subqueue, SessionSubQueue):
        lines += described_sessions(subqueue)
    return lines + [f"    {described_message(message)}" for message in messages]


def described_sessions(subqueue: SessionSubQueue) -> list[str]:
    messages = subqueue.messages
    free = messages.next_free()
    lines = [f"    next free session: {free and free.id!r}"]
    lines += [f"    states in order: {messages.list_updated_after(0, skip=0, top=99)}"]
    for session_id in messages.list_sessions(skip=0, top=99):
        lines.append(f"    session {session_id!r}: state {messages.state_of(session_id)!r}")
    for session in sorted(subqueue._held.values(), key=lambda one: one.id):
        tokens = sorted(map(str, session.locked))
        lines.append(
            f"    {session.id!r} is held by {session.who!r} to {session.locked_until}: {tokens}"
        )
    return lines


def described_message(message: Message) -> str:
    return " ".join(f"{name}={plain(getattr(message, name))!r}" for name in (*CHANGING, *FIXED))


def plain(value: object) -> object:
    """The parts of a content, where it has some."""
    if not isinstance(value, Content):
        return value
    sections = {name: getattr(value, name) for name in Content.__slots__}
    return {name: bytes(one) if is_view(one) else one for name, one in sections.items()}


def is_view(value: object) -> bool:
    return isinstance(value, memoryview)


def timers(namespace: Namespace) -> list[tuple[float, str]]:
    """What will happen, in its order; what only frees memory, and is told to nobody, by itself."""
    kept = (*namespace.timers._heap, *namespace.timers._swept)
    entries = sorted(entry for entry in kept if not entry[2].is_shell)
    every = [(at, described_timer(timer)) for at, _, timer in entries]
    sweeps = [one for one in every if one[1].startswith("DuplicateWindow")]
    every = [one for one in every if "_tell_holder" not in one[1]]  # he is not there any more
    return [one for one in every if one not in sweeps] + sorted(sweeps)


def described_timer(timer: Any) -> str:
    owner, about = timer._action.__self__, timer._arg
    if isinstance(about, Entity):
        about = about.path
    elif isinstance(about, MessageSession):
        about = f"{about.path} {about.id}"
    where = getattr(owner, "path", None) or getattr(owner, "_path", None)
    for part in ("_messages", "_subqueue"):
        where = where or getattr(getattr(owner, part, None), "path", None)
    return f"{timer._action.__qualname__} of {where}: {about}"


def frozen(change: Change) -> Change:
    """A change as a store keeps it: with a message of its own, as far as one never changes."""
    if not isinstance(change, MessageChange):
        return change
    return change._replace(message=copied(change.message))


def copied(message: Message) -> Message:
    twin = Message(message.content, size_bytes=message.size_bytes)
    for name in FIXED:
        setattr(twin, name, getattr(message, name))
    return twin


def told(change: Change) -> tuple[Any, ...]:
    """All that a change says, to be compared with another one."""
    if isinstance(change, MessageChange):
        fixed = tuple(plain(getattr(change.message, name)) for name in FIXED)
        return (*change._replace(message=None), fixed)  # type: ignore[arg-type]
    return tuple(change)
