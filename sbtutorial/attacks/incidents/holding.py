"""Incidents in which somebody keeps what others need: a connection, a session."""

from sbtutorial.attacks.assignment import Role, Tool
from sbtutorial.attacks.incidents.evidence import Evidence, counted, names
from sbtutorial.attacks.incidents.incident import Incident, scene
from sbtutorial.attacks.incidents.programs import changed, program
from sbtutorial.attacks.plan import Draw, Harm, Moment, Place
from sbtutorial.attacks.promises import AT_ONCE, DONE, IN_ORDER, NONE_LOST, NONE_SET_ASIDE
from sbtutorial.broker.limits import EMULATOR

_ROLES = (Role("web", Tool.ORDERS), Role("kitchen", Tool.SERVE))
_COOKING, _SERVED = Place("kitchen", Moment.COOKING, 8), Place("kitchen", Moment.SERVED, 8)

# --- one connection a message ---------------------------------------------------------------------

_CONNECTIONS = program(
    "bowls",
    """
def kitchen(client, serve):
    with client.get_queue_receiver("QUEUE", max_wait_time=0.4) as receiver:
        for message in receiver:
            serve(message.message_id, json.loads(str(message))["item"])
            receiver.complete_message(message)
""",
    of_sdk="ServiceBusMessage\nfrom azure.servicebus.exceptions import ServiceBusError",
    web="""\
def send(client, order):
    sender = client.get_queue_sender("QUEUE")
    message = ServiceBusMessage(order["body"], message_id=order["id"])
    sender.send_messages(message)

def web(client, orders):
    for order in orders:
        try:
            send(client, order)
        except ServiceBusError:
            print("Sorry! Please try again later.")
""",
)


def _a_connection_each(day: Evidence) -> str:
    never = [one for one in day.account.plan.orders if one not in day.with_events("sent")]
    return (
        f"{len(day.sent)} messages were sent, by {len(day.senders)} senders, each with a "
        "connection of its own that nobody closed: each of these events has another `who`. The "
        f"test system is Microsoft's emulator, which takes {EMULATOR.max_connections} connections "
        f"at one time; for {names(never)} there was none left."
    )


CROWD = Incident(
    title="please try again later",
    pager="""
        On the new test system the first ten orders of a day go through. Everybody after that reads
        "Sorry! Please try again later", and later it is the same. When the web shop is restarted,
        ten more go through. In production all is well, they say; it is only a bit slow.
    """,
    scene=scene(
        "crowd",
        _ROLES,
        (Draw(Harm.KILL, (_COOKING, _SERVED)),),
        (NONE_LOST, AT_ONCE, NONE_SET_ASIDE, DONE),
        limits=EMULATOR,
    ),
    program="bowls",
    broken=_CONNECTIONS,
    mended=changed(
        _CONNECTIONS,
        ("def send(client, order):\n", "def send(sender, order):\n"),
        ('    sender = client.get_queue_sender("bowls")\n', ""),
        (
            """\
    for order in orders:
        try:
            send(client, order)
        except ServiceBusError:
            print("Sorry! Please try again later.")
""",
            """\
    with client.get_queue_sender("bowls") as sender:
        for order in orders:
            try:
                send(sender, order)
            except ServiceBusError:
                print("Sorry! Please try again later.")
""",
        ),
    ),
    seed=3,
    seeds=(3, 1, 2, 6, 9),
    choices=("leftover", "lifetime", "early", "connections", "session", "broker"),
    cause="connections",
    shown_by=_a_connection_each,
    hint="The stream has what the customers read, and the program hides what the web shop was "
    "told: print the error. Who has all of what it names?",
    second_hint="A sender has a connection of its own, and keeps it until it is closed. One sender "
    "does for a whole day: open it before the loop, in a with block.",
    post_mortem="""
        Each order was sent by a sender of its own, which nobody closed, so each message took half a
        second for its connection and kept it, until the namespace had no more. One sender serves
        the whole day now, and what goes wrong is logged in the broker's own words.
    """,
    is_long=True,
)

# --- a session that is held for ever --------------------------------------------------------------

_SESSION = program(
    "chairs",
    """
def kitchen(client, serve):
    while True:  # one customer after the other
        try:
            with client.get_queue_receiver(
                "QUEUE", session_id=NEXT_AVAILABLE_SESSION
            ) as receiver:
                for ticket in receiver:
                    serve(ticket.message_id, json.loads(str(ticket))["item"])
                    receiver.complete_message(ticket)
        except OperationTimeoutError:
            return  # nobody waits any more
""",
    options="requires_session=True",
    of_sdk="NEXT_AVAILABLE_SESSION, ServiceBusMessage\n"
    "from azure.servicebus.exceptions import OperationTimeoutError",
    web="""\
def web(client, orders):
    with client.get_queue_sender("QUEUE") as sender:
        for order in orders:
            ids = dict(message_id=order["id"], session_id=order["customer"])
            sender.send_messages(ServiceBusMessage(order["body"], **ids))
""",
)


def _held(day: Evidence) -> str:
    customers = list(dict.fromkeys(order.customer for order in day.account.plan.orders))
    never = [one for one in customers if one not in day.sessions]
    return (
        f"The kitchen took the session of {' and '.join(day.sessions)}, and completed all that "
        "was in it. Then it waited there for more, which never came: a receiver without "
        f"`max_wait_time` waits for ever. {counted(len(day.account.left), 'message')} of "
        f"{' and '.join(never)} stand in sessions that nobody ever locked."
    )


def _all_is_there(day: Evidence) -> str:
    return (
        f"It has all of them: {len(day.sent)} sent, {day.ends}, and {len(day.account.left)} still "
        "there, ready for whoever asks."
    )


LUCKY = Incident(
    title="only who comes first",
    pager="""
        One customer gets everything, and at once: whoever came first. Nobody else gets anything.
        The kitchen is up, has no errors, and its processor does nothing at all. If we restart it,
        one more customer is lucky.
    """,
    scene=scene(
        "lucky",
        _ROLES,
        (Draw(Harm.KILL, (Place("kitchen", Moment.COOKING, 3),)),),
        (DONE, NONE_LOST, NONE_SET_ASIDE, IN_ORDER),
    ),
    program="chairs",
    broken=_SESSION,
    mended=changed(
        _SESSION,
        (
            '"chairs", session_id=NEXT_AVAILABLE_SESSION\n',
            """"chairs",
                session_id=NEXT_AVAILABLE_SESSION,
                max_wait_time=0.4,
""",
        ),
    ),
    seed=0,
    seeds=(1, 2, 3, 4, 5),
    choices=("connections", "lock", "session", "prefetch", "leftover", "broker"),
    cause="session",
    shown_by=_held,
    observations={"broker": _all_is_there},
    hint="What did the kitchen do last, and what does it wait for? Look for events of sessions.",
    second_hint="Who asks for the next session has to let go of the one before: `max_wait_time` "
    "is how long a receiver waits for a further message of its session.",
    post_mortem="""
        The kitchen waited in its first customer's session for orders that never came, and held it,
        while all the other sessions stood ready. It lets go of a session now as soon as nothing has
        come for a moment, and takes the next one.
    """,
    is_long=True,
)
