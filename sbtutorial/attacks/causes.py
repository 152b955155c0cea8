"""Why a promise was broken: what was seen, in words, and what to look at next.

Each reads the day's account and nothing else, so that a cause is told from evidence.
"""

from collections import Counter
from collections.abc import Iterable

from sbtutorial.attacks.orders import Order
from sbtutorial.attacks.plan import Harm
from sbtutorial.attacks.steps import WORK, Account, Found, Step, What

Cause = tuple[str, str]

BY_THE_BROKER = ("MaxDeliveryCountExceeded", "TTLExpiredException", "HeaderSizeExceeded")
_COMPLETE_LATER = (
    "`complete_message` lets the broker delete the message: call it when the work is done and kept."
)
_NOTES = (
    "A message may come again. Note its id in the same transaction as the euros, and look there "
    "first; notes in a variable die with the program."
)
# What can happen to somebody between a delivery and the next one of the same message.
_BETWEEN = {
    Harm.KILL: "was killed before the broker knew",
    Harm.SLOW: "was slower than the lock",
    Harm.LOSE_ACK: "did not hear that the broker had it",
    Harm.CUT: "lost its connection",
    Harm.BREAK: "lost its broker for a moment",
    Harm.LONG: "worked longer than its lock",
    Harm.PAUSE: "had an hour's break",
    Harm.REFUSE: "could not do it the first time",
}


def of_loss(account: Account, order: Order, missing: What) -> Cause:
    """Why something was not done for an order of which no message is left."""
    what = f"{order.id} ({order.item}) was never {missing}"
    if dead := account.dead_of(order):
        return _of_dead(what, dead[0].reason)
    shop = account.who(What.TOOK)
    if not account.of(What.TOOK):
        return (
            f"the {shop} took no order from its list{_last_words(account, shop)}",
            "It goes through the list: `for order in orders:`, and sends each to the topic.",
        )
    if not account.of(What.TOOK, order):
        return (
            f"the {shop} never came to {order.id}{_last_words(account, shop)}",
            "Who is started again is given the whole list, and goes through it to its end.",
        )
    return _of_gone(account, order, missing, what)


def step_of_loss(account: Account, order: Order, missing: What) -> int:
    """By when an order was lost; one behind the last step when only the end shows it."""
    if account.facts.get(order.id):
        for fact in account.told_of(order, missing):
            if fact.what in _ENDS_OF_A_MESSAGE:
                return min(fact.step, account.last + 1)
    return account.last + 1


_ENDS_OF_A_MESSAGE = ("completed", "taken", "expired", "dead_lettered")


def _of_gone(account: Account, order: Order, missing: What, what: str) -> Cause:
    kinds = {fact.what for fact in account.told_of(order, missing)}
    if not account.told_of(order):
        return _of_never_sent(account, order)
    if "expired" in kinds:
        return f"{what}: its message ran out of time", "How long may a message live, and a lunch?"
    if "taken" in kinds:
        return (
            f"{what}: its message was deleted as it was handed out",
            "`RECEIVE_AND_DELETE` forgets what it gave to somebody who dies. Receive with "
            "peek-lock.",
        )
    if "completed" in kinds:
        return f"{what}, and its message was completed", _COMPLETE_LATER
    return (
        f"{what}: the topic had it, and no subscription took a copy for that",
        "Look at the subscriptions' rules: which orders does each of them take?",
    )


def _of_never_sent(account: Account, order: Order) -> Cause:
    shop = account.who(What.TOOK)
    seen = f"the {shop} took {order.id} from its list, and no message of it reached the broker"
    if any(step.role == shop and step.what is What.KILLED for step in account.steps):
        return (
            seen,
            "Was it killed with orders in its hands? Send each one before you take the next, or "
            "send all of the list again.",
        )
    return (
        seen,
        "Nobody killed it. Did it leave that order out, or was it told of an error, and went on? "
        "Print what it was told; until that is mended, an order that could not be sent is not "
        "done.",
    )


def of_connections(messages: int) -> Cause:
    """Why sending took its time."""
    return (
        f"{messages} messages came over {messages} connections, and each of these took half a "
        "second to open",
        "A sender has a connection of its own. Open one, and send all with it.",
    )


def _of_dead(what: str, reason: str) -> Cause:
    if reason == "MaxDeliveryCountExceeded":
        return (
            f"{what}: it can be read, and the broker set it aside after too many deliveries",
            "Each crash costs a good message a delivery. How many do you allow, and does your "
            "program abandon what it could do?",
        )
    if reason == "TTLExpiredException":
        return (
            f"{what}: its message ran out of time, and lies among the dead letters",
            "How long may a message live, and a lunch?",
        )
    return (
        f"{what}: it can be read, and was set aside as '{reason or 'no reason'}'",
        "Set aside what cannot be read, and nothing else: which error do you catch? And who works "
        "on what is set aside?",
    )


def of_second_charge(account: Account, order: Order, first: Step, second: Step) -> Cause:
    """Why an order was charged again."""
    seen = f"{order.id} was charged twice, at steps {first.number} and {second.number}"
    why = _between(account.steps, first, second)
    if order in account.plan.doubled and not why:
        return (
            f"{seen}: the customer clicked twice, and it was sent twice",
            "Two messages with one `message_id` are one order: a topic that detects duplicates "
            "drops the second; a till that takes notes leaves it out.",
        )
    if not why and _was_sent_again(account, order):
        return (
            f"{seen}: the {account.who(What.TOOK)}, started again, sent it again",
            "Give each message the order's id as its `message_id`, and let the topic detect "
            "duplicates or the till take notes.",
        )
    return f"{seen}: between them the {first.role} {why or 'was given it again'}", _NOTES


def _between(steps: Iterable[Step], first: Step, second: Step) -> str:
    """What happened to who charged, right behind the first time: it made the message come again."""
    for step in steps:
        if step.number < first.number or step.number >= second.number or step.role != first.role:
            continue
        if step.what is What.CHARGED and step.number != first.number:
            return ""
        if step.what is What.KILLED:
            return _BETWEEN[Harm.KILL]
        if step.what is What.FAILED:
            return _failure_in_words(step)
        if step.what is What.HARMED:
            return _BETWEEN[Harm(step.detail)]
    return ""


def _failure_in_words(step: Step) -> str:
    """What a failure of the SDK says about the message that was in somebody's hands."""
    if "LockLost" in step.detail:
        return "had lost the lock: the work took longer"
    if "Connection" in step.detail:
        return "lost its connection"
    return f"ended with {step.detail}"


def _was_sent_again(account: Account, order: Order) -> bool:
    return len(account.of(What.TOOK, order)) > 1


def of_wrong_charge(order: Order, step: Step) -> Cause:
    """Why something else was charged than what the order costs."""
    if not order.euros:
        return (
            f"{order.id} is a glass of water, which is free, and is in the book",
            "Let the till's subscription take only what costs something: a rule on the kind.",
        )
    return (
        f"{order.id} costs {order.euros} euros, and {step.detail} were charged",
        "The body says what it costs.",
    )


def of_unknown_charge(step: Step) -> Cause:
    """Why something was charged that nobody ordered."""
    return (
        f"the book has a charge for {step.order!r}, and nobody ordered that",
        "The first column of the book is the order's id, such as order-07.",
    )


def of_wrong_order(account: Account, order: Order, passed: Order, step: Step) -> Cause:
    """Why a customer was served out of order."""
    seen = f"{order.customer}'s {order.id} was served before {passed.id}"
    if why := _held(account.steps, step):
        return (
            f"{seen}: the {step.role} {why}, and the next one was taken while {passed.id} was "
            "locked",
            "A lock is on one message. A session is on all of a customer's: `requires_session`, "
            "and `session_id` on each message.",
        )
    return (
        seen,
        "Within a session messages come in the order in which they were sent. Is a session a "
        "customer, and is each one served before the next is taken?",
    )


def _held(steps: Iterable[Step], until: Step) -> str:
    """The last thing that befell the kitchen before it passed somebody by."""
    found = ""
    for step in steps:
        if step.number >= until.number:
            break
        if step.role == until.role and step.what is What.KILLED:
            found = "had been killed"
        elif step.role == until.role and step.what is What.FAILED:
            found = _failure_in_words(step)
        elif step.role == until.role and step.what is What.HARMED:
            found = _BETWEEN[Harm(step.detail)]
    return found


def of_charged_poison(order: Order) -> Cause:
    """Why an order was charged that nobody can read."""
    return (
        f"nobody can read what {order.id} costs, and it was charged",
        "Read the body first. What cannot be read is set aside: `dead_letter_message`.",
    )


def of_poison(account: Account, order: Order) -> Cause | None:
    """What became of an order that nobody can read, if it is not what was promised."""
    dead = account.dead_of(order)
    if not account.of(What.TOOK, order):
        return None  # it is lost like the good ones around it
    if not dead:
        return (
            f"{order.id} cannot be read, and it is gone: nobody will ever ask what it was",
            "Do not complete what you could not do: `dead_letter_message`, with a reason.",
        )
    for found in dead:
        if found.reason in BY_THE_BROKER:
            return (
                f"{order.id} cannot be read, and was handed out again and again until the broker "
                f"set it aside ({found.reason}, {found.entity})",
                "Who reads the reason should learn what is wrong with it: catch the error, and "
                "`dead_letter_message(…, reason=…)`.",
            )
        if not found.reason:
            return (
                f"{order.id} was set aside without a reason ({found.entity})",
                "`dead_letter_message` takes `reason=` and `error_description=`.",
            )
    if swallowed := _swallowed(account, order):
        return (
            f"{order.id} cannot be read, and was completed in {swallowed}",
            "Whoever gets it sets it aside, with a reason; completing says that all is well.",
        )
    return None


def of_good_set_aside(order: Order, found: Found) -> Cause:
    """Why an order that can be read was set aside, though all was done for it."""
    if found.reason == "MaxDeliveryCountExceeded":
        return (
            f"{order.id} was done, and handed out again until the broker set it aside "
            f"({found.reason}, {found.entity})",
            "What is done is completed: `receiver.complete_message(…)`. Until then it comes back.",
        )
    return (
        f"{order.id} can be read, and was set aside as '{found.reason or 'no reason'}' "
        f"({found.entity})",
        "Set aside what cannot be read, and nothing else: which error do you catch?",
    )


def _swallowed(account: Account, order: Order) -> str:
    for fact in account.facts.get(order.id, []):
        if fact.what in ("completed", "taken"):
            return fact.entity
    return ""


_AGAIN_AND_AGAIN = 4
_MANY_STEPS = 500


def of_silence(account: Account, step: Step) -> Cause:
    """Why somebody had to be ended."""
    served = Counter(one.order for one in account.of(What.SERVED))
    order_id, times = max(served.items(), key=lambda item: item[1], default=("", 0))
    if times >= _AGAIN_AND_AGAIN and step.number > _MANY_STEPS:
        return (
            f"the {step.role} did not come to an end: {order_id} was served {times} times",
            "What is done is completed: `receiver.complete_message(…)`. Until then it comes back.",
        )
    for order in account.plan.poison:
        told = account.facts.get(order.id, [])
        if sum(fact.what == "locked" for fact in told) >= _AGAIN_AND_AGAIN:
            return (
                f"the {step.role} did not come to an end: it was given {order.id}, which nobody "
                "can read, again and again",
                "What is neither completed nor set aside comes back: `dead_letter_message`, with "
                "a reason.",
            )
    return (
        f"the {step.role} did not come to an end: {step.detail}",
        "A loop needs an end. A receiver waits for ever unless it has a `max_wait_time`; `for "
        "message in receiver` ends when nothing has come for so long.",
    )


_OPENING = (
    "The `max_wait_time` of `receive_messages` begins with the call, and opening a receiver takes "
    "half a second of it: open it in a with block first, or wait for longer."
)


_ELSEWHERE = (
    "The broker has nothing of that name, and the SDK calls this an error of authentication: is it "
    "the queue or subscription that was made in the morning, letter by letter?"
)
_AT_ONCE = (
    "It fails each time before it has done anything. The day shows the line in which it does."
)


def _hint_for_failure(account: Account, last: Step) -> str:
    """What a failure says by itself; "" for one that goes with a message."""
    if "link to open" in last.detail:
        return _OPENING
    if "AuthenticationError" in last.detail or "EntityNotFound" in last.detail:
        return _ELSEWHERE
    worked = any(step.role == last.role and step.what in WORK for step in account.steps)
    return "" if worked or _was_locked(account) else _AT_ONCE


def _was_locked(account: Account) -> bool:
    """Whether anybody was given anything from where something is left."""
    left = {found.entity for found in account.left}
    facts = (fact for told in account.facts.values() for fact in told)
    return any(fact.what in ("locked", "taken") and fact.entity in left for fact in facts)


def of_rest(account: Account) -> Cause:
    """Why something was still there when the café closed."""
    failed = account.of(What.FAILED)
    words = _left_in_words(account)
    if failed:
        last = failed[-1]
        seen = f"{words}; the {last.role} failed {len(failed)} times, at last with {last.detail}"
        if hint := _hint_for_failure(account, last):
            return seen, hint
        return (
            seen,
            "A program that fails at one message, and dies of it, gets it again when it is back. "
            "Catch what you expect.",
        )
    return (
        words,
        "Go on until nothing comes any more, for every session that there is; and complete what "
        "is done.",
    )


def _left_in_words(account: Account) -> str:
    if not account.left:
        return "the day ended, and not everybody could go home"
    counts: dict[str, int] = {}
    for found in account.left:
        counts[found.entity] = counts.get(found.entity, 0) + 1
    return "still there at the end: " + ", ".join(
        f"{count} in {entity}" for entity, count in counts.items()
    )


def _last_words(account: Account, role: str) -> str:
    """What the last end of somebody's program was, if it was a failure."""
    ends = [s for s in account.steps if s.role == role and s.what is What.FAILED]
    return f": it failed with {ends[-1].detail}" if ends else ""
