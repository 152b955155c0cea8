"""Exercises of lesson 04: consumers that are killed."""

import secrets
from collections import Counter
from datetime import timedelta
from typing import NoReturn

from sbtutorial.exercises.crashing import require_completed, run_in_process
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

_ORDERS = ("coffee", "tea", "cake")
_LOCK_SECONDS = 30
_WANTED = "each order served once and none lost, although the process is killed at the second one"

# The mark is one that nobody else prints: the learner's own lines count for nothing.
# Nothing is closed: that takes the SDK a second, and the process ends anyway.
_DAY = """
def work(order):
    checkpoint("working")
    print({mark!r}, order)

client = ServiceBusClient.from_connection_string(lab.connection_string)
answer(client.get_queue_receiver({queue!r}, max_wait_time=1), work)
"""


def check_finish_the_day(workbench: Workbench, serve: Answer) -> str:
    """Kill the consumer while it works on the second order, and let a second one finish."""
    queue = workbench.queue(lock_duration=timedelta(seconds=_LOCK_SECONDS))
    workbench.send(queue, *_ORDERS)
    mark = secrets.token_hex()
    program = _DAY.format(mark=mark, queue=queue)
    lines = run_in_process(workbench, serve, program, kill_at="working:2")
    workbench.advance(_LOCK_SECONDS + 1)
    lines += run_in_process(workbench, serve, program)
    served = Counter(line.partition(mark)[2].strip() for line in lines if mark in line)
    left = [str(order) for order in workbench.peek(queue)]
    _judge(served, left)
    require_completed(workbench, queue, wanted=_WANTED)
    return "coffee, tea and cake were served once each; the first consumer died at the tea"


def _judge(served: Counter[str], left: list[str]) -> None:
    missing = [order for order in _ORDERS if not served[order]]
    if lost := [order for order in missing if order not in left]:
        _wrong(
            f"{_listed(lost)} never served, and not in the queue any more",
            "complete_message lets the broker delete the message: when may it?",
        )
    if missing:
        _wrong(
            f"{_listed(missing)} still in the queue and not served",
            "Go on until nothing comes: `for order in receiver` does.",
        )
    if left:
        _wrong(
            f"all were served, and {_listed(left)} still in the queue",
            "The broker keeps a message until you complete it, and will hand it out again.",
        )
    if repeated := [order for order in _ORDERS if served[order] > 1]:
        _wrong(
            f"{_listed(repeated)} served {served[repeated[0]]} times",
            "Complete each order as soon as it is served, before you begin the next.",
        )


def _wrong(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_WANTED, seen=seen, hint=hint)


def _listed(orders: list[str]) -> str:
    return f"{', '.join(orders)} {'was' if len(orders) == 1 else 'were'}"


FINISH_THE_DAY = Task(
    name="crashes.finish_the_day",
    prompt="""
        Three orders are waiting. Write `serve(receiver, work)`: it calls
        `work(order)` for each order, and returns when no more come. The receiver is in peek-lock
        mode and stops after a second without a message.

        The checker runs your function as a program, kills it while it works on the second order,
        and runs it again when the lock is over. No order may be lost, and none served twice.
    """,
    stub="""
        def serve(receiver, work):
            ...
    """,
    check=check_finish_the_day,
    reference="""
        def serve(receiver, work):
            for order in receiver:
                work(order)
                receiver.complete_message(order)
    """,
    wanted=_WANTED,
    hint="Begin with `for order in receiver:`, as in lesson 03.",
)

TASKS = (FINISH_THE_DAY,)
