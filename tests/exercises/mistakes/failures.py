"""Wrong answers to the exercises of `failures`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "failures.sort_out",
        "gives it back",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.abandon_message(order)
                else:
                    serve(drink)
                    receiver.complete_message(order)
        """,
        "until the broker had enough of it",
        "This never will",
    ),
    Mistake(
        "failures.sort_out",
        "completes what it cannot read",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.complete_message(order)
                else:
                    serve(drink)
                    receiver.complete_message(order)
        """,
        "it was completed",
        "keeps the order for a person",
    ),
    Mistake(
        "failures.sort_out",
        "buries it without a word",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.dead_letter_message(order)
                else:
                    serve(drink)
                    receiver.complete_message(order)
        """,
        "with the reason None",
        "Say why",
    ),
    Mistake(
        "failures.sort_out",
        "leaves it as it is",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    continue
                else:
                    serve(drink)
                    receiver.complete_message(order)
        """,
        "still in the queue",
        "has to be settled",
    ),
    Mistake(
        "failures.sort_out",
        "serves the whole order",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.dead_letter_message(order, reason="unreadable")
                else:
                    serve(str(order))
                    receiver.complete_message(order)
        """,
        'served: {"drink"',
        "the drink of each order",
    ),
    Mistake(
        "failures.sort_out",
        "expects no trouble",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                serve(json.loads(str(order))["drink"])
                receiver.complete_message(order)
        """,
        "sort_out raised JSONDecodeError",
        "last words",
    ),
    Mistake(
        "failures.sort_out",
        "completes before it serves",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.dead_letter_message(order, reason="unreadable")
                else:
                    receiver.complete_message(order)
                    serve(drink)
        """,
        "'coffee' was completed before it was served",
        "A crash between the two would lose it",
    ),
    Mistake(
        "failures.sort_out",
        "tries it three times",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    if order.delivery_count < 2:
                        receiver.abandon_message(order)
                    else:
                        receiver.dead_letter_message(order, reason="unreadable")
                else:
                    serve(drink)
                    receiver.complete_message(order)
        """,
        "'two teas, please' was handed out more than once",
        "at its first delivery",
    ),
    Mistake(
        "failures.resubmit",
        "completes first",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    graveyard.complete_message(dead)
                    sender.send_messages(ServiceBusMessage(body, message_id=dead.message_id))
        """,
        "'coffee!' was completed before a copy of it was sent",
        "Send first, complete after",
    ),
    Mistake(
        "failures.resubmit",
        "completes nothing",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(body, message_id=dead.message_id))
        """,
        "still in the dead-letter queue: coffee!, tea!",
        "complete the original",
    ),
    Mistake(
        "failures.resubmit",
        "an id of its own",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(body))
                    graveyard.complete_message(dead)
        """,
        "another message id",
        "keeps the id",
    ),
    Mistake(
        "failures.resubmit",
        "the wrong queue",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(body, message_id=dead.message_id))
                    graveyard.complete_message(dead)
        """,
        "in the queue: nothing",
        "every message of the dead-letter queue",
    ),
    Mistake(
        "failures.resubmit",
        "sends it as it was",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(str(dead), message_id=dead.message_id))
                    graveyard.complete_message(dead)
        """,
        "in the queue: coffee!, tea!",
        "repair(str(dead))",
    ),
    Mistake(
        "failures.resubmit",
        "deleted as they are handed out",
        """
        def resubmit(client, queue, repair):
            graveyard = client.get_queue_receiver(
                queue,
                sub_queue=ServiceBusSubQueue.DEAD_LETTER,
                receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE,
                max_wait_time=1,
            )
            with graveyard, client.get_queue_sender(queue) as sender:
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(body, message_id=dead.message_id))
        """,
        "a dead order was deleted as it was handed out",
        "receive with peek-lock",
    ),
    Mistake(
        "failures.resubmit",
        "completes first, and has an id of its own: of the two, the loss is spoken of",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    graveyard.complete_message(dead)
                    sender.send_messages(ServiceBusMessage(str(dead)))
        """,
        "'coffee!' was completed before a copy of it was sent",
        "would lose the order",
    ),
    Mistake(
        "failures.resubmit",
        "sends the one and completes the other",
        """
        def resubmit(client, queue, repair):
            graveyard = client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER)
            with graveyard, client.get_queue_sender(queue) as sender:
                dead = graveyard.receive_messages(2, max_wait_time=2)
                for one, other in zip(dead, reversed(dead)):
                    copy = ServiceBusMessage(repair(str(one)), message_id=one.message_id)
                    sender.send_messages(copy)
                    graveyard.complete_message(other)
        """,
        "the original of 'tea' was completed before the copy was sent",
        "Send first, complete after",
    ),
    Mistake(
        "failures.resubmit",
        "gives the originals back",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(body, message_id=dead.message_id))
                    graveyard.abandon_message(dead)
        """,
        "resubmit had not returned after",
        "What you abandon comes back at once",
        limit_seconds=2.0,
    ),
)
