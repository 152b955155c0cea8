"""Right answers that are not the one in the lesson: each of them has to pass."""

from typing import NamedTuple


class Unusual(NamedTuple):
    """One right answer, and what is remarked on it."""

    task: str
    what: str
    source: str
    remark: str = ""


UNUSUAL = (
    Unusual(
        "start.there_and_back",
        "closes the client",
        """
        def there_and_back(client, queue, text):
            with client:
                client.get_queue_sender(queue).send_messages(ServiceBusMessage(text))
                receiver = client.get_queue_receiver(queue)
                (message,) = receiver.receive_messages(max_wait_time=5)
                receiver.complete_message(message)
                return str(message)
        """,
    ),
    Unusual(
        "start.take_one",
        "asks for a list",
        """
        def take_one(client, queue):
            with client, client.get_queue_receiver(queue) as receiver:
                messages = receiver.receive_messages(max_wait_time=1)
                if not messages:
                    return None
                receiver.complete_message(messages[0])
                return b"".join(messages[0].body).decode()
        """,
    ),
    Unusual(
        "start.take_one",
        "takes the next of the loop, or none",
        """
        def take_one(client, queue):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                message = next(receiver, None)
                if message is not None:
                    receiver.complete_message(message)
                    return str(message)
        """,
    ),
    Unusual(
        "create.options",
        "closes the client",
        """
        def create_orders(admin, name):
            with admin:
                admin.create_queue(
                    name,
                    max_size_in_megabytes=5 * 1024,
                    default_message_time_to_live="PT1M",
                    lock_duration="PT30S",
                    max_delivery_count=5,
                )
        """,
    ),
    Unusual(
        "create.options",
        "creates first, and changes then",
        """
        def create_orders(admin, name):
            queue = admin.create_queue(name, max_size_in_megabytes=5120)
            queue.default_message_time_to_live = timedelta(seconds=60)
            queue.lock_duration = timedelta(minutes=0.5)
            queue.max_delivery_count = 5
            admin.update_queue(queue)
        """,
    ),
    Unusual(
        "create.repeatable",
        "closes the client",
        """
        def ensure_queue(admin, name):
            with admin:
                try:
                    admin.create_queue(name)
                except ResourceExistsError:
                    pass
        """,
    ),
    Unusual(
        "create.repeatable",
        "looks first",
        """
        def ensure_queue(admin, name):
            try:
                admin.get_queue(name)
            except ResourceNotFoundError:
                admin.create_queue(name)
        """,
        remark="you look before you create",
    ),
    Unusual(
        "create.repeatable",
        "looks first, and is prepared",
        """
        def ensure_queue(admin, name):
            if name not in [queue.name for queue in admin.list_queues()]:
                try:
                    admin.create_queue(name)
                except ResourceExistsError:
                    pass
        """,
    ),
    Unusual(
        "send.batch",
        "lists of two, and closes the sender",
        """
        def send_all(sender, photos):
            with sender:
                for at in range(0, len(photos), 2):
                    pair = photos[at : at + 2]
                    sender.send_messages([ServiceBusMessage(photo) for photo in pair])
        """,
    ),
    Unusual(
        "send.batch",
        "asks the batch how much is in it",
        """
        def send_all(sender, photos):
            waiting = list(photos)
            while waiting:
                batch = sender.create_message_batch()
                while waiting and batch.size_in_bytes + 91_000 < batch.max_size_in_bytes:
                    batch.add_message(ServiceBusMessage(waiting.pop(0).encode()))
                sender.send_messages(batch)
        """,
    ),
    Unusual(
        "send.order",
        "part by part",
        """
        def send_order(sender, order_id, drink, table):
            message = ServiceBusMessage(drink.encode())
            message.message_id = order_id
            message.application_properties = {"table": table}
            message.time_to_live = timedelta(seconds=300)
            with sender:
                sender.send_messages(message)
        """,
    ),
    Unusual(
        "receive.all",
        "by the handful",
        """
        def take_all(client, queue):
            taken = []
            with client, client.get_queue_receiver(queue) as receiver:
                while messages := receiver.receive_messages(5, max_wait_time=1):
                    for message in messages:
                        receiver.complete_message(message)
                    taken += map(str, messages)
            return taken
        """,
    ),
    Unusual(
        "receive.all",
        "leaves the receiver to the client",
        """
        def take_all(client, queue):
            taken = []
            with client:
                receiver = client.get_queue_receiver(queue, max_wait_time=1)
                while (message := next(receiver, None)) is not None:
                    taken.append(b"".join(message.body).decode())
                    receiver.complete_message(message)
            return taken
        """,
    ),
    Unusual(
        "receive.peek",
        "one after the other",
        """
        def find_orders(receiver):
            found = []
            while messages := receiver.peek_messages():
                found.append(str(messages[0]))
            return found
        """,
    ),
    Unusual(
        "receive.peek",
        "page by page",
        """
        def find_orders(receiver):
            found = []
            with receiver:
                at = 1
                while page := receiver.peek_messages(5, sequence_number=at):
                    found += [str(message) for message in page]
                    at = page[-1].sequence_number + 1
            return found
        """,
    ),
    Unusual(
        "crashes.finish_the_day",
        "says what it does, with types and a default",
        """
        from collections.abc import Callable
        import math

        PATIENCE_SECONDS = math.pi

        def serve(receiver: ServiceBusReceiver, work: Callable, pause: float = PATIENCE_SECONDS):
            for order in receiver:
                print("serving", order, end=" … ")
                work(order)
                print("served", order)
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "crashes.post",
        "all in one send, and notes after it",
        """
        def post(sender, orders, book):
            with sender:
                missing = [order for order in orders if order not in book]
                if missing:
                    sender.send_messages([ServiceBusMessage(order.encode()) for order in missing])
                book.update(missing)
        """,
    ),
    Unusual(
        "locks.cook",
        "a thread of its own renews",
        """
        def cook(receiver, work):
            import threading

            while orders := receiver.receive_messages(max_wait_time=1):
                order = orders[0]
                is_done = threading.Event()

                def keep():
                    while not is_done.wait(1):
                        receiver.renew_message_lock(order)

                thread = threading.Thread(target=keep)
                thread.start()
                work(order)
                is_done.set()
                thread.join()
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "locks.cook",
        "the renewer's own limit, closed by hand",
        """
        def cook(receiver, work):
            renewer = AutoLockRenewer(max_lock_renewal_duration=90)
            with receiver:
                while orders := receiver.receive_messages(10):
                    for order in orders:
                        renewer.register(receiver, order)
                    for order in orders:
                        work(order)
                        receiver.complete_message(order)
            renewer.close()
        """,
    ),
    Unusual(
        "locks.go_home",
        "by the handful, and closes by hand",
        """
        def go_home(client, queue, work):
            receiver = client.get_queue_receiver(queue, prefetch_count=5)
            try:
                while orders := receiver.receive_messages(10, max_wait_time=1):
                    for order in orders:
                        work(order)
                        receiver.complete_message(order)
            finally:
                receiver.close()
        """,
    ),
    Unusual(
        "locks.go_home",
        "closes the receiver by hand",
        """
        def go_home(client, queue, work):
            receiver = client.get_queue_receiver(queue, max_wait_time=1)
            try:
                for order in receiver:
                    work(order)
                    receiver.complete_message(order)
            finally:
                receiver.close()
        """,
    ),
    Unusual(
        "failures.resubmit",
        "each copy in a batch of its own",
        """
        def resubmit(client, queue, repair):
            with client.get_queue_sender(queue) as sender:
                with client.get_queue_receiver(queue, sub_queue="deadletter") as graveyard:
                    while dead := graveyard.receive_messages(1, max_wait_time=1):
                        batch = sender.create_message_batch()
                        copy = ServiceBusMessage(repair(str(dead[0])).encode())
                        copy.message_id = dead[0].message_id
                        batch.add_message(copy)
                        sender.send_messages(batch)
                        graveyard.complete_message(dead[0])
        """,
    ),
    Unusual(
        "failures.sort_out",
        "completes in the middle",
        """
        def sort_out(receiver, serve):
            with receiver:
                while orders := receiver.receive_messages(10, max_wait_time=1):
                    for order in orders:
                        try:
                            serve(json.loads(b"".join(order.body))["drink"])
                            receiver.complete_message(order)
                        except json.JSONDecodeError as error:
                            receiver.dead_letter_message(order, "unreadable", str(error))
        """,
    ),
    Unusual(
        "failures.resubmit",
        "all copies first",
        """
        def resubmit(client, queue, repair):
            with client:
                graveyard = client.get_queue_receiver(queue, sub_queue="deadletter")
                dead = graveyard.receive_messages(10, max_wait_time=1)
                client.get_queue_sender(queue).send_messages(
                    [
                        ServiceBusMessage(repair(str(one)), message_id=one.message_id)
                        for one in dead
                    ]
                )
                for one in dead:
                    graveyard.complete_message(one)
        """,
    ),
    Unusual(
        "at_least_once.charge_once",
        "looks first, and commits by hand",
        """
        def charge_once(receiver, till):
            known = "SELECT 1 FROM charged WHERE message_id = ?"
            for order in receiver:
                if till.execute(known, [order.message_id]).fetchone() is None:
                    till.execute("UPDATE account SET euros = euros + 3")
                    till.execute("INSERT INTO charged VALUES (?)", [order.message_id])
                    till.commit()
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "at_least_once.charge_once",
        "its own transactions, in lower case",
        """
        def charge_once(receiver, till):
            till.isolation_level = None
            for order in receiver:
                till.execute("begin immediate")
                try:
                    till.execute("insert into charged values (?);", [order.message_id])
                    till.execute("update account set euros = euros + 3;")
                    till.execute("end;")
                except sqlite3.IntegrityError:
                    till.execute("rollback")
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "at_least_once.send_day",
        "closes the sender",
        """
        def send_day(sender, orders):
            with sender:
                sender.send_messages(
                    [
                        ServiceBusMessage(order["drink"], message_id=str(order["number"]))
                        for order in orders
                    ]
                )
        """,
    ),
    Unusual(
        "azure.busy",
        "longer and longer waits, around a function of its own",
        """
        def send_all(sender, loaves):
            def send(loaf, wait=0.1):
                try:
                    sender.send_messages(ServiceBusMessage(loaf))
                except ServiceBusServerBusyError:
                    time.sleep(wait)
                    send(loaf, wait * 2)

            for loaf in loaves:
                send(loaf)
        """,
    ),
    Unusual(
        "azure.busy",
        "a list of what is left, in a with block",
        """
        def send_all(sender, loaves):
            left = list(loaves)
            with sender:
                while left:
                    try:
                        sender.send_messages(ServiceBusMessage(left[0]))
                    except ServiceBusServerBusyError:
                        time.sleep(0.15)
                        continue
                    del left[0]
        """,
    ),
    Unusual(
        "azure.drain",
        "a semaphore, and a task for each message",
        """
        def drain(connection_string, queue, bake, at_once):
            async def main():
                room = asyncio.Semaphore(at_once)
                tasks = []

                async def handle(receiver, message):
                    try:
                        await bake(str(message))
                        await receiver.complete_message(message)
                    except ValueError as error:
                        await receiver.dead_letter_message(message, reason=str(error))
                    finally:
                        room.release()

                async with aio.ServiceBusClient.from_connection_string(
                    connection_string
                ) as client:
                    async with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                        async for message in receiver:
                            await room.acquire()
                            tasks.append(asyncio.create_task(handle(receiver, message)))
                        await asyncio.gather(*tasks)

            asyncio.run(main())
        """,
    ),
    Unusual(
        "azure.drain",
        "as many bakers as there is room, each with a receiver",
        """
        def drain(connection_string, queue, bake, at_once):
            async def baker(client):
                async with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                    async for message in receiver:
                        try:
                            await bake(str(message))
                        except Exception:
                            await receiver.dead_letter_message(message)
                            continue
                        await receiver.complete_message(message)

            async def main():
                async with aio.ServiceBusClient.from_connection_string(
                    connection_string
                ) as client:
                    await asyncio.gather(*(baker(client) for _ in range(at_once)))

            asyncio.run(main())
        """,
    ),
    Unusual(
        "topics.six_messages",
        "conditions by equality, and two rules",
        """
        def write_rules(admin, topic):
            with admin:
                for name in ("kitchen", "bar", "owner"):
                    admin.delete_rule(topic, name, "$Default")
                for name, kind in {"kitchen": "dish", "bar": "drink"}.items():
                    equal = CorrelationRuleFilter(properties={"kind": kind})
                    admin.create_rule(topic, name, kind, filter=equal)
                complaint = CorrelationRuleFilter(label="complaint")
                admin.create_rule(topic, "owner", "complaints", filter=complaint)
                admin.create_rule(topic, "owner", "dear", filter=SqlRuleFilter("price >= 21"))
        """,
    ),
    Unusual(
        "topics.six_messages",
        "changes $Default instead of deleting it",
        """
        def write_rules(admin, topic):
            conditions = {
                "kitchen": "kind IN ('dish')",
                "bar": "kind LIKE 'dri%'",
                "owner": "NOT (price <= 20) OR sys.label LIKE 'compl%'",
            }
            for name, sql in conditions.items():
                rule = admin.get_rule(topic, name, "$Default")
                rule.filter = SqlRuleFilter(sql)
                admin.update_rule(topic, name, rule)
        """,
    ),
    Unusual(
        "topics.six_messages",
        "makes the subscriptions anew, with parameters",
        """
        def write_rules(admin, topic):
            for name, kind in (("kitchen", "dish"), ("bar", "drink"), ("owner", None)):
                admin.delete_subscription(topic, name)
                admin.create_subscription(topic, name)
                admin.delete_rule(topic, name, "$Default")
                sql = SqlRuleFilter("kind = @kind", parameters={"@kind": kind})
                if name == "owner":
                    sql = SqlRuleFilter("price > @much OR sys.label = 'complaint'", {"@much": 20})
                admin.create_rule(topic, name, "asked-for", filter=sql)
        """,
    ),
    Unusual(
        "topics.two_tickets",
        "equality, and everything that is no menu",
        """
        def two_tickets(admin, topic, subscription):
            with admin:
                menu = CorrelationRuleFilter(properties={"kind": "menu"})
                grill = SqlRuleAction("SET station = 'grill'")
                salads = SqlRuleAction("SET [station] = 'sal' + 'ads'")
                admin.create_rule(topic, subscription, "a", filter=menu, action=grill)
                admin.create_rule(topic, subscription, "b", filter=menu, action=salads)
                rule = admin.get_rule(topic, subscription, "$Default")
                rule.filter = SqlRuleFilter("NOT kind = 'menu'")
                admin.update_rule(topic, subscription, rule)
        """,
    ),
    Unusual(
        "sessions.all_tables",
        "looks who there is, and takes who is free",
        """
        def serve_all(client, queue, serve):
            with client:
                for customer in list(client.list_queue_sessions(queue)):
                    try:
                        lane = client.get_queue_receiver(
                            queue, session_id=customer, max_wait_time=1
                        )
                        with lane:
                            while dishes := lane.receive_messages(2, max_wait_time=1):
                                for dish in dishes:
                                    serve(lane.session.session_id, str(dish))
                                    lane.complete_message(dish)
                    except SessionCannotBeLockedError:
                        continue
        """,
    ),
    Unusual(
        "sessions.all_tables",
        "one after the other, closed by hand, deleted as they come",
        """
        def serve_all(client, queue, serve):
            is_over = False
            while not is_over:
                lane = client.get_queue_receiver(
                    queue,
                    session_id=NEXT_AVAILABLE_SESSION,
                    receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE,
                )
                try:
                    for dish in lane.receive_messages(10, max_wait_time=1):
                        serve(lane.session.session_id, str(dish))
                except OperationTimeoutError:
                    is_over = True
                finally:
                    lane.close()
        """,
    ),
    Unusual(
        "sessions.count_courses",
        "notes in JSON, and completes first",
        """
        import json

        def count_courses(lane, announce):
            notes = json.loads(lane.session.get_state() or b'{"served": []}')
            while dishes := lane.receive_messages(5, max_wait_time=1):
                for dish in dishes:
                    announce(len(notes["served"]) + 1, str(dish))
                    lane.complete_message(dish)
                    notes["served"].append(str(dish))
                    lane.session.set_state(json.dumps(notes).encode())
        """,
    ),
    Unusual(
        "explore.where_is",
        "a set, by the tree of the namespace",
        """
        def where_is(explorer, queues, words):
            places = {
                place
                for node in explorer.tree()
                if node.place.name in queues
                for place in (str(node.place), str(node.place.dead_letters))
            }
            return {place for place in places if list(explorer.browse(place, text=words))}
        """,
    ),
    Unusual(
        "explore.where_is",
        "word by word, page by page",
        """
        def where_is(explorer, queues, words):
            def holds(place):
                page = explorer.browse(place)
                while True:
                    if any(words in message.body for message in page):
                        return True
                    if page.next_number is None:
                        return False
                    page = explorer.browse(place, start=page.next_number)

            return [
                place
                for queue in reversed(queues)
                for place in (f"{queue}/$DeadLetterQueue", queue)
                if holds(place)
            ]
        """,
    ),
    Unusual(
        "explore.bring_back",
        "with repair, and other ids",
        """
        def bring_back(explorer, queue):
            def mend(draft):
                (body,) = draft.body
                return draft.changed(body=body.replace(b"cofee", b"coffee"))

            for reason in ("typo", "printer offline"):
                explorer.resubmit(queue, reason=reason, repair=mend, message_id="mended {}")
        """,
    ),
    Unusual(
        "explore.bring_back",
        "by hand, with an id of its own for each",
        """
        def bring_back(explorer, queue):
            for group in explorer.dead_letters(queue):
                if group.reason == "too late":
                    continue
                for order in group.messages:
                    explorer.send(queue, order.body.replace("cofee", "coffee"), message_id=None)
                    explorer.complete(f"{queue}/$DeadLetterQueue", order.sequence_number)
        """,
    ),
    Unusual(
        "later.change_date",
        "looks first, by the date on the message, and closes the sender",
        """
        def change_date(sender, number, order, when):
            order.scheduled_enqueue_time_utc = when
            with sender:
                new = sender.schedule_messages([order], when)
                try:
                    sender.cancel_scheduled_messages([number])
                except ServiceBusError as error:
                    if not isinstance(error, MessageNotFoundError):
                        raise
                    sender.cancel_scheduled_messages(new)
                    new = [None]
            return new[0]
        """,
    ),
    Unusual(
        "later.rescue",
        "one by one, page by page, and closes the receiver",
        """
        def rescue(receiver):
            rescued, at = [], 1
            with receiver:
                while page := receiver.peek_messages(4, sequence_number=at):
                    for one in page:
                        if one.state.name == "DEFERRED":
                            (order,) = receiver.receive_deferred_messages(one.sequence_number)
                            receiver.complete_message(order)
                            rescued.insert(0, str(order))
                    at = page[-1].sequence_number + 1
            return tuple(rescued)
        """,
    ),
)
