"""Exercises of lesson 09: waiters that serve one customer after the other, and what they note."""

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from sbtutorial.exercises.crashing import run_in_process
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusClient, ServiceBusMessage

_LOCK_SECONDS = 30
_BUSY = "Cora"  # another waiter, the checker's, is with her all the time
_TABLES = {"Anna": ["soup", "steak", "cake"], "Ben": ["salad", "fish"]}
_ORDERS = (
    ("Anna", "soup"),
    ("Ben", "salad"),
    (_BUSY, "tea"),
    ("Anna", "steak"),
    ("Ben", "fish"),
    ("Anna", "cake"),
)
_DISHES = {dish for _, dish in _ORDERS}
_WANTED_TABLES = (
    "Anna gets soup, steak, cake and Ben salad, fish; each is completed, each lane free"
)


def _check_all_tables(workbench: Workbench, serve_all: Answer) -> str:
    queue = _lanes(workbench)
    served: list[tuple[str, str]] = []
    with workbench.client.get_queue_receiver(queue, session_id=_BUSY):
        workbench.send(queue, *(_message(*order) for order in _ORDERS))
        error = _error_of(
            workbench, serve_all, queue, lambda who, what: served.append((str(who), str(what)))
        )
        _judge_service(served, error)
        _judge_rest(workbench, queue)
    return "Anna and Ben got everything in their order, and Cora was left to the other waiter"


def _error_of(
    workbench: Workbench, answer: Answer, queue: str, serve: Answer
) -> BaseException | None:
    from azure.servicebus.exceptions import OperationTimeoutError, SessionCannotBeLockedError

    kinds = (OperationTimeoutError, SessionCannotBeLockedError)
    client = workbench.new_client(retry_total=0)
    return workbench.error_of(answer, client, queue, serve, kind=kinds)


def _judge_service(served: list[tuple[str, str]], error: BaseException | None) -> None:
    if error is not None and type(error).__name__ == "SessionCannotBeLockedError":
        _wrong_tables(
            f"it asked for a lane that another waiter holds: {_BUSY}'s",
            "`NEXT_AVAILABLE_SESSION` leaves out whoever is being served.",
        )
    if swapped := [call for call in served if call[0] in _DISHES]:
        _wrong_tables(
            f"it called `serve{swapped[0]}`",
            "The customer comes first, then the dish: `serve(dish.session_id, str(dish))`.",
        )
    for customer, dishes in _TABLES.items():
        _judge_customer(customer, [dish for who, dish in served if who == customer], dishes)
    if strangers := sorted({who for who, _ in served} - {*_TABLES}):
        _wrong_tables(
            f"it also served {', '.join(strangers)}",
            "The customer's name is the id of the session: `lane.session.session_id`.",
        )
    if error is not None:
        _wrong_tables(
            "all were served, and then it raised `OperationTimeoutError`",
            "So the SDK says that no lane is free. `except OperationTimeoutError:` then `return`.",
        )


def _judge_customer(customer: str, got: list[str], wanted: list[str]) -> None:
    seen = f"{customer} got {', '.join(got) or 'nothing'}"
    if not got:
        _wrong_tables(
            seen,
            "A receiver stays with one customer. When nothing more comes, close it, and open one "
            "for the next: a loop around `with`.",
        )
    if missing := [dish for dish in wanted if dish not in got]:
        _wrong_tables(
            f"{seen}; missing: {', '.join(missing)}",
            "Stay with a customer until nothing comes: `for dish in lane`.",
        )
    if len(got) > len(wanted):
        _wrong_tables(seen, "What is not completed comes again: complete each dish once served.")
    if got != wanted:
        _wrong_tables(seen, "Serve each dish as it comes.")


def _judge_rest(workbench: Workbench, queue: str) -> None:
    from azure.servicebus.exceptions import SessionCannotBeLockedError

    client = workbench.new_client(retry_total=0)  # a refusal is an answer here
    for customer in _TABLES:
        try:
            left = _left(client, queue, customer)
        except SessionCannotBeLockedError:
            _wrong_tables(
                f"all were served, and {customer}'s lane is still held",
                "Close a receiver when its lane is empty: `with … as lane` does.",
            )
        if left:
            _wrong_tables(
                f"all were served, and for {customer} there is still: {', '.join(left)}",
                "What is served is completed: `lane.complete_message(dish)`.",
            )


def _left(client: "ServiceBusClient", queue: str, customer: str) -> list[str]:
    with client.get_queue_receiver(queue, session_id=customer) as lane:
        return [str(dish) for dish in lane.peek_messages(len(_ORDERS))]


def _wrong_tables(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_WANTED_TABLES, seen=seen, hint=hint)


# --- the notepad ----------------------------------------------------------------------------------

_WANTED_NOTES = (
    "Anna hears 1 soup, 2 steak, 3 cake and Ben 1 salad, although the first waiter is killed at "
    "the steak"
)
_COURSES = (("Anna", "soup"), ("Ben", "salad"), ("Anna", "steak"), ("Anna", "cake"))
_IN_THE_QUEUE = {"Anna": ["1 soup", "3 steak", "4 cake"]}
_HEARD = {"Anna": ["1 soup", "2 steak", "3 cake"], "Ben": ["1 salad"]}

# The mark is one that nobody else prints: the learner's own lines count for nothing.
_EVENING = """
client = ServiceBusClient.from_connection_string(lab.connection_string)
for customer in {customers!r}:
    def announce(number, dish):
        checkpoint("announcing")
        print({mark!r}, customer, number, str(dish), sep="\\t")

    with client.get_queue_receiver({queue!r}, session_id=customer, max_wait_time=1) as lane:
        answer(lane, announce)
"""


def _check_count_courses(workbench: Workbench, count_courses: Answer) -> str:
    queue = _lanes(workbench)
    workbench.send(queue, *(_message(*course) for course in _COURSES))
    mark = secrets.token_hex()

    def evening(*customers: str) -> str:
        return _EVENING.format(mark=mark, queue=queue, customers=customers)

    lines = run_in_process(workbench, count_courses, evening("Anna"), kill_at="announcing:2")
    workbench.advance(_LOCK_SECONDS + 1)  # on Azure a broken connection may be noticed late
    noted = _notepad(workbench, queue)
    lines += run_in_process(workbench, count_courses, evening("Anna", "Ben"))
    heard = [line.split("\t")[1:] for line in lines if line.startswith(mark)]
    for customer, wanted in _HEARD.items():
        got = [f"{number} {dish}" for who, number, dish in heard if who == customer]
        _judge_courses(customer, got, wanted, noted)
    return "the second waiter went on counting at 2, and Ben was counted from 1"


def _notepad(workbench: Workbench, queue: str) -> str | None:
    """What the first waiter has left with Anna's lane."""
    with workbench.client.get_queue_receiver(queue, session_id="Anna") as lane:
        state = lane.session.get_state()
        return state.decode("utf-8", "replace") if state else None


def _judge_courses(customer: str, got: list[str], wanted: list[str], noted: str | None) -> None:
    if got == wanted:
        return
    seen = f"{customer} heard {', '.join(got) or 'nothing'}"
    dishes, wanted_dishes = ([one.partition(" ")[2] for one in each] for each in (got, wanted))
    if missing := [dish for dish in wanted_dishes if dish not in dishes]:
        _wrong_notes(
            f"{seen}; missing: {', '.join(missing)}",
            "Complete a dish after it is announced; go on until nothing comes.",
        )
    if len(dishes) > len(wanted_dishes):
        _wrong_notes(
            seen, ("A dish that is not completed comes again: `lane.complete_message(dish)`.")
        )
    if dishes != wanted_dishes:
        _wrong_notes(seen, "Announce each dish as it comes.")
    if got[0].startswith("0 "):
        _wrong_notes(seen, "The first dish of a customer is number 1.")
    if noted is None and got == _IN_THE_QUEUE.get(customer):
        _wrong_notes(
            seen,
            "That is the number in the queue, which counts the dishes of others, too: count those "
            "of this customer, in the session's state.",
        )
    if noted is None:
        _wrong_notes(
            f"{seen}; and nothing was noted when the first waiter died",
            "The count died with the process. After each dish: `lane.session.set_state(…)`.",
        )
    if customer == "Anna" and got[1].startswith("3 "):
        _wrong_notes(
            f"{seen}; and the notepad said {noted} when the first waiter died",
            "It said so before it was true: note a dish after it is announced.",
        )
    _wrong_notes(
        f"{seen}; and the notepad said {noted} when the first waiter died",
        "Begin with `lane.session.get_state()`: None at first, later the bytes of what was noted.",
    )


def _wrong_notes(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_WANTED_NOTES, seen=seen, hint=hint)


# --- what both have in common ---------------------------------------------------------------------


def _lanes(workbench: Workbench) -> str:
    lock = timedelta(seconds=_LOCK_SECONDS)
    return workbench.queue(requires_session=True, lock_duration=lock)


def _message(customer: str, dish: str) -> "ServiceBusMessage":
    from azure.servicebus import ServiceBusMessage

    return ServiceBusMessage(dish, session_id=customer)


ALL_TABLES = Task(
    name="sessions.all_tables",
    prompt="""
        Orders of several customers wait in a queue with sessions. Write
        `serve_all(client, queue, serve)`: it serves one customer after the other, calls
        `serve(customer, dish)` for each dish in its order, with two texts, and returns when no
        customer is left to be served. Another waiter is busy with Cora; leave her alone. The
        client does not try again when it is refused, like ours above.
    """,
    stub="""
        def serve_all(client, queue, serve):
            ...
    """,
    check=_check_all_tables,
    reference="""
        def serve_all(client, queue, serve):
            while True:
                try:
                    with client.get_queue_receiver(
                        queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
                    ) as lane:
                        for dish in lane:
                            serve(dish.session_id, str(dish))
                            lane.complete_message(dish)
                except OperationTimeoutError:
                    return
    """,
    wanted=_WANTED_TABLES,
    hint="Begin with one customer: a receiver with `session_id=NEXT_AVAILABLE_SESSION` and "
    "`max_wait_time=1`, and a loop over its dishes.",
    second_hint="Around it goes `while True:`, which opens a receiver for the next customer. It "
    "ends with `OperationTimeoutError`, when no lane is free.",
    explanation="The inner loop stays with one customer until her lane is empty for a second; "
    "`with` closes it, so that it is free for whoever comes. The outer loop asks for the next "
    "lane that has messages and no waiter. `OperationTimeoutError` is how it ends: there is none.",
    limit_seconds=30,
)

COUNT_COURSES = Task(
    name="sessions.count_courses",
    prompt="""
        Write `count_courses(lane, announce)`: for each dish in the lane of one customer it calls
        `announce(number, dish)`, and completes the dish. The number counts this customer's dishes
        from 1.

        The checker runs your function as a program, and kills it while it announces the second
        dish. Another process then serves the same customer, and after her a new one. The numbers
        go on as if nothing had happened. The receiver `lane` stops after a second without a
        message.
    """,
    stub="""
        def count_courses(lane, announce):
            ...
    """,
    check=_check_count_courses,
    reference="""
        def count_courses(lane, announce):
            number = int(lane.session.get_state() or 0)
            for dish in lane:
                number += 1
                announce(number, dish)
                lane.session.set_state(str(number))
                lane.complete_message(dish)
    """,
    wanted=_WANTED_NOTES,
    hint="Begin with the count alone: a variable, and `for dish in lane:`.",
    second_hint="The variable dies with the process. `lane.session.set_state(…)` takes text and "
    "keeps it with the lane; `lane.session.get_state()` gives bytes, or None at first.",
    explanation="The number is read from the lane's own notepad and written there after each dish, "
    "so it belongs to the customer and outlives the waiter. It is noted after the announcement: "
    "noted before, a crash would count a dish that nobody announced.",
)

TASKS = (ALL_TABLES, COUNT_COURSES)
