"""What runs on a role's side: the learner's program, its tools, and the line to the day.

It stands still at each moment until the day says go on; what is killed there is not told, and does
not go on. The line is a pipe to another process or two queues between threads: here it is all one.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, Protocol, Self

from sbtutorial.attacks.assignment import Tool
from sbtutorial.attacks.plan import Moment
from sbtutorial.workers.cell import compile_cell
from sbtutorial.workers.checkpoints import checkpoint
from sbtutorial.workers.child import failure

# One more try is enough for a broker that is back at once, and a day has no time for four.
_CLIENT_OPTIONS: dict[str, Any] = {"retry_total": 1, "retry_backoff_factor": 0.1}


class Line(Protocol):
    """The way to the day."""

    def ask(self, report: dict[str, Any]) -> Mapping[str, Any]:
        """Report, and stand still until there is an answer."""

    def keep(self, book: "Book | None") -> None:
        """Have the book closed when this role is killed, and its process is not."""


class Program:
    """A learner's program, loaded once and called turn by turn."""

    def __init__(self, line: Line, name: str, source: str) -> None:
        self._line = line
        module = ModuleType("__main__")
        self._variables = module.__dict__
        self._variables["checkpoint"] = checkpoint
        exec(compile_cell(name, source), self._variables)

    def play(self, turn: Mapping[str, Any]) -> None:
        """Call a function for one turn.

        Args:
            turn: `function`, `connection_string`, and, for one with a tool, `tool` with `slips`,
                `menu` or `book`.
        """
        function: Callable[..., Any] = self._variables[turn["function"]]
        if "tool" not in turn:
            self._open(function, turn["connection_string"])
            return
        from azure.servicebus import ServiceBusClient

        # It is not closed: the program ends, and its connections with it. What a learner has left
        # open would take the SDK a second each.
        client = ServiceBusClient.from_connection_string(
            turn["connection_string"], **_CLIENT_OPTIONS
        )
        function(client, _TOOLS[Tool(turn["tool"])](self._line, turn))

    def _open(self, function: Callable[..., Any], connection_string: str) -> None:
        from azure.servicebus.management import ServiceBusAdministrationClient

        with ServiceBusAdministrationClient.from_connection_string(connection_string) as admin:
            function(admin)


class Orders(list[dict[str, str]]):
    """A list of orders; whoever goes through it stands still before each."""

    line: Line

    def __iter__(self) -> Iterator[dict[str, str]]:
        for number in range(len(self)):
            slip = self[number]
            self.line.ask({"at": Moment.ORDER, "order": slip["id"]})
            yield slip


class Book(sqlite3.Connection):
    """A SQLite connection that stands still around each commit."""

    line: Line | None = None

    def __exit__(self, kind: object, *error: object) -> Any:
        """As every connection's: commit, or roll back after an error."""
        if kind is None:
            self.commit()
        else:
            self.rollback()
        return False

    def commit(self) -> None:
        """As every connection's."""
        if not self.in_transaction or self.line is None:
            super().commit()
            return
        self.line.ask({"at": Moment.PAYING})
        super().commit()
        self.line.ask({"at": Moment.PAID})

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """As every connection's; where each statement is a transaction, it is a moment, too."""
        before = self.total_changes
        cursor = super().execute(*arguments)
        if self.line and self.total_changes != before and not self.in_transaction:
            self.line.ask({"at": Moment.PAID})
        return cursor

    @classmethod
    def at(cls, path: str, line: Line | None) -> Self:
        """The book in a file."""
        # Killed from another thread, on a stage of threads.
        book = sqlite3.connect(path, factory=cls, check_same_thread=False)
        # What a kill leaves behind is whole; the machine's own death is no part of this.
        book.execute("PRAGMA synchronous = OFF")
        book.line = line
        return book


def _orders(line: Line, turn: Mapping[str, Any]) -> Orders:
    orders = Orders(turn["slips"])
    orders.line = line
    return orders


def _serve(line: Line, turn: Mapping[str, Any]) -> Callable[[str, str], None]:
    menu: Mapping[str, str | None] = turn["menu"]

    def serve(order_id: str, item: str) -> None:
        """Cook what was ordered, and bring it to the customer."""
        if order_id not in menu:
            raise ValueError(f"nobody ordered {order_id!r}: its id is such as 'order-07'")
        if menu[order_id] is None:
            raise ValueError(f"nobody can read what {order_id} is, so nobody can cook it")
        if item != menu[order_id]:
            raise ValueError(f"{order_id} is {menu[order_id]}, not {item!r}")
        answer = line.ask({"at": Moment.COOKING, "order": order_id})
        if refusal := answer.get("refused"):
            raise RuntimeError(refusal)
        line.ask({"at": Moment.SERVED, "order": order_id})

    return serve


def _book(line: Line, turn: Mapping[str, Any]) -> Book:
    book = Book.at(turn["book"], line)
    line.keep(book)
    return book


_TOOLS: dict[Tool, Callable[[Line, Mapping[str, Any]], object]] = {
    Tool.ORDERS: _orders,
    Tool.SERVE: _serve,
    Tool.BOOK: _book,
}


READY = "ready"  # nothing is to be done, until the day gives another turn


def perform(line: Line, name: str, source: str) -> dict[str, object]:
    """Play turn after turn, until the program fails; how it did, as `workers.child.failure`."""
    turn = line.ask({"at": READY})
    try:
        program = Program(line, name, source)
        while True:
            _play(program, turn)
            line.keep(None)
            turn = line.ask({"at": READY})
    except BaseException as error:
        return failure(name, error)


def _play(program: Program, turn: Mapping[str, Any]) -> None:
    try:
        program.play(turn)
    except SystemExit as end:
        if end.code:
            raise
