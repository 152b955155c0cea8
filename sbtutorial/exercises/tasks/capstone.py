"""Exercises of lesson 13: a café that is attacked; its answer is a whole file."""

from sbtutorial.attacks.cafe import CAFE
from sbtutorial.attacks.plan import QUIET
from sbtutorial.exercises.task import Task
from sbtutorial.exercises.trial import Trial

# Between them each kind of harm falls at each place where it can.
BAD_DAYS = (3, 11, 16, 48, 55)

_REFERENCE = """\
import json

from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusMessage
from azure.servicebus.exceptions import OperationTimeoutError
from azure.servicebus.management import SqlRuleFilter


def open_cafe(admin):
    admin.create_topic("orders", requires_duplicate_detection=True)
    admin.create_subscription("orders", "kitchen", requires_session=True)
    admin.create_subscription("orders", "till")
    admin.delete_rule("orders", "till", "$Default")
    admin.create_rule("orders", "till", "meals", filter=SqlRuleFilter("kind = 'meal'"))


def shop(client, orders):
    with client.get_topic_sender("orders") as sender:
        for order in orders:
            sender.send_messages(
                ServiceBusMessage(
                    order["body"],
                    message_id=order["id"],
                    session_id=order["customer"],
                    application_properties={"kind": order["kind"]},
                )
            )


def read(receiver, message):
    try:
        return json.loads(str(message))
    except ValueError as error:
        receiver.dead_letter_message(message, reason="unreadable", error_description=str(error))


def kitchen(client, serve):
    while True:
        try:
            with client.get_subscription_receiver(
                "orders", "kitchen", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=0.4
            ) as receiver:
                for message in receiver:
                    if order := read(receiver, message):
                        serve(message.message_id, order["item"])
                        receiver.complete_message(message)
        except OperationTimeoutError:
            return


def till(client, book):
    with client.get_subscription_receiver("orders", "till", max_wait_time=0.4) as receiver:
        for message in receiver:
            if order := read(receiver, message):
                with book:
                    known = book.execute(
                        "SELECT 1 FROM charges WHERE order_id = ?", [message.message_id]
                    )
                    if not known.fetchone():
                        book.execute(
                            "INSERT INTO charges VALUES (?, ?)",
                            [message.message_id, order["euros"]],
                        )
                receiver.complete_message(message)
"""

QUIET_DAY = Trial(
    name="capstone.quiet_day",
    prompt="""
        Write the café so that the quiet day goes well: nothing is lost, customers are served in
        order, water is free, and all go home. Change the cell that begins with `%%program cafe`,
        run it, and then run the cell below.
    """,
    scene=CAFE,
    seeds=(QUIET,),
    wanted="a quiet day on which every promise is kept",
    hint="Begin in the morning: `open_cafe` makes a topic and two subscriptions, as in lesson 08.",
    reference=_REFERENCE,
    second_hint="The kitchen takes one session after the other, with `NEXT_AVAILABLE_SESSION`, "
    "until `OperationTimeoutError` says that there is none. The till's rule is `kind = 'meal'`.",
    explanation="A topic hands each order to both who work on it, and a rule keeps water away from "
    "the till. A session is a customer, so each one's orders stay in order. The loops end when "
    "nothing comes, so everybody goes home.",
    passed="40 orders were served, what costs something was charged, and all went home",
)
ON_BAD_DAYS = Trial(
    name="capstone.bad_days",
    prompt="""
        Now make it keep its promises on bad days, too. The checker plays five of them, with
        everything that can go wrong in every place where it can. They are played at the same time,
        and still take half a minute.
    """,
    scene=CAFE,
    seeds=BAD_DAYS,
    wanted="five bad days on which every promise is kept",
    hint='The quiet day comes first: `lab.check("capstone.quiet_day", cafe)`.',
    reference=_REFERENCE,
    second_hint="Work first, then `complete_message`. What makes a repeat harmless has to be kept "
    "in the book, in the same transaction as the euros. What json cannot read goes to "
    "`dead_letter_message`, with a reason.",
    explanation="Nothing is lost, as each message is completed only when its work is kept, and "
    "the shop sends the whole list again. Nothing is charged twice, as the book itself is the "
    "note: an order that is in it is left out, in the same transaction. What is sent twice has "
    "one `message_id`, and the topic drops the second. For the rest, programs may crash: the "
    "broker hands out again what was not completed.",
    passed="five bad days, and every promise was kept on each of them",
)

TASKS: tuple[Task, ...] = ()
TRIALS = (QUIET_DAY, ON_BAD_DAYS)
