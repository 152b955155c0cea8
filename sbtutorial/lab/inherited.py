"""The namespace of lesson 07: a party service's queues, as a colleague left them.

Everything in it is made by calls of the Explorer, so through the SDK: what lies there got there as
it would in a real one.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.sending import counted

TOPIC = "parties"
QUEUES: Mapping[str, Mapping[str, Any]] = {
    "invoices": {
        "requires_duplicate_detection": True,
        "duplicate_detection_history_time_window": "7 days",
        "dead_lettering_on_message_expiration": True,
        "max_delivery_count": 3,
    },
    "reminders": {},
    "stove": {"lock_duration": "30 s"},
    "stove-old": {"user_metadata": "nobody reads this any more"},
}
SUBSCRIPTIONS: Mapping[str, Mapping[str, Any]] = {
    "large": {"lock_duration": "30 s"},
    "office": {"forward_to": "invoices"},
    "small": {"forward_to": "stove"},
}
RULES = {"large": ("many", "persons > 50"), "small": ("few", "persons < 50")}
CLOSED = {"status": "SendDisabled", "user_metadata": "hob is being repaired, open again on Monday"}


class Order(NamedTuple):
    """One order for a party."""

    number: int
    customer: str
    persons: int

    @property
    def body(self) -> str:
        """What the web shop wrote."""
        return json.dumps({"customer": self.customer, "persons": self.persons})


ORDERS = (
    Order(101, "Lind", 12),
    Order(102, "Okoro", 30),
    Order(103, "City Choir", 120),
    Order(104, "Hotel Astor", 60),
)
LATER_ORDERS = (
    Order(105, "Villa Rosa", 50),
    Order(106, "Park School", 25),
    Order(107, "Villa Rosa", 50),
    Order(108, "Hotel Astor", 80),
)
BY_HAND = '{"customer": "Petrov" "persons": 8}'
OFFER = '{"offer": 17, "customer": "Lind", "valid": "until Friday"}'
PRINTER = ("printer offline", "the printer did not answer; the order itself is fine")
UNREADABLE = ("unreadable", "Expecting ',' delimiter: line 1 column 23 (char 22)")
# What the office did with its first messages: a reason makes a dead letter, None is done.
OFFICE_WORK = (None, PRINTER, None, PRINTER, UNREADABLE)


def leave_behind(explorer: Explorer) -> str:
    """Make the namespace that lesson 07 looks around in; what is left of an earlier one goes.

    It makes a topic with three subscriptions and four queues; sends orders; and does with some of
    them what a kitchen and an office do on their last day: invoices are written, orders set aside,
    dead letters left lying.

    Args:
        explorer: Of the namespace.

    Returns:
        What there is now, in a sentence.

    Raises:
        TutorialError: The service refuses.
    """
    for name in (TOPIC, *QUEUES):
        with suppress(TutorialError):
            explorer.delete(name, confirm=True)
    _make(explorer)
    with ThreadPoolExecutor() as people:  # each of them waits for the SDK most of the time
        people.submit(_remind, explorer)
        _order(explorer)
        office = people.submit(_work_in_the_office, explorer)
        _work_in_the_hall(explorer)
        office.result()
    return _sentence(explorer)


def _make(explorer: Explorer) -> None:
    for name, properties in QUEUES.items():
        explorer.create_queue(name, **properties)
    explorer.create_topic(TOPIC)
    for name, properties in SUBSCRIPTIONS.items():
        explorer.create_subscription(f"{TOPIC}/{name}", **properties)
    for name, (rule, sql) in RULES.items():
        explorer.create_rule(f"{TOPIC}/{name}", rule, sql)
        explorer.delete_rule(f"{TOPIC}/{name}", "$Default")
    explorer.edit("stove", **CLOSED)


def _order(explorer: Explorer) -> None:
    """Orders come by the topic; one was typed by hand; an offer was good for a moment."""
    for order in ORDERS:
        _send_order(explorer, order)
    explorer.send("invoices", BY_HAND, message_id="order-98")
    explorer.send("invoices", OFFER, message_id="offer-17", time_to_live=timedelta(milliseconds=1))
    for order in LATER_ORDERS:
        _send_order(explorer, order)


def _send_order(explorer: Explorer, order: Order) -> None:
    explorer.send(
        TOPIC,
        order.body,
        message_id=f"order-{order.number}",
        application_properties={"persons": order.persons},
    )


def _work_in_the_office(explorer: Explorer) -> None:
    # As many as it settles: a receiver that asks for more holds what comes after.
    for held, why in zip(explorer.receive("invoices", len(OFFICE_WORK)), OFFICE_WORK, strict=True):
        if why is None:
            held.complete()
        else:
            held.dead_letter(*why)


def _work_in_the_hall(explorer: Explorer) -> None:
    """The choir has no date yet: its order is set aside."""
    (choir,) = explorer.receive(f"{TOPIC}/large", 1)
    choir.defer()


def _remind(explorer: Explorer) -> None:
    for days, words in ((3, "order wine for Hotel Astor"), (300, "renew the lease of the hall")):
        at = datetime.now(UTC) + timedelta(days=days)
        explorer.send("reminders", words, scheduled_enqueue_time_utc=at)


def _sentence(explorer: Explorer) -> str:
    tree = explorer.tree()
    nodes = [node for node in tree if node.place.entity in (TOPIC, *QUEUES)]
    messages = sum(node.active + node.scheduled + node.dead for node in nodes)
    return (
        f"{len(QUEUES)} queues, a topic with {len(SUBSCRIPTIONS)} subscriptions, "
        f"{counted(messages)}, and nobody to ask"
    )
