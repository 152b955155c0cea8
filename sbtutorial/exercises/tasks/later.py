"""Exercises of lesson 10: what comes later, and what nobody gives back by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

_ONCE: dict[str, Any] = {"retry_total": 0}  # else the SDK asks for a lost number for ten seconds

# --- change_date ----------------------------------------------------------------------------------

_CAKE = "wedding cake"
_DAY = timedelta(days=1)
_MOVED = (
    "one wedding cake, scheduled for the new date, and its new number returned; the new one "
    "scheduled before the old one is cancelled; and when the old one's time has come already, "
    "nothing new in the queue and None returned"
)


def check_change_date(workbench: Workbench, change_date: Answer) -> str:
    """Have it move a message that is scheduled; and one whose time has come meanwhile."""
    queue = workbench.queue()
    number = _schedule(workbench, queue, _DAY)
    when = datetime.now(UTC) + 3 * _DAY
    returned = _ask(workbench, change_date, queue, number, when)
    _require_moved(workbench, queue, number, when, returned)
    _require_new_first(workbench, queue)
    _check_too_late(workbench, change_date)
    return "the cake is scheduled once, for the new date; and what had come could not be moved"


def _check_too_late(workbench: Workbench, change_date: Answer) -> None:
    queue = workbench.queue()
    number = _schedule(workbench, queue, timedelta(seconds=1))
    workbench.advance(2)
    returned = _ask(workbench, change_date, queue, number, datetime.now(UTC) + _DAY)
    states = [message.state.name for message in workbench.peek(queue)]
    if states != ["ACTIVE"]:
        _not_moved(
            "too late, the cake's time had come: and now there are two",
            "`cancel_scheduled_messages` raises `MessageNotFoundError` then. Catch it, and cancel "
            "the new one that you have scheduled.",
        )
    if returned is not None:
        _not_moved(
            f"too late, the cake's time had come: and your function returned {returned!r}",
            "Nothing was moved, so there is no new number: return None.",
        )


def _schedule(workbench: Workbench, queue: str, after: timedelta) -> int:
    from azure.servicebus import ServiceBusMessage

    with workbench.client.get_queue_sender(queue) as sender:
        (number,) = sender.schedule_messages(ServiceBusMessage(_CAKE), datetime.now(UTC) + after)
    return number


def _ask(
    workbench: Workbench, change_date: Answer, queue: str, number: int, when: datetime
) -> object:
    from azure.servicebus import ServiceBusMessage

    sender = workbench.new_client(**_ONCE).get_queue_sender(queue)
    return workbench.run(change_date, sender, number, ServiceBusMessage(_CAKE), when)


def _require_moved(
    workbench: Workbench, queue: str, number: int, when: datetime, returned: object
) -> None:
    found = workbench.peek(queue)
    if any(message.state.name == "ACTIVE" for message in found):
        _not_moved(
            "the cake is in line at once",
            "`sender.schedule_messages(order, when)` puts it aside until its time.",
        )
    if not found:
        _not_moved("there is no cake any more", "Schedule it again, for the new date.")
    if len(found) > 1:
        _not_moved(
            f"{len(found)} cakes are scheduled",
            "`sender.cancel_scheduled_messages(number)` takes the old one back.",
        )
    (cake,) = found
    if cake.sequence_number == number:
        _not_moved(
            "the cake is scheduled as before",
            "A date cannot be changed: schedule anew, and cancel the old one.",
        )
    _require_date(cake, when)
    if returned != cake.sequence_number:
        _not_moved(
            f"the new cake has the number {cake.sequence_number}, and your function returned "
            f"{returned!r}",
            "`schedule_messages` returns a list of numbers; nobody gives you one a second time.",
        )


def _require_date(cake: Any, when: datetime) -> None:
    if abs(cake.scheduled_enqueue_time_utc - when) > timedelta(seconds=1):
        _not_moved("the cake is scheduled for another date", "Give `when` to `schedule_messages`.")


def _require_new_first(workbench: Workbench, queue: str) -> None:
    happened = [event.what for event in workbench.events(queue)]
    if happened and happened.index("cancelled") < len(happened) - 1:
        _not_moved(
            "the old one was cancelled before the new one was scheduled",
            "A crash between the two would lose the cake. Schedule first, cancel after.",
        )


def _not_moved(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_MOVED, seen=seen, hint=hint)


CHANGE_DATE = Task(
    name="later.change_date",
    prompt="""
        Write `change_date(sender, number, order, when)`. A message was scheduled
        under `number`. It is to come at `when` instead: schedule `order`, which is the same
        message anew, for then, take the old one back, and return the new number. A crash at any
        moment must not lose it. If its time has come already, nothing may be in the queue twice:
        return `None`.
    """,
    stub="""
        def change_date(sender, number, order, when):
            ...
    """,
    check=check_change_date,
    reference="""
        def change_date(sender, number, order, when):
            (new,) = sender.schedule_messages(order, when)
            try:
                sender.cancel_scheduled_messages(number)
            except MessageNotFoundError:
                sender.cancel_scheduled_messages(new)
                return None
            return new
    """,
    wanted=_MOVED,
    hint="`sender.schedule_messages(order, when)` returns a list with the new number; "
    "`sender.cancel_scheduled_messages(number)` takes a message back.",
    second_hint="Schedule first. Then try to cancel the old one; `except MessageNotFoundError` it "
    "was too late, and the new one has to be cancelled.",
    explanation="There is no call that moves a date, so it takes two, and a crash can fall between "
    "them: schedule first, and the worst is a second cake, which somebody can see. Cancelling can "
    "come too late, and only the broker knows.",
)

# --- rescue ---------------------------------------------------------------------------------------

_SET_ASIDE = ("birthday cake", "wedding cake", "christmas cake")
_WAITING = "rolls"
_OTHERS = 12  # that wait in line, before and between
_RESCUED = (
    "a list with 'birthday cake', 'wedding cake' and 'christmas cake', each of them completed; "
    "what waits in line still waiting, untouched"
)


def check_rescue(workbench: Workbench, rescue: Answer) -> str:
    """Give it a queue in which three deferred messages lie among many that wait."""
    queue = workbench.queue(lock_duration=timedelta(seconds=30))
    cakes = _set_aside(workbench, queue)
    before = len(workbench.events(queue))
    receiver = workbench.new_client(**_ONCE).get_queue_receiver(queue)
    returned = workbench.run(rescue, receiver)
    _require_others_untouched(workbench, queue, cakes, before)
    _require_rescued(workbench, queue, returned)
    return "three cakes were found and completed, and nobody in line noticed"


def _set_aside(workbench: Workbench, queue: str) -> set[int]:
    """Two cakes at the front, and one behind others that wait; the numbers of the cakes."""
    first, second, last = _SET_ASIDE
    numbers: set[int] = set()
    for orders in ((first, second), (*(f"{_WAITING} {at}" for at in range(_OTHERS)), last)):
        workbench.send(queue, *orders)
        with workbench.client.get_queue_receiver(queue) as receiver:
            received = [receiver.receive_messages(1, max_wait_time=5)[0] for _ in orders]
            for order in received:
                if str(order) in _SET_ASIDE:
                    receiver.defer_message(order)
                    numbers.add(order.sequence_number or 0)
                else:
                    receiver.abandon_message(order)
    return numbers


def _require_others_untouched(
    workbench: Workbench, queue: str, cakes: set[int], before: int
) -> None:
    waiting = [one for one in workbench.peek(queue) if str(one).startswith(_WAITING)]
    if len(waiting) < _OTHERS:
        _not_rescued(
            f"{_OTHERS - len(waiting)} of the rolls that waited in line are gone",
            "What is deferred is not received in line: ask for it by its number, with "
            "`receiver.receive_deferred_messages`.",
        )
    later = workbench.events(queue)[before:]
    if any(event.what == "locked" and event.sequence_number not in cakes for event in later):
        _not_rescued(
            "your function received rolls, which wait in line for others",
            "`receiver.peek_messages` shows everything that is there, and takes nothing.",
        )


def _require_rescued(workbench: Workbench, queue: str, returned: object) -> None:
    left = [str(one) for one in workbench.peek(queue) if str(one) in _SET_ASIDE]
    if left and len(left) < len(_SET_ASIDE):
        _not_rescued(
            f"still set aside: {', '.join(left)}",
            "`peek_messages` gives as many as you ask for, from the front: ask for more, or go on "
            "behind the last one with `sequence_number=…`",
        )
    if left:
        _not_rescued(
            "the three cakes are still in the queue",
            "Ask for them by their numbers, with `receiver.receive_deferred_messages`, and "
            "complete each: `receiver.complete_message`.",
        )
    if workbench.peek(queue, dead_letter=True):
        _not_rescued("there are dead letters now", "What is done is completed.")
    bodies = [str(one) for one in returned] if isinstance(returned, list | tuple) else None
    if bodies is None or sorted(bodies) != sorted(_SET_ASIDE):
        _not_rescued(
            f"your function returned {returned!r:.80}",
            "Return the bodies of the three in a list: `str(order)`.",
        )


def _not_rescued(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_RESCUED, seen=seen, hint=hint)


RESCUE = Task(
    name="later.rescue",
    prompt="""
        A program has set orders aside, and taken their numbers to its grave.
        Write `rescue(receiver)`. It finds every deferred message of the queue, completes it, and
        returns the bodies as a list. The queue has fewer than 100 messages. What waits in line is
        not yours: leave it alone.
    """,
    stub="""
        def rescue(receiver):
            ...
    """,
    check=check_rescue,
    reference="""
        def rescue(receiver):
            numbers = [
                order.sequence_number
                for order in receiver.peek_messages(100)
                if order.state == ServiceBusMessageState.DEFERRED
            ]
            orders = receiver.receive_deferred_messages(numbers)
            for order in orders:
                receiver.complete_message(order)
            return [str(order) for order in orders]
    """,
    wanted=_RESCUED,
    hint="Begin with `receiver.peek_messages(100)`: each message has a state and a "
    "`sequence_number`.",
    second_hint="Collect the numbers of those whose state is `ServiceBusMessageState.DEFERRED`, "
    "and give the list to `receiver.receive_deferred_messages`.",
    explanation="Peeking is the one way to a number that is lost: it shows deferred messages, too. "
    "In a queue of a million that is a long search, so note a number before you defer.",
)

TASKS = (CHANGE_DATE, RESCUE)
