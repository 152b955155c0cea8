"""Wrong answers to the exercises of `sessions`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "sessions.all_tables",
        "serves one customer",
        """
        def serve_all(client, queue, serve):
            with client.get_queue_receiver(
                queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
            ) as lane:
                for dish in lane:
                    serve(dish.session_id, str(dish))
                    lane.complete_message(dish)
        """,
        "Ben got nothing",
        "A receiver stays with one customer",
    ),
    Mistake(
        "sessions.all_tables",
        "takes the end for an error",
        """
        def serve_all(client, queue, serve):
            while True:
                with client.get_queue_receiver(
                    queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
                ) as lane:
                    for dish in lane:
                        serve(dish.session_id, str(dish))
                        lane.complete_message(dish)
        """,
        "all were served, and then it raised `OperationTimeoutError`",
        "no lane is free",
    ),
    Mistake(
        "sessions.all_tables",
        "one dish each",
        """
        def serve_all(client, queue, serve):
            for _ in range(2):
                with client.get_queue_receiver(
                    queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
                ) as lane:
                    dish = lane.next()
                    serve(dish.session_id, str(dish))
                    lane.complete_message(dish)
        """,
        "Anna got soup; missing: steak, cake",
        "until nothing comes",
    ),
    Mistake(
        "sessions.all_tables",
        "asks for everybody by name",
        """
        def serve_all(client, queue, serve):
            for customer in ("Cora", "Anna", "Ben"):
                with client.get_queue_receiver(
                    queue, session_id=customer, max_wait_time=1
                ) as lane:
                    for dish in lane:
                        serve(customer, str(dish))
                        lane.complete_message(dish)
        """,
        "a lane that another waiter holds: Cora's",
        "leaves out whoever is being served",
    ),
    Mistake(
        "sessions.all_tables",
        "no session at all",
        """
        def serve_all(client, queue, serve):
            with client.get_queue_receiver(queue, max_wait_time=1) as receiver:
                for dish in receiver:
                    serve(dish.session_id, str(dish))
                    receiver.complete_message(dish)
        """,
        "raised ServiceBusError",
        "",
    ),
    Mistake(
        "sessions.all_tables",
        "completes nothing",
        """
        def serve_all(client, queue, serve):
            for customer in ("Anna", "Ben"):
                with client.get_queue_receiver(
                    queue, session_id=customer, max_wait_time=1
                ) as lane:
                    for dish in lane:
                        serve(customer, str(dish))
        """,
        "for Anna there is still: soup, steak, cake",
        "What is served is completed",
    ),
    Mistake(
        "sessions.all_tables",
        "closes nothing",
        """
        waiting = []

        def serve_all(client, queue, serve):
            while True:
                lane = client.get_queue_receiver(
                    queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
                )
                waiting.append(lane)
                try:
                    for dish in lane:
                        serve(dish.session_id, str(dish))
                        lane.complete_message(dish)
                except OperationTimeoutError:
                    return
        """,
        "all were served, and Anna's lane is still held",
        "Close a receiver",
    ),
    Mistake(
        "sessions.all_tables",
        "calls everybody the same",
        """
        def serve_all(client, queue, serve):
            while True:
                try:
                    with client.get_queue_receiver(
                        queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
                    ) as lane:
                        for dish in lane:
                            serve("customer", str(dish))
                            lane.complete_message(dish)
                except OperationTimeoutError:
                    return
        """,
        "Anna got nothing",
        "",
    ),
    Mistake(
        "sessions.count_courses",
        "counts in the process",
        """
        def count_courses(lane, announce):
            for number, dish in enumerate(lane, 1):
                announce(number, dish)
                lane.complete_message(dish)
        """,
        "Anna heard 1 soup, 1 steak, 2 cake; and nothing was noted",
        "The count died with the process",
    ),
    Mistake(
        "sessions.count_courses",
        "notes before it is so",
        """
        def count_courses(lane, announce):
            number = int(lane.session.get_state() or 0)
            for dish in lane:
                number += 1
                lane.session.set_state(str(number))
                announce(number, dish)
                lane.complete_message(dish)
        """,
        "Anna heard 1 soup, 3 steak, 4 cake; and the notepad said 2",
        "before it was true",
    ),
    Mistake(
        "sessions.count_courses",
        "notes, and never reads",
        """
        def count_courses(lane, announce):
            for number, dish in enumerate(lane, 1):
                announce(number, dish)
                lane.session.set_state(str(number))
                lane.complete_message(dish)
        """,
        "Anna heard 1 soup, 1 steak, 2 cake; and the notepad said 1",
        "Begin with `lane.session.get_state()`",
    ),
    Mistake(
        "sessions.count_courses",
        "completes nothing",
        """
        def count_courses(lane, announce):
            number = int(lane.session.get_state() or 0)
            for dish in lane:
                number += 1
                announce(number, dish)
                lane.session.set_state(str(number))
        """,
        "Anna heard 1 soup, 2 soup",
        "comes again",
    ),
    Mistake(
        "sessions.count_courses",
        "completes too early",
        """
        def count_courses(lane, announce):
            number = int(lane.session.get_state() or 0)
            for dish in lane:
                lane.complete_message(dish)
                number += 1
                announce(number, dish)
                lane.session.set_state(str(number))
        """,
        "missing: steak",
        "Complete a dish after it is announced",
    ),
    Mistake(
        "sessions.count_courses",
        "forgets that nothing is noted at first",
        """
        def count_courses(lane, announce):
            number = int(lane.session.get_state())
            for dish in lane:
                number += 1
                announce(number, dish)
                lane.session.set_state(str(number))
                lane.complete_message(dish)
        """,
        "your function failed: TypeError",
        "",
    ),
    Mistake(
        "sessions.all_tables",
        "the dish first, then the customer",
        """
        def serve_all(client, queue, serve):
            while True:
                try:
                    with client.get_queue_receiver(
                        queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
                    ) as lane:
                        for dish in lane:
                            serve(str(dish), dish.session_id)
                            lane.complete_message(dish)
                except OperationTimeoutError:
                    return
        """,
        "it called `serve('soup', 'Anna')`",
        "The customer comes first",
    ),
    Mistake(
        "sessions.count_courses",
        "takes the number in the queue",
        """
        def count_courses(lane, announce):
            for dish in lane:
                announce(dish.sequence_number, dish)
                lane.complete_message(dish)
        """,
        "Anna heard 1 soup, 3 steak, 4 cake",
        "counts the dishes of others, too",
    ),
    Mistake(
        "sessions.count_courses",
        "counts from 0",
        """
        def count_courses(lane, announce):
            number = int(lane.session.get_state() or 0)
            for dish in lane:
                announce(number, dish)
                number += 1
                lane.session.set_state(str(number))
                lane.complete_message(dish)
        """,
        "Anna heard 0 soup, 1 steak, 2 cake",
        "is number 1",
    ),
)
