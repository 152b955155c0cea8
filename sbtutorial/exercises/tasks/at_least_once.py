"""Exercises of lesson 06: what comes twice, and counts once."""

import sqlite3
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, NoReturn

from sbtutorial.exercises.crashing import require_completed, run_in_process
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

# --- charge_once ----------------------------------------------------------------------------------

_LOCK_SECONDS = 30
_PRICE_EUROS = 3
_WANTED_EUROS = 2 * _PRICE_EUROS
_DRINK = "coffee"  # the body of each order
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
    _send(workbench, queue, "order-1", "order-2")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "till.db"
        with closing(sqlite3.connect(file)) as till:
            till.executescript(_TABLES)
        program = _SHIFT.format(file=str(file), queue=queue)
        kept = []
        for at, moment in _KILLED_AT.items():
            run_in_process(workbench, charge_once, program, kill_at=at, moment=moment)
            kept.append(_read(file))
            workbench.advance(_LOCK_SECONDS + 1)
        run_in_process(workbench, charge_once, program)
        _require_settled(workbench, queue)
        _require_euros_after_kills(_read(file), kept)
        _send(workbench, queue, "order-1")
        run_in_process(workbench, charge_once, program)
        _require_settled(workbench, queue)
        _require_euros_after_repeat(file)
    return "6 euros for two orders, after two kills in a transaction and a second send"


def _send(workbench: Workbench, queue: str, *names: str) -> None:
    """Orders of which only the ids differ, as of two customers who want the same."""
    from azure.servicebus import ServiceBusMessage

    workbench.send(queue, *(ServiceBusMessage(_DRINK, message_id=name) for name in names))


def _require_euros_after_kills(now: "_Till", kept: "list[_Till]") -> None:
    if now.euros != _WANTED_EUROS:
        _wrong(
            f"{now.euros} euros for two orders, after two kills in a transaction and a new start",
            _why_not(now, kept),
        )


def _why_not(now: "_Till", kept: "list[_Till]") -> str:
    """What makes it other than 6 euros, judged by what the kills have left in the till, too."""
    if now.noted and not now.euros:
        return (
            "The notes are there, and nothing was charged. `rowcount` is 1 when the note is new: "
            "then comes the `UPDATE account`."
        )
    if now.euros % _PRICE_EUROS:
        return f"Each order costs {_PRICE_EUROS} euros: `SET euros = euros + {_PRICE_EUROS}`."
    if _DRINK in now.noted:
        return (
            "The note is the body, which two orders may share: `order.message_id` is what names "
            "an order."
        )
    if now.is_even:
        return (
            "The order was completed, and its euros were not kept: `complete_message` comes after "
            "`with till:`, for each order."
        )
    if all(till.is_even for till in kept):
        return f"What was in the till stays there: `SET euros = euros + {_PRICE_EUROS}` adds to it."
    return "Note and euros belong into one transaction: one `with till:` around both."


def _require_euros_after_repeat(file: Path) -> None:
    till = _read(file)
    if till.euros != _WANTED_EUROS:
        _wrong(
            f"{till.euros} euros for two orders, after order-1 was sent a second time",
            "Look in the table `charged` for `order.message_id` before you charge: nothing else "
            "tells a second send from another order.",
        )


class _Till(NamedTuple):
    """What is in it: euros, and the names of what is noted as charged."""

    euros: int
    noted: frozenset[object]

    @property
    def is_even(self) -> bool:
        """Whether the euros are those of the orders that are noted."""
        return self.euros == len(self.noted) * _PRICE_EUROS


def _read(file: Path) -> _Till:
    with closing(sqlite3.connect(file)) as till:
        (euros,) = till.execute("SELECT euros FROM account").fetchone()
        noted = frozenset(name for (name,) in till.execute("SELECT message_id FROM charged"))
    return _Till(euros, noted)


def _require_settled(workbench: Workbench, queue: str) -> None:
    if left := [str(order.message_id) for order in workbench.peek(queue)]:
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
            "order, not at random, as the SDK does when there is no `message_id=…`.",
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
