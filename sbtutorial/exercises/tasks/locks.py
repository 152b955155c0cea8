"""Exercises of lesson 04b: work that is longer than a lock, and receivers that take too much."""

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from sbtutorial.exercises.crashing import require_completed, run_in_process
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusSender

# --- cook -----------------------------------------------------------------------------------------

_LOCK_SECONDS = 11
_COOKED = "soup and tea cooked once and completed, although the soup takes longer than its lock"

# At the soup the work sleeps and moves the clock: longer than one lock in all, and never so far at
# once that a lock renewed meanwhile could run out. A renewer goes by this machine's clock, so some
# is real.
_KITCHEN = """
def work(order):
    print({mark!r}, "began", order)
    for _ in range(2 if str(order) == "soup" else 0):
        time.sleep(1.8)
        lab.advance(8)
    print({mark!r}, "ended", order)

client = ServiceBusClient.from_connection_string(lab.connection_string)
try:
    answer(client.get_queue_receiver({queue!r}, max_wait_time=1), work)
except MessageLockLostError:
    print({mark!r}, "lost", "it")
"""


def check_cook(workbench: Workbench, cook: Answer) -> str:
    """Give it an order whose work takes nearly two locks, and one that takes no time."""
    queue = workbench.queue(lock_duration=timedelta(seconds=_LOCK_SECONDS))
    workbench.send(queue, "soup", "tea")
    mark = secrets.token_hex()
    lines = run_in_process(workbench, cook, _KITCHEN.format(mark=mark, queue=queue))
    told = {line.partition(mark)[2].strip() for line in lines if mark in line}
    if "began soup" not in told:
        _uncooked("the soup was never cooked", "Call `work(order)` with what you receive.")
    if "ended soup" in told:
        _require_tea_unspoilt(workbench, queue, is_lost="lost it" in told)
    _require_held(workbench, queue, is_lost="lost it" in told)
    _require_nothing_left(workbench, queue, is_tea_cooked="ended tea" in told)
    require_completed(workbench, queue, wanted=_COOKED)
    return "the soup was cooked once and completed, under a lock that was renewed; then the tea"


def _require_nothing_left(workbench: Workbench, queue: str, *, is_tea_cooked: bool) -> None:
    left = [str(order) for order in workbench.peek(queue)]
    if "soup" in left or (left and is_tea_cooked):
        _uncooked(
            f"the {left[0]} was cooked, and is still in the queue",
            "The broker keeps a message until you complete it, and will hand it out again.",
        )
    if left:
        _uncooked(
            "the soup was cooked and completed, and the tea still waits",
            "`max_wait_time` runs while you cook, and ends a `for` over the receiver. "
            "`receiver.receive_messages(max_wait_time=1)` waits anew with each call: call it "
            "until it brings nothing.",
        )
    if not is_tea_cooked:
        _uncooked("the tea was never cooked", "Call `work(order)` with what you receive.")


def _require_tea_unspoilt(workbench: Workbench, queue: str, *, is_lost: bool) -> None:
    """Of orders that are received together the second one's lock runs while the first is cooked."""
    events = workbench.events(queue)
    over = {event.message_id for event in events if event.what == "lock_expired"}
    done = {event.message_id for event in events if event.what == "completed"}
    if over == {"tea"} and "soup" in done and is_lost:
        _uncooked(
            "the lock of the tea ran out while the soup cooked",
            "They were received together, and both locks began to run: receive one order at a "
            "time, or have the renewer look after both before you begin.",
        )


def _require_held(workbench: Workbench, queue: str, *, is_lost: bool) -> None:
    events = workbench.events(queue)
    if is_lost or any(event.what == "lock_expired" for event in events):
        renewed = any(event.what == "lock_renewed" for event in events)
        _uncooked(
            "the lock ran out while the soup cooked",
            "It was renewed, and not for long enough: renew it during `work(order)`, again and "
            "again."
            if renewed
            else (
                "`work(order)` takes longer than the lock: have an `AutoLockRenewer` look after it."
            ),
        )
    done = [event.what for event in events if event.what in ("completed", "lock_renewed")]
    if "completed" in done and "lock_renewed" not in done:
        _uncooked(
            "the soup was completed before it was cooked",
            "A crash in the work would lose it: renew the lock, and complete after the work.",
        )


def _uncooked(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_COOKED, seen=seen, hint=hint)


COOK = Task(
    name="locks.cook",
    prompt="""
        A soup takes twenty seconds, the tea after it none, and the lock of this
        queue is eleven. Write `cook(receiver, work)`: it calls `work(order)` for each order and
        completes it. You cannot look into `work`, and nothing in it renews a lock. It returns when
        no order has come for a second; the receiver has `max_wait_time=1`.
    """,
    stub="""
        def cook(receiver, work):
            ...
    """,
    check=check_cook,
    reference="""
        from azure.servicebus import AutoLockRenewer


        def cook(receiver, work):
            with AutoLockRenewer() as renewer:
                while orders := receiver.receive_messages():
                    (order,) = orders
                    renewer.register(receiver, order, max_lock_renewal_duration=60)
                    work(order)
                    receiver.complete_message(order)
    """,
    wanted=_COOKED,
    hint="Begin with `with AutoLockRenewer() as renewer:` and, inside it, `while orders := "
    "receiver.receive_messages():`, which brings one order at a time.",
    second_hint="`renewer.register(receiver, order, max_lock_renewal_duration=60)` comes before "
    "`work(order)`, and `complete_message` after it.",
    explanation="The renewer starts the eleven seconds anew, in a thread of its own, for as long "
    "as the work lasts, and stops when the order is settled. Renewing once before the work would "
    "only move the same eleven seconds; completing before it would lose the soup in a crash. A "
    "`for` over the receiver would end with the soup, as its second passes meanwhile.",
)

# --- go_home --------------------------------------------------------------------------------------

_LATE = "cake"
_WAITING = ("coffee", "tea")
_HOME = (
    "coffee and tea served and completed, and an order that is sent later free for a colleague at "
    "once"
)
_PATIENCE_SECONDS = 2


def check_go_home(workbench: Workbench, go_home: Answer) -> str:
    """Two orders wait; a third one comes when the consumer has gone home."""
    queue = workbench.queue(lock_duration=timedelta(seconds=30))
    workbench.send(queue, *_WAITING)
    served: list[str] = []
    client = workbench.new_client()
    with client.get_queue_sender(queue) as other:
        workbench.run(go_home, client, queue, lambda order: served.append(str(order)))
        _require_served(workbench, queue, served)
        _require_open(other)
    workbench.send(queue, _LATE)
    _require_free(workbench, queue)
    return "coffee and tea were served, and the cake that came later was free for a colleague"


def _require_served(workbench: Workbench, queue: str, served: list[str]) -> None:
    if sorted(served) != sorted(_WAITING):
        _not_home(
            f"served: {', '.join(served) or 'nothing'}",
            "Call work once for each order that waits, until none has come for a second.",
        )
    if left := [str(order) for order in workbench.peek(queue)]:
        _not_home(
            f"served, and still in the queue: {', '.join(left)}",
            "`receiver.complete_message(order)` ends the lock and lets the broker delete the "
            "order.",
        )


def _require_open(other: "ServiceBusSender") -> None:
    """A client that is closed has closed all that it gave out; sending nothing tells."""
    try:
        other.send_messages([])
    except ValueError:
        _not_home(
            "your function closed the client, which others use, too",
            "Close the receiver that you opened: `with client.get_queue_receiver(…) as receiver:`.",
        )


def _require_free(workbench: Workbench, queue: str) -> None:
    """Nobody has the late order; a receiver that is left open would have it by now."""
    hoarded = {event.what for event in workbench.events(queue) if event.message_id == _LATE}
    if "taken" in hoarded:
        _not_home(
            "the late order, cake, was deleted: a receiver of yours is still open, and took it",
            "Nobody reads what it takes. Close the receiver (`with`), and receive with peek-lock, "
            "the default.",
        )
    if "locked" in hoarded or not _colleague_gets_it(workbench, queue):
        _not_home(
            "the late order, cake, was locked at once by a receiver of yours that is still open",
            "It had asked for more than it got, and the broker remembers that. Close it: `with "
            "client.get_queue_receiver(…) as receiver:`.",
        )
    require_completed(workbench, queue, wanted=_HOME)


def _colleague_gets_it(workbench: Workbench, queue: str) -> bool:
    """Where no events are told, a colleague tries."""
    if workbench.tells_events:
        return True
    colleague = workbench.client.get_queue_receiver(queue, max_wait_time=_PATIENCE_SECONDS)
    return bool(colleague.receive_messages(1))


def _not_home(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_HOME, seen=seen, hint=hint)


GO_HOME = Task(
    name="locks.go_home",
    prompt="""
        Write `go_home(client, queue, work)`: it calls `work(order)` for each order
        that waits in the queue, completes it, and returns when none has come for a second.

        When your function has returned, the checker sends one more order. It must be free for a
        colleague at once. The client stays open: others use it, too.
    """,
    stub="""
        def go_home(client, queue, work):
            ...
    """,
    check=check_go_home,
    reference="""
        def go_home(client, queue, work):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for order in receiver:
                    work(order)
                    receiver.complete_message(order)
    """,
    wanted=_HOME,
    hint="Begin with a receiver of `client.get_queue_receiver(queue, max_wait_time=1)`.",
    second_hint="The last call of a receiver waits for an order that does not come, and what it "
    "asked for stays asked for. What ends that?",
    explanation="A receiver asks the broker for so many messages, and the broker sends them "
    "whenever they come, also to a receiver whom nobody calls any more. The `with` block closes "
    "it, and with that it asks for nothing.",
)

TASKS = (COOK, GO_HOME)
