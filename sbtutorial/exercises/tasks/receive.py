"""Exercises of lesson 03: taking all there is, and looking without taking."""

from sbtutorial.exercises.crashing import require_completed
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

_ORDERS = [f"order {number}" for number in range(1, 13)]
_AS_TEXT = "The body as text is `str(message)`."


def _check_all(workbench: Workbench, take_all: Answer) -> str:
    queue = workbench.queue()
    workbench.send(queue, *_ORDERS)
    taken = workbench.run(take_all, workbench.new_client(), queue)
    _require_texts(taken, "Go on until nothing comes any more: for message in receiver does.")
    if left := workbench.peek(queue):
        not_yet(
            wanted="an empty queue",
            seen=f"{len(left)} of {len(_ORDERS)} orders are still in it",
            hint="Complete each message, `receiver.complete_message(message)`, until none comes."
            if len(left) == len(_ORDERS)
            else "One call may bring a part only: go on until nothing comes any more.",
        )
    require_completed(workbench, queue, wanted="each order completed")
    return f"all {len(_ORDERS)} orders taken, in order, and the queue is empty"


def _require_texts(taken: object, hint_for_few: str) -> None:
    wanted = f"a list of {len(_ORDERS)} texts, from {_ORDERS[0]!r} to {_ORDERS[-1]!r}"
    if not isinstance(taken, list):
        not_yet(
            wanted=wanted,
            seen=f"your function returned {_named(taken)}",
            hint="End with return."
            if taken is None
            else "Return a list: `taken = []`, `taken.append(…)`, `return taken`.",
        )
    if strange := [item for item in taken if not isinstance(item, str)]:
        not_yet(
            wanted=wanted,
            seen=f"a list with {_named(strange[0])} in it",
            hint=_AS_TEXT,
        )
    if taken != _ORDERS:
        seen, hint = _difference(taken, hint_for_few)
        not_yet(wanted=wanted, seen=seen, hint=hint)


def _difference(taken: list[str], hint_for_few: str) -> tuple[str, str]:
    """What is the matter with a list of texts, and a hint."""
    if not taken:
        return "a list of 0, empty", hint_for_few
    if sorted(taken) == sorted(_ORDERS):
        return f"a list of {len(taken)}, in another order", "Append each text as it comes."
    seen = f"a list of {len(taken)}, from {taken[0]!r} to {taken[-1]!r}"
    return seen, hint_for_few if len(taken) != len(_ORDERS) else _AS_TEXT


def _named(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


def _check_peek(workbench: Workbench, find_orders: Answer) -> str:
    queue = workbench.queue()
    workbench.send(queue, *_ORDERS)
    receiver = workbench.new_client().get_queue_receiver(queue, max_wait_time=1)
    found = workbench.run(find_orders, receiver)
    _require_untouched(workbench, queue)
    _require_texts(
        found, "`peek_messages` brings one unless it is told more: `max_message_count=100`."
    )
    return f"all {len(_ORDERS)} orders seen, and none touched"


def _require_untouched(workbench: Workbench, queue: str) -> None:
    left = workbench.peek(queue)
    events = [event for event in workbench.events(queue) if event.what in ("locked", "taken")]
    if len(left) < len(_ORDERS):
        seen = f"{len(_ORDERS) - len(left)} of {len(_ORDERS)} orders are gone"
    elif events or any(message.delivery_count for message in left):
        seen = "orders were handed out and locked"
    else:
        return
    not_yet(
        wanted="every order still in the queue, and never handed out",
        seen=seen,
        hint="Receiving takes a message, if only for a while. `receiver.peek_messages(…)` looks.",
    )


TASKS = (
    Task(
        name="receive.all",
        prompt="""
            Write `take_all(client, queue)`. It takes every order out of the queue, completes it,
            and returns the bodies, as a list of texts. It returns soon after the last one.
        """,
        stub="""
            def take_all(client, queue):
                ...
        """,
        reference="""
            def take_all(client, queue):
                taken = []
                with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                    for message in receiver:
                        taken.append(str(message))
                        receiver.complete_message(message)
                return taken
        """,
        check=_check_all,
        wanted="a list of all bodies, and an empty queue",
        hint="`client.get_queue_receiver(queue, max_wait_time=1)` gives a receiver to loop over.",
        second_hint="In the loop: append `str(message)` to a list, complete the message with the "
        "receiver. After the loop, return the list.",
        explanation="The loop goes on until nothing comes for a second, however many there are. "
        "Each message is completed after its text is kept, so a crash in between repeats an order "
        "and loses none. with closes the receiver, which else might go on taking.",
        limit_seconds=8,
    ),
    Task(
        name="receive.peek",
        prompt="""
            Write `find_orders(receiver)`. It returns the bodies of all orders in the queue, as a
            list of texts, and leaves every one of them where and as it is. There are fewer than a
            hundred.
        """,
        stub="""
            def find_orders(receiver):
                ...
        """,
        reference="""
            def find_orders(receiver):
                return [str(message) for message in receiver.peek_messages(max_message_count=100)]
        """,
        check=_check_peek,
        wanted="a list of all bodies, and an untouched queue",
        hint="`receiver.peek_messages(…)` shows messages without taking them.",
        second_hint="`peek_messages` brings one unless it is told more, "
        "`peek_messages(max_message_count=100)`; the body as text is `str(message)`.",
        explanation="Peeking locks nothing and counts nothing, so the orders stay as they are. One "
        "call may bring fewer than it is asked for when messages are large: a tool for any queue "
        "goes on from the last sequence number until nothing comes.",
    ),
)
