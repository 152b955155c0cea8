"""Of `evening`, which deletes what it is handed, and `morning`, which leaves a receiver open."""

from tests.attacks.rewriting import by_changes, by_functions

WAYS = (
    by_functions(
        "evening",
        "receives in batches with peek-lock",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("tickets", max_wait_time=0.4) as receiver:
                while batch := receiver.receive_messages(3):
                    for message in batch:
                        serve(message.message_id, json.loads(str(message))["item"])
                        receiver.complete_message(message)
        """,
    ),
    by_functions(
        "evening",
        "looks at the next one, cooks it, and only then deletes it",
        """
        def kitchen(client, serve):
            mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
            with client.get_queue_receiver("tickets", receive_mode=mode) as receiver:
                while waiting := receiver.peek_messages(max_message_count=1):
                    serve(waiting[0].message_id, json.loads(str(waiting[0]))["item"])
                    receiver.receive_messages(max_message_count=1, max_wait_time=5)
        """,
    ),
    by_functions(
        "evening",
        "says peek-lock by its name, and closes by a stack",
        """
        from contextlib import ExitStack

        def kitchen(client, serve):
            with ExitStack() as closing:
                tickets = client.get_queue_receiver("tickets", receive_mode="peeklock")
                closing.enter_context(tickets)
                for ticket in iter(lambda: tickets.receive_messages(max_wait_time=0.4), []):
                    serve(ticket[0].message_id, json.loads(str(ticket[0]))["item"])
                    tickets.complete_message(ticket[0])
        """,
    ),
    by_functions(
        "evening",
        "is a generator that completes what its user has taken to the end",
        """
        def tickets(client):
            with client.get_queue_receiver("tickets", max_wait_time=0.4) as receiver:
                for message in receiver:
                    yield message.message_id, json.loads(str(message))
                    receiver.complete_message(message)

        def kitchen(client, serve):
            for order_id, meal in tickets(client):
                serve(order_id, meal["item"])
        """,
    ),
    by_functions(
        "evening",
        "still fetches in advance, and has a receiver each time",
        """
        def kitchen(client, serve):
            while cook_one(client, serve):
                pass

        def cook_one(client, serve):
            with client.get_queue_receiver("tickets", prefetch_count=1) as receiver:
                messages = receiver.receive_messages(max_wait_time=0.4)
                for message in messages:
                    serve(message.message_id, json.loads(str(message))["item"])
                    receiver.complete_message(message)
            return messages
        """,
    ),
    by_changes(
        "morning",
        "closes all that the client has opened",
        (
            "    with client.get_queue_sender",
            "    client.close()\n    with client.get_queue_sender",
        ),
    ),
    by_changes(
        "morning",
        "closes it by hand",
        (
            "    with client.get_queue_sender",
            "    sweep.close()\n    with client.get_queue_sender",
        ),
    ),
    by_functions(
        "morning",
        "looks, and takes nothing when there is nothing",
        """
        def web(client, orders):
            sweep = client.get_queue_receiver("breakfasts", receive_mode="receiveanddelete")
            if old := sweep.peek_messages(max_message_count=4):
                sweep.receive_messages(max_message_count=len(old), max_wait_time=0.4)
            sender = client.get_queue_sender("breakfasts")
            for order in orders:
                sender.send_messages(ServiceBusMessage(order["body"], message_id=order["id"]))
            sender.close()
            sweep.close()
        """,
    ),
    by_functions(
        "morning",
        "sweeps with locks, in a function that is over before the first order",
        """
        def sweep(client):
            with client.get_queue_receiver("breakfasts", max_wait_time=0.4) as old:
                for message in old:
                    old.complete_message(message)

        def web(client, orders):
            sweep(client)
            with client.get_queue_sender("breakfasts") as sender:
                for order in orders:
                    sender.send_messages(ServiceBusMessage(order["body"], message_id=order["id"]))
        """,
    ),
    by_functions(
        "morning",
        "has it closed by contextlib, and asks the administration for nothing",
        """
        from contextlib import closing

        def web(client, orders):
            receive = {"receive_mode": "receiveanddelete", "max_wait_time": 0.4}
            with closing(client.get_queue_receiver("breakfasts", **receive)) as sweep:
                print("of yesterday:", sum(1 for _ in sweep))
            with closing(client.get_queue_sender("breakfasts")) as sender:
                for order in orders:
                    sender.send_messages([ServiceBusMessage(order["body"], message_id=order["id"])])
        """,
    ),
)
