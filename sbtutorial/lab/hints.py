"""Hints: sentences under the errors that beginners meet, with what to do now.

A hint is a row of HINTS. A type of error is known by its name, so that nothing of the SDK is
imported here.
"""

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.lab.nothing_received import NothingReceived, explain
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
CONNECT_FIRST = (
    "There is no lab yet: run the cell that connects, near the top, and then this one again."
)
_CLOSED = "handler has already been shutdown"
_GONE = (
    "The broker is gone. Run the cell with connect() again: it starts one that goes on with all "
    "that was kept."
)
_NO_QUEUE = "There is no such queue: run the cell that creates it, then this one again."
PART_OF_THE_LESSON = "This error is part of the lesson. Read on."
_NEVER_PLANNED = _CONNECTION_ERRORS | {
    *("NameError", "SyntaxError", "ImportError", "TutorialError"),
    *("KeyboardInterrupt", "CancelledError"),
}
_REFUSALS = frozenset({"WouldBeDroppedError"})  # of ours, and worth a lesson
_FROM_CELLS_ABOVE = frozenset(
    {
        *("connect", "checkpoint", "client", "admin", "sender", "receiver"),
        *("AutoLockRenewer", "ServiceBusAdministrationClient", "ServiceBusClient"),
        *("ServiceBusMessage", "ServiceBusReceiveMode", "ServiceBusSubQueue", "timedelta"),
    }
)


_UNDEFINED = re.compile(r"name '(\w+)' is not defined")


def undefined_name(text: str) -> str:
    """Of what a NameError says, the name; else ""."""
    found = _UNDEFINED.search(text)
    return found[1] if found else ""


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
        nothing: What was received from in vain, when that is why.
        is_planned: Whether the cell is one whose error a lesson wants to show.
        is_given_above: Of a NameError, whether a cell further up gives something that name.
    """

    types: Sequence[str]
    text: str
    cause: str = ""
    in_worker: bool = False
    in_sdk: bool = False
    service: Service | None = None
    nothing: NothingReceived | None = None
    is_planned: bool = False
    is_given_above: bool = False

    @property
    def undefined_name(self) -> str:
        """Of a NameError, the name; else ""."""
        return undefined_name(self.text)

    @property
    def situation(self) -> str:
        """Of a list that was empty, what the queue holds now and what to do."""
        return explain(self.nothing, self.service) if self.nothing else ""


@dataclass(frozen=True, slots=True)
class Hint:
    """One row: for which errors, under which condition, what to say of the {failure}."""

    types: frozenset[str]
    sentence: str
    applies: Callable[[Failure], bool] = lambda failure: True


def _comes_from_above(failure: Failure) -> bool:
    is_known = failure.is_given_above or failure.undefined_name in _FROM_CELLS_ABOVE
    return is_known and not failure.in_worker and not _lab_is_missing(failure)


def _lab_is_missing(failure: Failure) -> bool:
    return failure.undefined_name == "lab"


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


def _received_nothing(failure: Failure) -> bool:
    return failure.nothing is not None


def _says(*words: str) -> Callable[[Failure], bool]:
    """Of errors that the SDK tells apart only by what it says."""
    return lambda failure: any(each in failure.text for each in words)


def _settles_itself(failure: Failure) -> bool:
    """A message's methods of the SDK's versions before 7."""
    names = ("complete", "abandon", "dead_letter", "defer", "renew_lock", "unlock", "delete")
    ends = tuple(f"Message' object has no attribute '{name}'" for name in names)
    return failure.text.endswith(ends)


def _is_no_connection_string(failure: Failure) -> bool:
    return failure.in_sdk and failure.text.startswith(_NO_STRING)


_OF_SETTLING = (
    Hint(
        frozenset({"MessageAlreadySettled"}),
        "This message has been settled before, perhaps by an earlier run of this cell: once is "
        "enough. For another message run the cell that receives.",
    ),
    Hint(
        frozenset({"MessageLockLostError"}),
        "The lock of this message is over, so it is no longer this receiver's, and it waits for "
        "whoever comes: run the cell that receives, and settle what that brings before its lock "
        "runs out, or renew it.",
    ),
    Hint(
        frozenset({"MessageNotFoundError"}),
        "No message of that number is in that state: it was never deferred or scheduled, its time "
        "has come, or somebody was faster. peek_messages() shows the numbers and states of all.",
    ),
    Hint(
        frozenset({"ValueError"}),
        "peek_messages only shows a message: to settle it, receive it.",
        _says("not supported for peeked messages"),
    ),
    Hint(
        frozenset({"ValueError"}),
        "In RECEIVE_AND_DELETE a message is gone as soon as it is received: there is nothing to "
        "settle or to renew. A receiver without receive_mode locks it for you instead.",
        _says("not supported in 'RECEIVE_AND_DELETE'"),
    ),
    Hint(
        frozenset({"TypeError"}),
        "What is settled is the message itself, as it was received: not its text, and not its "
        "number.",
        _says("must be of type ServiceBusReceivedMessage"),
    ),
    Hint(
        frozenset({"AttributeError"}),
        "A message no longer settles itself, as it did until 2020: its receiver does, by "
        "receiver.complete_message(message), abandon_message, dead_letter_message, defer_message.",
        _settles_itself,
    ),
)
_OF_BODIES = (
    Hint(
        frozenset({"TypeError"}),
        "Only messages can be sent: ServiceBusMessage(…) makes one, with a text or bytes in it.",
        _says("Only AmqpAnnotatedMessage, ServiceBusMessage instances"),
    ),
    Hint(
        frozenset({"TypeError"}),
        "The text of a message is str(message); its `body` comes in pieces.",
        _says("bytearray, not generator", "bytearray, not ServiceBusReceivedMessage"),
    ),
)
_OF_SESSIONS = (
    Hint(
        frozenset({"SessionLockLostError"}),
        "The lock of this session is over, and its messages wait for whoever takes it: get a new "
        "receiver with the same session_id, and receive again.",
    ),
    Hint(
        frozenset({"SessionCannotBeLockedError"}),
        "Another receiver has this session, perhaps one of an earlier run that is still open: "
        "close() it, or let the lock run out with lab.advance(61).",
    ),
    Hint(
        frozenset({"OperationTimeoutError"}),
        "No session has messages that nobody holds: send some, or close() the receiver that has "
        "the session.",
        _says("NEXT_AVAILABLE_SESSION"),
    ),
    Hint(
        frozenset({"ServiceBusError"}),
        "This queue has sessions: give the receiver a session_id, or NEXT_AVAILABLE_SESSION.",
        _says("create a non-sessionful message receiver"),
    ),
    Hint(
        frozenset({"ServiceBusError"}),
        "This queue has sessions: give each message a session_id.",
        _says("The SessionId was not set on a message"),
    ),
    Hint(
        frozenset({"ServiceBusError"}),
        "This queue has no sessions: leave session_id out, or create the queue with "
        "requires_session=True.",
        _says("A sessionful message receiver cannot be created"),
    ),
)
_OF_ENTITIES = (
    Hint(
        frozenset({"ResourceExistsError", "MessagingEntityAlreadyExistsError"}),
        "It is there already, perhaps from an earlier run: go on with it, or delete it first. "
        "lab.fresh_queue(…) does both, delete and create.",
    ),
    Hint(
        frozenset({"MessagingEntityDisabledError"}),
        "Its status is not Active: run the cell that sets it back, or have the queue anew with "
        "lab.fresh_queue(…).",
    ),
    Hint(
        frozenset({"ServiceBusQuotaExceededError"}),
        "The queue is full: receive and complete some of it, or have it anew with "
        "lab.fresh_queue(…).",
    ),
    Hint(
        frozenset({"MessageSizeExceededError"}),
        "That is more than one message or one batch may have: send less at a time.",
    ),
    Hint(
        frozenset({"ServiceBusServerBusyError"}),
        "The broker had too much to do. Wait a while and run the cell again; when that was asked "
        "for, lab.faults says how often it is still to come.",
    ),
)
_OF_CLOSED = (
    Hint(
        frozenset({"ValueError"}),
        "This administration client is closed, because its `with` block has ended: make a new one "
        "with ServiceBusAdministrationClient.from_connection_string(lab.connection_string).",
        _says("HTTP transport has already been closed"),
    ),
    Hint(
        frozenset({"ServiceBusError"}),
        "This AutoLockRenewer is closed, because its `with` block has ended: make a new one.",
        _says("AutoLockRenewer has already been shutdown"),
    ),
)
HINTS = (
    Hint(
        frozenset({"NameError"}),
        "'{failure.undefined_name}' comes from a cell further up: run the cells from the top "
        "first.",
        _comes_from_above,
    ),
    Hint(frozenset({"NameError"}), CONNECT_FIRST, _lab_is_missing),
    Hint(
        frozenset({"NameError"}),
        "A worker is a program of its own and knows nothing of the notebook's variables: import "
        "or define '{failure.undefined_name}' in its own cell.",
        _is_in_worker,
    ),
    Hint(_CONNECTION_ERRORS, _GONE, _broker_is_gone),
    Hint(frozenset({"ValueError"}), _GONE, _is_closed_as_broker_is_gone),
    Hint(
        frozenset({"ServiceRequestError"}),
        "This client read its certificates before connect() ran and does not trust the broker: run "
        "the cell with connect(), make the client again, and if that is not enough, restart the "
        "kernel.",
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
    Hint(frozenset({"IndexError", "ValueError"}), "{failure.situation}", _received_nothing),
    *_OF_SETTLING,
    *_OF_BODIES,
    *_OF_SESSIONS,
    *_OF_ENTITIES,
    *_OF_CLOSED,
    Hint(
        frozenset({"KeyboardInterrupt", "CancelledError"}),
        "Stopped. A receiver that is still open may take the next message: go on with it, or "
        "close() it. Messages that were received and not completed come back when their lock has "
        "run out; lab.advance(60) lets a minute pass.",
        _is_in_sdk,
    ),
)


def is_part_of_the_lesson(failure: Failure) -> bool:
    """Whether an error is there to be seen.

    Not so what befalls any cell that is run out of order, or without a broker: what a lesson wanted
    to show has not come to pass then.
    """
    return (
        failure.is_planned
        and (failure.types[0] in _REFUSALS or _NEVER_PLANNED.isdisjoint(failure.types))
        and not _is_closed(failure)
        and not _received_nothing(failure)
    )


def hint_for(failure: Failure) -> str | None:
    """The sentence of the first row that fits."""
    for hint in HINTS:
        if not hint.types.isdisjoint(failure.types) and hint.applies(failure):
            return hint.sentence.format(failure=failure)
    return None


def print_hint_for(failure: Failure) -> None:
    """Print the hint if there is one; of an error that a lesson wants to show, just that."""
    if is_part_of_the_lesson(failure):
        print(PART_OF_THE_LESSON, flush=True)
    elif hint := hint_for(failure):
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
