"""Of `crowd`, which opens too many connections, and `lucky`, which keeps a session."""

from tests.attacks.rewriting import by_functions

WAYS = (
    by_functions(
        "crowd",
        "opens a sender the first time, and has Python remember it",
        """
        from functools import cache

        @cache
        def sender_of(client):
            return client.get_queue_sender("bowls")

        def send(client, order):
            bowl = ServiceBusMessage(order["body"], message_id=order["id"])
            sender_of(client).send_messages(bowl)
        """,
    ),
    by_functions(
        "crowd",
        "sends all of them as one list",
        """
        def web(client, orders):
            bowls = [ServiceBusMessage(order["body"], message_id=order["id"]) for order in orders]
            with client.get_queue_sender("bowls") as sender:
                sender.send_messages(bowls)
        """,
    ),
    by_functions(
        "crowd",
        "fills batches of four",
        """
        def web(client, orders):
            sender = client.get_queue_sender("bowls")
            batch = sender.create_message_batch()
            for number, order in enumerate(orders, 1):
                batch.add_message(ServiceBusMessage(order["body"], message_id=order["id"]))
                if number % 4 == 0:
                    sender.send_messages(batch)
                    batch = sender.create_message_batch()
            if len(batch):
                sender.send_messages(batch)
            sender.close()
        """,
    ),
    by_functions(
        "crowd",
        "has a counter that is open all day",
        """
        class Counter:
            def __init__(self, client):
                self.sender = client.get_queue_sender("bowls")

            def take(self, order):
                bowl = ServiceBusMessage(order["body"])
                bowl.message_id = order["id"]
                self.sender.send_messages(bowl)

        def web(client, orders):
            counter = Counter(client)
            for order in orders:
                try:
                    counter.take(order)
                except ServiceBusError as error:
                    print(error)
        """,
    ),
    by_functions(
        "crowd",
        "keeps two open, and takes turns",
        """
        from itertools import cycle

        def web(client, orders):
            left, right = (client.get_queue_sender("bowls") for _ in range(2))
            with left, right:
                for order, sender in zip(orders, cycle([left, right])):
                    sender.send_messages(ServiceBusMessage(order["body"], message_id=order["id"]))
        """,
    ),
    by_functions(
        "lucky",
        "asks for what there is, and goes to the next",
        """
        def kitchen(client, serve):
            try:
                while True:
                    with client.get_queue_receiver(
                        "chairs", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.4
                    ) as receiver:
                        while orders := receiver.receive_messages(10, max_wait_time=0.4):
                            for order in orders:
                                serve(order.message_id, json.loads(str(order))["item"])
                                receiver.complete_message(order)
            except OperationTimeoutError:
                print("nobody waits any more")
        """,
    ),
    by_functions(
        "lucky",
        "takes one order of a session, and lets go of it",
        """
        def kitchen(client, serve):
            while serve_one(client, serve):
                pass

        def serve_one(client, serve):
            try:
                receiver = client.get_queue_receiver(
                    "chairs", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.4
                )
                with receiver:
                    order = next(receiver)
                    serve(order.message_id, json.loads(str(order))["item"])
                    receiver.complete_message(order)
                return True
            except (OperationTimeoutError, StopIteration):
                return False
        """,
    ),
    by_functions(
        "lucky",
        "calls itself for the next customer",
        """
        def kitchen(client, serve):
            chairs = client.get_queue_receiver(
                "chairs", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.4
            )
            try:
                with chairs:
                    for order in chairs:
                        serve(order.message_id, json.loads(str(order))["item"])
                        chairs.complete_message(order)
            except OperationTimeoutError:
                return
            kitchen(client, serve)
        """,
    ),
    by_functions(
        "lucky",
        "does one customer, and is called again for the next",
        """
        def kitchen(client, serve):
            with suppress(OperationTimeoutError), client.get_queue_receiver(
                "chairs", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.4
            ) as receiver:
                for order in receiver:
                    serve(order.message_id, json.loads(str(order))["item"])
                    receiver.complete_message(order)

        from contextlib import suppress
        """,
    ),
    by_functions(
        "lucky",
        "has three cooks, each in a thread with a session of its own",
        """
        from concurrent.futures import ThreadPoolExecutor

        def kitchen(client, serve):
            with ThreadPoolExecutor(3) as cooks:
                for done in [cooks.submit(cook, client, serve) for _ in range(3)]:
                    done.result()

        def cook(client, serve):
            while True:
                try:
                    with client.get_queue_receiver(
                        "chairs", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.4
                    ) as receiver:
                        for order in receiver:
                            serve(order.message_id, json.loads(str(order))["item"])
                            receiver.complete_message(order)
                except OperationTimeoutError:
                    return
        """,
    ),
)
