"""What may be behind an incident, and what a day's events say against each of these.

Each contradiction is counted on the day itself. It is "" where that day does not contradict: the
incident then brings an observation of its own, or it is the cause.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from sbtutorial.attacks.incidents.evidence import Evidence, counted


class Hypothesis(NamedTuple):
    """One explanation.

    Attributes:
        text: What it says, in a few words.
        contradict: What a day says against it; "" for nothing.
    """

    text: str
    contradict: Callable[[Evidence], str]


def _no_lock_ran_out(day: Evidence) -> str:
    if day.count("lock_expired"):
        return ""
    return f"No lock ran out: of {day.count('locked')} deliveries none says `lock_expired`."


def _what_was_completed_was_done(day: Evidence) -> str:
    completed = day.with_events("completed")
    if not completed or any(not day.done(order) for order in completed):
        return ""
    return f"{len(completed)} orders were completed, and for each of them the work is done."


def _all_can_be_read(day: Evidence) -> str:
    if day.account.plan.poison:
        return ""
    count = len(day.account.plan.orders)
    return f"Each of the {count} bodies is JSON that can be read: browse them in the Explorer."


def _each_id_came_once(day: Evidence) -> str:
    ids = Counter(event.message_id for event in day.sent)
    if not ids or len(ids) != len(day.account.plan.orders):
        return ""
    return (
        f"{len(day.sent)} messages were sent, and their message ids are the {len(ids)} orders' own."
    )


def _no_duplicate_dropped(day: Evidence) -> str:
    if day.count("duplicate_dropped"):
        return ""
    return "The queue has dropped no message as a duplicate: no event says `duplicate_dropped`."


def _few_at_a_time(day: Evidence) -> str:
    most = day.most_locked
    if most > _FEW:
        return ""
    return f"Of all the messages, at most {most or 1} was locked at any time."


_FEW = 1


def _who_received_worked(day: Evidence) -> str:
    handed = day.with_events("locked", "taken")
    if not handed or any(not day.done(order) for order in handed):
        return ""
    return f"{len(handed)} orders were handed out to somebody, and each of them was worked on."


def _nothing_expired(day: Evidence) -> str:
    if day.count("expired"):
        return ""
    return "No message ran out of time: no event says expired."


def _nothing_set_aside(day: Evidence) -> str:
    if day.count("dead_lettered"):
        return ""
    return "The dead-letter queue is empty, and no event says `dead_lettered`."


def _nothing_taken(day: Evidence) -> str:
    if day.count("taken"):
        return ""
    return (
        "No message was deleted as it was handed out: each was locked first, and no event says "
        "taken."
    )


def _few_connections(day: Evidence) -> str:
    count = len(day.senders)
    if count == len(day.sent):
        return ""
    return f"{len(day.sent)} messages were sent, and over {counted(count, 'connection')}."


def _no_session(day: Evidence) -> str:
    if day.count("session_locked"):
        return ""
    return "Nobody holds a session: no event says `session_locked`."


def _each_has_its_end(day: Evidence) -> str:
    return (
        f"The broker tells what became of each: {len(day.sent)} sent, {day.ends}. It has lost none."
    )


HYPOTHESES = {
    "lock": Hypothesis("the work takes longer than its lock", _no_lock_ran_out),
    "early": Hypothesis(
        "messages are completed before their work is done", _what_was_completed_was_done
    ),
    "swallowed": Hypothesis(
        "an error is swallowed, and its message completed", _what_was_completed_was_done
    ),
    "poison": Hypothesis("what nobody can read comes back, again and again", _all_can_be_read),
    "new id": Hypothesis("a repeat has a new id, so it does not look like one", _each_id_came_once),
    "old id": Hypothesis("a copy has an id that the queue has seen", _no_duplicate_dropped),
    "prefetch": Hypothesis("a consumer locks more than it can do in time", _few_at_a_time),
    "leftover": Hypothesis("an open receiver takes what nobody reads", _who_received_worked),
    "lifetime": Hypothesis("messages live for less time than they wait", _nothing_expired),
    "dead letters": Hypothesis("what is set aside is never worked on", _nothing_set_aside),
    "delete": Hypothesis("messages are deleted as they are handed out", _nothing_taken),
    "connections": Hypothesis("each message gets a connection of its own", _few_connections),
    "session": Hypothesis("a session is held, and all others wait", _no_session),
    "broker": Hypothesis("the broker has lost messages", _each_has_its_end),
}
