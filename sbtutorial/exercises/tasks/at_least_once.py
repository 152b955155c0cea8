"""Exercises of lesson 06: what comes twice, and counts once."""

import sqlite3
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from sbtutorial.exercises.crashing import require_completed, run_in_process
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

# --- charge_once ----------------------------------------------------------------------------------

_LOCK_SECONDS = 30
_PRICE_EUROS = 3
_WANTED_EUROS = 2 * _PRICE_EUROS
_KILLED_AT = {"write:4": "between two writes", "commit:1": "at a COMMIT"}  # of the second order
_ONCE = (
    f"{_PRICE_EUROS} euros for each order, and an empty queue: whatever comes twice, and although "
    "the process is killed twice, in a transaction"
)

_TABLES = """
    CREATE TABLE account (euros, last_order); INSERT INTO account VALUES (0, NULL);
    CREATE TABLE charged (message_id PRIMARY KEY);
"""

# SQLite tells of each statement before it runs it: a kill at a COMMIT is a kill in the transaction.
# Nothing is closed: that takes the SDK a second, and the process ends anyway.
_SHIFT = """
till = sqlite3.connect({file!r})

def watch(statement):
    word = statement.split()[0].strip(";").upper()
    if word in ("INSERT", "UPDATE", "REPLACE"):
        checkpoint("write")
    if word in ("COMMIT", "END"):
        checkpoint("commit")

till.set_trace_callback(watch)
client = ServiceBusClient.from_connection_string(lab.connection_string)
answer(client.get_queue_receiver({queue!r}, max_wait_time=1), till)
"""


def check_charge_once(workbench: Workbench, charge_once: Answer) -> str:
    """Two orders, killed in the second one's transaction, twice; then the first order again."""
    queue = workbench.queue(lock_duration=timedelta(seconds=_LOCK_SECONDS))
    workbench.send(queue, "order-1", "order-2")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "till.db"
        with closing(sqlite3.connect(file)) as till:
            till.executescript(_TABLES)
        program = _SHIFT.format(file=str(file), queue=queue)
        for at, moment in _KILLED_AT.items():
            run_in_process(workbench, charge_once, program, kill_at=at, moment=moment)
            workbench.advance(_LOCK_SECONDS + 1)
        run_in_process(workbench, charge_once, program)
        _require_settled(workbench, queue)
        _require_euros_after_kills(file)
        workbench.send(queue, "order-1")
        run_in_process(workbench, charge_once, program)
        _require_settled(workbench, queue)
        _require_euros_after_repeat(file)
    return "6 euros for two orders, after two kills in a transaction and a second send"


def _require_euros_after_kills(file: Path) -> None:
    euros, noted = _read(file)
    if euros == _WANTED_EUROS:
        return
    _wrong(
        f"{euros} euros for two orders, after two kills in a transaction and a new start",
        "The order was completed, and its euros were not kept: `complete_message` comes after "
        "`with till:`, for each order."
        if euros == noted * _PRICE_EUROS
        else "Note and euros belong into one transaction: one `with till:` around both.",
    )


def _require_euros_after_repeat(file: Path) -> None:
    euros, _ = _read(file)
    if euros != _WANTED_EUROS:
        _wrong(
            f"{euros} euros for two orders, after order-1 was sent a second time",
            "Look in the table `charged` for `order.message_id` before you charge: a second send "
            "has nothing else in common with the first.",
        )


def _read(file: Path) -> tuple[int, int]:
    """The euros in the till, and how many orders are noted as charged."""
    with closing(sqlite3.connect(file)) as till:
        (euros,) = till.execute("SELECT euros FROM account").fetchone()
        (noted,) = till.execute("SELECT count(*) FROM charged").fetchone()
    return euros, noted


def _require_settled(workbench: Workbench, queue: str) -> None:
    if left := [str(order) for order in workbench.peek(queue)]:
        _wrong(
            f"still in the queue: {', '.join(left)}",
            "Complete each order, also one that was charged before: it would come back for ever.",
        )
    require_completed(workbench, queue, wanted=_ONCE)


def _wrong(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_ONCE, seen=seen, hint=hint)


CHARGE_ONCE = Task(
    name="at_least_once.charge_once",
    prompt="""
        Write `charge_once(receiver, till)`. `till` is a SQLite connection with the
        tables of this lesson, `account (euros, last_order)` and `charged (message_id)`. Each order
        costs 3 euros. It returns when no more orders come; the receiver stops after a second
        without one.

        The checker kills your function twice: between the two writes of the second order, and at
        a `COMMIT`, which is still inside the transaction. It runs it to its end, and then sends
        the first order once more.
    """,
    stub="""
        def charge_once(receiver, till):
            ...
    """,
    check=check_charge_once,
    reference="""
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute(
                            "UPDATE account SET euros = euros + 3, last_order = ?",
                            [order.message_id],
                        )
                receiver.complete_message(order)
    """,
    wanted=_ONCE,
    hint="Begin with `for order in receiver:` and, inside it, `with till:`.",
    second_hint="`INSERT OR IGNORE INTO charged` writes a note once, and its rowcount says "
    "whether it did. Which statement depends on that, and where does `complete_message` stand?",
    explanation="Note and euros are in one transaction, so a crash keeps both or neither, and "
    "what comes again finds its note. `complete_message` comes after the transaction, for an "
    "order that was charged before as well: before it a crash would lose the order, and left out "
    "it would come back for ever.",
)

# --- send_day -------------------------------------------------------------------------------------

_DAY = ({"number": 17, "drink": "tea"}, {"number": 18, "drink": "coffee"})
_NEXT_DAY = ({"number": 19, "drink": "tea"},)
_BODIES = ["tea", "coffee", "tea"]
_NAMED = "each of the orders 17, 18 and 19 in the queue once, although the first two are sent twice"


def check_send_day(workbench: Workbench, send_day: Answer) -> str:
    """Send a day twice, as after a crash, and then the next one."""
    queue = workbench.queue(requires_duplicate_detection=True)
    for day in (_DAY, _DAY, _NEXT_DAY):
        sender = workbench.new_client().get_queue_sender(queue)
        workbench.run(send_day, sender, [dict(order) for order in day])
    there = workbench.peek(queue)
    bodies = [str(message) for message in there]
    _require_drinks(bodies, len({message.message_id for message in there}))
    _require_second_send(workbench, queue)
    return "three orders, each once: the day that was sent twice was stored once"


def _require_drinks(bodies: list[str], id_count: int) -> None:
    if sorted(bodies) == sorted(_BODIES):
        return
    seen = f"in the queue: {', '.join(bodies) or 'nothing'}"
    if len(bodies) > len(_BODIES):
        _unnamed(
            seen,
            "The second try has to use the same message ids as the first: make them from the "
            "order, not at random.",
        )
    if set(bodies) == set(_BODIES):
        _unnamed(
            seen,
            "Order 19 is another tea than order 17: an id has to name the order, not its drink or "
            "its place in the list.",
        )
    _unnamed(
        seen,
        "Send each order's drink as the body, with an id of its own."
        if id_count == len(bodies)
        else "Every order needs an id of its own.",
    )


def _require_second_send(workbench: Workbench, queue: str) -> None:
    if not workbench.tells_events:
        return
    dropped = [event for event in workbench.events(queue) if event.what == "duplicate_dropped"]
    if len(dropped) < len(_DAY):
        _unnamed(
            "the second call did not send its orders again",
            "A shop that starts again has forgotten what it sent. The queue remembers, by message "
            "id.",
        )


def _unnamed(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_NAMED, seen=seen, hint=hint)


SEND_DAY = Task(
    name="at_least_once.send_day",
    prompt="""
        Write `send_day(sender, orders)`. An order is a dictionary such as
        `{"number": 17, "drink": "tea"}`. Send its drink to the queue, which has duplicate
        detection. The checker calls your function twice with the same orders, as a shop does that
        crashed, and then with the orders of the next day. Each order may be in the queue once.
    """,
    stub="""
        def send_day(sender, orders):
            ...
    """,
    check=check_send_day,
    reference="""
        def send_day(sender, orders):
            for order in orders:
                sender.send_messages(
                    ServiceBusMessage(order["drink"], message_id=f"order-{order['number']}")
                )
    """,
    wanted=_NAMED,
    hint='`ServiceBusMessage(order["drink"], message_id=…)`: what names an order?',
    second_hint="The second call knows nothing of the first: whatever the id is made of must be "
    "in the order itself, and in no other order.",
    explanation="The order's number is its name for its whole life, so the second try has the "
    "same id, and the queue drops it. A random id would name the try, the drink or the place in "
    "the list would name several orders.",
)

TASKS = (CHARGE_ONCE, SEND_DAY)
