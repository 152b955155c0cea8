"""The exercise of lesson 00: one message, there and back."""

from typing import NoReturn

from sbtutorial.exercises.crashing import require_completed
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

_TEXT = "Two teas for table 4"
_WANTED = f"'{_TEXT}' goes through the queue and comes back, and nothing of it stays there"


def _check_there_and_back(workbench: Workbench, there_and_back: Answer) -> str:
    queue = workbench.queue()
    returned = workbench.run(there_and_back, workbench.new_client(), queue, _TEXT)
    happened = {event.what for event in workbench.events(queue)}
    _require_sent(workbench, happened)
    _require_empty([str(message) for message in workbench.peek(queue)], happened)
    require_completed(workbench, queue, wanted=_WANTED)
    _require_text(returned)
    return "the message went there and back, and the queue is empty again"


def _require_sent(workbench: Workbench, happened: set[str]) -> None:
    if workbench.tells_events and "sent" not in happened:
        _wrong(
            "nothing was sent",
            "Open a sender, client.get_queue_sender(queue), and send ServiceBusMessage(text).",
        )


def _require_empty(left: list[str], happened: set[str]) -> None:
    if not left:
        return
    if set(left) != {_TEXT}:
        _wrong(
            f"in the queue: {', '.join(left)}",
            "Send the text that your function is called with: ServiceBusMessage(text).",
        )
    if "locked" in happened:
        _wrong(
            "it was received, and the queue still keeps it",
            "The broker waits for your word: receiver.complete_message(message).",
        )
    _wrong(
        "it is in the queue, and waits",
        "Now receive it: client.get_queue_receiver(queue, max_wait_time=1) gives a loop.",
    )


def _require_text(returned: object) -> None:
    if returned is None:
        _wrong("it came back, and your function returned None", "End with return.")
    if not isinstance(returned, str):
        _wrong(
            f"your function returned a {type(returned).__name__}",
            "The body as text is str(message).",
        )
    if returned != _TEXT:
        _wrong(
            f"your function returned '{returned}'",
            "Send ServiceBusMessage(text), and return str(message) of the one that you receive.",
        )


def _wrong(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_WANTED, seen=seen, hint=hint)


TASKS = (
    Task(
        name="start.there_and_back",
        prompt="""
            Write `there_and_back(client, queue, text)`. It sends the text to the queue, receives
            it again, completes it, and returns the text that came back. The cells that send and
            receive, above, have all that it needs.
        """,
        stub="""
            def there_and_back(client, queue, text):
                ...
        """,
        reference="""
            def there_and_back(client, queue, text):
                with client.get_queue_sender(queue) as sender:
                    sender.send_messages(ServiceBusMessage(text))
                with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                    for message in receiver:
                        receiver.complete_message(message)
                        return str(message)
        """,
        check=_check_there_and_back,
        wanted=_WANTED,
        hint="Begin with the cell that sends: client.get_queue_sender(queue) gives a sender.",
        limit_seconds=8,
    ),
)
