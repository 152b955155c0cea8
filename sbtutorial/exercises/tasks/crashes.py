"""Exercises of lesson 04: a consumer that is killed, and a sender."""

import secrets
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from sbtutorial.exercises.crashing import require_completed, run_in_process
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

# --- finish_the_day -------------------------------------------------------------------------------

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
    lines = run_in_process(
        workbench, serve, program, kill_at="working:2", moment="at the tea", mark=mark
    )
    workbench.advance(_LOCK_SECONDS + 1)
    workbench.tell("lock over")
    lines += run_in_process(workbench, serve, program, mark=mark)
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
            "`complete_message` lets the broker delete the message: when may it?",
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
    second_hint="In the loop stand two lines, `work(order)` and "
    "`receiver.complete_message(order)`. Which of them may a crash leave undone?",
    explanation="Until it is completed an order stays in the queue, so a crash in the work only "
    "costs the time of the lock: the next run gets the order again. Completed before the work it "
    "would be lost, and completed all together at the end the served ones would come back with "
    "it.",
)

# --- post -----------------------------------------------------------------------------------------

_POSTED = (
    "coffee, tea and cake in the queue, and none sent again that stands in the book, although the "
    "process is killed while it works"
)

# A set in a file, as far as an answer needs one; a kill after `add` finds the entry written.
_SHOP = """
class Book(set):
    def add(self, order):
        if order not in self:
            super().add(order)
            with open({file!r}, "a", encoding="utf-8") as file:
                file.write(order + "\\n")
        checkpoint("noted")

    def update(self, *several):
        for orders in several:
            for order in orders:
                self.add(order)

    def __ior__(self, orders):
        self.update(orders)
        return self

with open({file!r}, encoding="utf-8") as file:
    book = Book(file.read().split())
client = ServiceBusClient.from_connection_string(lab.connection_string)
answer(client.get_queue_sender({queue!r}), list({orders!r}), book)
"""


def check_post(workbench: Workbench, post: Answer) -> str:
    """Kill the shop when it has made its second note, and let it start again."""
    queue = workbench.queue()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "book"
        file.touch()
        program = _SHOP.format(file=str(file), queue=queue, orders=_ORDERS)
        run_in_process(workbench, post, program, kill_at="noted:2")
        noted = file.read_text("utf-8").split()
        sent = _in_queue(workbench, queue)
        _require_sent_before_noted(noted, sent)
        run_in_process(workbench, post, program)
        _require_all_posted(noted, sent, _in_queue(workbench, queue))
        _require_whole_book(file.read_text("utf-8").split())
    return (
        "coffee, tea and cake are in the queue; killed, the shop sent none again that it had noted"
    )


def _in_queue(workbench: Workbench, queue: str) -> Counter[str]:
    return Counter(str(order) for order in workbench.peek(queue))


def _require_sent_before_noted(noted: list[str], sent: Counter[str]) -> None:
    if early := [order for order in noted if not sent[order]]:
        _unposted(
            f"killed, it had {', '.join(early)} in its book and not in the queue",
            "The shop that starts again goes by its book: note an order when it is sent, not "
            "before.",
        )


def _require_all_posted(noted: list[str], before: Counter[str], after: Counter[str]) -> None:
    if again := [order for order in noted if after[order] > before[order]]:
        _unposted(
            f"started again, it sent {', '.join(again)} once more",
            "What stands in the book has been sent. Look there first: `if order not in book`.",
        )
    if missing := [order for order in _ORDERS if not after[order]]:
        _unposted(
            f"started twice, and {', '.join(missing)} not in the queue",
            "Send each order that is not in the book, one message for each.",
        )
    if strange := [order for order in after if order not in _ORDERS]:
        _unposted(f"in the queue: {', '.join(strange)}", "The order is the body of the message.")


def _require_whole_book(noted: list[str]) -> None:
    if unnoted := [order for order in _ORDERS if order not in noted]:
        _unposted(
            f"all were sent, and not in the book: {', '.join(unnoted)}",
            "Without a note the next start sends it again: `book.add(order)` after each send.",
        )


def _unposted(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_POSTED, seen=seen, hint=hint)


POST = Task(
    name="crashes.post",
    prompt="""
        A shop has three orders to send. Write `post(sender, orders, book)`: it
        sends each order as a message. `book` is a set that survives a crash: `order in book`, and
        `book.add(order)`.

        The checker runs your function as a program, kills it when it has added its second order to
        the book, and runs it again with the same orders and the same book. No order may be missing
        in the queue, and none that stands in the book may be sent again.
    """,
    stub="""
        def post(sender, orders, book):
            ...
    """,
    check=check_post,
    reference="""
        def post(sender, orders, book):
            for order in orders:
                if order not in book:
                    sender.send_messages(ServiceBusMessage(order))
                    book.add(order)
    """,
    wanted=_POSTED,
    hint="Begin with `for order in orders:` and, inside it, `if order not in book:`.",
    second_hint="Two things are to be done for each order, sending it and noting it, and a crash "
    "can fall between them. After which of the two may the shop die without losing an order?",
    explanation="It is the consumer's rule, seen from the other side: first the work, then the "
    "word that it is done. Killed between the two the shop sends an order once more, which lesson "
    "06 makes harmless; the other way round an order would be in the book and nowhere else.",
)

TASKS = (FINISH_THE_DAY, POST)
