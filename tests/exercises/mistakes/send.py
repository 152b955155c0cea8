"""Wrong answers to the exercises of `send`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "send.batch",
        "all in one list",
        """
        def send_all(sender, photos):
            sender.send_messages([ServiceBusMessage(photo) for photo in photos])
        """,
        "send_all raised MessageSizeExceededError",
        "raises this error when the batch is full",
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
    Mistake(
        "send.batch",
        "one at a time",
        """
        def send_all(sender, photos):
            for photo in photos:
                sender.send_messages(ServiceBusMessage(photo))
        """,
        "7 transfers",
        "fill a batch, two of them fit",
    ),
    Mistake(
        "send.batch",
        "the full batch for ever",
        """
        def send_all(sender, photos):
            batch = sender.create_message_batch()
            while photos:
                try:
                    batch.add_message(ServiceBusMessage(photos[0]))
                    photos.pop(0)
                except MessageSizeExceededError:
                    sender.send_messages(batch)
            sender.send_messages(batch)
        """,
        "the same batch was sent again and again",
        "go on with a new one",
    ),
    Mistake(
        "send.order",
        "more in the id than the id",
        """
        def send_order(sender, order_id, drink, table):
            sender.send_messages(
                ServiceBusMessage(
                    drink,
                    message_id=f"order-{order_id}",
                    application_properties={"table": table},
                    time_to_live=timedelta(minutes=5),
                )
            )
        """,
        "message_id: order-A-17",
        "message_id=",
    ),
)
