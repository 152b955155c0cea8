"""`Explorer`: everything there is to see and to do in a namespace, as calls that a learner writes.

Each call goes through the SDK, so it does the same before the broker on this machine, the emulator
and Azure. What comes back shows itself, as text or in a notebook.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from sbtutorial.errors import TutorialError
from sbtutorial.explorer import (
    browsing,
    dead_letters,
    entity_files,
    filter_testing,
    load,
    message_files,
    purging,
    resubmitting,
    sending,
    sessions,
)
from sbtutorial.explorer.draft import Draft
from sbtutorial.explorer.entities import Entities, Entity, Rules
from sbtutorial.explorer.links import Links
from sbtutorial.explorer.message import Message
from sbtutorial.explorer.places import Kind, Place
from sbtutorial.explorer.properties import Properties, properties_of
from sbtutorial.explorer.receiving import HeldMessage, Received, Receiving, dead_letter_details
from sbtutorial.explorer.scheduled import ScheduledMessages, scheduled
from sbtutorial.explorer.sessions import Session
from sbtutorial.explorer.tree import Tree, read_tree
from sbtutorial.snapshot import DEFERRED
from sbtutorial.trace import Event


class Explorer:
    """One namespace of Service Bus, to look around in and to work on.

    A name leads to a queue ("orders"), a topic ("news") or a subscription ("news/fans"), and with
    "/$DeadLetterQueue" behind it to the dead letters of one. Every method raises `TutorialError`
    when the service refuses, when a name leads nowhere, or when a value is none. What it has opened
    stays open for the next call, until `close`, or the end of a `with`.

    Args:
        connection_string: As the SDK takes it.
        events: Tells what has happened to an entity; None where nobody can.

    Attributes:
        connection_string: See above.
    """

    def __init__(
        self,
        connection_string: str,
        *,
        events: Callable[[str], Iterable[Event]] | None = None,
    ) -> None:
        self.connection_string = connection_string
        self._links = Links(connection_string)
        self._entities = Entities(self._links)
        self._receiving = Receiving(self._links)
        self._loads: list[load.Load] = []
        self._events = events

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return repr(self.tree())

    def _repr_html_(self) -> str:
        return self.tree()._repr_html_()

    # -- What there is -------------------------------------------------------------------------

    def tree(self) -> Tree:
        """Every queue, topic and subscription, with how many messages each has now."""
        return read_tree(self._links)

    def show(self, name: str) -> Entity:
        """Everything that was chosen about an entity, with the limits of each property."""
        return self._entities.find(name)[1]

    def properties(self, kind: str) -> Properties:
        """What can be chosen about a "queue", a "topic" or a "subscription", and within what."""
        return properties_of(_kind(kind), self._entities.limits())

    def create_queue(self, name: str, **properties: Any) -> Entity:
        """Make a queue; durations are timedeltas, or texts such as "30 s"."""
        return self._entities.create(Kind.QUEUE, name, properties)

    def create_topic(self, name: str, **properties: Any) -> Entity:
        """Make a topic."""
        return self._entities.create(Kind.TOPIC, name, properties)

    def create_subscription(self, name: str, **properties: Any) -> Entity:
        """Make a subscription, named with its topic: "news/fans"."""
        return self._entities.create(Kind.SUBSCRIPTION, name, properties)

    def edit(self, name: str, **properties: Any) -> Entity:
        """Change some properties of an entity; what is fixed at creation is refused."""
        return self._entities.edit(name, properties)

    def delete(self, name: str, *, confirm: bool = False) -> str:
        """Delete an entity with all that is in it.

        Args:
            name: Which.
            confirm: True, or nothing is deleted.
        """
        place, entity = self._entities.find(name)
        if confirm is not True:
            raise TutorialError(
                f"This would delete the {place.kind} '{place.name}' with all that is in it. If you "
                f'mean it: explorer.delete("{entity.place.name}", confirm=True).'
            )
        return f"{self._entities.delete(name).kind} {place.name} deleted"

    # -- Messages looked at --------------------------------------------------------------------

    def browse(
        self,
        name: str,
        *,
        start: int = 0,
        count: int = browsing.PAGE_SIZE,
        text: str | None = None,
        where: str | None = None,
        session: str | None = None,
    ) -> browsing.Page:
        """A page of messages, without taking them; `start=page.next_number` is the next.

        Args:
            name: A queue, a subscription, or dead letters.
            start: The first sequence number.
            count: How many at most.
            text: Only messages with this in their body or in a property.
            where: Only messages for which this SQL filter holds, as in "color = 'blue'".
            session: Only messages of this session.
        """
        place, entity = self._entities.find(name)
        _require_kept(place, entity)
        return browsing.browse(
            self._links,
            place,
            start=start,
            count=count,
            wanted=browsing.matcher(text=text, where=where),
            session=session,
            has_sessions=_has_sessions(entity),
        )

    def scheduled(self, topic: str) -> ScheduledMessages:
        """What is scheduled to a topic; offline only: it is the broker's events that tell.

        That of a queue is in `browse`, which looks at it through the SDK.
        """
        place = self._entities.place(topic)
        if self._events is None or place.kind is not Kind.TOPIC:
            where = "on the offline broker" if self._events is None else "of a topic"
            raise TutorialError(
                f"Only {where} explorer.scheduled() tells what is scheduled: explorer.tree() "
                "counts it, and explorer.browse() shows that of a queue."
            )
        return scheduled(place, self._events(place.entity))

    def message(self, name: str, number: int) -> Message:
        """One message with every section, and its body as text, JSON and hexadecimal."""
        page = self.browse(name, start=number, count=1)
        if not page.messages or page[0].sequence_number != number:
            raise TutorialError(f"There is no message {number} in '{name}' now.")
        return page[0]

    def dead_letters(self, name: str) -> dead_letters.DeadLetters:
        """The dead letters of an entity, grouped by the reason why they are dead."""
        return dead_letters.dead_letters(self._links, self._entities.place(name))

    def sessions(self, name: str) -> sessions.Sessions:
        """The sessions of an entity: how many messages each has, and its state."""
        place, entity = self._entities.find(name)
        return sessions.sessions(self._links, place, entity)

    def set_session_state(self, name: str, session: str, state: str | bytes | None) -> Session:
        """Store something with a session; None clears it."""
        place, entity = self._entities.find(name)
        return sessions.set_state(self._links, place, entity, session, state)

    # -- Messages sent and received ------------------------------------------------------------

    def send(
        self, name: str, body: object = "", *, repeat: int = 1, **properties: Any
    ) -> sending.Sent:
        """Send a message, or the same one many times.

        Args:
            name: A queue or a topic.
            body: Text or bytes; other values go as AMQP's value; a `Draft` goes as it is.
            repeat: How often; each copy of a message with an id gets a number behind it.
            properties: `message_id`, `subject`, `application_properties` and so on.
        """
        draft = _draft(body, properties)
        place = self._entities.place(name)
        return sending.send(self._links, place, sending.repeated(draft, repeat))

    def cancel_scheduled(self, name: str, *numbers: int) -> str:
        """Take back scheduled messages by their numbers."""
        count = sending.cancel_scheduled(self._links, self._entities.place(name), numbers)
        return f"{sending.counted(count)} taken back"

    def receive(
        self,
        name: str,
        count: int = 1,
        *,
        wait_seconds: float = 2.0,
        session: str | None = None,
    ) -> Received:
        """Take messages from the front under a lock; settle each by `complete()` and the like.

        Args:
            name: A queue, a subscription, or dead letters.
            count: How many at most.
            wait_seconds: How long to wait for the first.
            session: A session's id; "next" for whichever has waited longest.
        """
        place, entity = self._entities.find(name)
        if _has_sessions(entity) and not place.is_dead and session is None:
            raise TutorialError(
                f"'{name}' has sessions, and messages come from one at a time: "
                f'explorer.receive("{name}", session="next").'
            )
        return self._receiving.receive(place, count, wait_seconds, session)

    def held(self) -> list[HeldMessage]:
        """What was received here and is not settled yet."""
        return self._receiving.held()

    def complete(self, name: str, number: int) -> None:
        """A message is done: one that is held, a deferred one, or a dead letter."""
        self._settle(name, number, "complete")

    def abandon(self, name: str, number: int) -> None:
        """Give a message back that is held."""
        self._settle(name, number, "abandon")

    def defer(self, name: str, number: int) -> None:
        """Set a message aside that is held."""
        self._settle(name, number, "defer")

    def dead_letter(
        self, name: str, number: int, reason: str | None = None, description: str | None = None
    ) -> None:
        """Make a message that is held, or a deferred one, a dead letter."""
        self._settle(name, number, "dead_letter", **dead_letter_details(reason, description))

    # -- Many messages at once -----------------------------------------------------------------

    def resubmit(
        self,
        name: str,
        numbers: int | Sequence[int] | None = None,
        *,
        reason: str | None = None,
        to: str | None = None,
        repair: resubmitting.Repair | None = None,
        **changes: Any,
    ) -> resubmitting.Resubmitted:
        """Send dead letters again: each copy first, and the dead letter completed after it.

        Args:
            name: A queue or a subscription; the copies of a subscription's go to its topic.
            numbers: Which dead letters; None for all.
            reason: All that are dead for this reason.
            to: Another queue or topic for the copies.
            repair: A function that makes a better draft of each.
            changes: Other values for every copy, as `body` or `subject`; `message_id="{}-again"`
                makes an id of the one that it had.
        """
        place = self._entities.place(name).dead_letters
        target = self._entities.find(to or place.target.name)[1]
        return resubmitting.resubmit(
            self._links,
            place,
            target,
            resubmitting.chosen_numbers(self._links, place, numbers, reason),
            repair=resubmitting.repairing(changes, repair),
            now=time.time(),
        )

    def purge(
        self,
        name: str,
        *,
        confirm: bool = False,
        on_progress: purging.OnProgress = lambda count: None,
    ) -> purging.Purged:
        """Delete every message of a queue, a subscription or of dead letters; locked ones stay.

        Args:
            name: Which.
            confirm: True, or nothing is deleted.
            on_progress: Told how many are gone so far.
        """
        place, entity = self._entities.find(name)
        has_sessions = _has_sessions(entity)
        deferred = [] if has_sessions or place.is_dead else self._deferred(place)
        purging.require_confirmation(place, self._count(place) + len(deferred), confirm)
        return purging.purge(
            self._links,
            place,
            has_sessions=has_sessions,
            deferred=deferred,
            on_progress=on_progress,
        )

    # -- Rules ---------------------------------------------------------------------------------

    def detects_duplicates(self, name: str) -> bool:
        """Whether a copy that is sent again from here needs an id of its own."""
        target = self._entities.find(self._entities.place(name).target.name)[1]
        return getattr(target.description, "requires_duplicate_detection", False)

    def rules(self, name: str) -> Rules:
        """The rules of a subscription."""
        return self._entities.rules(name)

    def create_rule(self, name: str, rule: str, filter: object, action: str | None = None) -> Rules:
        """Add a rule to a subscription.

        Args:
            name: The subscription: "news/fans".
            rule: What the rule is called.
            filter: SQL ("color = 'blue'"), conditions ({"subject": "sport"}), True or False.
            action: SQL that changes each copy, as in "SET color = 'red'".
        """
        return self._entities.create_rule(name, rule, filter, action)

    def delete_rule(self, name: str, rule: str) -> Rules:
        """Take a rule from a subscription; `$Default` is the one that lets everything through."""
        return self._entities.delete_rule(name, rule)

    def test_rules(
        self, topic: str, body: object = "", **properties: Any
    ) -> filter_testing.FilterTest:
        """Which subscriptions of a topic would get a message, and why; nothing is sent."""
        place = self._entities.place(topic)
        if place.kind is Kind.QUEUE:
            raise TutorialError(
                f"'{topic}' is a queue, and rules belong to a topic's subscriptions."
            )
        return filter_testing.test_rules(self._entities, place.entity, _draft(body, properties))

    def test_filter(
        self, filter: object, body: object = "", **properties: Any
    ) -> filter_testing.FilterTest:
        """Whether a filter lets a message through, and which clause says no."""
        return filter_testing.test_filter(filter, _draft(body, properties))

    # -- Load ----------------------------------------------------------------------------------

    def start_sender(
        self,
        name: str,
        body: object = "",
        *,
        per_second: float = 1.0,
        repeat: int = sending.MAX_REPEATS,
        called: str = "test sender",
        **properties: Any,
    ) -> load.Load:
        """Send a message again and again in the background, at a rate, until `stop()`.

        Args:
            name: A queue or a topic.
            body: Of each message.
            per_second: How many.
            repeat: After how many it ends.
            called: Who sends, in views and charts.
            properties: Of each message.
        """
        place = self._entities.place(name)
        drafts = sending.repeated(_draft(body, properties), repeat)
        return self._began(
            load.sender(self._links, place, drafts, per_second=per_second, name=called)
        )

    def start_receiver(
        self,
        name: str,
        *,
        think_seconds: float = 0.0,
        enough: int | None = None,
        called: str = "test receiver",
    ) -> load.Load:
        """Receive and complete messages in the background, one by one, until `stop()`.

        Args:
            name: A queue or a subscription.
            think_seconds: How long it works on each.
            enough: After how many it ends; None for never.
            called: Who receives.
        """
        place, entity = self._entities.find(name)
        if place.kind is Kind.TOPIC:
            raise TutorialError(
                f"'{name}' is a topic, and nobody receives from a topic: its subscriptions have "
                f'the messages, as in "{name}/<subscription>".'
            )
        if _has_sessions(entity) and not place.is_dead:
            raise TutorialError(
                f"'{name}' has sessions, and a test receiver takes none: "
                f'explorer.receive("{name}", session="next").'
            )
        return self._began(
            load.receiver(
                self._links, place, think_seconds=think_seconds, enough=enough, name=called
            )
        )

    def loads(self) -> list[load.Load]:
        """Every sender and receiver that was started here."""
        return list(self._loads)

    # -- Files ---------------------------------------------------------------------------------

    def export_entities(
        self, path: str | Path | None = None, *, format: Literal["ours", "emulator"] = "ours"
    ) -> str:
        """Every entity with its rules, as the text of a file.

        Args:
            path: Where to write it, too; None for nowhere.
            format: "ours" has everything; "emulator" is the `config.json` of Microsoft's, within
                its limits: what was changed for that is printed.
        """
        text, changes = entity_files.export_entities(self._links, self._entities, format)
        for change in changes:
            print(f"For Microsoft's emulator: {change}")
        if path is not None:
            Path(path).write_text(text, "utf-8")
        return text

    def import_entities(self, source: str | Path) -> entity_files.Imported:
        """Make what a file describes, in either format; what is there already stays as it is.

        Args:
            source: A file's path, or its text.
        """
        return entity_files.import_entities(self._links, self._entities, _text_of(source))

    def export_messages(self, name: str, path: str | Path | None = None) -> str:
        """Every message of a queue, a subscription or of dead letters, a line of JSON each.

        Args:
            name: Which; its messages stay where they are.
            path: Where to write them, too; None for nowhere.
        """
        messages = self.browse(name, count=_ALL).messages
        text = "".join(f"{line}\n" for line in message_files.written_messages(messages))
        if path is not None:
            Path(path).write_text(text, "utf-8")
        return text

    def import_messages(self, name: str, source: str | Path) -> sending.Sent:
        """Send every message of a file; a line that is none is refused before the first is sent.

        Args:
            name: A queue or a topic.
            source: A file's path, or its text.
        """
        drafts = list(message_files.read_messages(_text_of(source).splitlines()))
        return sending.send(self._links, self._entities.place(name), drafts)

    def close(self) -> None:
        """Stop what was started, and let go of everything that is open."""
        for one in self._loads:
            one.stopping.set()
        self._receiving.close()
        self._links.close()

    # ------------------------------------------------------------------------------------------

    def _settle(self, name: str, number: int, how: str, **details: Any) -> None:
        self._receiving.settle(self._entities.place(name), number, how, **details)

    def _began(self, one: load.Load) -> load.Load:
        self._loads.append(one)
        return one

    def _deferred(self, place: Place) -> list[int]:
        wanted = browsing.matcher(states=(DEFERRED,))
        page = browsing.browse(self._links, place, count=_ALL, wanted=wanted)
        return [message.sequence_number for message in page]

    def _count(self, place: Place) -> int:
        node = self.tree()[place.name]
        return node.dead if place.is_dead else node.active


_ALL = 1_000_000


def _kind(text: str) -> Kind:
    try:
        return Kind(text)
    except ValueError:
        raise TutorialError(f"There are {', '.join(Kind)}s; {text!r} is none of them.") from None


def _has_sessions(entity: Entity) -> bool:
    return getattr(entity.description, "requires_session", False)


def _require_kept(place: Place, entity: Entity) -> None:
    """What forwards has nothing to look at; the service would refuse, after a while."""
    target = getattr(entity.description, "forward_to", None)
    if not target or place.is_dead:
        return
    raise TutorialError(
        f"'{place}' keeps no messages: each goes on to '{target}' at once, so look there: "
        f"explorer.browse(\"{target}\"). What '{target}' did not take is in "
        f'explorer.dead_letters("{place}").'
    )


def _draft(body: object, properties: dict[str, Any]) -> Draft:
    if isinstance(body, Message):
        body = body.draft
    return body.changed(**properties) if isinstance(body, Draft) else Draft.of(body, **properties)


def _text_of(source: str | Path) -> str:
    if isinstance(source, str) and not source.strip():
        raise TutorialError("There is nothing in this file.")
    is_text = isinstance(source, str) and ("\n" in source or source.lstrip()[0] in "{[")
    if is_text:
        return str(source)
    try:
        return Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TutorialError(f"'{source}' cannot be read: {error}.") from None
