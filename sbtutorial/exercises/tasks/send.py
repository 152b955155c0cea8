"""Exercises of lesson 02: many messages in few batches, and what a message carries."""

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage

_PHOTO_COUNT = 7
_PHOTO_BYTES = 90_000  # two to a batch of 256 KB, so seven make four batches, the last half full
_BATCH_COUNT = 4
_QUEUE_MEGABYTES = 2  # for an answer that sends one batch for ever: it is to end soon


def _check_batch(workbench: Workbench, send_all: Answer) -> str:
    queue = workbench.queue()
    wanted = f"each of the {_PHOTO_COUNT} photos in the queue, once"
    _send_photos(workbench, queue, send_all, wanted)
    counts = Counter(str(message)[:7] for message in workbench.peek(queue))
    names = [photo[:7] for photo in _photos()]
    if missing := [name for name in names if name not in counts]:
        not_yet(
            wanted=wanted,
            seen=f"{', '.join(missing)} never arrived",
            hint=_why_missing(names, missing),
        )
    if repeated := [name for name, count in counts.items() if count > 1]:
        not_yet(
            wanted=wanted,
            seen=f"{', '.join(repeated)} arrived more than once",
            hint="After `send_messages(batch)`, go on with a new batch: "
            "`sender.create_message_batch()`.",
        )
    _require_batches(workbench, queue)
    return f"all {_PHOTO_COUNT} photos are in the queue, once each"


def _send_photos(workbench: Workbench, queue: str, send_all: Answer, wanted: str) -> None:
    from azure.servicebus.exceptions import MessageSizeExceededError, ServiceBusQuotaExceededError

    if workbench.tells_events:
        workbench.service.shrink(queue, megabytes=_QUEUE_MEGABYTES)
    sender = workbench.new_client().get_queue_sender(queue)
    expected = (MessageSizeExceededError, ServiceBusQuotaExceededError)
    error = workbench.error_of(send_all, sender, _photos(), kind=expected)
    if isinstance(error, ServiceBusQuotaExceededError):
        not_yet(
            wanted=wanted,
            seen="the same batch was sent again and again, until the queue was full",
            hint="After `send_messages(batch)`, go on with a new one.",
        )
    if error is not None:
        not_yet(
            wanted=wanted,
            seen=f"send_all raised MessageSizeExceededError: {error}",
            hint="One transfer takes 256 KB. `batch.add_message` raises this error when the batch "
            "is full: catch it there, send the batch, and begin a new one.",
        )


def _why_missing(names: list[str], missing: list[str]) -> str:
    if missing == names:
        return "A batch goes nowhere by itself: `sender.send_messages(batch)`."
    if missing[-1] != names[-1]:
        return (
            "The photo for which the batch had no room has to go somewhere: "
            "add it to the next batch."
        )
    return "The last batch is never full. Send it, too, after the loop."


def _require_batches(workbench: Workbench, queue: str) -> None:
    """Count the transfers: what comes in one is stored at one instant.

    A coarse clock may take two of them for one, and never one for two.
    """
    instants = {event.at for event in workbench.events(queue) if event.what == "sent"}
    if len(instants) > _BATCH_COUNT:
        not_yet(
            wanted=f"{_BATCH_COUNT} transfers for {_PHOTO_COUNT} photos",
            seen=f"{len(instants)} transfers",
            hint="One transfer for each photo: fill a batch, two of them fit.",
        )


def _photos() -> list[str]:
    return [f"photo {number} ".ljust(_PHOTO_BYTES, ".") for number in range(1, _PHOTO_COUNT + 1)]


def _check_order(workbench: Workbench, send_order: Answer) -> str:
    queue = workbench.queue()
    sender = workbench.new_client().get_queue_sender(queue)
    workbench.run(send_order, sender, "A-17", "coffee", 4)
    messages = workbench.peek(queue)
    if len(messages) != 1:
        not_yet(
            wanted="one message in the queue",
            seen=f"{len(messages) or 'no'} messages",
            hint="`sender.send_messages(message)`, once.",
        )
    _require_parts(messages[0])
    return "one message: id A-17, body coffee, table 4, five minutes to live"


def _require_parts(message: "ServiceBusReceivedMessage") -> None:
    if str(message) != "coffee":
        _differs(
            "the body", "coffee", str(message), ("The body is `ServiceBusMessage`'s first value.")
        )
    message_id = str(message.message_id)
    if message_id != "A-17":
        _differs(
            "message_id",
            "A-17",
            "one that the SDK made up" if len(message_id) == 36 else message_id,
            "`ServiceBusMessage(…, message_id=…)`.",
        )
    _require_table(message)
    if message.time_to_live != timedelta(minutes=5):
        _differs(
            "time_to_live",
            "5 minutes",
            "none" if message.time_to_live is None else f"{message.time_to_live}",
            "time_to_live=timedelta(minutes=5).",
        )


def _require_table(message: "ServiceBusReceivedMessage") -> None:
    properties = message.application_properties or {}
    table = properties.get(b"table")
    if table == b"4":
        hint = "A number stays a number: leave out `str()` and the quotation marks."
        _differs("the application property table", "the number 4", "the text 4", hint)
    if table != 4:
        seen = "none of that name" if table is None else repr(table)
        hint = '`application_properties={"table": table}`.'
        _differs("the application property table", "the number 4", seen, hint)


def _differs(what: str, wanted: str, seen: str, hint: str) -> None:
    not_yet(wanted=f"{what}: {wanted}", seen=f"{what}: {seen}", hint=hint)


TASKS = (
    Task(
        name="send.batch",
        prompt=f"""
            Write `send_all(sender, photos)`. The {_PHOTO_COUNT} photos are texts of 90 KB each:
            too much for one batch. Fill a batch, send it, go on with the next, until all are in
            the queue.
        """,
        stub="""
            def send_all(sender, photos):
                ...
        """,
        reference="""
            def send_all(sender, photos):
                batch = sender.create_message_batch()
                for photo in photos:
                    message = ServiceBusMessage(photo)
                    try:
                        batch.add_message(message)
                    except MessageSizeExceededError:
                        sender.send_messages(batch)
                        batch = sender.create_message_batch()
                        batch.add_message(message)
                sender.send_messages(batch)
        """,
        check=_check_batch,
        wanted=f"all {_PHOTO_COUNT} photos in the queue, once each",
        hint="Begin with `batch = sender.create_message_batch()`, and add one photo at a time.",
        second_hint="`add_message` raises `MessageSizeExceededError` for a photo that has no "
        "room: send the batch then, make a new one and add that photo to it. One batch is left "
        "after the loop.",
        explanation="The batch counts bytes, so the loop need not. The photo that did not fit "
        "opens the next batch, and the last batch, which is never full, goes after the loop. "
        "Seven photos travel in four transfers, and each is taken whole or not at all.",
    ),
    Task(
        name="send.order",
        prompt="""
            Write `send_order(sender, order_id, drink, table)`. It sends one message: the drink is
            its body, the order's id its message id, the table an application property called
            `table`. It lives for five minutes.
        """,
        stub="""
            def send_order(sender, order_id, drink, table):
                ...
        """,
        reference="""
            def send_order(sender, order_id, drink, table):
                message = ServiceBusMessage(
                    drink,
                    message_id=order_id,
                    application_properties={"table": table},
                    time_to_live=timedelta(minutes=5),
                )
                sender.send_messages(message)
        """,
        check=_check_order,
        wanted="one message with a body, a message id, a table and a time to live",
        hint="`ServiceBusMessage(drink, message_id=…, …)` takes the rest by name.",
        second_hint='The names: `message_id=order_id`, `application_properties={"table": table}`, '
        "`time_to_live=timedelta(minutes=5)`.",
        explanation="What the broker has to know are properties with names of their own: the id, "
        "by which a repeat can be told, and the time to live. What only your programs know is an "
        "application property, and a number stays a number there.",
    ),
)
