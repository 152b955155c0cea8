"""Right answers to the exercises of `send` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "send.batch",
        "halves what is too much",
        """
        def send_all(sender, photos):
            try:
                sender.send_messages([ServiceBusMessage(photo) for photo in photos])
            except MessageSizeExceededError:
                middle = len(photos) // 2
                send_all(sender, photos[:middle])
                send_all(sender, photos[middle:])
        """,
    ),
    Unusual(
        "send.batch",
        "looks at the size first",
        """
        def send_all(sender, photos):
            batch = sender.create_message_batch()
            for photo in photos:
                if batch.size_in_bytes + len(photo) + 1000 > batch.max_size_in_bytes:
                    sender.send_messages(batch)
                    batch = sender.create_message_batch()
                batch.add_message(ServiceBusMessage(photo))
            sender.send_messages(batch)
        """,
    ),
    Unusual(
        "send.batch",
        "the last one first",
        """
        def send_all(sender, photos):
            waiting = [ServiceBusMessage(photo.encode()) for photo in photos]
            while waiting:
                batch = sender.create_message_batch()
                try:
                    while waiting:
                        batch.add_message(waiting[-1])
                        waiting.pop()
                except ValueError:
                    pass
                sender.send_messages(batch)
        """,
    ),
    Unusual(
        "send.batch",
        "smaller batches than there may be",
        """
        from itertools import zip_longest

        def send_all(sender, photos):
            with sender:
                for pair in zip_longest(photos[::2], photos[1::2]):
                    batch = sender.create_message_batch(max_size_in_bytes=200_000)
                    for photo in filter(None, pair):
                        batch.add_message(ServiceBusMessage(photo, subject="photo"))
                    sender.send_messages(batch)
        """,
    ),
    Unusual(
        "send.order",
        "as AMQP has it",
        """
        from azure.servicebus.amqp import *

        def send_order(sender, order_id, drink, table):
            sender.send_messages(
                AmqpAnnotatedMessage(
                    data_body=drink.encode(),
                    header=AmqpMessageHeader(time_to_live=300_000),
                    properties=AmqpMessageProperties(message_id=order_id),
                    application_properties={"table": table},
                )
            )
        """,
    ),
    Unusual(
        "send.order",
        "in a batch of one",
        """
        def send_order(sender, order_id, drink, table):
            options = dict(message_id=order_id, time_to_live=timedelta(hours=1) / 12)
            batch = sender.create_message_batch()
            batch.add_message(
                ServiceBusMessage(drink, application_properties={b"table": table}, **options)
            )
            sender.send_messages(batch)
        """,
    ),
    Unusual(
        "send.order",
        "with more than was asked for",
        """
        def send_order(sender, order_id, drink, table):
            parts = {"table": table, "paid": False, "by": "card"}
            order = ServiceBusMessage(
                body=drink, subject="order", content_type="text/plain", application_properties=parts
            )
            order.message_id, order.time_to_live = order_id, timedelta(minutes=5)
            try:
                sender.send_messages([order], timeout=5)
            finally:
                sender.close()
        """,
    ),
    Unusual(
        "send.order",
        "with what was made before",
        """
        from functools import partial

        def send(life, sender, order_id, drink, table):
            sender.send_messages(
                ServiceBusMessage(
                    drink,
                    message_id=order_id,
                    time_to_live=life,
                    application_properties=dict(table=int(str(table))),
                )
            )

        send_order = partial(send, timedelta(minutes=5))
        """,
    ),
)
