"""Right answers to the exercises of `sessions` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "sessions.all_tables",
        "two waiters at once",
        """
        from concurrent.futures import ThreadPoolExecutor

        def serve_all(client, queue, serve):
            def wait_on_tables(_):
                try:
                    while True:
                        with client.get_queue_receiver(
                            queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
                        ) as lane:
                            for dish in lane:
                                serve(dish.session_id, str(dish))
                                lane.complete_message(dish)
                except OperationTimeoutError:
                    return

            with ThreadPoolExecutor(2) as waiters:
                list(waiters.map(wait_on_tables, range(2)))
        """,
    ),
    Unusual(
        "sessions.all_tables",
        "one after the other, by calling itself",
        """
        def serve_all(client, queue, serve):
            lane = client.get_queue_receiver(
                queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=1
            )
            try:
                with lane:
                    while plates := lane.receive_messages(1):
                        serve(lane.session.session_id, str(plates[0]))
                        lane.complete_message(plates[0])
            except OperationTimeoutError:
                return
            serve_all(client, queue, serve)
        """,
    ),
    Unusual(
        "sessions.all_tables",
        "lanes from a generator",
        """
        from contextlib import suppress

        def serve_all(client, queue, serve):
            def lanes():
                with suppress(OperationTimeoutError):
                    while True:
                        with client.get_queue_receiver(
                            queue, session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.5
                        ) as lane:
                            yield lane.session.session_id, lane

            for customer, lane in lanes():
                dishes = lane.receive_messages(max_message_count=10, max_wait_time=1)
                for dish in dishes:
                    serve(customer, b"".join(dish.body).decode())
                for dish in dishes:
                    lane.complete_message(dish)
        """,
    ),
    Unusual(
        "sessions.count_courses",
        "a stroke for each dish",
        """
        def count_courses(lane, announce):
            strokes = (lane.session.get_state() or b"").decode()
            for dish in lane:
                strokes += "|"
                announce(len(strokes), dish)
                lane.session.set_state(strokes)
                lane.complete_message(dish)
        """,
    ),
    Unusual(
        "sessions.count_courses",
        "counts with enumerate, notes bytes",
        """
        def count_courses(lane, announce):
            noted = lane.session.get_state()
            first = int.from_bytes(noted, "big") + 1 if noted else 1
            for number, dish in enumerate(lane, start=first):
                announce(number, dish)
                lane.session.set_state(number.to_bytes(2, "big"))
                lane.complete_message(dish)
        """,
    ),
    Unusual(
        "sessions.count_courses",
        "reads the notepad for each dish",
        """
        def count_courses(lane, announce):
            def noted():
                state = lane.session.get_state()
                return 0 if state is None else int(state.decode())

            while True:
                dishes = lane.receive_messages(max_wait_time=1)
                if not dishes:
                    break
                announce(noted() + 1, str(dishes[0]))
                lane.session.set_state(str(noted() + 1).encode())
                lane.complete_message(dishes[0])
        """,
    ),
    Unusual(
        "sessions.count_courses",
        "remembers the last dish, so that none counts twice",
        """
        def count_courses(lane, announce):
            number, last = json.loads(lane.session.get_state() or "[0, 0]")
            for dish in lane:
                if dish.sequence_number > last:
                    number, last = number + 1, dish.sequence_number
                    announce(number, dish)
                    lane.session.set_state(json.dumps([number, last]))
                lane.complete_message(dish)
        """,
    ),
)
