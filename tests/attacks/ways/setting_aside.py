"""Of `office`, where dead letters are counted, and `retry`, whose copies are dropped."""

from tests.attacks.rewriting import by_changes, by_functions

WAYS = (
    by_changes(
        "office",
        "sends copies back to the kitchen",
        (
            'print("dead letters:", len(dead.peek_messages(max_message_count=10)))',
            'sender = client.get_queue_sender("dishes")\n'
            "        for message in dead.receive_messages(10, max_wait_time=2):\n"
            "            copy = ServiceBusMessage(str(message))\n"
            "            copy.message_id = message.message_id\n"
            "            sender.send_messages(copy)\n"
            "            dead.complete_message(message)",
        ),
    ),
    by_changes(
        "office",
        "has the kitchen give back what it cannot do now",
        (
            "receiver.dead_letter_message(message, reason=str(error))",
            "receiver.abandon_message(message)",
        ),
    ),
    by_functions(
        "office",
        "knows the dead-letter queue by the SDK's name for it, and takes them as they come",
        """
        from azure.servicebus import ServiceBusSubQueue

        def office(client, serve):
            dead = client.get_queue_receiver("dishes", sub_queue=ServiceBusSubQueue.DEAD_LETTER)
            with dead:
                while letters := dead.receive_messages(max_message_count=5, max_wait_time=0.4):
                    print(*(letter.dead_letter_reason for letter in letters))
                    for letter in letters:
                        serve(letter.message_id, json.loads(str(letter))["item"])
                        dead.complete_message(letter)
        """,
    ),
    by_functions(
        "office",
        "has one function for both queues",
        """
        def kitchen(client, serve):
            cook(client, serve, None)

        def office(client, serve):
            cook(client, serve, "deadletter")

        def cook(client, serve, part):
            options = {"sub_queue": part, "max_wait_time": 0.4}
            with client.get_queue_receiver("dishes", **options) as receiver:
                for message in receiver:
                    try:
                        serve(message.message_id, json.loads(str(message))["item"])
                    except RuntimeError as error:
                        if part is None:
                            receiver.dead_letter_message(message, reason=str(error))
                        else:
                            receiver.abandon_message(message)
                    else:
                        receiver.complete_message(message)
        """,
    ),
    by_functions(
        "office",
        "waits for the oven, and sets nothing aside",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("dishes", max_wait_time=0.4) as receiver:
                for message in receiver:
                    item, is_done = json.loads(str(message))["item"], False
                    while not is_done:
                        try:
                            serve(message.message_id, item)
                            is_done = True
                        except RuntimeError as error:
                            print(error)
                    receiver.complete_message(message)
        """,
    ),
    by_changes(
        "retry",
        "gives the copy an id of its own",
        ("message_id=message.message_id\n", 'message_id=f"{message.message_id} again"\n'),
        ("serve(message.message_id, ", "serve(message.message_id[:8], "),
    ),
    by_changes(
        "retry",
        "does without duplicate detection",
        (", requires_duplicate_detection=True", ""),
    ),
    by_functions(
        "retry",
        "lets the error end the program, and the lock run out",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("ovens", max_wait_time=0.4) as receiver:
                for message in receiver:
                    serve(message.message_id, json.loads(str(message))["item"])
                    receiver.complete_message(message)
        """,
    ),
    by_functions(
        "retry",
        "defers, and comes back to it when the queue is empty",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("ovens", max_wait_time=0.4) as receiver:
                put_off = [number for number in map(cook(receiver, serve), receiver) if number]
                if put_off:
                    for message in receiver.receive_deferred_messages(put_off):
                        cook(receiver, serve)(message)

        def cook(receiver, serve):
            def one(message):
                try:
                    serve(message.message_id, json.loads(str(message))["item"])
                except RuntimeError:
                    receiver.defer_message(message)
                    return message.sequence_number
                receiver.complete_message(message)
            return one
        """,
    ),
    by_functions(
        "retry",
        "schedules a copy that names its order in a property",
        """
        from datetime import datetime, timezone

        def kitchen(client, serve):
            receiver = client.get_queue_receiver("ovens", max_wait_time=0.4)
            with receiver, client.get_queue_sender("ovens") as sender:
                for message in receiver:
                    known = message.application_properties or {}
                    order_id = known.get(b"order", b"").decode() or message.message_id
                    try:
                        serve(order_id, json.loads(str(message))["item"])
                    except RuntimeError:
                        again = ServiceBusMessage(str(message))
                        again.message_id = f"{order_id}, try {message.sequence_number}"
                        again.application_properties = {"order": order_id}
                        sender.schedule_messages(again, datetime.now(timezone.utc))
                    receiver.complete_message(message)
        """,
    ),
)
