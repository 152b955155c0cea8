"""Right answers to the exercises of `locks` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "locks.cook",
        "works in a thread, and renews meanwhile",
        """
        from concurrent.futures import ThreadPoolExecutor, wait

        def cook(receiver, work):
            with ThreadPoolExecutor(1) as stove:
                while orders := receiver.receive_messages():
                    order = orders.pop()
                    job = stove.submit(work, order)
                    while not job.done():
                        receiver.renew_message_lock(order)
                        wait([job], timeout=0.5)
                    job.result()
                    receiver.complete_message(order)
        """,
    ),
    Unusual(
        "locks.cook",
        "renews in a thread of its own",
        """
        from threading import Event, Thread

        def cook(receiver, work):
            def keep(order, is_done):
                while not is_done.wait(0.5):
                    receiver.renew_message_lock(order)

            while True:
                orders = receiver.receive_messages(1, max_wait_time=1)
                if not orders:
                    break
                order = orders[0]
                is_done = Event()
                keeper = Thread(target=keep, args=(order, is_done))
                keeper.start()
                try:
                    work(order)
                finally:
                    is_done.set()
                    keeper.join()
                receiver.complete_message(order)
        """,
    ),
    Unusual(
        "locks.cook",
        "a renewer for each order, closed by hand",
        """
        from azure.servicebus import AutoLockRenewer

        def cook(receiver, work):
            while orders := receiver.receive_messages(1, max_wait_time=1):
                renewer = AutoLockRenewer(max_lock_renewal_duration=120)
                renewer.register(receiver, *orders)
                try:
                    work(orders[0])
                    receiver.complete_message(orders[0])
                finally:
                    renewer.close()
        """,
    ),
    Unusual(
        "locks.cook",
        "loops over the receiver until a loop brings nothing",
        """
        from azure.servicebus import AutoLockRenewer

        def cook(receiver, work):
            came = True
            with AutoLockRenewer(60) as renewer:
                while came:
                    came = False
                    for order in receiver:
                        came = True
                        renewer.register(receiver, order)
                        work(order)
                        receiver.complete_message(order)
        """,
    ),
    Unusual(
        "locks.go_home",
        "a receiver for each order",
        """
        def go_home(client, queue, work):
            while True:
                with client.get_queue_receiver(queue) as receiver:
                    orders = receiver.receive_messages(max_wait_time=1)
                    if not orders:
                        return
                    work(orders[0])
                    receiver.complete_message(orders[0])
        """,
    ),
    Unusual(
        "locks.go_home",
        "closes what it has opened, in a stack",
        """
        from contextlib import ExitStack

        def go_home(client, queue, work):
            with ExitStack() as evening:
                receiver = client.get_queue_receiver(queue, max_wait_time=1)
                evening.callback(receiver.close)
                order = next(receiver, None)
                while order:
                    work(order)
                    receiver.complete_message(order)
                    order = next(receiver, None)
        """,
    ),
    Unusual(
        "locks.go_home",
        "orders from a generator, completed by it",
        """
        def go_home(client, queue, work):
            def orders():
                with client.get_queue_receiver(queue, prefetch_count=1, max_wait_time=1) as door:
                    for order in door:
                        yield order
                        door.complete_message(order)

            for order in orders():
                work(order)
        """,
    ),
)
