"""Incidents in which messages wait, or come back, until something happens to them."""

from sbtutorial.attacks.assignment import Role, Tool
from sbtutorial.attacks.incidents.evidence import Evidence, counted, names, were
from sbtutorial.attacks.incidents.incident import Incident, scene
from sbtutorial.attacks.incidents.programs import changed, program
from sbtutorial.attacks.plan import Draw, Harm, Moment, Place
from sbtutorial.attacks.promises import DONE, NONE_LOST, NONE_SET_ASIDE, POISON_SET_ASIDE

_WEB = Role("web", Tool.ORDERS)
_ROLES = (_WEB, Role("kitchen", Tool.SERVE))
_COOKING = Place("kitchen", Moment.COOKING, 6)

# --- a lifetime shorter than the lunch break ------------------------------------------------------

_LIFETIME = program(
    "lunches",
    """
def kitchen(client, serve):
    with client.get_queue_receiver("QUEUE", max_wait_time=0.4) as receiver:
        for message in receiver:
            serve(message.message_id, json.loads(str(message))["item"])
            receiver.complete_message(message)
""",
    options="default_message_time_to_live=timedelta(minutes=30)",
    imports="from datetime import timedelta",
)


def _expired_while_nobody_worked(day: Evidence) -> str:
    return (
        f"{counted(day.count('expired'), 'message')} expired: the kitchen had a break of an hour, "
        "and a message of this queue lives for thirty minutes. Nobody had them in hand."
    )


def _the_one_that_was_locked(day: Evidence) -> str:
    return (
        f"One lock ran out, that of {names(day.with_events('lock_expired'))}, and that one was "
        f"served. {names(day.undone)} had never been locked."
    )


def _served_before_completed(day: Evidence) -> str:
    return (
        f"What was completed was served: {counted(day.count('completed'), 'message')}. "
        f"{were(day.undone)} never completed by anybody."
    )


LUNCH = Incident(
    title="nobody who orders at noon gets anything",
    pager="""
        The kitchen has a break at noon, for an hour. Who orders shortly before it goes hungry:
        when the cooks come back nothing waits for them. Mornings and evenings are fine.
    """,
    scene=scene(
        "lunch", _ROLES, (Draw(Harm.PAUSE, (_COOKING,)),), (NONE_LOST, NONE_SET_ASIDE, DONE)
    ),
    program="lunches",
    broken=_LIFETIME,
    mended=changed(_LIFETIME, ("timedelta(minutes=30)", "timedelta(hours=12)")),
    seed=5,
    seeds=(5, 1, 2, 3, 9),
    choices=("lock", "lifetime", "dead letters", "leftover", "early", "broker"),
    cause="lifetime",
    shown_by=_expired_while_nobody_worked,
    observations={"lock": _the_one_that_was_locked, "early": _served_before_completed},
    hint="What is the last event of a message that was never served?",
    second_hint="How long may a message of this queue live? `begin` says so.",
    post_mortem="""
        Messages lived for thirty minutes and the break took sixty, so the broker dropped what had
        waited through it, as it was told to. They live for half a day now; whether an order is too
        old to cook is for the kitchen to say, not for a timer.
    """,
)

# --- poison at the head of the queue --------------------------------------------------------------

_POISON = program(
    "suppers",
    """
def kitchen(client, serve):
    with client.get_queue_receiver("QUEUE", max_wait_time=0.4) as receiver:
        for message in receiver:
            try:
                meal = json.loads(str(message))
            except ValueError:
                receiver.abandon_message(message)  # a colleague may read it
                continue
            serve(message.message_id, meal["item"])
            receiver.complete_message(message)
""",
    options="max_delivery_count=60",
)


def _again_and_again(day: Evidence) -> str:
    poison = day.account.plan.poison
    count = sum(event.message_id == poison[0].id for event in day.of("locked"))
    return (
        f"{were(poison)} handed out {count} times in a row. Nobody can read it, the kitchen "
        "gave it back each time, and an abandoned message is the first in the queue again: all "
        "the others waited behind it, until the broker lost patience."
    )


def _dead_is_the_end_of_it(day: Evidence) -> str:
    return (
        f"{counted(day.count('dead_lettered'), 'message')} was set aside, by the broker, and after "
        "60 deliveries. The standstill is what came before that."
    )


STANDSTILL = Incident(
    title="the kitchen stands still at full speed",
    pager="""
        Now and then no meal comes out of the kitchen for minutes, while its processor is at a
        hundred percent. Then it goes on as if nothing had been. Afterwards a message lies in the
        dead-letter queue, and nobody knows what was wrong with it.
    """,
    scene=scene(
        "standstill",
        _ROLES,
        (Draw(Harm.KILL, (_COOKING,)),),
        (POISON_SET_ASIDE, NONE_LOST, DONE),
        poisoned=1,
    ),
    program="suppers",
    broken=_POISON,
    mended=changed(
        _POISON,
        (
            """\
            except ValueError:
                receiver.abandon_message(message)  # a colleague may read it
""",
            """\
            except ValueError as error:
                receiver.dead_letter_message(
                    message, reason="unreadable", error_description=str(error)
                )
""",
        ),
    ),
    seed=11,
    seeds=(11, 1, 2, 6, 9),
    choices=("prefetch", "lifetime", "dead letters", "swallowed", "new id", "poison"),
    cause="poison",
    shown_by=_again_and_again,
    observations={"dead letters": _dead_is_the_end_of_it},
    hint="Which message was handed out most often, and what became of it each time?",
    second_hint="What nobody can read will not get better: `dead_letter_message`, with a reason.",
    post_mortem="""
        The kitchen gave back a message that nobody can read, and got it again at once, sixty times,
        while all the others waited. It sets such a message aside now at its first delivery, with
        the reason why.
    """,
)

# --- prefetch that hoards -------------------------------------------------------------------------

_PREFETCH = program(
    "feast",
    """
def kitchen(client, serve):
    with client.get_queue_receiver(
        "QUEUE", prefetch_count=20, max_wait_time=0.4
    ) as receiver:
        for message in receiver:
            serve(message.message_id, json.loads(str(message))["item"])
            receiver.complete_message(message)
""",
    options="lock_duration=timedelta(seconds=25), max_delivery_count=3",
    imports="from datetime import timedelta",
)


def _hoarded(day: Evidence) -> str:
    return (
        f"{counted(day.most_locked, 'message')} were locked at the same time, by one kitchen that "
        "cooks one meal in ten seconds. Their locks of 25 seconds ran out while they waited in its "
        f"memory, {day.count('lock_expired')} times, and each time counted as a failed delivery."
    )


def _cooks_in_time(day: Evidence) -> str:
    return (
        "A meal takes ten seconds, and its lock 25: the first one of each start was completed in "
        f"time. {were(day.undone)} set aside, and nobody ever began to cook them."
    )


def _set_aside_by_the_broker(day: Evidence) -> str:
    return (
        f"{counted(day.count('dead_lettered'), 'message')} were set aside, that is so; but why? "
        "Each can be read, and the reason is `MaxDeliveryCountExceeded`: they were handed out "
        "three times, and never done."
    )


def _completed_are_served(day: Evidence) -> str:
    return (
        f"What was completed was served: {counted(day.count('completed'), 'message')}. Those that "
        "are missing were never completed."
    )


BUSY = Incident(
    title="good orders in the dead-letter queue",
    pager="""
        On busy days good orders end up in the dead-letter queue. Each of them can be read, and the
        kitchen swears that it has never seen them. On quiet days nothing of the kind happens.
    """,
    scene=scene(
        "busy",
        _ROLES,
        (Draw(Harm.KILL, (_COOKING,)),),
        (NONE_LOST, POISON_SET_ASIDE, DONE),
        pace_seconds=10,
    ),
    program="feast",
    broken=_PREFETCH,
    mended=changed(_PREFETCH, ("prefetch_count=20, ", "")),
    seed=0,
    seeds=(1, 2, 3, 5, 9),
    choices=("poison", "prefetch", "swallowed", "lock", "dead letters", "old id"),
    cause="prefetch",
    shown_by=_hoarded,
    observations={
        "lock": _cooks_in_time,
        "dead letters": _set_aside_by_the_broker,
        "swallowed": _completed_are_served,
    },
    hint="How many messages were locked at the same time, and how many meals does the kitchen cook "
    "in 25 seconds?",
    second_hint="Prefetch no more than can be cooked within one lock. The default is none.",
    post_mortem="""
        A kitchen that cooks one meal at a time had twenty locked in advance, and their locks ran
        out in its memory until the broker gave them up. It fetches one when it is ready for one
        now; prefetch is for work that is much shorter than a lock.
    """,
)
