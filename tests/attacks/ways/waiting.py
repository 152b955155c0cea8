"""Of `lunch`, `standstill` and `busy`, in which messages wait until something happens to them."""

from tests.attacks.rewriting import by_changes, by_functions

WAYS = (
    by_changes(
        "lunch",
        "has no lifetime of its own",
        (", default_message_time_to_live=timedelta(minutes=30)", ""),
    ),
    by_changes(
        "lunch",
        "says a day in the words of ISO 8601",
        ("timedelta(minutes=30)", '"P1D"'),
    ),
    by_functions(
        "lunch",
        "changes the lifetime of a queue that is there",
        """
        def begin(admin):
            lunches = admin.create_queue("lunches")
            lunches.default_message_time_to_live = timedelta(hours=18)
            admin.update_queue(lunches)
        """,
    ),
    by_functions(
        "lunch",
        "has what is too old set aside, and cooks it all the same",
        """
        def begin(admin):
            admin.create_queue(
                "lunches",
                default_message_time_to_live=timedelta(minutes=30),
                dead_lettering_on_message_expiration=True,
            )

        def kitchen(client, serve):
            for part in ({}, {"sub_queue": "deadletter"}):
                with client.get_queue_receiver("lunches", max_wait_time=0.4, **part) as receiver:
                    for message in receiver:
                        serve(message.message_id, json.loads(str(message))["item"])
                        receiver.complete_message(message)
        """,
    ),
    by_functions(
        "lunch",
        "gives each message a lifetime, and the queue a longer one",
        """
        def begin(admin):
            admin.create_queue("lunches", default_message_time_to_live=timedelta(days=14))

        def web(client, orders):
            day = timedelta(days=1)
            with client.get_queue_sender("lunches") as sender:
                for order in orders:
                    message = ServiceBusMessage(order["body"], time_to_live=day)
                    message.message_id = order["id"]
                    sender.send_messages(message)
        """,
    ),
    by_changes(
        "standstill",
        "tries twice before it sets aside",
        (
            "                receiver.abandon_message(message)  # a colleague may read it\n",
            "                if message.delivery_count:\n"
            '                    receiver.dead_letter_message(message, reason="no JSON")\n'
            "                else:\n"
            "                    receiver.abandon_message(message)\n",
        ),
    ),
    by_functions(
        "standstill",
        "looks whether the text is whole before it reads it",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("suppers", max_wait_time=0.4) as receiver:
                for message in receiver:
                    text = str(message)
                    if not text.endswith("}"):
                        receiver.dead_letter_message(message, reason="its end is missing")
                        continue
                    serve(message.message_id, json.loads(text)["item"])
                    receiver.complete_message(message)
        """,
    ),
    by_functions(
        "standstill",
        "sets aside in a decorator",
        """
        from functools import wraps

        def setting_aside(work):
            @wraps(work)
            def guarded(receiver, message, *more):
                try:
                    work(message, *more)
                except ValueError as error:
                    receiver.dead_letter_message(message, type(error).__name__, str(error))
                else:
                    receiver.complete_message(message)
            return guarded

        @setting_aside
        def cook(message, serve):
            serve(message.message_id, json.loads(str(message))["item"])

        def kitchen(client, serve):
            with client.get_queue_receiver("suppers", max_wait_time=0.4) as receiver:
                for message in receiver:
                    cook(receiver, message, serve)
        """,
    ),
    by_functions(
        "standstill",
        "sorts a whole batch first",
        """
        def kitchen(client, serve):
            receiver = client.get_queue_receiver("suppers")
            with receiver:
                while batch := receiver.receive_messages(20, max_wait_time=0.4):
                    for message, meal in [(one, meal_of(one)) for one in batch]:
                        if meal is None:
                            receiver.dead_letter_message(message, "unreadable", str(message))
                        else:
                            serve(message.message_id, meal["item"])
                            receiver.complete_message(message)

        def meal_of(message):
            try:
                return json.loads(str(message))
            except ValueError:
                return None
        """,
    ),
    by_functions(
        "standstill",
        "puts what it cannot read off, and sets it aside at the end of its shift",
        """
        def kitchen(client, serve):
            odd = []
            with client.get_queue_receiver("suppers", max_wait_time=0.4) as receiver:
                for message in receiver:
                    try:
                        meal = json.loads(str(message))
                    except ValueError:
                        odd.append(message)
                    else:
                        serve(message.message_id, meal["item"])
                        receiver.complete_message(message)
                for message in odd:
                    receiver.dead_letter_message(message, reason="nobody can read this")
        """,
    ),
    by_changes("busy", "has a lock that is long enough for all", ("seconds=25", "minutes=5")),
    by_changes("busy", "fetches one in advance", ("prefetch_count=20", "prefetch_count=1")),
    by_functions(
        "busy",
        "asks for as many as it can cook within a lock",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("feast", max_wait_time=0.4) as receiver:
                while two := receiver.receive_messages(max_message_count=2):
                    for message in two:
                        serve(message.message_id, json.loads(str(message))["item"])
                        receiver.complete_message(message)
        """,
    ),
    by_functions(
        "busy",
        "renews the lock of whatever is next",
        """
        def kitchen(client, serve):
            with client.get_queue_receiver("feast", max_wait_time=0.4) as receiver:
                while pile := receiver.receive_messages(2):
                    for message in pile:
                        receiver.renew_message_lock(message)
                        serve(message.message_id, json.loads(str(message))["item"])
                        receiver.complete_message(message)
        """,
    ),
    by_functions(
        "busy",
        "is written with asyncio, one meal after the other",
        """
        import asyncio

        def kitchen(client, serve):
            asyncio.run(all_day(client, serve))

        async def all_day(client, serve):
            loop = asyncio.get_running_loop()
            with client.get_queue_receiver("feast", max_wait_time=0.4) as receiver:
                while True:
                    message = await loop.run_in_executor(None, next, receiver, None)
                    if message is None:
                        return
                    serve(message.message_id, json.loads(str(message))["item"])
                    receiver.complete_message(message)
        """,
    ),
)
