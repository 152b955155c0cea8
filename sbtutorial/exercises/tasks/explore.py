"""Exercises of lesson 07: a namespace that somebody else built, looked through and mended."""

from typing import NamedTuple, NoReturn

from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

# --- where ----------------------------------------------------------------------------------------

_WORDS = "Casa Blu"
_FULL = 24  # so many others wait before the one that is looked for
_FOUND = (
    "the names of three places, as a list: a queue with 'Casa Blu' among what waits, one where it "
    "is deferred, and the dead-letter queue of a third; nothing taken from anywhere"
)


class _Shop(NamedTuple):
    """Queues of which one waits, one has it set aside, one has it dead, and one does not know it.

    Attributes:
        waiting, deferred, dead, other: Their names.
    """

    waiting: str
    deferred: str
    dead: str
    other: str

    @property
    def answer(self) -> dict[str, str]:
        """The places, each with what it is."""
        return {
            self.waiting: "the queue in which it waits behind others",
            self.deferred: "the queue in which it is deferred",
            f"{self.dead}/$DeadLetterQueue": "the dead-letter queue",
        }


def check_where_is(workbench: Workbench, where_is: Answer) -> str:
    """Give it four queues that look alike."""
    shop = _open_shop(workbench)
    before = {queue: len(workbench.events(queue)) for queue in shop}
    found = workbench.run(where_is, workbench.new_explorer(), list(shop), _WORDS)
    _require_untouched(workbench, before)
    _require_places(found, shop)
    return "the three places are found, and every message is where it was"


def _open_shop(workbench: Workbench) -> _Shop:
    shop = _Shop(*(workbench.queue() for _ in _Shop._fields))
    order = f"40 sandwiches for {_WORDS}"
    workbench.send(shop.waiting, *(f"order {number}" for number in range(_FULL)), order)
    for queue in shop[1:3]:
        workbench.send(queue, order, "a cake for Casa Rossa")
    workbench.send(shop.other, "a cake for Casa Rossa")
    for queue, settle in ((shop.deferred, "defer_message"), (shop.dead, "dead_letter_message")):
        with workbench.client.get_queue_receiver(queue) as receiver:
            (message,) = receiver.receive_messages(1, max_wait_time=5)
            getattr(receiver, settle)(message)
    return shop


def _require_untouched(workbench: Workbench, before: dict[str, int]) -> None:
    for queue, count in before.items():
        later = workbench.events(queue)[count:]
        if touched := {event.what for event in later} & {"locked", "taken"}:
            _not_found(
                "your function received messages"
                + (", and they are gone" if "taken" in touched else ""),
                "Looking is enough: `explorer.browse` takes nothing.",
            )


def _require_places(found: object, shop: _Shop) -> None:
    if found is None:
        _not_found("your function returned nothing", "Collect the names in a list, and return it.")
    if not isinstance(found, list | tuple | set) or not all(isinstance(one, str) for one in found):
        _not_found(
            f"your function returned {type(found).__name__}: {found!r:.60}",
            "Return names, as texts in a list: the ones that you gave to `explorer.browse`.",
        )
    for place, what in shop.answer.items():
        if place not in found:
            _not_found(
                f"not in your list: {what}",
                'A queue\'s dead letters are a place of their own: f"{queue}/$DeadLetterQueue".'
                if "dead" in what
                else (
                    "`explorer.browse(place, text=words)` looks at all that is there: what waits, "
                    "what is locked, deferred, scheduled. No receiver gets to see all of that."
                ),
            )
    if extra := [place for place in found if place not in shop.answer]:
        _not_found(
            f"too many: {len(extra)} of your names have no message with the words",
            "A page is empty when nothing was found: `len(explorer.browse(place, text=words))`.",
        )
    if len(found) > len(shop.answer):
        _not_found("a name stands twice in your list", "Add each place once.")


def _not_found(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_FOUND, seen=seen, hint=hint)


WHERE_IS = Task(
    name="explore.where_is",
    prompt="""
        Write `where_is(explorer, queues, words)`. It returns the names of all
        places that hold a message with these words, as a list. A place is one of `queues`, or the
        dead letters of one, which are named `"stove/$DeadLetterQueue"`. Nothing may be taken from
        anywhere.
    """,
    stub="""
        def where_is(explorer, queues, words):
            ...
    """,
    check=check_where_is,
    reference="""
        def where_is(explorer, queues, words):
            found = []
            for queue in queues:
                for place in (queue, f"{queue}/$DeadLetterQueue"):
                    if len(explorer.browse(place, text=words)):
                        found.append(place)
            return found
    """,
    wanted=_FOUND,
    hint="Loop over the queues, and look into each with `explorer.browse(queue, text=words)`.",
    second_hint="Look twice for each queue: once under its own name, and once with "
    '"/$DeadLetterQueue" behind it. The page that browse returns has a length.',
    explanation="Every queue is two places, and the second is where lost things lie. Browsing "
    "peeks: it sees what waits, what is deferred and what is scheduled, and takes nothing, so you "
    "may do it in a system that is at work.",
    limit_seconds=30.0,  # a link to each of eight places, and the SDK takes its time for each
)

# --- bring_back -----------------------------------------------------------------------------------

_FINE = ("coffee", "tea")
_MISSPELT = {"two cofees": "two coffees", "cofee, black": "coffee, black"}
_TOO_LATE = "cake for yesterday"
_EXPECTED = sorted([*_FINE, *_MISSPELT.values()])
_BROUGHT = (
    "'coffee', 'tea', 'two coffees' and 'coffee, black' in the queue, each once and under an id "
    "that the queue does not know yet; 'cake for yesterday' still a dead letter; each copy sent "
    "before its original was completed"
)


def check_bring_back(workbench: Workbench, bring_back: Answer) -> str:
    """Give it a queue that detects duplicates, with dead letters of three reasons."""
    queue = workbench.queue(requires_duplicate_detection=True)
    _bury(workbench, queue)
    numbers = {
        str(one): one.sequence_number or 0 for one in workbench.peek(queue, dead_letter=True)
    }
    workbench.run(bring_back, workbench.new_explorer(), queue)
    _require_copies(workbench, queue)
    _require_rest(workbench, queue)
    _require_order(workbench, queue, numbers)
    return (
        "four orders are back, mended where they had to be, and the late cake stayed where it was"
    )


def _bury(workbench: Workbench, queue: str) -> None:
    orders = {
        **dict.fromkeys(_FINE, "printer offline"),
        **dict.fromkeys(_MISSPELT, "typo"),
        _TOO_LATE: "too late",
    }
    workbench.send(queue, *orders)
    with workbench.client.get_queue_receiver(queue) as receiver:
        for _ in orders:
            (order,) = receiver.receive_messages(1, max_wait_time=5)
            receiver.dead_letter_message(order, reason=orders[str(order)])


def _require_copies(workbench: Workbench, queue: str) -> None:
    bodies = sorted(str(copy) for copy in workbench.peek(queue))
    if bodies == _EXPECTED:
        return
    dropped = [one for one in workbench.events(queue) if one.what == "duplicate_dropped"]
    left = {str(one) for one in workbench.peek(queue, dead_letter=True)}
    seen = f"in the queue: {', '.join(bodies) or 'nothing'}"
    if lost := [body for body in (*_FINE, *_MISSPELT) if body not in left | _originals(bodies)]:
        _not_back(
            f"lost: {', '.join(lost)}"
            + (", since the queue dropped the copy: it knew its id" if dropped else ""),
            "A queue that detects duplicates takes a copy under a new id only, as in "
            '`message_id="{}-again"`.'
            if dropped
            else "It is no dead letter any more, and no copy has its body: mend each by itself, "
            "`order.body` of one message at a time.",
        )
    if _TOO_LATE in bodies:
        _not_back(
            seen, "What is too late stays where it is: go by the reason, one after the other."
        )
    if wrong := [body for body in bodies if "cofee" in body]:
        _not_back(
            f"still misspelt: {', '.join(wrong)}",
            'Of those with the reason "typo" the body has to be mended: `body=…` in resubmit, '
            "message by message.",
        )
    _not_back(
        seen,
        "`explorer.dead_letters(queue)` has the groups: "
        '`explorer.dead_letters(queue)["typo"].messages`.',
    )


def _originals(bodies: list[str]) -> set[str]:
    """What of the dead letters is in a queue, mended or not."""
    mended = {new: old for old, new in _MISSPELT.items()}
    return {mended.get(body, body) for body in bodies}


def _require_rest(workbench: Workbench, queue: str) -> None:
    left = [str(one) for one in workbench.peek(queue, dead_letter=True)]
    if _TOO_LATE not in left:
        _not_back(
            f"'{_TOO_LATE}' is deleted",
            "It was to stay where it is: somebody may want to know of it.",
        )
    if more := [body for body in left if body != _TOO_LATE]:
        _not_back(
            f"in the queue, and still dead letters as well: {', '.join(more)}",
            "Who sends a copy completes the original after it; `explorer.resubmit` does both.",
        )


def _require_order(workbench: Workbench, queue: str, numbers: dict[str, int]) -> None:
    events = workbench.events(queue)
    if not events:
        return
    at = {(one.what, one.sequence_number): place for place, one in enumerate(events)}
    for copy in workbench.peek(queue):
        original = next(iter(_originals([str(copy)])))
        sent = at["sent", copy.sequence_number or 0]
        completed = at.get(("completed", numbers[original]))
        if completed is None or completed < sent:
            _not_back(
                f"'{original}' had left the dead letters before its copy was sent",
                "A crash between the two would lose the order. Send first, complete after.",
            )


def _not_back(seen: str, hint: str) -> NoReturn:
    not_yet(wanted=_BROUGHT, seen=seen, hint=hint)


BRING_BACK = Task(
    name="explore.bring_back",
    prompt="""
        Write `bring_back(explorer, queue)`. The queue detects duplicates. Its
        dead letters have three reasons. What is dead for `printer offline` goes back as it is. What
        is dead for `typo` goes back with `cofee` mended to `coffee`. What is `too late` stays
        where it is.
    """,
    stub="""
        def bring_back(explorer, queue):
            ...
    """,
    check=check_bring_back,
    reference="""
        def bring_back(explorer, queue):
            dead = explorer.dead_letters(queue)
            again = "{}-again"
            explorer.resubmit(queue, dead["printer offline"].numbers, message_id=again)
            for order in dead["typo"].messages:
                body = order.body.replace("cofee", "coffee")
                explorer.resubmit(queue, order.sequence_number, body=body, message_id=again)
    """,
    wanted=_BROUGHT,
    hint='Begin with the easy ones: `explorer.resubmit(queue, reason="printer offline", '
    'message_id="{}-again")`.',
    second_hint='`explorer.dead_letters(queue)["typo"].messages` are those to mend. Each has a '
    "body and a `sequence_number`, and resubmit takes one number and a new body.",
    explanation="The reason sorts them: what failed for a passing cause goes back as it is, what "
    "is wrong in itself is mended first, and what has lost its point stays. Each copy gets an id "
    "that the queue has not seen, or duplicate detection would drop it.",
)

TASKS = (WHERE_IS, BRING_BACK)
