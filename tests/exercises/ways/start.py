"""Right answers to the exercises of `start` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "start.there_and_back",
        "listens before it sends",
        """
        def there_and_back(client, queue, text):
            with (
                client.get_queue_receiver(queue, max_wait_time=5) as receiver,
                client.get_queue_sender(queue) as sender,
            ):
                sender.send_messages(ServiceBusMessage(text))
                message = next(receiver)
                receiver.complete_message(message)
            return str(message)
        """,
    ),
    Unusual(
        "start.there_and_back",
        "as bytes, in a batch",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                batch = sender.create_message_batch()
                batch.add_message(ServiceBusMessage(text.encode()))
                sender.send_messages(batch)
            with client.get_queue_receiver(queue) as receiver:
                message = receiver.receive_messages(10, max_wait_time=5)[0]
                receiver.complete_message(message)
                return b"".join(message.body).decode()
        """,
    ),
    Unusual(
        "start.there_and_back",
        "puts it aside first",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                sender.send_messages([ServiceBusMessage(text)])
            with client.get_queue_receiver(queue, max_wait_time=5) as receiver:
                message = receiver.next()
                receiver.defer_message(message)
                (again,) = receiver.receive_deferred_messages(message.sequence_number)
                receiver.complete_message(again)
                return str(again)
        """,
    ),
    Unusual(
        "start.there_and_back",
        "an object that can be called",
        """
        class Waiter:
            def send(self, client, queue, text):
                with client.get_queue_sender(queue) as sender:
                    sender.send_messages(ServiceBusMessage(text))

            def __call__(self, client, queue, text):
                self.send(client, queue, text)
                with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                    texts = [(receiver.complete_message(one), str(one))[1] for one in receiver]
                return "".join(texts)

        there_and_back = Waiter()
        """,
    ),
    Unusual(
        "start.take_one",
        "a loop with an else",
        """
        def take_one(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    break
                else:
                    return None
                receiver.complete_message(message)
            return str(message)
        """,
    ),
    Unusual(
        "start.take_one",
        "goes by what came, and closes by hand",
        """
        def take_one(client, queue):
            receiver = client.get_queue_receiver(queue)
            try:
                match receiver.receive_messages(max_message_count=1, max_wait_time=1):
                    case [message]:
                        receiver.complete_message(message)
                        return str(message)
            finally:
                receiver.close()
                client.close()
        """,
    ),
    Unusual(
        "start.take_one",
        "looks first, and takes what it has seen",
        """
        def take_one(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                if not receiver.peek_messages():
                    time.sleep(1)
                for message in receiver.receive_messages():
                    receiver.complete_message(message)
                    return "".join(piece.decode() for piece in message.body)
        """,
    ),
)
