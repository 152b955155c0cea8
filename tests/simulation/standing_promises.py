"""What the broker promises of itself: looked at from inside, as a second opinion."""

from collections import Counter

from sbtutorial.broker.entities.topic import Topic
from sbtutorial.broker.states import MessageState
from sbtutorial.broker.subqueues.session_subqueue import SessionSubQueue
from sbtutorial.broker.subqueues.subqueue import SubQueue
from sbtutorial.testing import SteppedBroker
from tests.simulation.broken import Broken, named


def counts_agree(subqueue: SubQueue) -> None:
    """What is counted, in messages and in bytes, is what is there; no more is locked than that."""
    messages = list(subqueue.messages)
    states = Counter(message.state for message in messages)
    for state in MessageState:
        if state.name in ("NEW", "DEAD", "GONE"):
            continue
        if subqueue.messages.count(state) != states[state]:
            raise Broken(
                named(counts_agree),
                f"'{subqueue.path}' counts {subqueue.messages.count(state)} as {state.name.lower()}"
                f", and there are {states[state]}",
            )
    size = sum(message.size_bytes for message in messages) + state_bytes(subqueue)
    if size != subqueue.messages.size_bytes:
        raise Broken(named(counts_agree), f"'{subqueue.path}' counts other bytes than it has")
    locked = states[MessageState.LOCKED] + states[MessageState.DEFERRED_LOCKED]
    tokens = sum(message.lock_token is not None for message in messages)
    if not locked == tokens == len(subqueue._locks):
        raise Broken(named(counts_agree), f"'{subqueue.path}' has {locked} locked, {tokens} tokens")


def state_bytes(subqueue: SubQueue) -> int:
    """The size of all session states."""
    if not isinstance(subqueue, SessionSubQueue):
        return 0
    table = subqueue.messages
    states = map(table.state_of, table.list_sessions(skip=0, top=1000))
    return sum(len(state) for state in states if state is not None)


def what_is_told_of_counts_is_so(place: str, told: dict[str, int], seen: dict[str, int]) -> None:
    """The administration API counts what is there: active, dead-lettered, scheduled."""
    if told != seen:
        raise Broken(
            named(what_is_told_of_counts_is_so), f"'{place}' is said to have {told}: {seen}"
        )


def memory_stays_bounded(broker: SteppedBroker, message_count: int) -> None:
    """What the broker keeps goes with what it holds: nothing is left of those who are gone."""
    left = {
        "connections": broker.quota.count,
        "receivers": len(broker.dispatchers._by_source),
        "connections that wait": len(broker.reactor._readable) + len(broker.reactor._writable),
        "timers of connections": len(broker.reactor._alarms),
        "jobs": len(broker.reactor._jobs),
        "uncommitted changes": len(broker._uncommitted),
    }
    for what, count in left.items():
        if count:
            raise Broken(named(memory_stays_bounded), f"{count} {what} are left, and nobody is")
    timers = sum(not timer.is_shell for _, _, timer in broker.namespace.timers._heap)
    if timers > 2 * message_count + 50:
        raise Broken(named(memory_stays_bounded), f"{timers} timers for {message_count} messages")


def subqueues(broker: SteppedBroker) -> list[SubQueue]:
    """All that there are."""
    found: list[SubQueue] = []
    for entity in broker.namespace.directory:
        found += entity.subqueues
        if isinstance(entity, Topic):
            for subscription in entity.subscriptions():
                found += subscription.subqueues
    return found
