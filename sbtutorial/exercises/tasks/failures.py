"""Exercises of lesson 05: messages that cannot be handled, and what becomes of them."""

import json
from datetime import timedelta
from typing import NoReturn

from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench
from sbtutorial.trace import Event

# --- sort_out -------------------------------------------------------------------------------------


def _order_for(drink: object) -> str:
    return json.dumps({"drink": str(drink)})


_GOOD = ("coffee", "tea")
_BAD = "two teas, please"
_ORDERS = (_order_for("coffee"), _BAD, _order_for("tea"))
_SORTED = (
    "coffee and tea served and completed; the unreadable order in the dead-letter queue, at its "
    "first delivery, with the reason 'unreadable'"
)


def check_sort_out(workbench: Workbench, sort_out: Answer) -> str:
    """Give it three orders, one of them no JSON."""
    queue = workbench.queue(lock_duration=timedelta(seconds=30), max_delivery_count=5)
    workbench.send(queue, *_ORDERS)
    served: list[str] = []
    too_late: list[str] = []

    def serve(drink: object) -> None:
        served.append(str(drink))
        if _order_for(drink) not in map(str, workbench.peek(queue)):
            too_late.append(str(drink))

    receiver = workbench.new_client().get_queue_receiver(queue, max_wait_time=1)
    workbench.run(sort_out, receiver, serve)
    _require_served(served)
    _require_served_in_time(too_late)
    _require_empty(workbench, queue)
    _require_buried(workbench, queue)
    _require_first_delivery(workbench, queue)
    return "coffee and tea were served, the unreadable order is dead-lettered as 'unreadable'"


def _require_served(served: list[str]) -> None:
    if sorted(served) != sorted(_GOOD):
        _unsorted(
            f"served: {', '.join(served) or 'nothing'}",
            "Call serve with the drink of each order that can be read, and with nothing else: "
            '`json.loads(str(order))["drink"]`.',
        )


def _require_served_in_time(too_late: list[str]) -> None:
    if too_late:
        _unsorted(
            f"'{too_late[0]}' was completed before it was served",
            "A crash between the two would lose it. Serve first, complete after.",
        )


def _require_empty(workbench: Workbench, queue: str) -> None:
    if left := [str(order) for order in workbench.peek(queue)]:
        _unsorted(
            f"still in the queue: {', '.join(left)}",
            "Every order has to be settled: complete what you served, dead-letter what you "
            "cannot read.",
        )


def _require_buried(workbench: Workbench, queue: str) -> None:
    dead = workbench.peek(queue, dead_letter=True)
    if _BAD not in map(str, dead):
        _unsorted(
            f"'{_BAD}' is nowhere: it was completed",
            "Completing deletes. `receiver.dead_letter_message` keeps the order for a person to "
            "see.",
        )
    if too_many := [str(order) for order in dead if str(order) != _BAD]:
        _unsorted(
            f"dead-lettered as well: {', '.join(too_many)}",
            "Only what `json.loads` refuses, with a `ValueError`, belongs there.",
        )
    (order,) = dead
    if order.dead_letter_reason == "MaxDeliveryCountExceeded":
        _unsorted(
            f"'{_BAD}' was given back until the broker had enough of it",
            "Abandoning is for what may work next time. This never will: dead-letter it at once.",
        )
    if order.dead_letter_reason != "unreadable":
        _unsorted(
            f"'{_BAD}' is dead-lettered with the reason {order.dead_letter_reason!r}",
            'Say why: `receiver.dead_letter_message(order, reason="unreadable")`.',
        )


def _require_first_delivery(workbench: Workbench, queue: str) -> None:
    deliveries = [event for event in workbench.events(queue) if event.message_id == _BAD]
    if any(event.delivery_count for event in deliveries):
        _unsorted(
            f"'{_BAD}' was handed out more than once",
            "What is no JSON is none the next time either: dead-letter it at its first delivery.",
        )


def _unsorted(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_SORTED, seen=seen, hint=hint)


SORT_OUT = Task(
    name="failures.sort_out",
    prompt="""
        Write `sort_out(receiver, serve)`. It calls `serve(drink)` for each order
        that is JSON, and completes the order. What is no JSON goes to the dead-letter queue at
        once, with the reason `unreadable`. It returns when no more orders come; the receiver stops
        after a second without one.
    """,
    stub="""
        def sort_out(receiver, serve):
            ...
    """,
    check=check_sort_out,
    reference="""
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.dead_letter_message(order, reason="unreadable")
                else:
                    serve(drink)
                    receiver.complete_message(order)
    """,
    wanted=_SORTED,
    hint="Begin with `for order in receiver:`, and try `json.loads(str(order))` in it.",
    second_hint="Of the three ways to end a delivery, complete, abandon and dead-letter, two are "
    "needed: which is for an order that can be read, and which for one that never can?",
    explanation="What is no JSON today is none tomorrow, so it goes aside at its first delivery, "
    "with a word by which somebody can find it; abandoned, it would come back until the queue had "
    "enough of it. What can be read is completed after it is served, so that a crash between the "
    "two repeats an order and loses none.",
)

# --- resubmit -------------------------------------------------------------------------------------

_DEAD = ("coffee!", "tea!")
_REPAIRED = ["coffee", "tea"]
_RESUBMITTED = (
    "'coffee' and 'tea' in the queue under the message ids of the originals, an empty dead-letter "
    "queue, and each copy sent before its original was completed"
)


def check_resubmit(workbench: Workbench, resubmit: Answer) -> str:
    """Give it two dead orders, and see what it did in which order."""
    queue = workbench.queue(lock_duration=timedelta(seconds=30))
    workbench.send(queue, *_DEAD)
    _bury_all(workbench, queue)
    workbench.run(resubmit, workbench.new_client(), queue, lambda body: body.rstrip("!"))
    _require_nothing_lost(workbench, queue)
    _require_copies(workbench, queue)
    _require_order(workbench, queue)
    return "both orders are back in the queue, each sent before its original was completed"


def _bury_all(workbench: Workbench, queue: str) -> None:
    receiver = workbench.client.get_queue_receiver(queue, max_wait_time=5)
    for _ in _DEAD:
        (order,) = receiver.receive_messages(1)
        receiver.dead_letter_message(order, reason="unreadable")


def _require_nothing_lost(workbench: Workbench, queue: str) -> None:
    """Whatever else is wrong with it: a crash at any moment must leave every order somewhere."""
    copies = 0
    for event in workbench.events(queue):
        if event.what == "taken":
            _unrepaired(
                "a dead order was deleted as it was handed out",
                "A crash before the send would lose it: receive with peek-lock, the default.",
            )
        copies += _is_copy(event, queue)
        copies -= event.what == "completed"
        if copies < 0:
            _unrepaired(
                f"'{event.message_id}' was completed before a copy of it was sent",
                "A crash between the two would lose the order. Send first, complete after.",
            )
    if lost := _nowhere(workbench, queue):
        _unrepaired(
            f"'{lost[0]}' is lost: it is neither in the queue nor in the dead-letter queue",
            "Complete an original only when a copy of it has been sent.",
        )


def _is_copy(event: Event, queue: str) -> bool:
    """Whether it tells of a message in the queue itself, sent after the two that were buried."""
    return event.what == "sent" and event.entity == queue and event.sequence_number > len(_DEAD)


def _nowhere(workbench: Workbench, queue: str) -> list[str]:
    there = [*workbench.peek(queue), *workbench.peek(queue, dead_letter=True)]
    bodies = {str(message).rstrip("!") for message in there}
    ids = {str(message.message_id) for message in there}
    return [dead for dead in _DEAD if dead.rstrip("!") not in bodies and dead not in ids]


def _require_copies(workbench: Workbench, queue: str) -> None:
    copies = workbench.peek(queue)
    bodies = [str(copy) for copy in copies]
    if sorted(bodies) != _REPAIRED:
        _unrepaired(
            f"in the queue: {', '.join(bodies) or 'nothing'}",
            "Receive every message of the dead-letter queue, and send `repair(str(dead))` for "
            "each.",
        )
    if left := [str(dead) for dead in workbench.peek(queue, dead_letter=True)]:
        _unrepaired(
            f"still in the dead-letter queue: {', '.join(left)}",
            "When the copy is sent, complete the original with the receiver that it came from.",
        )
    if any(copy.message_id != f"{copy}!" for copy in copies):
        _unrepaired(
            "a copy has another message id than its original",
            "`ServiceBusMessage(…, message_id=dead.message_id)` keeps the id.",
        )


def _require_order(workbench: Workbench, queue: str) -> None:
    happened = [(event.what, event.message_id) for event in workbench.events(queue)]
    for original in _DEAD if happened else ():
        sent_at = max(at for at, one in enumerate(happened) if one == ("sent", original))
        if ("completed", original) in happened[:sent_at]:
            _unrepaired(
                f"the original of '{original.rstrip('!')}' was completed before the copy was sent",
                "A crash between the two would lose the order. Send first, complete after.",
            )


def _unrepaired(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_RESUBMITTED, seen=seen, hint=hint)


RESUBMIT = Task(
    name="failures.resubmit",
    prompt="""
        Write `resubmit(client, queue, repair)`. It empties the dead-letter
        queue of `queue`: for each message there it sends a copy to the queue, with the body
        `repair(body)` and the message id of the original, and completes the original. A crash at
        any moment must not lose a message. It returns when the dead-letter queue is empty.
    """,
    stub="""
        def resubmit(client, queue, repair):
            ...
    """,
    check=check_resubmit,
    reference="""
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(body, message_id=dead.message_id))
                    graveyard.complete_message(dead)
    """,
    wanted=_RESUBMITTED,
    hint="Open a receiver with `sub_queue=ServiceBusSubQueue.DEAD_LETTER` and `max_wait_time=1`, "
    "and a sender.",
    second_hint="For each dead order there are two calls, `send_messages` and `complete_message`. "
    "Between them your program may die: after which of the two is the order still somewhere?",
    explanation="There is no call that moves a message, so for a moment it is in both queues or "
    "in neither. Sent first and completed after, it is in both, and a crash there costs a "
    "repeated order, which its message id gives away.",
)

TASKS = (SORT_OUT, RESUBMIT)
