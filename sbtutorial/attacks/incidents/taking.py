"""Incidents in which messages are taken: deleted in the moment in which they are handed out."""

from sbtutorial.attacks.assignment import Role, Tool
from sbtutorial.attacks.incidents.evidence import Evidence, counted, were
from sbtutorial.attacks.incidents.incident import Incident, scene
from sbtutorial.attacks.incidents.programs import changed, program
from sbtutorial.attacks.plan import Draw, Harm, Moment, Place
from sbtutorial.attacks.promises import DONE, NONE_LOST, NONE_SET_ASIDE

_ROLES = (Role("web", Tool.ORDERS), Role("kitchen", Tool.SERVE))
_COOKING = Place("kitchen", Moment.COOKING, 8)
_SERVED = Place("kitchen", Moment.SERVED, 8)

# --- deleted as they are handed out ---------------------------------------------------------------

_DELETE = program(
    "tickets",
    """
def kitchen(client, serve):
    with client.get_queue_receiver(
        "QUEUE",
        receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE,
        prefetch_count=20,
        max_wait_time=0.4,
    ) as receiver:
        for message in receiver:
            serve(message.message_id, json.loads(str(message))["item"])
""",
    of_sdk="ServiceBusMessage, ServiceBusReceiveMode",
)


def _taken_and_never_served(day: Evidence) -> str:
    return (
        f"All {day.count('taken')} messages were taken: deleted in the moment in which they were "
        f"handed out. When the kitchen was killed, {were(day.undone)} in its hands, and nowhere "
        "else."
    )


def _nothing_completed(day: Evidence) -> str:
    return (
        f"Nothing was completed early, and nothing late: {day.count('completed')} of "
        f"{len(day.sent)} messages were completed at all."
    )


def _one_receiver_at_a_time(day: Evidence) -> str:
    return (
        f"Each time that the kitchen began it had one receiver, and the first one got all "
        f"{day.count('taken')} messages. It read one after the other, until it was killed."
    )


def _no_error(day: Evidence) -> str:
    done = len(day.account.plan.orders) - len(day.undone)
    return (
        f"No work failed on that day: {done} orders were begun and came to an end, and one was "
        "begun when the kitchen was killed."
    )


EVENING = Incident(
    title="the evening shift finds cold ovens",
    pager="""
        When the evening shift takes over, the kitchen's program is stopped and started again. Each
        time, whatever had been waiting is gone. On a quiet evening that is one order, on a busy one
        dozens. Nobody has seen an error.
    """,
    scene=scene(
        "evening", _ROLES, (Draw(Harm.KILL, (_COOKING,)),), (NONE_LOST, NONE_SET_ASIDE, DONE)
    ),
    program="tickets",
    broken=_DELETE,
    mended=changed(
        _DELETE,
        ("        receive_mode=ServiceBusReceiveMode.RECEIVE_AND_DELETE,\n", ""),
        ('["item"])\n', '["item"])\n            receiver.complete_message(message)\n'),
        (", ServiceBusReceiveMode", ""),
    ),
    seed=7,
    seeds=(7, 1, 2, 5, 9),
    choices=("early", "leftover", "lock", "broker", "swallowed", "delete"),
    cause="delete",
    shown_by=_taken_and_never_served,
    observations={
        "early": _nothing_completed,
        "leftover": _one_receiver_at_a_time,
        "swallowed": _no_error,
    },
    hint="Which event tells that a message is handed out? Compare it with the incident before.",
    second_hint="Receive with peek-lock, which is the default, and complete what is served.",
    post_mortem="""
        The kitchen received and deleted in one go, and fetched all that waited in advance, so
        whatever it held when it was stopped was gone. It receives with peek-lock now and completes
        each meal, and what it held comes back by itself.
    """,
)

# --- a leftover receiver --------------------------------------------------------------------------

_LEFTOVER_WEB = """\
def web(client, orders):
    sweep = client.get_queue_receiver(
        "QUEUE", receive_mode="receiveanddelete"
    )
    print("of yesterday:", len(sweep.peek_messages(max_message_count=4)))
    sweep.receive_messages(max_message_count=4, max_wait_time=0.4)
    with client.get_queue_sender("QUEUE") as sender:
        for order in orders:
            ticket = ServiceBusMessage(order["body"], message_id=order["id"])
            sender.send_messages(ticket)
"""
_LEFTOVER = program(
    "breakfasts",
    """
def kitchen(client, serve):
    with client.get_queue_receiver(
        "QUEUE", max_wait_time=0.4
    ) as receiver:
        for message in receiver:
            serve(message.message_id, json.loads(str(message))["item"])
            receiver.complete_message(message)
""",
    web=_LEFTOVER_WEB,
)


def _taken_by_the_sweep(day: Evidence) -> str:
    return (
        f"{were(day.undone)} taken while the kitchen had not even begun: by the receiver "
        "with which the web shop sweeps the queue in the morning. It had asked for four messages, "
        "got none, and was never closed; what it had asked for came later, and nobody read it."
    )


def _the_kitchen_locks(day: Evidence) -> str:
    return (
        f"The kitchen does not delete what it is given: {day.count('locked')} messages were "
        f"locked, and {day.count('completed')} completed. {were(day.undone)} gone before it "
        "received anything."
    )


def _never_locked(day: Evidence) -> str:
    return (
        f"{counted(day.count('completed'), 'message')} were completed, each after its meal. "
        f"{were(day.undone)} never completed, and not even locked."
    )


MORNING = Incident(
    title="the first four orders of the day",
    pager="""
        The first four orders of each day are never cooked. Never the fifth. The staff in Harbour
        Street order four coffees at opening time by now, and the day goes well.
    """,
    scene=scene(
        "morning",
        _ROLES,
        (Draw(Harm.KILL, (_COOKING, _SERVED)),),
        (NONE_LOST, NONE_SET_ASIDE, DONE),
    ),
    program="breakfasts",
    broken=_LEFTOVER,
    mended=changed(
        _LEFTOVER,
        (
            """\
    sweep = client.get_queue_receiver(
        "breakfasts", receive_mode="receiveanddelete"
    )
    print("of yesterday:", len(sweep.peek_messages(max_message_count=4)))
    sweep.receive_messages(max_message_count=4, max_wait_time=0.4)
""",
            """\
    with client.get_queue_receiver(
        "breakfasts", receive_mode="receiveanddelete"
    ) as sweep:
        print("of yesterday:", len(sweep.peek_messages(max_message_count=4)))
        sweep.receive_messages(max_message_count=4, max_wait_time=0.4)
""",
        ),
    ),
    seed=7,
    seeds=(2, 1, 6, 7, 9),
    choices=("early", "lifetime", "delete", "old id", "leftover", "poison"),
    cause="leftover",
    shown_by=_taken_by_the_sweep,
    observations={"delete": _the_kitchen_locks, "early": _never_locked},
    hint="Who was given the first four, and when? Look at the events of message 1.",
    second_hint="A receiver that is open takes what it has asked for. A `with` block closes it.",
    post_mortem="""
        The web shop swept the queue each morning and left the receiver open, and what that had
        asked for in vain took the first orders of the day. It is closed now before the first order
        is sent, by a with block.
    """,
)
