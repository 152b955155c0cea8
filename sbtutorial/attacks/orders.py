"""The orders of a day: who wants what, which nobody can read, and which are sent twice."""

import json
from random import Random
from typing import NamedTuple

COUNT = 40
CUSTOMERS = ("Ada", "Ben", "Cleo")
_MEALS = (("soup", 4), ("cake", 3), ("toast", 2), ("curry", 9), ("salad", 6))
_WATER = ("water", 0)
_ORDERS_A_WATER = 8
# A customer's second click comes so many orders after the first, at most.
_LATEST_CLICK = 4


class Order(NamedTuple):
    """One order.

    Attributes:
        id: "order-07".
        customer: Whose.
        kind: "meal", which costs something, or "water", which is free.
        item: What it is.
        euros: What it costs.
        body: As the customer's phone sent it: JSON, or what is left of it.
        is_poison: Whether nobody can read the body.
    """

    id: str
    customer: str
    kind: str
    item: str
    euros: int
    body: str
    is_poison: bool = False

    @property
    def slip(self) -> dict[str, str]:
        """What the shop is given of it."""
        return {"id": self.id, "customer": self.customer, "kind": self.kind, "body": self.body}

    @property
    def mark(self) -> str:
        """How its body begins, and no other one's."""
        return f'{{"slip": {int(self.id[-2:])}, '


def draw_orders(random: Random, *, poisoned: int, count: int = COUNT) -> tuple[Order, ...]:
    """A day's orders, in the order in which they come; so many of them nobody can read."""
    numbers = range(1, count + 1)
    waters = set(random.sample(numbers, count // _ORDERS_A_WATER))
    meals = [number for number in numbers if number not in waters]
    # Neither the first nor the last, so that somebody's next order waits behind it.
    poison = set(random.sample(meals[2:-4], poisoned))
    orders = (_draw(random, number, number in waters) for number in numbers)
    return tuple(_spoilt(order) if int(order.id[-2:]) in poison else order for order in orders)


def draw_slips(random: Random, orders: tuple[Order, ...], *, doubled: int) -> tuple[Order, ...]:
    """What the shop is given: the orders, so many of them once more a little later."""
    slips = list(orders)
    good = [order for order in orders[:-_LATEST_CLICK] if not order.is_poison]
    for order in random.sample(good, doubled):
        slips.insert(slips.index(order) + random.randint(1, _LATEST_CLICK), order)
    return tuple(slips)


def order_of(
    orders: tuple[Order, ...], message_id: str | None, text: str | None = None
) -> Order | None:
    """Which order a message is about, by its id or by its body."""
    for order in orders:
        if order.id in (message_id or "") or (text and order.mark in text):
            return order
    return None


def _draw(random: Random, number: int, is_water: bool) -> Order:
    item, euros = _WATER if is_water else random.choice(_MEALS)
    body = json.dumps({"slip": number, "item": item, "euros": euros})
    kind = "water" if is_water else "meal"
    return Order(f"order-{number:02}", random.choice(CUSTOMERS), kind, item, euros, body)


def _spoilt(order: Order) -> Order:
    """The same as it arrives over a bad line."""
    return order._replace(body=order.body[: len(order.body) - 9], is_poison=True)
