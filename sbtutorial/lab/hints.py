"""Hints: sentences under the errors that beginners meet, with what to do now.

A hint is a row of HINTS. A type of error is known by its name, so that nothing of the SDK is
imported here.
"""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.lab.service import Service
from sbtutorial.text import wrapped

_ANSWER_LIMIT_SECONDS = 0.5
_CONNECTION_ERRORS = frozenset(
    {"ServiceBusConnectionError", "ServiceBusCommunicationError", "ServiceRequestError"}
)
_NO_CONNECTION = (
    "Failed to initiate the connection",
    "Failed to establish a new connection",
    "Failed to resolve",
    "Cannot connect to host",
)
_NO_STRING = (
    "Connection string is",
    "Connection string must have",
    "Invalid Endpoint on the Connection String",
    "At least one of the SharedAccessKey",
    "Only one of the SharedAccessKey",
)
_CLOSED = "already been shutdown"
_GONE = (
    "The broker is gone, and its queues with it. Run the cell with connect() again: it starts "
    "a new one."
)
_NO_QUEUE = "There is no such queue: run the cell that creates it, then this one again."
_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
_FROM_CELLS_ABOVE = frozenset(
    {
        *("lab", "connect", "checkpoint", "client", "admin", "sender", "receiver"),
        *("AutoLockRenewer", "ServiceBusAdministrationClient", "ServiceBusClient"),
        *("ServiceBusMessage", "ServiceBusReceiveMode", "ServiceBusSubQueue", "timedelta"),
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as a hint looks at it.

    Attributes:
        types: Its class and the bases, by name.
        text: What it says.
        cause: What the SDK's own cause for it says, if there is one.
        in_worker: Whether it happened in a worker's process.
        in_sdk: Whether the SDK was at work.
        service: What answers the notebook's lab; None before `connect()`.
    """

    types: Sequence[str]
    text: str
    cause: str = ""
    in_worker: bool = False
    in_sdk: bool = False
    service: Service | None = None

    @property
    def undefined_name(self) -> str:
        """Of a NameError, the name; else ""."""
        found = _UNDEFINED.search(self.text)
        return found[1] if found else ""


@dataclass(frozen=True, slots=True)
class Hint:
    """One row: for which errors, under which condition, what to say ({name}: the undefined)."""

    types: frozenset[str]
    sentence: str
    applies: Callable[[Failure], bool] = lambda failure: True


def _comes_from_above(failure: Failure) -> bool:
    return not failure.in_worker and failure.undefined_name in _FROM_CELLS_ABOVE


def _lab_is_missing(failure: Failure) -> bool:
    return failure.in_worker and failure.undefined_name == "lab"


def _is_in_worker(failure: Failure) -> bool:
    return failure.in_worker


def _broker_is_gone(failure: Failure) -> bool:
    return failure.service is not None and not _answers(failure.service)


def _is_in_sdk(failure: Failure) -> bool:
    return failure.in_sdk


def _distrusts_broker(failure: Failure) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in failure.text


def _found_nothing_there(failure: Failure) -> bool:
    return any(words in failure.text for words in _NO_CONNECTION)


def _is_unknown_queue(failure: Failure) -> bool:
    """On Azure as here, the token for a queue that does not exist is refused, with this code."""
    return "Status code: 404" in failure.cause


def _is_closed(failure: Failure) -> bool:
    return _CLOSED in failure.text


def _is_closed_as_broker_is_gone(failure: Failure) -> bool:
    return _is_closed(failure) and _broker_is_gone(failure)


def _is_no_connection_string(failure: Failure) -> bool:
    return failure.in_sdk and failure.text.startswith(_NO_STRING)


HINTS = (
    Hint(
        frozenset({"NameError"}),
        "'{name}' comes from a cell further up: run the cells from the top first.",
        _comes_from_above,
    ),
    Hint(
        frozenset({"NameError"}),
        "There is no lab yet: run the cell with connect() first, then this one again.",
        _lab_is_missing,
    ),
    Hint(
        frozenset({"NameError"}),
        "A worker is a program of its own and knows nothing of the notebook's variables: import "
        "or define '{name}' in its own cell.",
        _is_in_worker,
    ),
    Hint(_CONNECTION_ERRORS, _GONE, _broker_is_gone),
    Hint(frozenset({"ValueError"}), _GONE, _is_closed_as_broker_is_gone),
    Hint(
        frozenset({"ServiceRequestError"}),
        "This kernel read its certificates before connect() ran and does not trust the broker: "
        "restart the kernel and run the cell with connect() before the one that imports "
        "azure.servicebus.aio.management.",
        _distrusts_broker,
    ),
    Hint(
        _CONNECTION_ERRORS,
        "Nothing answers where this client's connection string leads: run the cell with connect(), "
        "and make the client again with lab.connection_string.",
        _found_nothing_there,
    ),
    Hint(frozenset({"ServiceBusAuthenticationError"}), _NO_QUEUE, _is_unknown_queue),
    Hint(
        frozenset({"ServiceBusAuthenticationError", "ClientAuthenticationError"}),
        "The connection string is of another broker, or of an earlier one: run the cell with "
        "connect() again, and make the client again with lab.connection_string.",
    ),
    Hint(frozenset({"MessagingEntityNotFoundError", "ResourceNotFoundError"}), _NO_QUEUE),
    Hint(
        frozenset({"ValueError"}),
        "That is no connection string of Service Bus: pass lab.connection_string itself, without "
        "quotation marks.",
        _is_no_connection_string,
    ),
    Hint(
        frozenset({"ValueError"}),
        "This sender or receiver is closed, because its `with` block has ended or its connection "
        "was lost: get a new one from the client. A message can be settled only by the receiver "
        "that it came from; it comes back when its lock has run out.",
        _is_closed,
    ),
    Hint(
        frozenset({"KeyboardInterrupt", "CancelledError"}),
        "Stopped. A receiver that is still open may take the next message: go on with it, or "
        "close() it. Messages that were received and not completed come back when their lock has "
        "run out; lab.advance(60) lets a minute pass.",
        _is_in_sdk,
    ),
)


def hint_for(failure: Failure) -> str | None:
    """The sentence of the first row that fits."""
    for hint in HINTS:
        if not hint.types.isdisjoint(failure.types) and hint.applies(failure):
            return hint.sentence.format(name=failure.undefined_name)
    return None


def print_hint_for(failure: Failure) -> None:
    """Print the hint if there is one."""
    if hint := hint_for(failure):
        print(wrapped(f"Hint: {hint}"), flush=True)


def _answers(service: Service) -> bool:
    """Whether anything accepts connections where an offline broker was; Azure counts as such."""
    broker = parse_connection_string(service.connection_string)
    if not broker.is_emulator or broker.port is None:
        return True
    try:
        socket.create_connection((broker.host, broker.port), _ANSWER_LIMIT_SECONDS).close()
    except OSError:
        return False
    return True
