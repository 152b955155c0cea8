"""Right answers to the exercises of `crashes` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "crashes.finish_the_day",
        "one at a time, until none comes",
        """
        def serve(receiver, work):
            while orders := receiver.receive_messages(1, max_wait_time=1):
                work(orders[0])
                receiver.complete_message(orders[0])
        """,
    ),
    Unusual(
        "crashes.finish_the_day",
        "gives back what goes wrong, with a helper",
        """
        def handle(receiver, order, work):
            try:
                work(order)
            except Exception:
                receiver.abandon_message(order)
                raise
            else:
                receiver.complete_message(order)


        def serve(receiver, work):
            for order in receiver:
                handle(receiver, order, work)
        """,
    ),
    Unusual(
        "crashes.finish_the_day",
        "renews its locks, and closes what it was lent",
        """
        def serve(receiver, work):
            with AutoLockRenewer(max_lock_renewal_duration=60) as renewer, receiver:
                for order in receiver:
                    renewer.register(receiver, order)
                    work(order)
                    receiver.complete_message(order)
        """,
    ),
    Unusual(
        "crashes.finish_the_day",
        "asks for the next until there is none",
        """
        def serve(receiver, work):
            while True:
                try:
                    order = receiver.next()
                except StopIteration:
                    return
                work(order)
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "crashes.post",
        "what is left, in batches of one",
        """
        def post(sender, orders, book):
            for order in [order for order in orders if order not in book]:
                batch = sender.create_message_batch()
                batch.add_message(ServiceBusMessage(order, message_id=order))
                sender.send_messages(batch)
                book.add(order)
        """,
    ),
    Unusual(
        "crashes.post",
        "a set without what is in the book",
        """
        def post(sender, orders, book):
            with sender:
                for order in sorted(set(orders) - book):
                    sender.send_messages(ServiceBusMessage(order.encode()))
                    book |= {order}
        """,
    ),
    Unusual(
        "crashes.post",
        "goes on, order by order",
        """
        def post(sender, orders, book):
            waiting = orders[::-1]
            while waiting:
                order = waiting.pop()
                if order in book:
                    continue
                sender.send_messages([ServiceBusMessage(order)])
                book.update([order])
        """,
    ),
    Unusual(
        "crashes.post",
        "calls itself for the rest",
        """
        def post(sender, orders, book):
            if not orders:
                return
            first, *rest = orders
            if {first}.isdisjoint(book):
                sender.send_messages(ServiceBusMessage(first))
                book.add(first)
            post(sender, rest, book)
        """,
    ),
)
