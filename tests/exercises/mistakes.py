"""Wrong answers that a learner may well give, and what must be said of each."""

from typing import NamedTuple


class Mistake(NamedTuple):
    """One wrong answer, and words of its verdict."""

    task: str
    what: str
    source: str
    seen: str
    hint: str
    limit_seconds: float | None = None  # a shorter one than the task's, where time runs out


MISTAKES = (
    # -- start -----------------------------------------------------------------------------------
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
        "and return str(message)",
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
    # -- create ----------------------------------------------------------------------------------
    Mistake(
        "create.options",
        "gigabytes for megabytes",
        """
        def create_orders(admin, name):
            admin.create_queue(name, max_size_in_megabytes=5)
        """,
        "max_size_in_megabytes is 5; in the Standard tier it may be 1024",
        "last words",
    ),
    Mistake(
        "create.options",
        "a name of its own",
        """
        def create_orders(admin, name):
            try:
                admin.create_queue("orders", max_size_in_megabytes=5120)
            finally:
                admin.delete_queue("orders")
        """,
        "there is no such queue",
        "the name that your function is called with",
    ),
    Mistake(
        "create.options",
        "no time to live",
        """
        def create_orders(admin, name):
            admin.create_queue(name, max_size_in_megabytes=5120, max_delivery_count=5)
        """,
        "default_message_time_to_live for ever, the default",
        "a timedelta",
    ),
    Mistake(
        "create.options",
        "a lock of a minute",
        """
        def create_orders(admin, name):
            admin.create_queue(
                name,
                max_size_in_megabytes=5120,
                default_message_time_to_live=timedelta(minutes=1),
                max_delivery_count=5,
            )
        """,
        "lock_duration 60 seconds",
        "lock_duration",
    ),
    Mistake(
        "create.repeatable",
        "only the first time",
        """
        def ensure_queue(admin, name):
            admin.create_queue(name)
        """,
        "it raised ResourceExistsError",
        "except ResourceExistsError",
    ),
    Mistake(
        "create.repeatable",
        "delete and create",
        """
        def ensure_queue(admin, name):
            try:
                admin.delete_queue(name)
            except ResourceNotFoundError:
                pass
            admin.create_queue(name)
        """,
        "the order is gone",
        "Deleting a queue deletes its messages",
    ),
    Mistake(
        "create.repeatable",
        "every error swallowed",
        """
        def ensure_queue(admin, name):
            try:
                admin.create_queue(name)
            except Exception:
                pass
        """,
        "as if all were well",
        "nothing wider",
    ),
    Mistake(
        "create.repeatable",
        "looks and does not create",
        """
        def ensure_queue(admin, name):
            for queue in admin.list_queues():
                if queue.name == name:
                    return
        """,
        "it is not there",
        "admin.create_queue",
    ),
    # -- send ------------------------------------------------------------------------------------
    Mistake(
        "send.batch",
        "all in one list",
        """
        def send_all(sender, photos):
            sender.send_messages([ServiceBusMessage(photo) for photo in photos])
        """,
        "send_all raised MessageSizeExceededError",
        "raises this error when the batch is full",
    ),
    Mistake(
        "send.batch",
        "the last batch forgotten",
        """
        def send_all(sender, photos):
            batch = sender.create_message_batch()
            for photo in photos:
                try:
                    batch.add_message(ServiceBusMessage(photo))
                except MessageSizeExceededError:
                    sender.send_messages(batch)
                    batch = sender.create_message_batch()
                    batch.add_message(ServiceBusMessage(photo))
        """,
        "photo 7 never arrived",
        "The last batch",
    ),
    Mistake(
        "send.batch",
        "what did not fit is dropped",
        """
        def send_all(sender, photos):
            batch = sender.create_message_batch()
            for photo in photos:
                try:
                    batch.add_message(ServiceBusMessage(photo))
                except MessageSizeExceededError:
                    sender.send_messages(batch)
                    batch = sender.create_message_batch()
            sender.send_messages(batch)
        """,
        "photo 3, photo 6 never arrived",
        "had no room",
    ),
    Mistake(
        "send.batch",
        "each photo twice",
        """
        def send_all(sender, photos):
            for photo in photos:
                batch = sender.create_message_batch()
                batch.add_message(ServiceBusMessage(photo))
                sender.send_messages(batch)
                sender.send_messages(batch)
        """,
        "arrived more than once",
        "a new batch",
    ),
    Mistake(
        "send.batch",
        "filled and never sent",
        """
        def send_all(sender, photos):
            for photo in photos:
                batch = sender.create_message_batch()
                batch.add_message(ServiceBusMessage(photo))
        """,
        "never arrived",
        "goes nowhere by itself",
    ),
    Mistake(
        "send.order",
        "everything in the body",
        """
        def send_order(sender, order_id, drink, table):
            sender.send_messages(ServiceBusMessage(f"{order_id} {drink} {table}"))
        """,
        "the body: A-17 coffee 4",
        "first value",
    ),
    Mistake(
        "send.order",
        "the SDK's own id",
        """
        def send_order(sender, order_id, drink, table):
            sender.send_messages(ServiceBusMessage(drink, subject=order_id))
        """,
        "message_id: one that the SDK made up",
        "message_id=",
    ),
    Mistake(
        "send.order",
        "a table of text",
        """
        def send_order(sender, order_id, drink, table):
            properties = {"table": str(table)}
            sender.send_messages(
                ServiceBusMessage(drink, message_id=order_id, application_properties=properties)
            )
        """,
        "the text 4",
        "A number stays a number",
    ),
    Mistake(
        "send.order",
        "no time to live",
        """
        def send_order(sender, order_id, drink, table):
            properties = {"table": table}
            sender.send_messages(
                ServiceBusMessage(drink, message_id=order_id, application_properties=properties)
            )
        """,
        "time_to_live: none",
        "timedelta(minutes=5)",
    ),
    Mistake(
        "send.batch",
        "one at a time",
        """
        def send_all(sender, photos):
            for photo in photos:
                sender.send_messages(ServiceBusMessage(photo))
        """,
        "7 transfers",
        "fill a batch, two of them fit",
    ),
    Mistake(
        "send.batch",
        "the full batch for ever",
        """
        def send_all(sender, photos):
            batch = sender.create_message_batch()
            while photos:
                try:
                    batch.add_message(ServiceBusMessage(photos[0]))
                    photos.pop(0)
                except MessageSizeExceededError:
                    sender.send_messages(batch)
            sender.send_messages(batch)
        """,
        "the same batch was sent again and again",
        "go on with a new one",
    ),
    Mistake(
        "send.order",
        "more in the id than the id",
        """
        def send_order(sender, order_id, drink, table):
            sender.send_messages(
                ServiceBusMessage(
                    drink,
                    message_id=f"order-{order_id}",
                    application_properties={"table": table},
                    time_to_live=timedelta(minutes=5),
                )
            )
        """,
        "message_id: order-A-17",
        "message_id=",
    ),
    # -- receive ---------------------------------------------------------------------------------
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
        "returned a generator",
        "Return a list",
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
    # -- crashes ---------------------------------------------------------------------------------
    Mistake(
        "crashes.finish_the_day",
        "completes before the work",
        """
        def serve(receiver, work):
            for order in receiver:
                receiver.complete_message(order)
                work(order)
        """,
        "tea was never served, and not in the queue any more",
        "when may it?",
    ),
    Mistake(
        "crashes.finish_the_day",
        "completes nothing",
        """
        def serve(receiver, work):
            for order in receiver:
                work(order)
        """,
        "coffee, tea, cake were still in the queue",
        "until you complete it",
    ),
    Mistake(
        "crashes.finish_the_day",
        "serves one and goes home",
        """
        def serve(receiver, work):
            order = receiver.next()
            work(order)
            receiver.complete_message(order)
        """,
        "cake was still in the queue and not served",
        "Go on until nothing comes",
    ),
    Mistake(
        "crashes.finish_the_day",
        "a misspelt method",
        """
        def serve(receiver, work):
            for order in receiver:
                work(order)
                receiver.complete(order)
        """,
        "has no attribute 'complete'",
        "last words",
    ),
    Mistake(
        "crashes.finish_the_day",
        "completes all at the end",
        """
        def serve(receiver, work):
            orders = []
            for order in receiver:
                work(order)
                orders.append(order)
            for order in orders:
                receiver.complete_message(order)
        """,
        "coffee was served 2 times",
        "before you begin the next",
    ),
    Mistake(
        "crashes.finish_the_day",
        "says so, and does not work",
        """
        def serve(receiver, work):
            for order in receiver:
                print("served", order)
                receiver.complete_message(order)
        """,
        "coffee, tea, cake were never served",
        "when may it?",
    ),
    Mistake(
        "crashes.finish_the_day",
        "buries what is served",
        """
        def serve(receiver, work):
            for order in receiver:
                work(order)
                receiver.dead_letter_message(order)
        """,
        "in the dead-letter queue: coffee, tea, cake",
        "What is done is completed",
    ),
    Mistake(
        "crashes.finish_the_day",
        "a lambda",
        """
        serve = lambda receiver, work: [
            (work(order), receiver.complete_message(order)) for order in receiver
        ]
        """,
        "your answer is a lambda",
        "Write it with def",
    ),
    Mistake(
        "crashes.finish_the_day",
        "async",
        """
        async def serve(receiver, work):
            async for order in receiver:
                work(order)
                await receiver.complete_message(order)
        """,
        "your function is async",
        "Write def",
    ),
    # -- failures --------------------------------------------------------------------------------
    Mistake(
        "failures.sort_out",
        "gives it back",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.abandon_message(order)
                else:
                    serve(drink)
                    receiver.complete_message(order)
        """,
        "until the broker had enough of it",
        "This never will",
    ),
    Mistake(
        "failures.sort_out",
        "completes what it cannot read",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.complete_message(order)
                else:
                    serve(drink)
                    receiver.complete_message(order)
        """,
        "it was completed",
        "keeps the order for a person",
    ),
    Mistake(
        "failures.sort_out",
        "buries it without a word",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.dead_letter_message(order)
                else:
                    serve(drink)
                    receiver.complete_message(order)
        """,
        "with the reason None",
        "Say why",
    ),
    Mistake(
        "failures.sort_out",
        "leaves it as it is",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    continue
                else:
                    serve(drink)
                    receiver.complete_message(order)
        """,
        "still in the queue",
        "has to be settled",
    ),
    Mistake(
        "failures.sort_out",
        "serves the whole order",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.dead_letter_message(order, reason="unreadable")
                else:
                    serve(str(order))
                    receiver.complete_message(order)
        """,
        'served: {"drink"',
        "the drink of each order",
    ),
    Mistake(
        "failures.sort_out",
        "expects no trouble",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                serve(json.loads(str(order))["drink"])
                receiver.complete_message(order)
        """,
        "sort_out raised JSONDecodeError",
        "last words",
    ),
    Mistake(
        "failures.sort_out",
        "completes before it serves",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    receiver.dead_letter_message(order, reason="unreadable")
                else:
                    receiver.complete_message(order)
                    serve(drink)
        """,
        "'coffee' was completed before it was served",
        "A crash between the two would lose it",
    ),
    Mistake(
        "failures.sort_out",
        "tries it three times",
        """
        def sort_out(receiver, serve):
            for order in receiver:
                try:
                    drink = json.loads(str(order))["drink"]
                except ValueError:
                    if order.delivery_count < 2:
                        receiver.abandon_message(order)
                    else:
                        receiver.dead_letter_message(order, reason="unreadable")
                else:
                    serve(drink)
                    receiver.complete_message(order)
        """,
        "'two teas, please' was handed out more than once",
        "at its first delivery",
    ),
    Mistake(
        "failures.resubmit",
        "completes first",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    graveyard.complete_message(dead)
                    sender.send_messages(ServiceBusMessage(body, message_id=dead.message_id))
        """,
        "completed before the copy was sent",
        "Send first, complete after",
    ),
    Mistake(
        "failures.resubmit",
        "completes nothing",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(body, message_id=dead.message_id))
        """,
        "still in the dead-letter queue: coffee!, tea!",
        "complete the original",
    ),
    Mistake(
        "failures.resubmit",
        "an id of its own",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(body))
                    graveyard.complete_message(dead)
        """,
        "another message id",
        "keeps the id",
    ),
    Mistake(
        "failures.resubmit",
        "the wrong queue",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(body, message_id=dead.message_id))
                    graveyard.complete_message(dead)
        """,
        "in the queue: nothing",
        "every message of the dead-letter queue",
    ),
    Mistake(
        "failures.resubmit",
        "sends it as it was",
        """
        def resubmit(client, queue, repair):
            with (
                client.get_queue_receiver(
                    queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER, max_wait_time=1
                ) as graveyard,
                client.get_queue_sender(queue) as sender,
            ):
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(str(dead), message_id=dead.message_id))
                    graveyard.complete_message(dead)
        """,
        "in the queue: coffee!, tea!",
        "repair(str(dead))",
    ),
    Mistake(
        "failures.resubmit",
        "deleted as they are handed out",
        """
        def resubmit(client, queue, repair):
            graveyard = client.get_queue_receiver(
                queue,
                sub_queue=ServiceBusSubQueue.DEAD_LETTER,
                receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE,
                max_wait_time=1,
            )
            with graveyard, client.get_queue_sender(queue) as sender:
                for dead in graveyard:
                    body = repair(str(dead))
                    sender.send_messages(ServiceBusMessage(body, message_id=dead.message_id))
        """,
        "the dead order was deleted as it was handed out",
        "receive with peek-lock",
    ),
    # -- at_least_once ---------------------------------------------------------------------------
    Mistake(
        "at_least_once.charge_once",
        "takes no notes",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "9 euros for two orders, after order-1 was sent",
        "before you charge",
    ),
    Mistake(
        "at_least_once.charge_once",
        "keeps its notes in memory",
        """
        def charge_once(receiver, till):
            charged = set()
            for order in receiver:
                if order.message_id not in charged:
                    with till:
                        till.execute("UPDATE account SET euros = euros + 3")
                    charged.add(order.message_id)
                receiver.complete_message(order)
        """,
        "9 euros for two orders, after order-1 was sent",
        "the table `charged`",
    ),
    Mistake(
        "at_least_once.charge_once",
        "notes first, in a transaction of their own",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                if note.rowcount == 1:
                    with till:
                        till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "3 euros for two orders, after two kills",
        "belong into one transaction",
    ),
    Mistake(
        "at_least_once.charge_once",
        "euros first, in a transaction of their own",
        """
        def charge_once(receiver, till):
            for order in receiver:
                known = "SELECT 1 FROM charged WHERE message_id = ?"
                if not till.execute(known, [order.message_id]).fetchone():
                    with till:
                        till.execute("UPDATE account SET euros = euros + 3")
                    with till:
                        till.execute("INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id])
                receiver.complete_message(order)
        """,
        "9 euros for two orders, after two kills",
        "belong into one transaction",
    ),
    Mistake(
        "at_least_once.charge_once",
        "completes before the transaction",
        """
        def charge_once(receiver, till):
            for order in receiver:
                receiver.complete_message(order)
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
        """,
        "3 euros for two orders, after two kills",
        "complete_message comes after",
    ),
    Mistake(
        "at_least_once.charge_once",
        "leaves the repeated one",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 0:
                        continue
                    till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "still in the queue: order-1",
        "come back for ever",
    ),
    Mistake(
        "at_least_once.charge_once",
        "the sequence number for an id",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.sequence_number]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "9 euros for two orders, after order-1 was sent",
        "a second send has nothing else in common",
    ),
    Mistake(
        "at_least_once.charge_once",
        "one transaction around all orders",
        """
        def charge_once(receiver, till):
            with till:
                for order in receiver:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
                    receiver.complete_message(order)
        """,
        "0 euros for two orders, after two kills",
        "for each order",
    ),
    Mistake(
        "at_least_once.charge_once",
        "completes inside the transaction",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
                    receiver.complete_message(order)
        """,
        "3 euros for two orders, after two kills",
        "complete_message comes after",
    ),
    Mistake(
        "at_least_once.charge_once",
        "each statement a transaction",
        """
        def charge_once(receiver, till):
            till.isolation_level = None
            for order in receiver:
                note = till.execute("INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id])
                if note.rowcount == 1:
                    till.execute("UPDATE account SET euros = euros + 3")
                receiver.complete_message(order)
        """,
        "3 euros for two orders, after two kills",
        "belong into one transaction",
    ),
    Mistake(
        "at_least_once.charge_once",
        "completes before a transaction of its own making",
        """
        def charge_once(receiver, till):
            till.isolation_level = None
            for order in receiver:
                receiver.complete_message(order)
                till.execute("begin")
                note = till.execute("insert or ignore into charged values (?)", [order.message_id])
                if note.rowcount == 1:
                    till.execute("update account set euros = euros + 3")
                till.execute("commit")
        """,
        "3 euros for two orders, after two kills",
        "complete_message comes after",
    ),
    Mistake(
        "at_least_once.charge_once",
        "buries what is paid",
        """
        def charge_once(receiver, till):
            for order in receiver:
                with till:
                    note = till.execute(
                        "INSERT OR IGNORE INTO charged VALUES (?)", [order.message_id]
                    )
                    if note.rowcount == 1:
                        till.execute("UPDATE account SET euros = euros + 3")
                receiver.dead_letter_message(order)
        """,
        "in the dead-letter queue: order-1, order-2",
        "What is done is completed",
    ),
    Mistake(
        "at_least_once.send_day",
        "no ids",
        """
        def send_day(sender, orders):
            for number, order in enumerate(orders):
                sender.send_messages(ServiceBusMessage(order["drink"]))
        """,
        "tea, coffee, tea, coffee, tea",
        "not at random",
    ),
    Mistake(
        "at_least_once.send_day",
        "the drink for an id",
        """
        def send_day(sender, orders):
            for number, order in enumerate(orders):
                sender.send_messages(ServiceBusMessage(order["drink"], message_id=order["drink"]))
        """,
        "in the queue: tea, coffee",
        "name the order",
    ),
    Mistake(
        "at_least_once.send_day",
        "the place in the list for an id",
        """
        def send_day(sender, orders):
            for number, order in enumerate(orders):
                sender.send_messages(ServiceBusMessage(order["drink"], message_id=str(number)))
        """,
        "in the queue: tea, coffee",
        "place in the list",
    ),
    Mistake(
        "at_least_once.send_day",
        "one id for all",
        """
        def send_day(sender, orders):
            for number, order in enumerate(orders):
                sender.send_messages(ServiceBusMessage(order["drink"], message_id="order"))
        """,
        "in the queue: tea",
        "an id of its own",
    ),
    Mistake(
        "at_least_once.send_day",
        "the number alone",
        """
        def send_day(sender, orders):
            for order in orders:
                name = str(order["number"])
                sender.send_messages(ServiceBusMessage(name, message_id=name))
        """,
        "in the queue: 17, 18, 19",
        "drink as the body",
    ),
    Mistake(
        "at_least_once.send_day",
        "a memory instead of ids",
        """
        SENT = set()

        def send_day(sender, orders):
            for order in orders:
                if order["number"] not in SENT:
                    sender.send_messages(ServiceBusMessage(order["drink"]))
                    SENT.add(order["number"])
        """,
        "did not send its orders again",
        "has forgotten what it sent",
    ),
)
