"""Exercises of lesson 00: one message, there and back; the first of several, if there is one."""

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
            "Open a sender, `client.get_queue_sender(queue)`, and send `ServiceBusMessage(text)`.",
        )


def _require_empty(left: list[str], happened: set[str]) -> None:
    if not left:
        return
    if set(left) != {_TEXT}:
        _wrong(
            f"in the queue: {', '.join(left)}",
            "Send the text that your function is called with: `ServiceBusMessage(text)`.",
        )
    if "locked" in happened:
        _wrong(
            "it was received, and the queue still keeps it",
            "The broker waits for your word: `receiver.complete_message(message)`.",
        )
    _wrong(
        "it is in the queue, and waits",
        "Now receive it: `client.get_queue_receiver(queue, max_wait_time=1)` gives a loop.",
    )


def _require_text(returned: object) -> None:
    if returned is None:
        _wrong("it came back, and your function returned None", "End with return.")
    if not isinstance(returned, str):
        _wrong(
            f"your function returned a {type(returned).__name__}",
            "The body as text is `str(message)`.",
        )
    if returned != _TEXT:
        _wrong(
            f"your function returned '{returned}'",
            "Send `ServiceBusMessage(text)`, and return `str(message)` of the one that you "
            "receive.",
        )


def _wrong(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_WANTED, seen=seen, hint=hint)


# --- the first one, if there is one ---------------------------------------------------------------

_DRINKS = ("coffee", "tea")
_FIRST_WANTED = "the first message comes back as text and is gone, what comes after it stays"
_NONE_WANTED = "None, when nothing comes within a second"


def _check_take_one(workbench: Workbench, take_one: Answer) -> str:
    queue = workbench.queue()
    workbench.send(queue, *_DRINKS)
    _require_first(workbench, queue, workbench.run(take_one, workbench.new_client(), queue))
    _require_next(workbench, queue, workbench.run(take_one, workbench.new_client(), queue))
    require_completed(workbench, queue, wanted=_FIRST_WANTED)
    _require_none(workbench, take_one, queue)
    return "coffee, then tea, then None: one message each time"


def _require_first(workbench: Workbench, queue: str, returned: object) -> None:
    first, second = _DRINKS
    left = [str(message) for message in workbench.peek(queue)]
    if first in left:
        _not_first(f"{first} is still in the queue", "Complete it: `receiver.complete_message(…)`.")
    if second not in left:
        _not_first(
            f"after one call both are gone, {first} and {second}",
            "One message is enough: return from within the loop.",
        )
    _require_drink(returned, first)


def _require_next(workbench: Workbench, queue: str, returned: object) -> None:
    _, second = _DRINKS
    if returned is None and workbench.peek(queue):
        _not_first(
            f"the second call returned None, and {second} was there: the receiver of the first "
            "call is still open and has it",
            "Close the receiver: `with client.get_queue_receiver(…) as receiver:`.",
        )
    _require_drink(returned, second)


def _require_drink(returned: object, drink: str) -> None:
    if returned is None:
        _not_first(f"{drink} was taken, and your function returned None", "Return `str(message)`.")
    if not isinstance(returned, str):
        kind = type(returned).__name__
        _not_first(f"your function returned a {kind}", "The body as text is `str(message)`.")
    if returned != drink:
        _not_first(
            f"your function returned '{returned}', and the first was {drink}",
            "The first that comes is the front of the queue: return its text.",
        )


def _require_none(workbench: Workbench, take_one: Answer, queue: str) -> None:
    kinds = (IndexError, StopIteration, ValueError, UnboundLocalError)
    error = workbench.error_of(take_one, workbench.new_client(), queue, kind=kinds)
    if error is not None:
        not_yet(
            wanted=_NONE_WANTED,
            seen=f"of an empty queue your function raised {type(error).__name__}",
            hint="From an empty queue comes an empty list, or a loop without a turn: then there is "
            "no message to complete.",
        )
    returned = workbench.run(take_one, workbench.new_client(), queue)
    if returned is not None:
        not_yet(
            wanted=_NONE_WANTED,
            seen=f"of an empty queue your function returned {returned!r}",
            hint="A function that ends without return gives back None.",
        )


def _not_first(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_FIRST_WANTED, seen=seen, hint=hint)


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
        hint="Begin with the cell that sends: `client.get_queue_sender(queue)` gives a sender.",
        second_hint="Then loop over `client.get_queue_receiver(queue, max_wait_time=1)`: complete "
        "the message with the receiver that it came from, and return `str(message)`.",
        explanation="`send_messages` returns when the broker has the message. The receiver gets "
        "it and completes it, which deletes it, and return ends the loop without another second "
        "of waiting. Both blocks close what they opened.",
        limit_seconds=8,
    ),
    Task(
        name="start.take_one",
        prompt="""
            Write `take_one(client, queue)`. It takes the first message out of the queue and returns
            its text. What comes after it stays where it is. When nothing comes within a second, it
            returns `None`.
        """,
        stub="""
            def take_one(client, queue):
                ...
        """,
        reference="""
            def take_one(client, queue):
                with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                    for message in receiver:
                        receiver.complete_message(message)
                        return str(message)
        """,
        check=_check_take_one,
        wanted=f"{_FIRST_WANTED}; {_NONE_WANTED}",
        hint="The loop of this lesson takes one message after the other: leave it after the first.",
        second_hint="Two cases, one loop: with a message, complete it and return `str(message)` "
        "within the loop; without one the loop ends after `max_wait_time`, and so does the "
        "function.",
        explanation="The loop has one turn or none. With a message it completes it and returns; "
        "without one it ends when the second is over, and a function that ends without return "
        "gives None. with closes the receiver, so that it takes nothing that nobody reads.",
        limit_seconds=8,
    ),
)
