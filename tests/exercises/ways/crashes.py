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
)
