"""Wrong answers to the exercises of `later`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "later.change_date",
        "leaves the old one",
        """
        def change_date(sender, number, order, when):
            return sender.schedule_messages(order, when)[0]
        """,
        "2 cakes are scheduled",
        "takes the old one back",
    ),
    Mistake(
        "later.change_date",
        "cancels first",
        """
        def change_date(sender, number, order, when):
            try:
                sender.cancel_scheduled_messages(number)
            except MessageNotFoundError:
                return None
            return sender.schedule_messages(order, when)[0]
        """,
        "cancelled before the new one was scheduled",
        "Schedule first, cancel after",
    ),
    Mistake(
        "later.change_date",
        "only cancels",
        """
        def change_date(sender, number, order, when):
            sender.cancel_scheduled_messages(number)
        """,
        "there is no cake any more",
        "Schedule it again",
    ),
    Mistake(
        "later.change_date",
        "sends it",
        """
        def change_date(sender, number, order, when):
            sender.send_messages(order)
            sender.cancel_scheduled_messages(number)
        """,
        "in line at once",
        "puts it aside until its time",
    ),
    Mistake(
        "later.change_date",
        "does not think of too late",
        """
        def change_date(sender, number, order, when):
            (new,) = sender.schedule_messages(order, when)
            sender.cancel_scheduled_messages(number)
            return new
        """,
        "change_date raised MessageNotFoundError",
        "its time has come",
    ),
    Mistake(
        "later.change_date",
        "leaves the new one when it is too late",
        """
        def change_date(sender, number, order, when):
            (new,) = sender.schedule_messages(order, when)
            try:
                sender.cancel_scheduled_messages(number)
            except MessageNotFoundError:
                return None
            return new
        """,
        "and now there are two",
        "Catch it, and cancel the new one",
    ),
    Mistake(
        "later.change_date",
        "returns the old number",
        """
        def change_date(sender, number, order, when):
            (new,) = sender.schedule_messages(order, when)
            try:
                sender.cancel_scheduled_messages(number)
            except MessageNotFoundError:
                sender.cancel_scheduled_messages(new)
                return None
            return number
        """,
        "your function returned 1",
        "nobody gives you one a second time",
    ),
    Mistake(
        "later.change_date",
        "another date",
        """
        def change_date(sender, number, order, when):
            (new,) = sender.schedule_messages(order, when + timedelta(days=1))
            sender.cancel_scheduled_messages(number)
            return new
        """,
        "scheduled for another date",
        "Give `when` to `schedule_messages`",
    ),
    Mistake(
        "later.rescue",
        "receives what is in line",
        """
        def rescue(receiver):
            orders = receiver.receive_messages(100, max_wait_time=1)
            for order in orders:
                receiver.complete_message(order)
            return [str(order) for order in orders]
        """,
        "12 of the rolls that waited in line are gone",
        "ask for it by its number",
    ),
    Mistake(
        "later.rescue",
        "receives to look for them",
        """
        def rescue(receiver):
            bodies = []
            for order in receiver.receive_messages(100, max_wait_time=1):
                receiver.abandon_message(order)
            return bodies
        """,
        "your function received rolls",
        "takes nothing",
    ),
    Mistake(
        "later.rescue",
        "looks at the first ten",
        """
        def rescue(receiver):
            found = [
                one.sequence_number
                for one in receiver.peek_messages(10)
                if one.state == ServiceBusMessageState.DEFERRED
            ]
            orders = receiver.receive_deferred_messages(found)
            for order in orders:
                receiver.complete_message(order)
            return [str(order) for order in orders]
        """,
        "still set aside: christmas cake",
        "ask for more",
    ),
    Mistake(
        "later.rescue",
        "does not complete them",
        """
        def rescue(receiver):
            numbers = [
                one.sequence_number
                for one in receiver.peek_messages(100)
                if one.state == ServiceBusMessageState.DEFERRED
            ]
            return [str(one) for one in receiver.receive_deferred_messages(numbers)]
        """,
        "the three cakes are still in the queue",
        "complete",
    ),
    Mistake(
        "later.rescue",
        "completes what it has peeked at",
        """
        def rescue(receiver):
            for one in receiver.peek_messages(100):
                if one.state == ServiceBusMessageState.DEFERRED:
                    receiver.complete_message(one)
        """,
        "rescue raised ValueError",
        "peek_messages only shows a message",
    ),
    Mistake(
        "later.rescue",
        "returns nothing",
        """
        def rescue(receiver):
            for one in receiver.peek_messages(100):
                if one.state == ServiceBusMessageState.DEFERRED:
                    for order in receiver.receive_deferred_messages(one.sequence_number):
                        receiver.complete_message(order)
        """,
        "your function returned None",
        "the bodies of the three",
    ),
)
