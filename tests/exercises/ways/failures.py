"""Right answers to the exercises of `failures` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "failures.sort_out",
        "reads in a function of its own",
        """
        def drink_in(order):
            try:
                return json.loads(str(order))["drink"]
            except ValueError:
                return None


        def sort_out(receiver, serve):
            for order in receiver:
                if (drink := drink_in(order)) is None:
                    receiver.dead_letter_message(order, reason="unreadable")
                    continue
                serve(drink)
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "failures.sort_out",
        "what is bad first",
        """
        def sort_out(receiver, serve):
            good = []
            for order in receiver.receive_messages(10, max_wait_time=1):
                try:
                    good.append((order, json.loads(str(order))))
                except ValueError as error:
                    receiver.dead_letter_message(
                        order, reason="unreadable", error_description=str(error)
                    )
            for order, content in reversed(good):
                serve(content["drink"])
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "failures.sort_out",
        "goes by what it finds",
        """
        def sort_out(receiver, serve):
            with receiver:
                for order in receiver:
                    text = str(order)
                    match text[:1]:
                        case "{":
                            serve(json.loads(text).get("drink"))
                            receiver.complete_message(order)
                        case _:
                            receiver.dead_letter_message(order, "unreadable")
        """,
    ),
    Unusual(
        "failures.sort_out",
        "puts aside, and comes back to it",
        """
        def sort_out(receiver, serve):
            later = []
            for order in receiver:
                try:
                    json.loads(str(order))
                except ValueError:
                    receiver.dead_letter_message(order, reason="unreadable")
                else:
                    later.append(order.sequence_number)
                    receiver.defer_message(order)
            for order in receiver.receive_deferred_messages(later):
                serve(json.loads(str(order))["drink"])
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "failures.resubmit",
        "by the queue's path, in batches",
        """
        def resubmit(client, queue, repair):
            dead_letters = f"{queue}/$DeadLetterQueue"
            with (
                client.get_queue_receiver(dead_letters, max_wait_time=1) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    copy = ServiceBusMessage(repair(str(dead)), message_id=dead.message_id)
                    batch = sender.create_message_batch()
                    batch.add_message(copy)
                    sender.send_messages(batch)
                    graveyard.complete_message(dead)
        """,
    ),
    Unusual(
        "failures.resubmit",
        "everything else kept",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_sender(queue) as sender,
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
            ):
                for dead in graveyard:
                    copy = ServiceBusMessage(
                        repair(b"".join(dead.body).decode()),
                        message_id=dead.message_id,
                        application_properties=dead.application_properties,
                        content_type=dead.content_type,
                        subject=dead.subject,
                    )
                    sender.send_messages(copy)
                    graveyard.complete_message(dead)
        """,
    ),
    Unusual(
        "failures.resubmit",
        "counts the dead first",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(queue, sub_queue="deadletter") as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for _ in graveyard.peek_messages(100):
                    (dead,) = graveyard.receive_messages(1, max_wait_time=5)
                    copy = ServiceBusMessage(repair(str(dead)), message_id=dead.message_id)
                    sender.send_messages(copy)
                    graveyard.complete_message(dead)
        """,
    ),
    Unusual(
        "failures.resubmit",
        "puts the dead aside while it works",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                numbers = []
                for dead in graveyard:
                    numbers.append(dead.sequence_number)
                    graveyard.defer_message(dead)
                for dead in graveyard.receive_deferred_messages(numbers):
                    copy = ServiceBusMessage(repair(str(dead)), message_id=dead.message_id)
                    sender.send_messages(copy)
                    graveyard.complete_message(dead)
        """,
    ),
)
