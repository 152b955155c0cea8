"""Lessons run out of order: the hint under what the real SDK raises, in a real kernel."""

import pytest

from tests.kernel import Notebook

pytestmark = pytest.mark.sdk

EMPTY = "The call came back with an empty list, which has no first message. "
# -- A receiver that got nothing ----------------------------------------------------------------

FIRST = """
    with client.get_queue_receiver("orders") as receiver:
        order = receiver.receive_messages(max_wait_time=1)[0]
"""


def test_an_empty_queue_is_said_to_be_empty(lesson: Notebook) -> None:
    shown = lesson.run(FIRST)
    assert "IndexError" in shown.error
    assert shown.hint == (
        f"{EMPTY}orders holds now: nothing. Run the cell that sends, then this one again."
    )


def test_who_has_what_is_locked_and_what_else_there_is(lesson: Notebook) -> None:
    lesson.runs(
        """
        from datetime import datetime, timezone
        send("coffee", "tea", "cake")
        cashier = client.get_queue_receiver("orders", client_identifier="cashier")
        coffee, tea, cake = cashier.receive_messages(3, max_wait_time=5)
        cashier.dead_letter_message(tea, reason="cold")
        cashier.defer_message(cake)
        soon = datetime.fromtimestamp(lab.service.now() + 300, timezone.utc)
        send("soup", scheduled_enqueue_time_utc=soon)
        """
    )
    assert lesson.run(FIRST).hint == (
        f"{EMPTY}orders holds now: 1 locked (by cashier, about 30 s left, delivery count 0), "
        "1 deferred (delivery count 1), 1 scheduled (in about 5 min), 1 dead (cold). What is "
        "locked is with the receiver that took it: complete or abandon it there, or close "
        "that receiver and let the lock run out with lab.advance(31)."
    )
    lesson.runs("cashier.complete_message(coffee); cashier.close()")
    assert "lab.advance(301) lets it pass" in lesson.run(FIRST).hint
    lesson.runs(
        "with client.get_queue_sender('orders') as sender:\n"
        "    sender.cancel_scheduled_messages(soup := [4])"
    )
    assert "receive_deferred_messages([3])" in lesson.run(FIRST).hint


@pytest.mark.parametrize(
    "cell",
    [
        "receiver.receive_messages(max_wait_time=1)[0]",
        "receiver.receive_messages(max_wait_time=1).pop()",
        "(order,) = receiver.receive_messages(max_wait_time=1)",
        "orders = receiver.receive_messages(max_wait_time=1)\nprint(orders[0])",
        "def first(waiter):\n    return waiter.receive_messages(max_wait_time=1)[0]\n\n"
        "first(receiver)",
        "receiver.peek_messages()[0]",
        "class Shop: pass\nshop = Shop()\nshop.till = receiver\n"
        "shop.till.receive_messages(max_wait_time=1)[0]",
        "client.get_queue_receiver('orders').receive_messages(max_wait_time=1)[0]",
    ],
)
def test_every_way_to_want_the_first_of_none(lesson: Notebook, cell: str) -> None:
    lesson.runs('receiver = client.get_queue_receiver("orders")')
    assert "orders holds now: nothing" in lesson.run(cell).hint


def test_the_list_of_an_earlier_cell(lesson: Notebook) -> None:
    lesson.runs(
        'receiver = client.get_queue_receiver("orders")',
        "few = receiver.receive_messages(max_wait_time=1)",
    )
    assert "orders holds now: nothing" in lesson.run("print(few[0])").hint


def test_a_dead_letter_queue(lesson: Notebook) -> None:
    cell = """
    with client.get_queue_receiver("orders", sub_queue="deadletter") as undertaker:
        undertaker.receive_messages(max_wait_time=1)[0]
    """
    assert lesson.run(cell).hint == (
        f"{EMPTY}The dead-letter queue of orders holds now: nothing. Run the cells that fill it, "
        "then this one again."
    )


def test_a_worker_that_got_nothing(lesson: Notebook) -> None:
    shown = lesson.run(
        """
        %%worker relief
        from azure.servicebus import ServiceBusClient

        with (
            ServiceBusClient.from_connection_string(lab.connection_string) as client,
            client.get_queue_receiver("orders") as receiver,
        ):
            order = receiver.receive_messages(max_wait_time=1)[0]
        """
    )
    assert "relief ✗ failed: IndexError" in shown.text
    assert "orders holds now: nothing" in shown.hint


@pytest.mark.parametrize(
    "cell",
    [
        "drinks = ['coffee']\ndrinks[1]",
        "drinks = []\ndrinks[0]",
        "drinks = ['coffee']\nreceiver.complete_message(drinks[7])",
        "first, second = []",
    ],
)
def test_a_list_of_the_learners_own_is_not_explained_away(lesson: Notebook, cell: str) -> None:
    lesson.runs('receiver = client.get_queue_receiver("orders")')
    shown = lesson.run(cell)
    assert shown.error
    assert shown.hint == ""


# -- What the SDK raises ------------------------------------------------------------------------

RECEIVE = """
    send("coffee", "tea")
    receiver = client.get_queue_receiver("orders")
    order = receiver.receive_messages(max_wait_time=5)[0]
"""
SESSIONS = """
    lab.fresh_queue("lanes", requires_session=True, lock_duration=timedelta(seconds=30))
    send("coffee", "tea", queue="lanes", session_id="anna")
    lane = client.get_queue_receiver("lanes", session_id="anna")
    order = lane.receive_messages(max_wait_time=5)[0]
"""
ADMIN = "admin = ServiceBusAdministrationClient.from_connection_string(lab.connection_string)"


@pytest.mark.parametrize(
    ("before", "cell", "error", "beginning"),
    [
        (
            RECEIVE + "    receiver.complete_message(order)",
            "receiver.complete_message(order)",
            "MessageAlreadySettled",
            "This message has been settled before",
        ),
        (
            RECEIVE + "    lab.advance(31)",
            "receiver.complete_message(order)",
            "MessageLockLostError",
            "The lock of this message is over",
        ),
        (
            RECEIVE,
            "receiver.receive_deferred_messages([99])",
            "MessageNotFoundError",
            "No message of that number is in that state",
        ),
        (
            RECEIVE,
            "receiver.complete_message(receiver.peek_messages()[0])",
            "ValueError",
            "peek_messages only shows a message",
        ),
        (
            RECEIVE + "    receiver.close()",
            "receiver.complete_message(order)",
            "ValueError",
            "This sender or receiver is closed",
        ),
        (
            RECEIVE + "    receiver.close()",
            "for order in receiver: pass",
            "ValueError",
            "This sender or receiver is closed",
        ),
        (
            'sender = client.get_queue_sender("orders")\nsender.close()',
            'sender.send_messages(ServiceBusMessage("tea"))',
            "ValueError",
            "This sender or receiver is closed",
        ),
        (
            """
    send("coffee")
    taker = client.get_queue_receiver("orders", receive_mode="receiveanddelete")
    order = taker.receive_messages(max_wait_time=5)[0]
            """,
            "taker.complete_message(order)",
            "ValueError",
            "In RECEIVE_AND_DELETE a message is gone",
        ),
        (
            RECEIVE + "    renewer = AutoLockRenewer()\n    renewer.close()",
            "renewer.register(receiver, order)",
            "ServiceBusError",
            "This AutoLockRenewer is closed",
        ),
        (
            SESSIONS + "    lab.advance(31)",
            "lane.complete_message(order)",
            "SessionLockLostError",
            "The lock of this session is over",
        ),
        (
            SESSIONS,
            'client.get_queue_receiver("lanes", session_id="anna").receive_messages()',
            "SessionCannotBeLockedError",
            "Another receiver has this session",
        ),
        (
            SESSIONS,
            "client.get_queue_receiver('lanes', session_id=NEXT_AVAILABLE_SESSION, "
            "max_wait_time=1).receive_messages()",
            "OperationTimeoutError",
            "No session has messages that nobody holds",
        ),
        (
            SESSIONS,
            'client.get_queue_receiver("lanes").receive_messages()',
            "ServiceBusError",
            "This queue has sessions: give the receiver a session_id",
        ),
        (
            SESSIONS,
            'send("coffee", queue="lanes")',
            "ServiceBusError",
            "This queue has sessions: give each message a session_id",
        ),
        (
            "",
            'client.get_queue_receiver("orders", session_id="anna").receive_messages()',
            "ServiceBusError",
            "This queue has no sessions",
        ),
        (ADMIN, 'admin.create_queue("orders")', "ResourceExistsError", "It is there already"),
        (ADMIN, 'admin.get_queue("nowhere")', "ResourceNotFoundError", "There is no such queue"),
        (
            ADMIN + "\nadmin.get_queue('orders')\nadmin.close()",
            'admin.get_queue("orders")',
            "ValueError",
            "This administration client is closed",
        ),
        (
            ADMIN + "\nqueue = admin.get_queue('orders'); queue.status = 'Disabled'\n"
            "admin.update_queue(queue)",
            'send("tea")',
            "MessagingEntityDisabledError",
            "Its status is not Active",
        ),
        (
            "",
            'send("t" * 300_000)',
            "MessageSizeExceededError",
            "That is more than one message or one batch may have",
        ),
        (
            'lab.shrink("orders", megabytes=1)\nfor _ in range(4): send("t" * 250_000)',
            'send("t" * 250_000)',
            "ServiceBusQuotaExceededError",
            "The queue is full",
        ),
        (
            'lab.faults.refuse_sends("server busy")',
            'send("tea")',
            "ServiceBusServerBusyError",
            "The broker had too much to do",
        ),
    ],
)
def test_what_the_sdk_raises_is_explained(
    lesson: Notebook, before: str, cell: str, error: str, beginning: str
) -> None:
    if before:
        lesson.runs(before)
    shown = lesson.run(cell)
    assert error in shown.error
    assert shown.hint.startswith(beginning)


# -- The stop button ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "wait"),
    [
        ("KeyboardInterrupt", "receiver.receive_messages()"),
        ("KeyboardInterrupt", "for order in receiver: print(order)"),
        ("CancelledError", "await arecv.receive_messages()"),
    ],
)
def test_a_wait_that_is_stopped_shows_one_line_and_the_hint(
    lesson: Notebook, name: str, wait: str
) -> None:
    lesson.runs(
        """
        from azure.servicebus.aio import ServiceBusClient as AsyncClient
        aclient = AsyncClient.from_connection_string(lab.connection_string)
        arecv = aclient.get_queue_receiver("orders")
        receiver = client.get_queue_receiver("orders")
        """
    )
    shown = lesson.stop(f"print('waiting')\n{wait}")
    assert shown.error == f"{name}: stopped in line 2: {wait}"
    assert shown.hint.startswith("Stopped. A receiver that is still open")
    lesson.runs("await aclient.close(); receiver.close()")


def test_other_work_that_is_stopped_shows_its_line_and_no_hint(lesson: Notebook) -> None:
    shown = lesson.stop(
        """
        from threading import Event
        def wait():
            print("waiting")
            Event().wait()

        wait()
        """
    )
    assert shown.error == "KeyboardInterrupt: stopped in line 4: Event().wait()"
    assert shown.hint == ""


# -- Errors that a lesson wants to show ---------------------------------------------------------

PLANNED = "This error is part of the lesson. Read on.\n"


def test_a_planned_error_is_marked_and_has_no_hint(lesson: Notebook) -> None:
    lesson.runs(ADMIN)
    shown = lesson.run_planned('admin.get_queue("nowhere")')
    assert "ResourceNotFoundError" in shown.error
    assert shown.text == PLANNED
    shown = lesson.run_planned("{}['table']", tags=["raises-exception"])
    assert "KeyError" in shown.error
    assert shown.text == PLANNED


def test_an_error_of_an_untagged_cell_is_not_planned_though_the_notebook_goes_on(
    lesson: Notebook,
) -> None:
    assert lesson.run_planned("{}['table']", tags=[]).text == ""


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("print(totl)", ""),
        ("print(sender_of_yesterday", ""),
        (FIRST, "Hint: The call came back with an empty list"),
        ("closed.receive_messages()", "Hint: This sender or receiver is closed"),
    ],
)
def test_what_befalls_a_planned_cell_out_of_order_is_not_called_a_part_of_the_lesson(
    lesson: Notebook, cell: str, text: str
) -> None:
    lesson.runs('closed = client.get_queue_receiver("orders")\nclosed.close()')
    shown = lesson.run_planned(cell)
    assert shown.error
    assert shown.text.startswith(text)
    assert PLANNED not in shown.text
