"""Incidents in which something is done twice."""

from sbtutorial.attacks.assignment import Role, Tool
from sbtutorial.attacks.incidents.evidence import Evidence, names
from sbtutorial.attacks.incidents.incident import Incident, scene
from sbtutorial.attacks.incidents.programs import changed, program
from sbtutorial.attacks.plan import Draw, Harm, Moment, Place
from sbtutorial.attacks.promises import DONE, NONE_CHARGED_TWICE, NONE_LOST, NONE_SET_ASIDE

_ROLES = (Role("web", Tool.ORDERS), Role("cashier", Tool.BOOK))
_PROMISES = (NONE_CHARGED_TWICE, NONE_LOST, NONE_SET_ASIDE, DONE)

# --- a lock shorter than the work -----------------------------------------------------------------

_LOCK = program(
    "charges",
    """
def cashier(client, book):
    with client.get_queue_receiver("QUEUE", max_wait_time=0.4) as receiver:
        for message in receiver:
            euros = json.loads(str(message))["euros"]
            with book:  # the bank is asked, and the charge committed
                if euros:
                    row = [message.message_id, euros]
                    book.execute("INSERT INTO charges VALUES (?, ?)", row)
            receiver.complete_message(message)
""",
    options="lock_duration=timedelta(seconds=11)",
    imports="from datetime import timedelta",
)


def _lock_ran_out(day: Evidence) -> str:
    return (
        f"The lock of {names(day.with_events('lock_expired'))} ran out while the cashier waited "
        "for the bank: eleven seconds of lock, twenty seconds of work. The charge was committed, "
        "`complete_message` came too late, and the message was handed out once more."
    )


MONDAYS = Incident(
    title="customers are charged twice on Mondays",
    pager="""
        Customers are charged twice. Not all of them, and on Mondays only. The bank says that it is
        slow on Mondays: now and then a payment takes twenty seconds. It swears that it books what
        we send.
    """,
    scene=scene(
        "mondays",
        _ROLES,
        (Draw(Harm.LONG, (Place("cashier", Moment.PAYING, 9),)),),
        _PROMISES,
    ),
    program="charges",
    broken=_LOCK,
    mended=changed(_LOCK, ("timedelta(seconds=11)", "timedelta(minutes=1)")),
    seed=2,
    seeds=(2, 1, 3, 4, 5),
    choices=("new id", "early", "lock", "prefetch", "broker", "leftover"),
    cause="lock",
    shown_by=_lock_ran_out,
    hint="How long may the cashier work on a message, and how long does the bank take?",
    second_hint="A queue's `lock_duration` may be up to five minutes. Or renew the lock while the "
    "bank thinks: `AutoLockRenewer`, from lesson 04b.",
    post_mortem="""
        A slow bank took longer than the lock, so a payment was handed out again after it had been
        charged. The lock is longer than the slowest payment now; what a crash would charge twice is
        for notes in the book, as in lesson 06.
    """,
)

# --- a new id for each try ------------------------------------------------------------------------

_NEW_ID = program(
    "bills",
    """
def cashier(client, book):
    with client.get_queue_receiver("QUEUE", max_wait_time=0.4) as receiver:
        for message in receiver:
            order_id = message.application_properties[b"order"].decode()
            if euros := json.loads(str(message))["euros"]:
                with book:
                    row = [order_id, euros]
                    book.execute("INSERT INTO charges VALUES (?, ?)", row)
            receiver.complete_message(message)
""",
    options="requires_duplicate_detection=True",
    imports="from uuid import uuid4",
    web="""\
def web(client, orders):
    with client.get_queue_sender("QUEUE") as sender:
        for order in orders:
            bill = ServiceBusMessage(order["body"], message_id=str(uuid4()))
            bill.application_properties = {"order": order["id"]}
            sender.send_messages(bill)
""",
)


def _two_ids(day: Evidence) -> str:
    return (
        f"{len(day.sent)} messages were sent for {len(day.account.plan.orders)} orders, each under "
        "an id of its own: the web shop was killed, began its list again, and made new ids. The "
        "queue detects duplicates by their ids, and found none."
    )


def _one_delivery_each(day: Evidence) -> str:
    return (
        f"{day.count('locked')} deliveries of {len(day.sent)} messages: the cashier was given each "
        "of them once, and completed it after its charge."
    )


RESTART = Incident(
    title="dozens are charged twice, and then a week none",
    pager="""
        Some mornings many customers are charged twice, all at once, and then for a week nobody. The
        web shop had been restarted each time. Of course we detect duplicates: the queue was made
        with it.
    """,
    scene=scene(
        "restart", _ROLES, (Draw(Harm.KILL, (Place("web", Moment.ORDER, 11),)),), _PROMISES
    ),
    program="bills",
    broken=_NEW_ID,
    mended=changed(
        _NEW_ID,
        ("message_id=str(uuid4())", 'message_id=order["id"]'),
        ("from uuid import uuid4\n", ""),
    ),
    seed=5,
    seeds=(5, 2, 3, 4, 9),
    choices=("early", "prefetch", "lock", "old id", "leftover", "new id"),
    cause="new id",
    shown_by=_two_ids,
    observations={"early": _one_delivery_each, "leftover": _one_delivery_each},
    hint="How many messages were sent, for how many orders? What are their ids?",
    second_hint="A repeat is known by its `message_id`. What does an order have that is the same "
    "at each try?",
    post_mortem="""
        The web shop sent its list again after a restart, each bill under a new random id, so no
        repeat looked like one. The message id is the order's own now, and the queue drops what it
        has had.
    """,
)
