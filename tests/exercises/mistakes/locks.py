"""Wrong answers to the exercises of `locks`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "locks.cook",
        "renews nothing",
        """
        def cook(receiver, work):
            for order in receiver:
                work(order)
                receiver.complete_message(order)
        """,
        "the lock ran out while the soup cooked",
        "have an `AutoLockRenewer` look after it",
    ),
    Mistake(
        "locks.cook",
        "renews once, before the work",
        """
        def cook(receiver, work):
            for order in receiver:
                receiver.renew_message_lock(order)
                work(order)
                receiver.complete_message(order)
        """,
        "the lock ran out while the soup cooked",
        "not for long enough",
    ),
    Mistake(
        "locks.cook",
        "completes before the work",
        """
        def cook(receiver, work):
            for order in receiver:
                receiver.complete_message(order)
                work(order)
        """,
        "completed before it was cooked",
        "A crash in the work would lose it",
    ),
    Mistake(
        "locks.cook",
        "completes nothing",
        """
        def cook(receiver, work):
            with AutoLockRenewer() as renewer:
                for order in receiver:
                    renewer.register(receiver, order)
                    work(order)
        """,
        "the soup was cooked, and is still in the queue",
        "until you complete it",
    ),
    Mistake(
        "locks.cook",
        "loops over the receiver",
        """
        def cook(receiver, work):
            with AutoLockRenewer() as renewer:
                for order in receiver:
                    renewer.register(receiver, order, max_lock_renewal_duration=60)
                    work(order)
                    receiver.complete_message(order)
        """,
        "the soup was cooked and completed, and the tea still waits",
        "ends a `for` over the receiver",
    ),
    Mistake(
        "locks.cook",
        "cooks only what takes long",
        """
        def cook(receiver, work):
            with AutoLockRenewer() as renewer:
                while orders := receiver.receive_messages():
                    if str(orders[0]) == "soup":
                        renewer.register(receiver, orders[0], max_lock_renewal_duration=60)
                        work(orders[0])
                    receiver.complete_message(orders[0])
        """,
        "the tea was never cooked",
        "Call `work(order)`",
    ),
    Mistake(
        "locks.cook",
        "does not cook",
        """
        def cook(receiver, work):
            with AutoLockRenewer() as renewer:
                for order in receiver:
                    renewer.register(receiver, order)
                    receiver.complete_message(order)
        """,
        "the soup was never cooked",
        "Call `work(order)`",
    ),
    Mistake(
        "locks.go_home",
        "asks for ten and leaves it open",
        """
        def go_home(client, queue, work):
            receiver = client.get_queue_receiver(queue, max_wait_time=1)
            while orders := receiver.receive_messages(10):
                for order in orders:
                    work(order)
                    receiver.complete_message(order)
        """,
        "was locked at once by a receiver of yours that is still open",
        "It had asked for more than it got",
    ),
    Mistake(
        "locks.go_home",
        "a loop, and leaves it open",
        """
        def go_home(client, queue, work):
            receiver = client.get_queue_receiver(queue, max_wait_time=1)
            for order in receiver:
                work(order)
                receiver.complete_message(order)
        """,
        "was locked at once by a receiver of yours that is still open",
        "Close it",
    ),
    Mistake(
        "locks.go_home",
        "deletes what it receives, and leaves it open",
        """
        def go_home(client, queue, work):
            receiver = client.get_queue_receiver(
                queue, receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE
            )
            while orders := receiver.receive_messages(10, max_wait_time=1):
                for order in orders:
                    work(order)
        """,
        "the late order, cake, was deleted",
        "Nobody reads what it takes",
    ),
    Mistake(
        "locks.go_home",
        "deletes what it receives",
        """
        def go_home(client, queue, work):
            with client.get_queue_receiver(
                queue, receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE, max_wait_time=1
            ) as receiver:
                for order in receiver:
                    work(order)
        """,
        "what was received was deleted as it was handed out",
        "Receive with peek-lock",
    ),
    Mistake(
        "locks.go_home",
        "completes nothing",
        """
        def go_home(client, queue, work):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for order in receiver:
                    work(order)
        """,
        "served, and still in the queue: coffee, tea",
        "receiver.complete_message(order)",
    ),
    Mistake(
        "locks.go_home",
        "serves one",
        """
        def go_home(client, queue, work):
            with client.get_queue_receiver(queue) as receiver:
                (order,) = receiver.receive_messages(max_wait_time=5)
                work(order)
                receiver.complete_message(order)
        """,
        "served: coffee",
        "until none has come for a second",
    ),
    Mistake(
        "locks.cook",
        "takes both at once, and looks after one",
        """
        def cook(receiver, work):
            with AutoLockRenewer() as renewer:
                for order in receiver.receive_messages(10):
                    renewer.register(receiver, order, max_lock_renewal_duration=60)
                    work(order)
                    receiver.complete_message(order)
        """,
        "the lock of the tea ran out while the soup cooked",
        "receive one order at a time",
    ),
    Mistake(
        "locks.go_home",
        "closes the client",
        """
        def go_home(client, queue, work):
            with client:
                receiver = client.get_queue_receiver(queue, max_wait_time=1)
                for order in receiver:
                    work(order)
                    receiver.complete_message(order)
        """,
        "closed the client, which others use",
        "Close the receiver that you opened",
    ),
)
