"""Right answers that are not the one in the lesson: each of them has to pass."""

from typing import NamedTuple


class Unusual(NamedTuple):
    """One right answer, and what is remarked on it."""

    task: str
    what: str
    source: str
    remark: str = ""


UNUSUAL = (
    Unusual(
        "start.there_and_back",
        "closes the client",
        """
        def there_and_back(client, queue, text):
            with client:
                client.get_queue_sender(queue).send_messages(ServiceBusMessage(text))
                receiver = client.get_queue_receiver(queue)
                (message,) = receiver.receive_messages(max_wait_time=5)
                receiver.complete_message(message)
                return str(message)
        """,
    ),
    Unusual(
        "create.options",
        "closes the client",
        """
        def create_orders(admin, name):
            with admin:
                admin.create_queue(
                    name,
                    max_size_in_megabytes=5 * 1024,
                    default_message_time_to_live="PT1M",
                    lock_duration="PT30S",
                    max_delivery_count=5,
                )
        """,
    ),
    Unusual(
        "create.repeatable",
        "closes the client",
        """
        def ensure_queue(admin, name):
            with admin:
                try:
                    admin.create_queue(name)
                except ResourceExistsError:
                    pass
        """,
    ),
    Unusual(
        "create.repeatable",
        "looks first",
        """
        def ensure_queue(admin, name):
            try:
                admin.get_queue(name)
            except ResourceNotFoundError:
                admin.create_queue(name)
        """,
        remark="you look before you create",
    ),
    Unusual(
        "create.repeatable",
        "looks first, and is prepared",
        """
        def ensure_queue(admin, name):
            if name not in [queue.name for queue in admin.list_queues()]:
                try:
                    admin.create_queue(name)
                except ResourceExistsError:
                    pass
        """,
    ),
    Unusual(
        "send.batch",
        "lists of two, and closes the sender",
        """
        def send_all(sender, photos):
            with sender:
                for at in range(0, len(photos), 2):
                    pair = photos[at : at + 2]
                    sender.send_messages([ServiceBusMessage(photo) for photo in pair])
        """,
    ),
    Unusual(
        "send.order",
        "part by part",
        """
        def send_order(sender, order_id, drink, table):
            message = ServiceBusMessage(drink.encode())
            message.message_id = order_id
            message.application_properties = {"table": table}
            message.time_to_live = timedelta(seconds=300)
            with sender:
                sender.send_messages(message)
        """,
    ),
    Unusual(
        "receive.all",
        "by the handful",
        """
        def take_all(client, queue):
            taken = []
            with client, client.get_queue_receiver(queue) as receiver:
                while messages := receiver.receive_messages(5, max_wait_time=1):
                    for message in messages:
                        receiver.complete_message(message)
                    taken += map(str, messages)
            return taken
        """,
    ),
    Unusual(
        "receive.peek",
        "page by page",
        """
        def find_orders(receiver):
            found = []
            with receiver:
                at = 1
                while page := receiver.peek_messages(5, sequence_number=at):
                    found += [str(message) for message in page]
                    at = page[-1].sequence_number + 1
            return found
        """,
    ),
    Unusual(
        "crashes.finish_the_day",
        "says what it does, with types and a default",
        """
        from collections.abc import Callable
        import math

        PATIENCE_SECONDS = math.pi

        def serve(receiver: ServiceBusReceiver, work: Callable, pause: float = PATIENCE_SECONDS):
            for order in receiver:
                print("serving", order, end=" … ")
                work(order)
                print("served", order)
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "failures.sort_out",
        "completes in the middle",
        """
        def sort_out(receiver, serve):
            with receiver:
                while orders := receiver.receive_messages(10, max_wait_time=1):
                    for order in orders:
                        try:
                            serve(json.loads(b"".join(order.body))["drink"])
                            receiver.complete_message(order)
                        except json.JSONDecodeError as error:
                            receiver.dead_letter_message(order, "unreadable", str(error))
        """,
    ),
    Unusual(
        "failures.resubmit",
        "all copies first",
        """
        def resubmit(client, queue, repair):
            with client:
                graveyard = client.get_queue_receiver(queue, sub_queue="deadletter")
                dead = graveyard.receive_messages(10, max_wait_time=1)
                client.get_queue_sender(queue).send_messages(
                    [
                        ServiceBusMessage(repair(str(one)), message_id=one.message_id)
                        for one in dead
                    ]
                )
                for one in dead:
                    graveyard.complete_message(one)
        """,
    ),
    Unusual(
        "at_least_once.charge_once",
        "looks first, and commits by hand",
        """
        def charge_once(receiver, till):
            known = "SELECT 1 FROM charged WHERE message_id = ?"
            for order in receiver:
                if till.execute(known, [order.message_id]).fetchone() is None:
                    till.execute("UPDATE account SET euros = euros + 3")
                    till.execute("INSERT INTO charged VALUES (?)", [order.message_id])
                    till.commit()
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "at_least_once.charge_once",
        "its own transactions, in lower case",
        """
        def charge_once(receiver, till):
            till.isolation_level = None
            for order in receiver:
                till.execute("begin immediate")
                try:
                    till.execute("insert into charged values (?);", [order.message_id])
                    till.execute("update account set euros = euros + 3;")
                    till.execute("end;")
                except sqlite3.IntegrityError:
                    till.execute("rollback")
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "at_least_once.send_day",
        "closes the sender",
        """
        def send_day(sender, orders):
            with sender:
                sender.send_messages(
                    [
                        ServiceBusMessage(order["drink"], message_id=str(order["number"]))
                        for order in orders
                    ]
                )
        """,
    ),
)
