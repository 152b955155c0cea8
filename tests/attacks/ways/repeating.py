"""Of `mondays`, whose lock is too short, and `restart`, whose ids are new each time."""

from tests.attacks.rewriting import by_changes, by_functions

_KNOWN = '"SELECT 1 FROM charges WHERE order_id = ?"'

WAYS = (
    by_changes(
        "mondays",
        "renews the lock while the bank thinks",
        ("import ServiceBusMessage", "import AutoLockRenewer, ServiceBusMessage"),
        (
            '    with client.get_queue_receiver("charges", max_wait_time=0.4) as receiver:\n',
            '    receiver = client.get_queue_receiver("charges", max_wait_time=0.4)\n'
            "    with AutoLockRenewer() as renewer, receiver:\n",
        ),
        (
            "            euros = ",
            "            renewer.register(receiver, message)\n            euros = ",
        ),
    ),
    by_changes(
        "mondays",
        "takes notes in the book",
        (
            "                if euros:\n",
            f"                known = book.execute({_KNOWN}, [message.message_id])\n"
            "                if euros and not known.fetchone():\n",
        ),
    ),
    by_functions(
        "mondays",
        "has the receiver renew whatever it hands out",
        """
        from azure.servicebus import AutoLockRenewer

        def cashier(client, book):
            renewer = AutoLockRenewer(max_lock_renewal_duration=120)
            bills = client.get_queue_receiver(
                "charges", auto_lock_renewer=renewer, max_wait_time=0.4
            )
            with renewer, bills:
                for bill in bills:
                    charge(book, bill.message_id, json.loads(str(bill))["euros"])
                    bills.complete_message(bill)

        def charge(book, order_id, euros):
            if euros == 0:
                return
            book.execute("INSERT INTO charges VALUES (?, ?)", (order_id, euros))
            book.commit()
        """,
    ),
    by_functions(
        "mondays",
        "remembers whom it has charged, and takes a lost lock as it comes",
        """
        from azure.servicebus.exceptions import MessageLockLostError

        charged = set()

        def cashier(client, book):
            with client.get_queue_receiver("charges", max_wait_time=0.4) as receiver:
                for message in receiver:
                    euros = json.loads(str(message))["euros"]
                    if euros and message.message_id not in charged:
                        with book:
                            book.execute(
                                "INSERT INTO charges VALUES (?, ?)", [message.message_id, euros]
                            )
                        charged.add(message.message_id)
                    try:
                        receiver.complete_message(message)
                    except MessageLockLostError:
                        print("it comes again, and nothing is charged then")
        """,
    ),
    by_functions(
        "mondays",
        "has the book itself refuse a second charge",
        """
        def cashier(client, book):
            book.execute("CREATE UNIQUE INDEX IF NOT EXISTS once ON charges (order_id)")
            with client.get_queue_receiver("charges", max_wait_time=0.4) as receiver:
                while messages := receiver.receive_messages(1):
                    (message,) = messages
                    row = message.message_id, json.loads(str(message))["euros"]
                    if row[1]:
                        with book:
                            book.execute("INSERT OR IGNORE INTO charges VALUES (?, ?)", row)
                    receiver.complete_message(message)
        """,
    ),
    by_changes(
        "restart",
        "leaves the ids, and takes notes in the book",
        (
            "                with book:\n",
            f"                if book.execute({_KNOWN}, [order_id]).fetchone():\n"
            "                    receiver.complete_message(message)\n"
            "                    continue\n"
            "                with book:\n",
        ),
    ),
    by_changes(
        "restart",
        "makes an id that is the same for the same order",
        ("import uuid4", "import NAMESPACE_OID, uuid5"),
        ("str(uuid4())", 'str(uuid5(NAMESPACE_OID, order["id"]))'),
    ),
    by_functions(
        "restart",
        "takes the bill's own text for its id",
        """
        from hashlib import sha256

        def web(client, orders):
            with client.get_queue_sender("bills") as sender:
                for order in orders:
                    text = order["body"]
                    bill = ServiceBusMessage(text, application_properties={"order": order["id"]})
                    bill.message_id = sha256(text.encode()).hexdigest()
                    sender.send_messages(bill)
        """,
    ),
    by_functions(
        "restart",
        "sends all bills in one batch, or none",
        """
        def web(client, orders):
            slips = list(orders)
            with client.get_queue_sender("bills") as sender:
                bills = sender.create_message_batch()
                for slip in slips:
                    bills.add_message(
                        ServiceBusMessage(
                            slip["body"],
                            message_id=f"bill for {slip['id']}",
                            application_properties={"order": slip["id"]},
                        )
                    )
                sender.send_messages(bills)
        """,
    ),
    by_functions(
        "restart",
        "has the book look for itself in one statement",
        """
        def cashier(client, book):
            add = (
                "INSERT INTO charges SELECT :id, :euros "
                "WHERE NOT EXISTS (SELECT * FROM charges WHERE order_id = :id)"
            )
            receiver = client.get_queue_receiver("bills", max_wait_time=0.4)
            with receiver:
                for message in receiver:
                    properties = {
                        key.decode(): text.decode()
                        for key, text in message.application_properties.items()
                    }
                    meal = json.loads(str(message))
                    if meal["euros"] > 0:
                        book.execute(add, {"id": properties["order"], "euros": meal["euros"]})
                        book.commit()
                    receiver.complete_message(message)
        """,
    ),
)
