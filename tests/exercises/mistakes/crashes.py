"""Wrong answers to the exercises of `crashes`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
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
    Mistake(
        "crashes.post",
        "notes first",
        """
        def post(sender, orders, book):
            for order in orders:
                if order not in book:
                    book.add(order)
                    sender.send_messages(ServiceBusMessage(order))
        """,
        "killed, it had tea in its book and not in the queue",
        "note an order when it is sent",
    ),
    Mistake(
        "crashes.post",
        "notes all of them first",
        """
        def post(sender, orders, book):
            book.update(orders)
            sender.send_messages([ServiceBusMessage(order) for order in orders])
        """,
        "killed, it had coffee, tea in its book and not in the queue",
        "note an order when it is sent",
    ),
    Mistake(
        "crashes.post",
        "never looks into the book",
        """
        def post(sender, orders, book):
            for order in orders:
                sender.send_messages(ServiceBusMessage(order))
                book.add(order)
        """,
        "started again, it sent coffee, tea once more",
        "if order not in book",
    ),
    Mistake(
        "crashes.post",
        "goes home when there is a book",
        """
        def post(sender, orders, book):
            if book:
                return
            for order in orders:
                sender.send_messages(ServiceBusMessage(order))
                book.add(order)
        """,
        "started twice, and cake not in the queue",
        "each order that is not in the book",
    ),
    Mistake(
        "crashes.post",
        "makes no notes",
        """
        def post(sender, orders, book):
            for order in orders:
                if order not in book:
                    sender.send_messages(ServiceBusMessage(order))
        """,
        "not in the book: coffee, tea, cake",
        "`book.add(order)` after each send",
    ),
    Mistake(
        "crashes.post",
        "sends something else beside",
        """
        def post(sender, orders, book):
            for order in orders:
                if order not in book:
                    sender.send_messages(ServiceBusMessage(order))
                    book.add(order)
            sender.send_messages(ServiceBusMessage("done"))
        """,
        "in the queue: done",
        "the body of the message",
    ),
    Mistake(
        "crashes.finish_the_day",
        "takes the first of a list until there is none",
        """
        def serve(receiver, work):
            while True:
                order = receiver.receive_messages()[0]
                work(order)
                receiver.complete_message(order)
        """,
        "IndexError: list index out of range\nin this line: order = receiver.receive_messages()[0]",
        "returns an empty one when nothing comes",
    ),
    Mistake(
        "crashes.finish_the_day",
        "completes the text",
        """
        def serve(receiver, work):
            for order in receiver:
                work(order)
                receiver.complete_message(str(order))
        """,
        "in this line: receiver.complete_message(str(order))",
        "What is settled is the message itself",
    ),
    Mistake(
        "crashes.post",
        "sends the text",
        """
        def post(sender, orders, book):
            for order in orders:
                if order not in book:
                    sender.send_messages(order)
                    book.add(order)
        """,
        "in this line: sender.send_messages(order)",
        "Only messages can be sent",
    ),
)
