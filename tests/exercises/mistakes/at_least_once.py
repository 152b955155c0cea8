"""Wrong answers to the exercises of `at_least_once`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "at_least_once.charge_once",
        "takes no notes",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "9 euros for two orders, after order-1 was sent",
        "before you charge",
    ),
    Mistake(
        "at_least_once.charge_once",
        "keeps its notes in memory",
        """
        def charge_once(receiver, till):
            charged = set()
            for order in receiver:
                if order.message_id not in charged:
                    with till:
                        till.execute("UPDATE account SET euros = euros + 3")
                    charged.add(order.message_id)
                receiver.complete_message(order)
        """,
        "9 euros for two orders, after order-1 was sent",
        "the table `charged`",
    ),
    Mistake(
        "at_least_once.charge_once",
        "notes first, in a transaction of their own",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                if note.rowcount == 1:
                    with till:
                        till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "3 euros for two orders, after two kills",
        "belong into one transaction",
    ),
    Mistake(
        "at_least_once.charge_once",
        "euros first, in a transaction of their own",
        """
        def charge_once(receiver, till):
            for order in receiver:
                known = "SELECT 1 FROM charged WHERE message_id = ?"
                if not till.execute(known, [order.message_id]).fetchone():
                    with till:
                        till.execute("UPDATE account SET euros = euros + 3")
                    with till:
                        till.execute("INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id])
                receiver.complete_message(order)
        """,
        "9 euros for two orders, after two kills",
        "belong into one transaction",
    ),
    Mistake(
        "at_least_once.charge_once",
        "completes before the transaction",
        """
        def charge_once(receiver, till):
            for order in receiver:
                receiver.complete_message(order)
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
        """,
        "3 euros for two orders, after two kills",
        "`complete_message` comes after",
    ),
    Mistake(
        "at_least_once.charge_once",
        "leaves the repeated one",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 0:
                        continue
                    till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "still in the queue: order-1",
        "come back for ever",
    ),
    Mistake(
        "at_least_once.charge_once",
        "the sequence number for an id",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.sequence_number]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "9 euros for two orders, after order-1 was sent",
        "nothing else tells a second send from another",
    ),
    Mistake(
        "at_least_once.charge_once",
        "one transaction around all orders",
        """
        def charge_once(receiver, till):
            with till:
                for order in receiver:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
                    receiver.complete_message(order)
        """,
        "0 euros for two orders, after two kills",
        "for each order",
    ),
    Mistake(
        "at_least_once.charge_once",
        "completes inside the transaction",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
                    receiver.complete_message(order)
        """,
        "3 euros for two orders, after two kills",
        "`complete_message` comes after",
    ),
    Mistake(
        "at_least_once.charge_once",
        "each statement a transaction",
        """
        def charge_once(receiver, till):
            till.isolation_level = None
            for order in receiver:
                note = till.execute("INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id])
                if note.rowcount == 1:
                    till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "3 euros for two orders, after two kills",
        "belong into one transaction",
    ),
    Mistake(
        "at_least_once.charge_once",
        "completes before a transaction of its own making",
        """
        def charge_once(receiver, till):
            till.isolation_level = None
            for order in receiver:
                receiver.complete_message(order)
                till.execute("begin")
                note = till.execute("insert or ignore into charged values (?)", [order.message_id])
                if note.rowcount == 1:
                    till.execute("update account set euros = euros + 3")
                till.execute("commit")
        """,
        "3 euros for two orders, after two kills",
        "`complete_message` comes after",
    ),
    Mistake(
        "at_least_once.charge_once",
        "buries what is paid",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
                receiver.dead_letter_message(order)
        """,
        "in the dead-letter queue: coffee, coffee",
        "What is done is completed",
    ),
    Mistake(
        "at_least_once.send_day",
        "no ids",
        """
        def send_day(sender, orders):
            for number, order in enumerate(orders):
                sender.send_messages(ServiceBusMessage(order["drink"]))
        """,
        "tea, coffee, tea, coffee, tea",
        "not at random",
    ),
    Mistake(
        "at_least_once.send_day",
        "the drink for an id",
        """
        def send_day(sender, orders):
            for number, order in enumerate(orders):
                sender.send_messages(ServiceBusMessage(order["drink"], message_id=order["drink"]))
        """,
        "in the queue: tea, coffee",
        "name the order",
    ),
    Mistake(
        "at_least_once.send_day",
        "the place in the list for an id",
        """
        def send_day(sender, orders):
            for number, order in enumerate(orders):
                sender.send_messages(ServiceBusMessage(order["drink"], message_id=str(number)))
        """,
        "in the queue: tea, coffee",
        "place in the list",
    ),
    Mistake(
        "at_least_once.send_day",
        "one id for all",
        """
        def send_day(sender, orders):
            for number, order in enumerate(orders):
                sender.send_messages(ServiceBusMessage(order["drink"], message_id="order"))
        """,
        "in the queue: tea",
        "an id of its own",
    ),
    Mistake(
        "at_least_once.send_day",
        "the number alone",
        """
        def send_day(sender, orders):
            for order in orders:
                name = str(order["number"])
                sender.send_messages(ServiceBusMessage(name, message_id=name))
        """,
        "in the queue: 17, 18, 19",
        "drink as the body",
    ),
    Mistake(
        "at_least_once.send_day",
        "a memory instead of ids",
        """
        SENT = set()

        def send_day(sender, orders):
            for order in orders:
                if order["number"] not in SENT:
                    sender.send_messages(ServiceBusMessage(order["drink"]))
                    SENT.add(order["number"])
        """,
        "did not send its orders again",
        "has forgotten what it sent",
    ),
    Mistake(
        "at_least_once.charge_once",
        "overwrites what is in the till",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = 3")
                receiver.complete_message(order)
        """,
        "3 euros for two orders",
        "adds to it",
    ),
    Mistake(
        "at_least_once.charge_once",
        "another price",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 1")
                receiver.complete_message(order)
        """,
        "2 euros for two orders",
        "Each order costs 3 euros",
    ),
    Mistake(
        "at_least_once.charge_once",
        "charges what is noted already",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 0:
                        till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "0 euros for two orders",
        "nothing was charged",
    ),
    Mistake(
        "at_least_once.charge_once",
        "the body for an id",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [str(order)]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "3 euros for two orders",
        "The note is the body",
    ),
    Mistake(
        "at_least_once.charge_once",
        "writes the note without asking",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    till.execute("INSERT INTO charged VALUES (?)", [order.message_id])
                    till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        'in this line: till.execute("INSERT INTO charged',
        "`INSERT OR IGNORE` writes it once",
    ),
)
