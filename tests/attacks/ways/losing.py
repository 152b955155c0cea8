"""Of `deploy`, which completes too early, and `green`, which hides what fails."""

from tests.attacks.rewriting import by_changes, by_functions

WAYS = (
    by_changes(
        "deploy",
        "cooks, and completes in a finally that is not reached by a kill",
        (
            "            receiver.complete_message(message)\n"
            '            serve(message.message_id, meal["item"])',
            "            try:\n"
            '                serve(message.message_id, meal["item"])\n'
            "            finally:\n                receiver.complete_message(message)",
        ),
    ),
    by_functions(
        "deploy",
        "takes a few at a time, and completes these one by one",
        """
        def kitchen(client, serve):
            receiver = client.get_queue_receiver("deliveries")
            try:
                while True:
                    batch = receiver.receive_messages(max_message_count=4, max_wait_time=3)
                    if not batch:
                        break
                    for each in batch:
                        serve(each.message_id, json.loads(str(each))["item"])
                        receiver.complete_message(each)
            finally:
                receiver.close()
        """,
    ),
    by_functions(
        "deploy",
        "calls itself for the next one",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("deliveries") as receiver:
                cook_next(receiver, serve)

        def cook_next(receiver, serve):
            for order in receiver.receive_messages(max_wait_time=0.4):
                serve(order.message_id, json.loads(b"".join(order.body))["item"])
                receiver.complete_message(order)
                cook_next(receiver, serve)
        """,
    ),
    by_functions(
        "deploy",
        "has a class for a piece of work that ends well, or does not",
        """
        class Work:
            def __init__(self, receiver, message):
                self.receiver, self.message = receiver, message

            def __enter__(self):
                return json.loads(str(self.message))

            def __exit__(self, kind, error, trace):
                if kind is None:
                    self.receiver.complete_message(self.message)

        def kitchen(client, serve):
            with client.get_queue_receiver("deliveries", max_wait_time=0.4) as receiver:
                for message in receiver:
                    with Work(receiver, message) as meal:
                        serve(message.message_id, meal["item"])
        """,
    ),
    by_functions(
        "deploy",
        "is written with asyncio",
        """
        import asyncio

        def kitchen(client, serve):
            with client.get_queue_receiver("deliveries") as receiver:
                asyncio.run(cook(receiver, serve))

        async def cook(receiver, serve):
            while got := await asyncio.to_thread(receiver.receive_messages, 1, 0.4):
                await asyncio.to_thread(serve, got[0].message_id, json.loads(str(got[0]))["item"])
                await asyncio.to_thread(receiver.complete_message, got[0])
        """,
    ),
    by_functions(
        "green",
        "lets an error of the oven end the program",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("platters", max_wait_time=0.4) as receiver:
                for message in receiver:
                    try:
                        item = json.loads(str(message))["item"]
                    except ValueError:
                        receiver.dead_letter_message(message, reason="no JSON")
                        continue
                    serve(message.message_id, item)
                    receiver.complete_message(message)
        """,
    ),
    by_functions(
        "green",
        "tries again at once, as often as it takes",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("platters", max_wait_time=0.4) as receiver:
                for message in receiver:
                    try:
                        meal = json.loads(str(message))
                    except json.JSONDecodeError as error:
                        receiver.dead_letter_message(message, error.msg, error.doc)
                    else:
                        while not is_served(serve, message, meal):
                            receiver.renew_message_lock(message)
                        receiver.complete_message(message)

        def is_served(serve, message, meal):
            with suppress(RuntimeError):
                serve(message.message_id, meal["item"])
                return True
        """,
    ),
    by_functions(
        "green",
        "catches both in one place, and asks which it was",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("platters", max_wait_time=0.4) as receiver:
                for message in receiver:
                    try:
                        serve(message.message_id, json.loads(str(message))["item"])
                    except Exception as error:
                        if isinstance(error, json.JSONDecodeError):
                            receiver.dead_letter_message(message, reason=repr(error))
                        else:
                            receiver.abandon_message(message)
                    else:
                        receiver.complete_message(message)
        """,
    ),
    by_functions(
        "green",
        "puts off what failed, and takes it up when all else is done",
        """
        def kitchen(client, serve):
            later = []
            with client.get_queue_receiver("platters") as receiver:
                while got := receiver.receive_messages(1, max_wait_time=0.4):
                    work(receiver, got[0], serve, later)
                while later:
                    (again,) = receiver.receive_deferred_messages(later.pop())
                    work(receiver, again, serve, later)

        def work(receiver, message, serve, later):
            try:
                serve(message.message_id, json.loads(str(message))["item"])
            except ValueError as error:
                receiver.dead_letter_message(message, "cut off", error_description=f"{error}")
            except RuntimeError:
                later.append(message.sequence_number)
                receiver.defer_message(message)
            else:
                receiver.complete_message(message)
        """,
    ),
    by_functions(
        "green",
        "chooses the settlement from a table",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("platters", max_wait_time=0.4) as receiver:
                endings = {
                    "done": receiver.complete_message,
                    "later": receiver.abandon_message,
                    "never": lambda one: receiver.dead_letter_message(one, reason="unreadable"),
                }
                for message in receiver:
                    endings[outcome(serve, message)](message)

        def outcome(serve, message):
            try:
                serve(message.message_id, json.loads(str(message))["item"])
            except RuntimeError:
                return "later"
            except ValueError:
                return "never"
            return "done"
        """,
    ),
)
