"""Right answers to the exercises of `later` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "later.change_date",
        "takes back what it has done, unless all went well",
        """
        from contextlib import ExitStack, suppress

        def change_date(sender, number, order, when):
            with suppress(MessageNotFoundError), ExitStack() as undo:
                (new,) = sender.schedule_messages(order, when)
                undo.callback(sender.cancel_scheduled_messages, new)
                sender.cancel_scheduled_messages(number)
                undo.pop_all()
                return new
        """,
    ),
    Unusual(
        "later.change_date",
        "returns at the end, from a list",
        """
        def change_date(sender, number, order, when):
            numbers = sender.schedule_messages([order], when)
            to_cancel = [number]
            try:
                sender.cancel_scheduled_messages(to_cancel)
            except MessageNotFoundError:
                while numbers:
                    sender.cancel_scheduled_messages(numbers.pop())
            return numbers[0] if numbers else None
        """,
    ),
    Unusual(
        "later.change_date",
        "a copy of the order",
        """
        def change_date(sender, number, order, when):
            copy = ServiceBusMessage(b"".join(order.body), scheduled_enqueue_time_utc=when)
            new = sender.schedule_messages(copy, when)[0]
            was_there = True
            try:
                sender.cancel_scheduled_messages(number)
            except MessageNotFoundError:
                was_there = False
            if not was_there:
                sender.cancel_scheduled_messages([new])
                return
            return new
        """,
    ),
    Unusual(
        "later.change_date",
        "with functions, and an else",
        """
        def change_date(sender, number, order, when):
            def take_back(which):
                try:
                    sender.cancel_scheduled_messages(which)
                except MessageNotFoundError:
                    return False
                else:
                    return True

            with sender:
                [new] = sender.schedule_messages(order, schedule_time_utc=when)
                return new if take_back(number) else (take_back(new) and None)
        """,
    ),
    Unusual(
        "later.rescue",
        "completes as it collects, by value",
        """
        def rescue(receiver):
            bodies = []
            for one in receiver.peek_messages(max_message_count=99):
                if one.state.value == 1:
                    order = receiver.receive_deferred_messages([one.sequence_number])[0]
                    bodies.append(b"".join(order.body).decode())
                    receiver.complete_message(order)
            return bodies
        """,
    ),
    Unusual(
        "later.rescue",
        "looks again until there are none",
        """
        def rescue(receiver):
            def deferred():
                return {
                    one.sequence_number: str(one)
                    for one in receiver.peek_messages(100, sequence_number=1)
                    if one.state is ServiceBusMessageState.DEFERRED
                }

            bodies = []
            while found := deferred():
                for order in receiver.receive_deferred_messages(list(found)):
                    receiver.complete_message(order)
                bodies.extend(found.values())
            return bodies
        """,
    ),
    Unusual(
        "later.rescue",
        "two by two, from the back",
        """
        def rescue(receiver):
            with receiver:
                numbers = sorted(
                    (
                        one.sequence_number
                        for one in receiver.peek_messages(100)
                        if one.state == ServiceBusMessageState.DEFERRED
                    ),
                    reverse=True,
                )
                bodies = []
                for at in range(0, len(numbers), 2):
                    for order in receiver.receive_deferred_messages(numbers[at : at + 2]):
                        bodies += [str(order)]
                        receiver.complete_message(order)
            return bodies
        """,
    ),
    Unusual(
        "later.rescue",
        "filters, and maps",
        """
        def rescue(receiver):
            looked = receiver.peek_messages(100)
            aside = filter(lambda one: one.state.name.lower() == "deferred", looked)
            orders = receiver.receive_deferred_messages([one.sequence_number for one in aside])
            bodies = list(map(str, orders))
            while orders:
                receiver.complete_message(orders.pop())
            return bodies
        """,
    ),
)
