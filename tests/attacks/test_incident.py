"""Another scene than the café, as the failure lab has them: two programs, one promise, one blow."""

from pathlib import Path

import pytest

from sbtutorial.attacks.assignment import Role, Tool
from sbtutorial.attacks.attack import attack
from sbtutorial.attacks.plan import Draw, Harm, Moment, Place, Plan, draw
from sbtutorial.attacks.promises import DONE, NONE_CHARGED_TWICE, NONE_LOST
from sbtutorial.attacks.scene import Scene
from sbtutorial.attacks.system import System

pytestmark = [pytest.mark.sdk, pytest.mark.timeout(300)]

_PAID = Place("cashier", Moment.PAID, 20)


def plan(seed: int) -> Plan:
    """Every day the cashier dies once, right after the commit."""
    return draw(seed, (Draw(Harm.KILL, (_PAID,)),))


CHARGED_TWICE = Scene(
    name="charged_twice",
    opening="begin",
    roles=(Role("web", Tool.ORDERS), Role("cashier", Tool.BOOK)),
    plan=plan,
    promises=(NONE_LOST, NONE_CHARGED_TWICE, DONE),
)
BROKEN = """
import json
from azure.servicebus import ServiceBusMessage


def begin(admin):
    admin.create_queue("payments")


def web(client, orders):
    with client.get_queue_sender("payments") as sender:
        for order in orders:
            sender.send_messages(ServiceBusMessage(order["body"], message_id=order["id"]))


def cashier(client, book):
    with client.get_queue_receiver("payments", max_wait_time=0.4) as receiver:
        for message in receiver:
            euros = json.loads(str(message))["euros"]
            if euros:
                with book:
                    book.execute("INSERT INTO charges VALUES (?, ?)", [message.message_id, euros])
            receiver.complete_message(message)
"""
MENDED = BROKEN.replace(
    "            if euros:\n",
    '            known = "SELECT 1 FROM charges WHERE order_id = ?"\n'
    "            if euros and not book.execute(known, [message.message_id]).fetchone():\n",
)


def test_an_incident_is_played_and_mended(home: Path) -> None:
    lines: list[str] = []
    broken = attack(CHARGED_TWICE, System("payments", BROKEN), 3, show=lines.append)
    assert broken.first_broken is not None and broken.first_broken.broken is not None
    assert broken.first_broken.promise is NONE_CHARGED_TWICE
    seen = broken.first_broken.broken.seen
    assert seen.endswith("between them the cashier was killed before the broker knew")
    assert lines[0] == "Day 3: 40 orders, 0 of them unreadable, 0 sent twice by their customers."
    mended = attack(CHARGED_TWICE, System("payments", MENDED), 3, show=lambda line: None)
    assert mended, repr(mended)
    assert mended.roles == ("web", "cashier")
