"""Incidents in which something is lost for good."""

from sbtutorial.attacks.assignment import Role, Tool
from sbtutorial.attacks.incidents.evidence import Evidence, names, were
from sbtutorial.attacks.incidents.incident import Incident, scene
from sbtutorial.attacks.incidents.programs import changed, program
from sbtutorial.attacks.plan import Draw, Harm, Moment, Place
from sbtutorial.attacks.promises import DONE, NONE_LOST, NONE_SET_ASIDE, POISON_SET_ASIDE

_ROLES = (Role("web", Tool.ORDERS), Role("kitchen", Tool.SERVE))
_COOKING = Place("kitchen", Moment.COOKING, 8)
_SERVED = Place("kitchen", Moment.SERVED, 8)

# --- completed before the work --------------------------------------------------------------------

_EARLY = program(
    "deliveries",
    """
def kitchen(client, serve):
    with client.get_queue_receiver(
        "QUEUE", max_wait_time=0.4
    ) as receiver:
        for message in receiver:
            meal = json.loads(str(message))
            receiver.complete_message(message)
            serve(message.message_id, meal["item"])
""",
)


def _completed_and_never_served(day: Evidence) -> str:
    return (
        f"{were(day.undone)} completed, and never served: the kitchen was killed while it "
        "cooked, and by then the broker had deleted the message."
    )


DEPLOY = Incident(
    title="a meal is missing after each rollout",
    pager="""
        Each time that we roll out a new version of the kitchen, a customer waits for a meal that
        never comes. One each time, never more. The queue is empty, and the log has nothing but the
        restart.
    """,
    scene=scene(
        "deploy", _ROLES, (Draw(Harm.KILL, (_COOKING,)),), (NONE_LOST, NONE_SET_ASIDE, DONE)
    ),
    program="deliveries",
    broken=_EARLY,
    mended=changed(
        _EARLY,
        ("            receiver.complete_message(message)\n", ""),
        ('meal["item"])\n', 'meal["item"])\n            receiver.complete_message(message)\n'),
    ),
    seed=9,
    seeds=(9, 2, 3, 6, 7),
    choices=("lock", "delete", "dead letters", "early", "broker", "lifetime"),
    cause="early",
    shown_by=_completed_and_never_served,
    hint="What does the broker do when `complete_message` is called? What has the kitchen done by "
    "then?",
    second_hint="Two lines have to change places.",
    post_mortem="""
        The kitchen completed each message before it cooked, so a kill in between left nobody who
        knew of the order. It cooks first now: a kill may have a meal cooked twice, and loses none.
    """,
)

# --- a swallowed exception ------------------------------------------------------------------------

_SWALLOWED = program(
    "platters",
    """
def kitchen(client, serve):
    with client.get_queue_receiver(
        "QUEUE", max_wait_time=0.4
    ) as receiver:
        for message in receiver:
            with suppress(Exception):  # no bad order may stop the kitchen
                serve(message.message_id, json.loads(str(message))["item"])
            receiver.complete_message(message)
""",
    imports="from contextlib import suppress",
)


def _completed_after_an_error(day: Evidence) -> str:
    poison = day.account.plan.poison
    return (
        f"{were(day.undone)} completed without a meal: the oven was out, serve raised an "
        f"error, and `suppress(Exception)` kept it quiet. {names(poison)} went the same way: its "
        "body is cut off."
    )


def _not_one_was_early(day: Evidence) -> str:
    good = len(day.account.plan.good) - len(day.undone)
    return (
        f"{good} orders were served, and completed after that. Nobody was killed on that day, so "
        "who completes early would have served them all."
    )


def _poison_came_once(day: Evidence) -> str:
    poison = [event for event in day.of("locked") if event.message_id in _ids(day)]
    return (
        f"{names(day.account.plan.poison)} cannot be read, and was handed out {len(poison)} time: "
        "it did not come back."
    )


def _ids(day: Evidence) -> set[str]:
    return {order.id for order in day.account.plan.poison}


GREEN = Incident(
    title="everything is green, and people wait",
    pager="""
        All lights are green: the kitchen has not failed once this month, nothing waits, and the
        dead-letter queue has never had a message. And every day people call who have paid and got
        nothing.
    """,
    scene=scene(
        "green",
        _ROLES,
        (Draw(Harm.REFUSE, (_COOKING,)),),
        (NONE_LOST, POISON_SET_ASIDE, DONE),
        poisoned=1,
    ),
    program="platters",
    broken=_SWALLOWED,
    mended=changed(
        _SWALLOWED,
        (
            """\
            with suppress(Exception):  # no bad order may stop the kitchen
                serve(message.message_id, json.loads(str(message))["item"])
            receiver.complete_message(message)
""",
            """\
            try:
                item = json.loads(str(message))["item"]
            except ValueError as error:
                receiver.dead_letter_message(message, reason="unreadable",
                                             error_description=str(error))
                continue
            try:
                serve(message.message_id, item)
            except RuntimeError:
                receiver.abandon_message(message)
            else:
                receiver.complete_message(message)
""",
        ),
        ("from contextlib import suppress\n", ""),
    ),
    seed=4,
    seeds=(4, 1, 2, 6, 7),
    choices=("lifetime", "early", "poison", "swallowed", "dead letters", "old id"),
    cause="swallowed",
    shown_by=_completed_after_an_error,
    observations={"early": _not_one_was_early, "poison": _poison_came_once},
    hint="Which lines of the kitchen's may fail, and what does it do with the message then?",
    second_hint="Two errors, two answers: what cannot be read goes to `dead_letter_message`, with "
    "a reason; what failed this time goes to `abandon_message`, or comes back by a crash.",
    post_mortem="""
        A suppress(Exception) hid each failure, and the message was completed as if it were done.
        Each error has its answer now: what cannot be read is set aside with a reason, what failed
        this time is given back, and an error that nobody expects may stop the program.
    """,
)
