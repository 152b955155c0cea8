"""Right answers to the exercises of `at_least_once` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "at_least_once.charge_once",
        "the table says no",
        """
        def charge_once(receiver, till):
            for order in receiver:
                try:
                    with till:
                        till.execute("INSERT INTO charged VALUES (?)", (order.message_id,))
                        till.execute("UPDATE account SET euros = euros + ?", (3,))
                except sqlite3.IntegrityError:
                    pass
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "at_least_once.charge_once",
        "counts in one statement",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    till.execute(
                        "UPDATE account SET euros = euros + 3 "
                        "WHERE NOT EXISTS (SELECT 1 FROM charged WHERE message_id = ?)",
                        [order.message_id],
                    )
                    till.execute("REPLACE INTO charged VALUES (?)", [order.message_id])
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "at_least_once.charge_once",
        "gives back what goes wrong",
        """
        def charge(till, message_id):
            (known,) = till.execute(
                "SELECT count(*) FROM charged WHERE message_id = :id", {"id": message_id}
            ).fetchone()
            if not known:
                till.execute("UPDATE account SET euros = euros + 3")
                till.execute("INSERT INTO charged VALUES (:id)", {"id": message_id})


        def charge_once(receiver, till):
            while orders := receiver.receive_messages(10, max_wait_time=1):
                for order in orders:
                    try:
                        charge(till, order.message_id)
                    except sqlite3.Error:
                        till.rollback()
                        receiver.abandon_message(order)
                    else:
                        till.commit()
                        receiver.complete_message(order)
        """,
    ),
    Unusual(
        "at_least_once.send_day",
        "an id that is worked out",
        """
        import uuid

        def send_day(sender, orders):
            for order in orders:
                name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"order/{order['number']}"))
                sender.send_messages(ServiceBusMessage(order["drink"], message_id=name))
        """,
    ),
    Unusual(
        "at_least_once.send_day",
        "the whole order for its id",
        """
        def send_day(sender, orders):
            batch = sender.create_message_batch()
            for order in orders:
                name = json.dumps(order, sort_keys=True)
                batch.add_message(ServiceBusMessage(order["drink"].encode(), message_id=name))
            sender.send_messages(batch)
        """,
    ),
    Unusual(
        "at_least_once.send_day",
        "the last one first",
        """
        def send_day(sender, orders):
            for order in sorted(orders, key=lambda order: -order["number"]):
                message = ServiceBusMessage(order["drink"])
                message.message_id = f"{order['number']:05}"
                sender.send_messages(message)
        """,
    ),
    Unusual(
        "at_least_once.send_day",
        "everything twice, to be sure",
        """
        def send_day(sender, orders):
            for order in [*orders, *orders]:
                sender.send_messages(
                    [ServiceBusMessage(order["drink"], message_id=f"no. {order['number']}")]
                )
        """,
    ),
)
