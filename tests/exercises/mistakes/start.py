"""Wrong answers to the exercises of `start`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "start.there_and_back",
        "only handed through",
        """
        def there_and_back(client, queue, text):
            return text
        """,
        "nothing was sent",
        "Open a sender",
    ),
    Mistake(
        "start.there_and_back",
        "a greeting of its own",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                sender.send_messages(ServiceBusMessage("Hello, queue!"))
        """,
        "in the queue: Hello, queue!",
        "the text that your function is called with",
    ),
    Mistake(
        "start.there_and_back",
        "a greeting of its own, there and back",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                sender.send_messages(ServiceBusMessage("Hello, queue!"))
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    receiver.complete_message(message)
                    return str(message)
        """,
        "your function returned 'Hello, queue!'",
        "and return `str(message)`",
    ),
    Mistake(
        "start.there_and_back",
        "only there",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                sender.send_messages(ServiceBusMessage(text))
            return text
        """,
        "it is in the queue, and waits",
        "Now receive it",
    ),
    Mistake(
        "start.there_and_back",
        "not completed",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                sender.send_messages(ServiceBusMessage(text))
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                return str(receiver.receive_messages()[0])
        """,
        "it was received, and the queue still keeps it",
        "receiver.complete_message(message)",
    ),
    Mistake(
        "start.there_and_back",
        "printed, not returned",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                sender.send_messages(ServiceBusMessage(text))
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    receiver.complete_message(message)
        """,
        "your function returned None",
        "End with return",
    ),
    Mistake(
        "start.there_and_back",
        "a message for a text",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                sender.send_messages(ServiceBusMessage(text))
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                message = next(receiver)
                receiver.complete_message(message)
                return message
        """,
        "your function returned a ServiceBusReceivedMessage",
        "str(message)",
    ),
    Mistake(
        "start.there_and_back",
        "no end to the wait",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                sender.send_messages(ServiceBusMessage(text))
            with client.get_queue_receiver(queue) as receiver:
                for message in receiver:
                    receiver.complete_message(message)
            return text
        """,
        "had not returned after 3 seconds",
        "max_wait_time",
        limit_seconds=3,
    ),
    Mistake(
        "start.there_and_back",
        "deleted as it is handed out",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                sender.send_messages(ServiceBusMessage(text))
            mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
            with client.get_queue_receiver(queue, receive_mode=mode) as receiver:
                return str(receiver.receive_messages(max_wait_time=5)[0])
        """,
        "deleted as it was handed out",
        "Receive with peek-lock",
    ),
    Mistake(
        "start.there_and_back",
        "not completed, but buried",
        """
        def there_and_back(client, queue, text):
            with client.get_queue_sender(queue) as sender:
                sender.send_messages(ServiceBusMessage(text))
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    receiver.dead_letter_message(message)
                    return str(message)
        """,
        "in the dead-letter queue: Two teas for table 4",
        "What is done is completed",
    ),
    Mistake(
        "start.take_one",
        "all of them",
        """
        def take_one(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    receiver.complete_message(message)
            return str(message)
        """,
        "both are gone, coffee and tea",
        "return from within the loop",
    ),
    Mistake(
        "start.take_one",
        "not completed",
        """
        def take_one(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    return str(message)
        """,
        "coffee is still in the queue",
        "receiver.complete_message",
    ),
    Mistake(
        "start.take_one",
        "the first of none",
        """
        def take_one(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                message = receiver.receive_messages()[0]
                receiver.complete_message(message)
                return str(message)
        """,
        "of an empty queue your function raised IndexError",
        "an empty list",
    ),
    Mistake(
        "start.take_one",
        "no end to the wait",
        """
        def take_one(client, queue):
            with client.get_queue_receiver(queue) as receiver:
                for message in receiver:
                    receiver.complete_message(message)
                    return str(message)
        """,
        "had not returned after 3 seconds",
        "max_wait_time",
        limit_seconds=3,
    ),
    Mistake(
        "start.take_one",
        "an empty text for none",
        """
        def take_one(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    receiver.complete_message(message)
                    return str(message)
            return ""
        """,
        "of an empty queue your function returned ''",
        "gives back None",
    ),
    Mistake(
        "start.take_one",
        "a message for a text",
        """
        def take_one(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    receiver.complete_message(message)
                    return message
        """,
        "your function returned a ServiceBusReceivedMessage",
        "str(message)",
    ),
    Mistake(
        "start.take_one",
        "deleted as it is handed out",
        """
        def take_one(client, queue):
            mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
            with client.get_queue_receiver(queue, receive_mode=mode) as receiver:
                for message in receiver.receive_messages(max_wait_time=1):
                    return str(message)
        """,
        "deleted as it was handed out",
        "Receive with peek-lock",
    ),
    Mistake(
        "start.take_one",
        "a receiver left open",
        """
        def take_one(client, queue):
            receiver = client.get_queue_receiver(queue, max_wait_time=1)
            for message in receiver.receive_messages(max_message_count=2):
                receiver.complete_message(message)
                return str(message)
        """,
        "the second call returned None, and tea was there",
        "Close the receiver",
    ),
)
