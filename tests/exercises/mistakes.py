"""Wrong answers that a learner may well give, and what must be said of each."""

from typing import NamedTuple


class Mistake(NamedTuple):
    """One wrong answer, and words of its verdict."""

    task: str
    what: str
    source: str
    seen: str
    hint: str


MISTAKES = (
    # -- create ----------------------------------------------------------------------------------
    Mistake(
        "create.options",
        "gigabytes for megabytes",
        """
        def create_orders(admin, name):
            admin.create_queue(name, max_size_in_megabytes=5)
        """,
        "max_size_in_megabytes is 5; in the Standard tier it may be 1024",
        "last words",
    ),
    Mistake(
        "create.options",
        "a name of its own",
        """
        def create_orders(admin, name):
            try:
                admin.create_queue("orders", max_size_in_megabytes=5120)
            finally:
                admin.delete_queue("orders")
        """,
        "there is no such queue",
        "the name that your function is called with",
    ),
    Mistake(
        "create.options",
        "no time to live",
        """
        def create_orders(admin, name):
            admin.create_queue(name, max_size_in_megabytes=5120, max_delivery_count=5)
        """,
        "default_message_time_to_live for ever, the default",
        "a timedelta",
    ),
    Mistake(
        "create.options",
        "a lock of a minute",
        """
        def create_orders(admin, name):
            admin.create_queue(
                name,
                max_size_in_megabytes=5120,
                default_message_time_to_live=timedelta(minutes=1),
                max_delivery_count=5,
            )
        """,
        "lock_duration 60 seconds",
        "lock_duration",
    ),
    Mistake(
        "create.repeatable",
        "only the first time",
        """
        def ensure_queue(admin, name):
            admin.create_queue(name)
        """,
        "ensure_queue raised ResourceExistsError",
        "last words",
    ),
    Mistake(
        "create.repeatable",
        "delete and create",
        """
        def ensure_queue(admin, name):
            try:
                admin.delete_queue(name)
            except ResourceNotFoundError:
                pass
            admin.create_queue(name)
        """,
        "the order is gone",
        "Deleting a queue deletes its messages",
    ),
    Mistake(
        "create.repeatable",
        "every error swallowed",
        """
        def ensure_queue(admin, name):
            try:
                admin.create_queue(name)
            except Exception:
                pass
        """,
        "as if all were well",
        "nothing wider",
    ),
    Mistake(
        "create.repeatable",
        "looks and does not create",
        """
        def ensure_queue(admin, name):
            for queue in admin.list_queues():
                if queue.name == name:
                    return
        """,
        "it is not there",
        "admin.create_queue",
    ),
    # -- send ------------------------------------------------------------------------------------
    Mistake(
        "send.batch",
        "all in one list",
        """
        def send_all(sender, photos):
            sender.send_messages([ServiceBusMessage(photo) for photo in photos])
        """,
        "send_all raised MessageSizeExceededError",
        "",
    ),
    Mistake(
        "send.batch",
        "the last batch forgotten",
        """
        def send_all(sender, photos):
            batch = sender.create_message_batch()
            for photo in photos:
                try:
                    batch.add_message(ServiceBusMessage(photo))
                except MessageSizeExceededError:
                    sender.send_messages(batch)
                    batch = sender.create_message_batch()
                    batch.add_message(ServiceBusMessage(photo))
        """,
        "photo 7 never arrived",
        "The last batch",
    ),
    Mistake(
        "send.batch",
        "what did not fit is dropped",
        """
        def send_all(sender, photos):
            batch = sender.create_message_batch()
            for photo in photos:
                try:
                    batch.add_message(ServiceBusMessage(photo))
                except MessageSizeExceededError:
                    sender.send_messages(batch)
                    batch = sender.create_message_batch()
            sender.send_messages(batch)
        """,
        "photo 3, photo 6 never arrived",
        "had no room",
    ),
    Mistake(
        "send.batch",
        "each photo twice",
        """
        def send_all(sender, photos):
            for photo in photos:
                batch = sender.create_message_batch()
                batch.add_message(ServiceBusMessage(photo))
                sender.send_messages(batch)
                sender.send_messages(batch)
        """,
        "arrived more than once",
        "a new batch",
    ),
    Mistake(
        "send.batch",
        "filled and never sent",
        """
        def send_all(sender, photos):
            for photo in photos:
                batch = sender.create_message_batch()
                batch.add_message(ServiceBusMessage(photo))
        """,
        "never arrived",
        "goes nowhere by itself",
    ),
    Mistake(
        "send.order",
        "everything in the body",
        """
        def send_order(sender, order_id, drink, table):
            sender.send_messages(ServiceBusMessage(f"{order_id} {drink} {table}"))
        """,
        "the body: A-17 coffee 4",
        "first value",
    ),
    Mistake(
        "send.order",
        "the SDK's own id",
        """
        def send_order(sender, order_id, drink, table):
            sender.send_messages(ServiceBusMessage(drink, subject=order_id))
        """,
        "message_id: one that the SDK made up",
        "message_id=",
    ),
    Mistake(
        "send.order",
        "a table of text",
        """
        def send_order(sender, order_id, drink, table):
            properties = {"table": str(table)}
            sender.send_messages(
                ServiceBusMessage(drink, message_id=order_id, application_properties=properties)
            )
        """,
        "the text 4",
        "A number stays a number",
    ),
    Mistake(
        "send.order",
        "no time to live",
        """
        def send_order(sender, order_id, drink, table):
            properties = {"table": table}
            sender.send_messages(
                ServiceBusMessage(drink, message_id=order_id, application_properties=properties)
            )
        """,
        "time_to_live: none",
        "timedelta(minutes=5)",
    ),
    # -- receive ---------------------------------------------------------------------------------
    Mistake(
        "receive.all",
        "no end to the wait",
        """
        def take_all(client, queue):
            taken = []
            with client.get_queue_receiver(queue) as receiver:
                for message in receiver:
                    taken.append(str(message))
                    receiver.complete_message(message)
            return taken
        """,
        "had not returned after 8 seconds",
        "max_wait_time",
    ),
    Mistake(
        "receive.all",
        "nothing completed",
        """
        def take_all(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                return [str(message) for message in receiver]
        """,
        "12 of 12 orders are still in it",
        "Complete each message",
    ),
    Mistake(
        "receive.all",
        "only the first",
        """
        def take_all(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                messages = receiver.receive_messages()
                for message in messages:
                    receiver.complete_message(message)
                return [str(message) for message in messages]
        """,
        "a list of 1 texts",
        "Go on until nothing comes",
    ),
    Mistake(
        "receive.all",
        "messages for texts",
        """
        def take_all(client, queue):
            taken = []
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    taken.append(message)
                    receiver.complete_message(message)
            return taken
        """,
        "a ServiceBusReceivedMessage in it",
        "str(message)",
    ),
    Mistake(
        "receive.all",
        "printed, not returned",
        """
        def take_all(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    receiver.complete_message(message)
        """,
        "returned None",
        "return",
    ),
    Mistake(
        "receive.peek",
        "received, and left locked",
        """
        def find_orders(receiver):
            return [str(message) for message in receiver.receive_messages(max_message_count=100)]
        """,
        "handed out and locked",
        "peek_messages",
    ),
    Mistake(
        "receive.peek",
        "taken out for good",
        """
        def find_orders(receiver):
            found = []
            for message in receiver:
                found.append(str(message))
                receiver.complete_message(message)
            return found
        """,
        "12 of them are gone",
        "peek_messages",
    ),
    Mistake(
        "receive.peek",
        "the first only",
        """
        def find_orders(receiver):
            return [str(message) for message in receiver.peek_messages()]
        """,
        "1 of them",
        "max_message_count=100",
    ),
    Mistake(
        "receive.peek",
        "messages for texts",
        """
        def find_orders(receiver):
            return receiver.peek_messages(max_message_count=100)
        """,
        "12 of them",
        "str(message)",
    ),
    # -- crashes ---------------------------------------------------------------------------------
    Mistake(
        "crashes.finish_the_day",
        "completes before it makes",
        """
        def serve(receiver, make):
            for order in receiver:
                receiver.complete_message(order)
                make(order)
        """,
        "tea was never made",
        "not before",
    ),
    Mistake(
        "crashes.finish_the_day",
        "completes nothing",
        """
        def serve(receiver, make):
            for order in receiver:
                make(order)
        """,
        "coffee was made 2 times",
        "as soon as it is made",
    ),
    Mistake(
        "crashes.finish_the_day",
        "makes one and goes home",
        """
        def serve(receiver, make):
            order = receiver.next()
            make(order)
            receiver.complete_message(order)
        """,
        "it was called 1 times",
        "Loop over the receiver",
    ),
    Mistake(
        "crashes.finish_the_day",
        "a misspelt method",
        """
        def serve(receiver, make):
            for order in receiver:
                make(order)
                receiver.complete(order)
        """,
        "has no attribute 'complete'",
        "last words",
    ),
)
