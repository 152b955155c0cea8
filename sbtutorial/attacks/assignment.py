"""What a role is told when its turn begins: which function, and with which tool."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sbtutorial.attacks.orders import Order
from sbtutorial.attacks.plan import Plan


class Tool(StrEnum):
    """What a role's function is given beside a client of the SDK."""

    ORDERS = "orders"  # a list of the day's orders
    SERVE = "serve"  # a function: serve(order_id, item)
    BOOK = "book"  # a SQLite connection with the table charges (order_id, euros)


@dataclass(frozen=True, slots=True)
class Role:
    """One program.

    Attributes:
        name: Its name, which is its function's.
        tool: What it is given beside the client.
    """

    name: str
    tool: Tool


def opening(function: str, connection_string: str) -> dict[str, Any]:
    """For who makes the queues in the morning; see `attacks.actor.Program`."""
    return {"function": function, "connection_string": connection_string}


def assignment(role: Role, plan: Plan, connection_string: str, book_path: str) -> dict[str, Any]:
    """For a role; see `attacks.actor.Program`."""
    turn: dict[str, Any] = {**opening(role.name, connection_string), "tool": role.tool}
    if role.tool is Tool.ORDERS:
        turn["slips"] = [order.slip for order in plan.slips]
    elif role.tool is Tool.SERVE:
        turn["menu"] = {order.id: _item(order) for order in plan.orders}
    else:
        turn["book"] = book_path
    return turn


def _item(order: Order) -> str | None:
    return None if order.is_poison else order.item
