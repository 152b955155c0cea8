"""Cafés: the one that keeps every promise, and typical ones that do not."""

from typing import NamedTuple

from sbtutorial.exercises.tasks import capstone

REFERENCE = capstone.ON_BAD_DAYS.reference


class Wrong(NamedTuple):
    """A café that goes wrong.

    Attributes:
        what: How it differs from the right one.
        changes: Pieces of the right one, and what stands in their place.
        seed: A day on which that shows.
        promise: The promise that is broken first.
        seen: Words of what is seen.
        hint: Words of the hint.
    """

    what: str
    changes: tuple[tuple[str, str], ...]
    seed: int
    promise: str
    seen: str
    hint: str

    @property
    def source(self) -> str:
        """The café's file."""
        source = REFERENCE
        for old, new in self.changes:
            assert old in source, old
            source = source.replace(old, new)
        return source


_CHARGE = """\
                with book:
                    known = book.execute(
                        "SELECT 1 FROM charges WHERE order_id = ?", [message.message_id]
                    )
                    if not known.fetchone():
                        book.execute(
                            "INSERT INTO charges VALUES (?, ?)",
                            [message.message_id, order["euros"]],
                        )
                receiver.complete_message(message)
"""
_JUST_CHARGE = """\
                with book:
                    book.execute(
                        "INSERT INTO charges VALUES (?, ?)",
                        [message.message_id, order["euros"]],
                    )
                receiver.complete_message(message)
"""
_SERVE = """\
                        serve(message.message_id, order["item"])
                        receiver.complete_message(message)
"""
_KITCHEN = """\
    while True:
        try:
            with client.get_subscription_receiver(
                "orders", "kitchen", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.4
            ) as receiver:
                for message in receiver:
                    if order := read(receiver, message):
                        serve(message.message_id, order["item"])
                        receiver.complete_message(message)
        except OperationTimeoutError:
            return
"""
_KITCHEN_WITHOUT_SESSIONS = """\
    with client.get_subscription_receiver("orders", "kitchen", max_wait_time=0.4) as receiver:
        for message in receiver:
            if order := read(receiver, message):
                serve(message.message_id, order["item"])
                receiver.complete_message(message)
"""
_READ = """\
    try:
        return json.loads(str(message))
    except ValueError as error:
        receiver.dead_letter_message(message, reason="unreadable", error_description=str(error))
"""
_TILL_RULE = """\
    admin.delete_rule("orders", "till", "$Default")
    admin.create_rule("orders", "till", "meals", filter=SqlRuleFilter("kind = 'meal'"))
"""

_DEAD_LETTER = (
    'receiver.dead_letter_message(message, reason="unreadable", error_description=str(error))'
)
_TILL = REFERENCE[REFERENCE.index("def till") :]
_TILL_THAT_DELETES = """\
def till(client, book):
    with client.get_subscription_receiver(
        "orders", "till", max_wait_time=0.4, receive_mode="receiveanddelete"
    ) as receiver:
        for message in receiver:
            try:
                order = json.loads(str(message))
            except ValueError:
                continue
            with book:
                known = book.execute(
                    "SELECT 1 FROM charges WHERE order_id = ?", [message.message_id]
                )
                if not known.fetchone():
                    book.execute(
                        "INSERT INTO charges VALUES (?, ?)",
                        [message.message_id, order["euros"]],
                    )
"""

_BY_HAND = """\
                row = [message.message_id, order["euros"], message.message_id]
                book.execute(
                    "INSERT INTO charges SELECT ?, ? WHERE NOT EXISTS "
                    "(SELECT 1 FROM charges WHERE order_id = ?)",
                    row,
                )
                receiver.complete_message(message)
"""

WRONG = (
    Wrong(
        "the till takes no notes",
        ((_CHARGE, _JUST_CHARGE),),
        2,
        "none charged twice",
        "was charged twice",
        "in the same transaction",
    ),
    Wrong(
        "the till keeps its notes in a variable",
        (
            (
                _CHARGE,
                """\
                if message.message_id not in NOTES:
                    with book:
                        book.execute(
                            "INSERT INTO charges VALUES (?, ?)",
                            [message.message_id, order["euros"]],
                        )
                    NOTES.add(message.message_id)
                receiver.complete_message(message)
""",
            ),
            ("def open_cafe", "NOTES = set()\n\n\ndef open_cafe"),
        ),
        2,
        "none charged twice",
        "was killed before the broker knew",
        "die with the program",
    ),
    Wrong(
        "neither notes nor duplicate detection",
        ((_CHARGE, _JUST_CHARGE), (", requires_duplicate_detection=True", "")),
        1,
        "none charged twice",
        "was charged twice",
        "message_id",
    ),
    Wrong(
        "the kitchen without sessions",
        ((", requires_session=True", ""), (_KITCHEN, _KITCHEN_WITHOUT_SESSIONS)),
        2,
        "in order, customer by customer",
        "was served before",
        "A session is on all of a customer's",
    ),
    Wrong(
        "the kitchen completes before it serves",
        (
            (
                _SERVE,
                """\
                        receiver.complete_message(message)
                        serve(message.message_id, order["item"])
""",
            ),
        ),
        2,
        "none lost",
        "was never served, and its message was completed",
        "when the work is done",
    ),
    Wrong(
        "the till completes before it charges",
        (
            (
                "                with book:\n                    known",
                "                receiver.complete_message(message)\n"
                "                with book:\n                    known",
            ),
            (
                """\
                        )
                receiver.complete_message(message)
""",
                """\
                        )
""",
            ),
        ),
        1,
        "none lost",
        "was never charged, and its message was completed",
        "when the work is done",
    ),
    Wrong(
        "poison kills whoever reads it",
        ((_READ, "    return json.loads(str(message))\n"),),
        1,
        "done within the day",
        "JSONDecodeError",
        "Catch what you expect",
    ),
    Wrong(
        "poison is completed",
        (
            (
                _DEAD_LETTER,
                "receiver.complete_message(message)",
            ),
            ("except ValueError as error", "except ValueError"),
        ),
        1,
        "poison set aside, with its reason",
        "it is gone",
        "`dead_letter_message`, with a reason",
    ),
    Wrong(
        "poison is abandoned until the broker has enough",
        (
            (
                _DEAD_LETTER,
                "receiver.abandon_message(message)",
            ),
            ("except ValueError as error", "except ValueError"),
        ),
        1,
        "poison set aside, with its reason",
        "MaxDeliveryCountExceeded",
        "should learn what is wrong",
    ),
    Wrong(
        "poison is set aside without a word",
        (
            (
                _DEAD_LETTER,
                "receiver.dead_letter_message(message)",
            ),
            ("except ValueError as error", "except ValueError"),
        ),
        1,
        "poison set aside, with its reason",
        "without a reason",
        "takes `reason=`",
    ),
    Wrong(
        "a till for everything",
        ((_TILL_RULE, ""),),
        0,
        "none charged twice",
        "is a glass of water",
        "a rule on the kind",
    ),
    Wrong(
        "a rule too many",
        (("kind = 'meal'", "kind = 'food'"),),
        0,
        "none lost",
        "no subscription took a copy",
        "rules",
    ),
    Wrong(
        "one try for each message",
        (('"till")', '"till", max_delivery_count=1)'),),
        1,
        "none lost",
        "too many deliveries",
        "How many do you allow",
    ),
    Wrong(
        "a lifetime of a minute",
        (
            (
                "requires_duplicate_detection=True",
                'requires_duplicate_detection=True, default_message_time_to_live="PT1M"',
            ),
        ),
        1,
        "none lost",
        "ran out of time",
        "How long may a message live",
    ),
    Wrong(
        "the shop remembers where it was, too early",
        (
            (
                "    with client.get_topic_sender",
                "    orders = [order for order in orders if order['id'] not in SEEN]\n"
                "    with client.get_topic_sender",
            ),
            (
                "def open_cafe",
                "SEEN = {f'order-{number:02}' for number in range(30, 41)}\n\n\ndef open_cafe",
            ),
        ),
        0,
        "none lost",
        "no message of it reached the broker",
        "Nobody killed it.",
    ),
    Wrong(
        "a receiver that waits for ever",
        (('"till", max_wait_time=0.4)', '"till")'),),
        0,
        "done within the day",
        "the till did not come to an end",
        "max_wait_time",
    ),
    Wrong(
        "an endless loop",
        (("    while True:\n        try:", "    while True:\n        continue\n        try:"),),
        0,
        "done within the day",
        "the kitchen did not come to an end",
        "A loop needs an end",
    ),
    Wrong(
        "the till receives and deletes",
        ((_TILL, _TILL_THAT_DELETES),),
        1,
        "none lost",
        "deleted as it was handed out",
        "peek-lock",
    ),
    Wrong(
        "poison is left alone",
        ((_DEAD_LETTER, "return None"), ("except ValueError as error", "except ValueError")),
        1,
        "done within the day",
        "which nobody can read, again and again",
        "comes back: `dead_letter_message`",
    ),
    Wrong(
        "the till completes nothing",
        (
            (
                """\
                        )
                receiver.complete_message(message)
""",
                """\
                        )
""",
            ),
        ),
        0,
        "done within the day",
        "still there at the end",
        "complete what is done",
    ),
    Wrong(
        "the kitchen completes nothing",
        (
            (
                """\
                        serve(message.message_id, order["item"])
                        receiver.complete_message(message)
""",
                """\
                        serve(message.message_id, order["item"])
""",
            ),
        ),
        0,
        "done within the day",
        "times",
        "What is done is completed",
    ),
    Wrong(
        "everything costs three euros",
        (('order["euros"]]', "3]"),),
        0,
        "none charged twice",
        "and 3 were charged",
        "The body says",
    ),
    Wrong(
        "the till never commits",
        (("                with book:\n", "                if book:\n"),),
        0,
        "none lost",
        "was never charged, and its message was completed",
        "when the work is done",
    ),
    Wrong(
        "what is cooked is not what was ordered",
        (('serve(message.message_id, order["item"])', 'serve(message.message_id, "soup")'),),
        0,
        "done within the day",
        "not 'soup'",
        "dies of it",
    ),
)


class Unusual(NamedTuple):
    """A café that keeps its promises in another way."""

    what: str
    changes: tuple[tuple[str, str], ...]

    @property
    def source(self) -> str:
        """The café's file."""
        return Wrong(self.what, self.changes, 0, "", "", "").source


UNUSUAL = (
    Unusual("no duplicate detection", ((", requires_duplicate_detection=True", ""),)),
    Unusual(
        "a till that leaves water out by itself",
        (
            (_TILL_RULE, ""),
            (
                "            if order := read(receiver, message):\n                with book",
                "            order = read(receiver, message)\n"
                '            if order and not order["euros"]:\n'
                "                receiver.complete_message(message)\n"
                "            elif order:\n                with book",
            ),
        ),
    ),
    Unusual(
        "notes in a table of their own",
        (
            (
                _CHARGE,
                """\
                book.execute("CREATE TABLE IF NOT EXISTS notes (id PRIMARY KEY)")
                note = book.execute("INSERT OR IGNORE INTO notes VALUES (?)", [message.message_id])
                if note.rowcount:
                    row = [message.message_id, order["euros"]]
                    book.execute("INSERT INTO charges VALUES (?, ?)", row)
                book.commit()
                receiver.complete_message(message)
""",
            ),
        ),
    ),
    Unusual(
        "two queues in place of a topic",
        (
            (
                REFERENCE[REFERENCE.index("    admin.create_topic") : REFERENCE.index("def shop")],
                """\
    admin.create_queue("food", requires_session=True)
    admin.create_queue("money")


""",
            ),
            (
                REFERENCE[
                    REFERENCE.index("    with client.get_topic") : REFERENCE.index("def read")
                ],
                """\
    with client.get_queue_sender("food") as food, client.get_queue_sender("money") as money:
        for order in orders:
            ids = {"message_id": order["id"], "session_id": order["customer"]}
            food.send_messages(ServiceBusMessage(order["body"], **ids))
            if order["kind"] == "meal":
                money.send_messages(ServiceBusMessage(order["body"], message_id=order["id"]))


""",
            ),
            ("get_subscription_receiver", "get_queue_receiver"),
            ('"orders", "kitchen", session_id', '"food", session_id'),
            ('"orders", "till"', '"money"'),
        ),
    ),
    Unusual(
        "all orders in one call",
        (
            (
                "        for order in orders:\n            sender.send_messages(",
                "        everything = []\n        for order in orders:\n"
                "            everything.append(",
            ),
            ("\n\n\ndef read", "\n        sender.send_messages(everything)\n\n\ndef read"),
        ),
    ),
    Unusual(
        "each customer by name, and errors are lived with",
        (
            (
                _KITCHEN,
                """\
    for customer in ("Ada", "Ben", "Cleo"):
        with client.get_subscription_receiver(
            "orders", "kitchen", session_id=customer, max_wait_time=0.4
        ) as receiver:
            while messages := receiver.receive_messages(max_wait_time=0.4):
                for message in messages:
                    if order := read(receiver, message):
                        serve(message.message_id, order["item"])
                        try:
                            receiver.complete_message(message)
                        except ServiceBusError:
                            return
""",
            ),
            ("import OperationTimeoutError", "import OperationTimeoutError, ServiceBusError"),
        ),
    ),
    Unusual(
        "a transaction by hand",
        (
            (
                '    with client.get_subscription_receiver("orders", "till"',
                "    book.isolation_level = None\n"
                '    with client.get_subscription_receiver("orders", "till"',
            ),
            (_CHARGE, _BY_HAND),
        ),
    ),
    Unusual(
        "one customer a shift",
        (("    while True:\n        try:", "    for _ in range(1):\n        try:"),),
    ),
)
