"""Fresh queues, made by the SDK's administration client, with refusals as sentences."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from inspect import Parameter, signature
from typing import Any

from sbtutorial.errors import TutorialError

_DURATIONS = {
    "auto_delete_on_idle",
    "default_message_time_to_live",
    "duplicate_detection_history_time_window",
    "lock_duration",
}
_SUBCODE = re.compile(r"^SubCode=\d+\.\s*")


def make_fresh_queue(connection_string: str, name: str, options: Mapping[str, Any]) -> None:
    """Delete the queue if it exists, and create it.

    Args:
        connection_string: Where.
        name: Its name.
        options: What `ServiceBusAdministrationClient.create_queue` takes.

    Raises:
        TutorialError: The service refuses the name or an option, or there is no such option.
        azure.core.exceptions.AzureError: Anything else that went wrong.
    """
    from azure.core.exceptions import ResourceNotFoundError
    from azure.servicebus.management import ServiceBusAdministrationClient

    _require_known(options, ServiceBusAdministrationClient.create_queue)
    _require_durations(options)
    with (
        ServiceBusAdministrationClient.from_connection_string(connection_string) as admin,
        _refusals_as_sentences(),
    ):
        with suppress(ResourceNotFoundError):
            admin.delete_queue(name)
        admin.create_queue(name, **options)


def _require_known(options: Mapping[str, Any], create: Any) -> None:
    """The SDK hands options that it does not know on to its HTTP library, which fails strangely."""
    parameters = signature(create).parameters.values()
    known = [each.name for each in parameters if each.kind is Parameter.KEYWORD_ONLY]
    for option in options:
        if option not in known:
            close = get_close_matches(option, known, n=1)
            meant = f"; {close[0]} is meant, perhaps" if close else f": {', '.join(known)}"
            raise TutorialError(f"A queue has no option '{option}'{meant}.")


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
