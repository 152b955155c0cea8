"""Incidents of what is to be done later: a retry that gets lost, a queue where nobody looks."""

from sbtutorial.attacks.assignment import Role, Tool
from sbtutorial.attacks.incidents.evidence import Evidence, counted, names, were
from sbtutorial.attacks.incidents.incident import Incident, scene
from sbtutorial.attacks.incidents.programs import changed, program
from sbtutorial.attacks.plan import Draw, Harm, Moment, Place
from sbtutorial.attacks.promises import DONE, NONE_LOST, NONE_SET_ASIDE

_WEB, _KITCHEN = Role("web", Tool.ORDERS), Role("kitchen", Tool.SERVE)
_OVEN_IS_OUT = Draw(Harm.REFUSE, (Place("kitchen", Moment.COOKING, 8),))

# --- a copy under the old id ----------------------------------------------------------------------

_OLD_ID = program(
    "ovens",
    """
def kitchen(client, serve):
    receiver = client.get_queue_receiver("QUEUE", max_wait_time=0.4)
    with receiver, client.get_queue_sender("QUEUE") as sender:
        for message in receiver:
            try:
                serve(message.message_id, json.loads(str(message))["item"])
            except RuntimeError:  # once more, behind all the others
                again = ServiceBusMessage(
                    str(message), message_id=message.message_id
                )
                sender.send_messages(again)
            receiver.complete_message(message)
""",
    options="requires_duplicate_detection=True",
)


def _dropped_copy(day: Evidence) -> str:
    times = counted(day.count("duplicate_dropped"), "time")
    return (
        f"The kitchen sent a copy of {names(day.undone)} under the old id, and the queue, which "
        f"detects duplicates, dropped it: `duplicate_dropped`, {times}. The sender is told that "
        "all went well, and then the original was completed."
    )


def _completed_with_a_copy(day: Evidence) -> str:
    return (
        f"{were(day.undone)} completed only after a copy had been sent. The order of the "
        "lines is right; ask what became of the copy."
    )


def _the_error_was_handled(day: Evidence) -> str:
    return (
        "The error was caught, and not swallowed: the kitchen sent a copy for another try, and "
        "the broker has noted that it came."
    )


def _it_was_read(day: Evidence) -> str:
    return (
        f"{were(day.undone)} handed out to the kitchen, which began to cook: somebody has "
        "read what came."
    )


RETRY = Incident(
    title="the second try never comes",
    pager="""
        Since last Tuesday the kitchen has another try at an order when the oven was out: a new
        feature, well tested. Since last Tuesday these orders are never cooked at all. Before that
        they were late.
    """,
    scene=scene(
        "retry", (_WEB, _KITCHEN), (_OVEN_IS_OUT, _OVEN_IS_OUT), (NONE_LOST, NONE_SET_ASIDE, DONE)
    ),
    program="ovens",
    broken=_OLD_ID,
    mended=changed(
        _OLD_ID,
        (
            """\
    receiver = client.get_queue_receiver("ovens", max_wait_time=0.4)
    with receiver, client.get_queue_sender("ovens") as sender:
""",
            """\
    with client.get_queue_receiver("ovens", max_wait_time=0.4) as receiver:
""",
        ),
        (
            """\
            except RuntimeError:  # once more, behind all the others
                again = ServiceBusMessage(
                    str(message), message_id=message.message_id
                )
                sender.send_messages(again)
            receiver.complete_message(message)
""",
            """\
            except RuntimeError:
                receiver.abandon_message(message)
            else:
                receiver.complete_message(message)
""",
        ),
    ),
    seed=2,
    seeds=(2, 1, 3, 5, 6),
    choices=("swallowed", "early", "new id", "leftover", "old id", "lifetime"),
    cause="old id",
    shown_by=_dropped_copy,
    observations={
        "early": _completed_with_a_copy,
        "swallowed": _the_error_was_handled,
        "leftover": _it_was_read,
    },
    hint="The kitchen did send the copy. Which event tells what the queue did with it?",
    second_hint="`abandon_message` gives a message back without a copy. A copy needs an id of its "
    "own, and the order's beside it, in a property.",
    post_mortem="""
        The copy for the second try had the first one's id, so the queue dropped it as a duplicate,
        and the original was completed. The message itself is given back now; where a copy is really
        needed, it gets an id of its own and names the order in a property.
    """,
)

# --- a dead-letter queue that nobody reads --------------------------------------------------------

_UNREAD = program(
    "dishes",
    """
def kitchen(client, serve):
    with client.get_queue_receiver("QUEUE", max_wait_time=0.4) as receiver:
        for message in receiver:
            try:
                serve(message.message_id, json.loads(str(message))["item"])
                receiver.complete_message(message)
            except RuntimeError as error:
                receiver.dead_letter_message(message, reason=str(error))

def office(client, serve):
    with client.get_queue_receiver("QUEUE", sub_queue="deadletter") as dead:
        print("dead letters:", len(dead.peek_messages(max_message_count=10)))
""",
)


def _still_there(day: Evidence) -> str:
    dead = day.account.dead
    reason = dead[0].reason if dead else ""
    return (
        f"{names(day.undone)} lies in the dead-letter queue, with the reason '{reason}', and can "
        "be cooked now that the oven is on again. The office counts what is there, and receives "
        "nothing."
    )


def _was_not_lost_by_an_error(day: Evidence) -> str:
    return (
        f"What was completed was served: {counted(day.count('completed'), 'message')}. The error "
        "was not swallowed: it stands in the dead letter, as its reason."
    )


def _each_is_somewhere(day: Evidence) -> str:
    return f"All are accounted for: {len(day.sent)} sent, {day.ends}. None was lost."


def _set_aside_by_the_kitchen(day: Evidence) -> str:
    return (
        f"{were(day.undone)} handed out to the kitchen, which set it aside itself, for a "
        "reason. Nobody else took anything."
    )


OFFICE = Incident(
    title="apologies, and no meal",
    pager="""
        About one customer a day gets a letter of apology from the office, and no meal. The office
        says that there are dead letters again, as every day, and that it has put the number on the
        dashboard.
    """,
    scene=scene(
        "office",
        (_WEB, _KITCHEN, Role("office", Tool.SERVE)),
        (_OVEN_IS_OUT,),
        (NONE_LOST, NONE_SET_ASIDE, DONE),
    ),
    program="dishes",
    broken=_UNREAD,
    mended=changed(
        _UNREAD,
        (
            """\
    with client.get_queue_receiver("dishes", sub_queue="deadletter") as dead:
        print("dead letters:", len(dead.peek_messages(max_message_count=10)))
""",
            """\
    with client.get_queue_receiver(
        "dishes", sub_queue="deadletter", max_wait_time=0.4
    ) as receiver:
        for message in receiver:
            serve(message.message_id, json.loads(str(message))["item"])
            receiver.complete_message(message)
""",
        ),
    ),
    seed=6,
    seeds=(6, 1, 2, 3, 7),
    choices=("dead letters", "swallowed", "poison", "leftover", "lock", "broker"),
    cause="dead letters",
    shown_by=_still_there,
    observations={
        "swallowed": _was_not_lost_by_an_error,
        "leftover": _set_aside_by_the_kitchen,
        "broker": _each_is_somewhere,
    },
    hint="Where is the order now, and what would it take to have it cooked?",
    second_hint="Receive from the dead-letter queue as from any other, serve, and complete.",
    post_mortem="""
        The kitchen set aside what it could not cook, and nobody had the task to work on what lay
        there: counting is not reading. The office serves each dead letter now and completes it
        there.
    """,
)
