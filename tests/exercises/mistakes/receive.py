"""Wrong answers to the exercises of `receive`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
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
        "had not returned after 3 seconds",
        "max_wait_time",
        limit_seconds=3,
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
        "a list of 1, from 'order 1' to 'order 1'",
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
        "receive.all",
        "deleted as they are handed out",
        """
        def take_all(client, queue):
            mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
            with client.get_queue_receiver(queue, receive_mode=mode, max_wait_time=1) as receiver:
                return [str(message) for message in receiver]
        """,
        "deleted as it was handed out",
        "Receive with peek-lock",
    ),
    Mistake(
        "receive.all",
        "not completed, but buried",
        """
        def take_all(client, queue):
            taken = []
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    taken.append(str(message))
                    receiver.dead_letter_message(message)
            return taken
        """,
        "in the dead-letter queue: order 1, order 2",
        "What is done is completed",
    ),
    Mistake(
        "receive.all",
        "a tuple",
        """
        def take_all(client, queue):
            taken = []
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    taken.append(str(message))
                    receiver.complete_message(message)
            return tuple(taken)
        """,
        "returned a tuple",
        "Return a list",
    ),
    Mistake(
        "receive.all",
        "a generator",
        """
        def take_all(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    yield str(message)
                    receiver.complete_message(message)
        """,
        "has a yield in it",
        "Write return in place of yield",
    ),
    Mistake(
        "receive.all",
        "the last one first",
        """
        def take_all(client, queue):
            taken = []
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    taken.insert(0, str(message))
                    receiver.complete_message(message)
            return taken
        """,
        "a list of 12, in another order",
        "Append each text",
    ),
    Mistake(
        "receive.all",
        "the body's parts for its text",
        """
        def take_all(client, queue):
            taken = []
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for message in receiver:
                    taken.append(str(message.body))
                    receiver.complete_message(message)
            return taken
        """,
        "a list of 12, from '<generator",
        "str(message)",
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
        "12 of 12 orders are gone",
        "peek_messages",
    ),
    Mistake(
        "receive.peek",
        "the first only",
        """
        def find_orders(receiver):
            return [str(message) for message in receiver.peek_messages()]
        """,
        "a list of 1, from",
        "max_message_count=100",
    ),
    Mistake(
        "receive.peek",
        "messages for texts",
        """
        def find_orders(receiver):
            return receiver.peek_messages(max_message_count=100)
        """,
        "a ServiceBusReceivedMessage in it",
        "str(message)",
    ),
    Mistake(
        "receive.peek",
        "a map",
        """
        def find_orders(receiver):
            return map(str, receiver.peek_messages(max_message_count=100))
        """,
        "returned a map",
        "Return a list",
    ),
)
