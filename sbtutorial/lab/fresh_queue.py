"""Fresh queues and topics, made by the SDK's administration client, with refusals as sentences."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from enum import StrEnum
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.links import open_admin
from sbtutorial.lab.names import is_marked, mark

if TYPE_CHECKING:
    from azure.servicebus.management import ServiceBusAdministrationClient

_DURATIONS = {
    "auto_delete_on_idle",
    "default_message_time_to_live",
    "duplicate_detection_history_time_window",
    "lock_duration",
}
_SUBCODE = re.compile(r"^SubCode=\d+\.\s*")


class Kind(StrEnum):
    """What can be made fresh."""

    QUEUE = "queue"
    TOPIC = "topic"


def make_fresh(
    connection_string: str,
    kind: Kind,
    name: str,
    options: Mapping[str, Any],
    *,
    owner: str = "",
    is_known: bool = False,
) -> None:
    """Delete the queue, or the topic with its subscriptions, if it is there, and create it.

    Args:
        connection_string: Where.
        kind: Which of the two.
        name: Its name.
        options: What `create_queue` or `create_topic` of `ServiceBusAdministrationClient` takes.
        owner: For whom, which is written on it; what is not theirs is not deleted then. "" where
            all is one person's.
        is_known: That the one that is there is theirs, is known from elsewhere.

    Raises:
        TutorialError: The service refuses the name or an option, there is no such option, or the
            one that is there is somebody else's.
        azure.core.exceptions.AzureError: Anything else that went wrong.
    """
    from azure.core.exceptions import ResourceNotFoundError

    with _administration(connection_string) as admin:
        calls = _CALLS[kind](admin)
        _require_known(kind, options, calls.create)
        _require_durations(options)
        with suppress(ResourceNotFoundError):
            if owner and not is_known:
                _require_theirs(kind, name, calls.get(name).user_metadata, owner)
            calls.delete(name)
        calls.create(name, **_marked(options, owner))


def is_theirs(
    connection_string: str, queue: str, *, owner: str = "", is_known: bool = False
) -> bool:
    """Whether there is a queue of that name, and it was made for its owner; as `make_fresh`."""
    from azure.core.exceptions import ResourceNotFoundError

    with open_admin(connection_string) as admin:
        try:
            metadata = admin.get_queue(queue).user_metadata
        except ResourceNotFoundError:
            return False
    return not owner or is_known or is_marked(metadata, owner)


def subscriptions_of(connection_string: str, topic: str) -> list[str] | None:
    """The names of a topic's subscriptions; None when there is no topic of that name."""
    from azure.core.exceptions import ResourceNotFoundError

    with open_admin(connection_string) as admin:
        try:
            return [str(one.name) for one in admin.list_subscriptions(topic)]
        except ResourceNotFoundError:
            return None


class _Calls(NamedTuple):
    """What the SDK's administration client does with one kind of entity."""

    get: Callable[[str], Any]
    delete: Callable[[str], Any]
    create: Callable[..., Any]


_CALLS: dict[Kind, Callable[[Any], _Calls]] = {
    Kind.QUEUE: lambda admin: _Calls(admin.get_queue, admin.delete_queue, admin.create_queue),
    Kind.TOPIC: lambda admin: _Calls(admin.get_topic, admin.delete_topic, admin.create_topic),
}


@contextmanager
def _administration(connection_string: str) -> "Iterator[ServiceBusAdministrationClient]":
    with open_admin(connection_string) as admin, _refusals_as_sentences():
        yield admin


def _require_theirs(kind: str, name: str, metadata: str | None, owner: str) -> None:
    if not is_marked(metadata, owner):
        raise TutorialError(
            f"There is a {kind} '{name}' already, and these lessons did not make it for you "
            f"({owner}), so it is not deleted. Take names of your own: set SBTUTORIAL_PREFIX, for "
            "instance to your first name, and start again. Or, if you need it no more, delete that "
            f"{kind} yourself, in the portal."
        )


def _marked(options: Mapping[str, Any], owner: str) -> Mapping[str, Any]:
    """The options with the owner's mark in a line of `user_metadata`."""
    if not owner:
        return options
    lines = [text for text in (options.get("user_metadata"), mark(owner)) if text]
    return {**options, "user_metadata": "\n".join(lines)}


def _require_known(kind: str, options: Mapping[str, Any], create: Any) -> None:
    """The SDK hands options that it does not know on to its HTTP library, which fails strangely."""
    parameters = signature(create).parameters.values()
    known = [each.name for each in parameters if each.kind is Parameter.KEYWORD_ONLY]
    for option in options:
        if option not in known:
            close = get_close_matches(option, known, n=1)
            meant = f"; {close[0]} is meant, perhaps" if close else f": {', '.join(known)}"
            raise TutorialError(f"A {kind} has no option '{option}'{meant}.")


def _require_durations(options: Mapping[str, Any]) -> None:
    """Of a number the SDK makes a text that says nothing any more."""
    for option in _DURATIONS & options.keys():
        if isinstance(options[option], int | float):
            raise TutorialError(
                f"{option} takes a timedelta, as in timedelta(seconds=30); "
                f"{options[option]!r} is a number."
            )


@contextmanager
def _refusals_as_sentences() -> Iterator[None]:
    from azure.core.exceptions import HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        if error.status_code != 400:
            raise
        detail = str(error.message).partition("\n")[0]
        raise TutorialError(_SUBCODE.sub("", detail)) from None
