"""Right answers to the exercises of `receive` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "receive.all",
        "one at a time",
        """
        def take_all(client, queue):
            taken = []
            with client.get_queue_receiver(queue) as receiver:
                while messages := receiver.receive_messages(max_wait_time=1):
                    receiver.complete_message(messages[0])
                    taken.append(b"".join(messages[0].body).decode())
            return taken
        """,
    ),
    Unusual(
        "receive.all",
        "counts first",
        """
        def take_all(client, queue):
            with client.get_queue_receiver(queue, prefetch_count=20) as receiver:
                count = len(receiver.peek_messages(max_message_count=100))
                messages = []
                while len(messages) < count:
                    messages += receiver.receive_messages(count - len(messages), max_wait_time=2)
                return [receiver.complete_message(one) or str(one) for one in messages]
        """,
    ),
    Unusual(
        "receive.all",
        "puts all aside, and fetches them",
        """
        def take_all(client, queue):
            numbers = []
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    numbers.append(message.sequence_number)
                    receiver.defer_message(message)
                found = receiver.receive_deferred_messages(numbers)
                for message in found:
                    receiver.complete_message(message)
                return [str(message) for message in found]
        """,
    ),
    Unusual(
        "receive.all",
        "a generator inside, and locks renewed",
        """
        def take_all(client, queue):
            def texts():
                with (
                    AutoLockRenewer() as renewer,
                    client.get_queue_receiver(
                        queue, max_wait_time=1, auto_lock_renewer=renewer
                    ) as receiver,
                ):
                    for message in receiver:
                        yield str(message)
                        receiver.complete_message(message)

            return list(texts())
        """,
    ),
    Unusual(
        "receive.peek",
        "one at a time",
        """
        def find_orders(receiver):
            found, after = [], 0
            while messages := receiver.peek_messages(sequence_number=after + 1):
                after = messages[0].sequence_number
                found.append(str(messages[0]))
            return found
        """,
    ),
    Unusual(
        "receive.peek",
        "more than there can be",
        """
        def find_orders(receiver):
            with receiver:
                return [*map(str, receiver.peek_messages(250, timeout=5))]
        """,
    ),
    Unusual(
        "receive.peek",
        "twice, to be sure",
        """
        def find_orders(receiver):
            def bodies():
                orders = receiver.peek_messages(100, sequence_number=1)
                return [b"".join(order.body).decode() for order in orders]

            found = bodies()
            assert found == bodies()
            return found
        """,
    ),
    Unusual(
        "receive.peek",
        "on and on, as the receiver remembers",
        """
        def find_orders(receiver):
            found = []
            last = 0
            while True:
                page = receiver.peek_messages(max_message_count=7, sequence_number=last + 1)
                if not page:
                    return found
                found.extend(str(message) for message in page)
                last = max(message.sequence_number for message in page)
        """,
    ),
)
