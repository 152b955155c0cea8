"""What the broker promises. Each function is one promise: it raises `Broken` when that is broken.

They know only what clients did and were told (`ledger`); those of `standing_promises` also look at
what the broker keeps, as a second opinion.

Times are compared in broker time with a little slack: on the wire an instant is a whole number of
milliseconds.
"""

from collections import Counter

from tests.simulation import entity_promises, forwarding_promises, group_promises
from tests.simulation.broken import SLACK_SECONDS, Broken, named
from tests.simulation.ledger import Copy, Hold, Ledger, Seen, SessionWork, Sight, Verdict, is_seen

# What a client may have to wait for an answer that is owed, its connection being whole.
PATIENCE_SECONDS = 50.0


# -- What a client sees ---------------------------------------------------------------------------


def nothing_comes_from_nowhere(ledger: Ledger, sight: Sight) -> None:
    """What is received was sent there by somebody, and was not refused."""
    copy = ledger.copies.get((sight.place, sight.body))
    if copy is None:
        raise Broken(named(nothing_comes_from_nowhere), f"{sight}, which nobody sent there")
    if copy.refused and sight.stamp.step > copy.refused.step and not copy.accepted:
        raise Broken(named(nothing_comes_from_nowhere), f"{sight}, which was refused")


def what_is_gone_never_returns(ledger: Ledger, sight: Sight) -> None:
    """What was confirmed complete, taken for good or cancelled is never seen again."""
    copy = ledger.copies[sight.place, sight.body]
    if copy.gone and sight.stamp.step > copy.gone.step:
        raise Broken(named(what_is_gone_never_returns), f"{sight}, gone since {copy.gone}")


def a_dead_letter_is_in_the_dead_letter_queue_only(ledger: Ledger, sight: Sight) -> None:
    """What was dead-lettered is not in its queue any more, and nothing else is where it is."""
    copy = ledger.copies[sight.place, sight.body]
    promise = named(a_dead_letter_is_in_the_dead_letter_queue_only)
    if sight.is_dead and not copy.may_be_dead:
        raise Broken(promise, f"{sight}, which nobody dead-lettered")
    if not sight.is_dead and copy.dead and sight.stamp.step > copy.dead.step:
        raise Broken(promise, f"{sight}, a dead letter since {copy.dead}")
    if sight.is_dead and copy.reason and sight.reason != copy.reason:
        raise Broken(promise, f"{sight} for {sight.reason!r} instead of {copy.reason!r}")


def what_is_deferred_waits_to_be_asked_for(ledger: Ledger, sight: Sight) -> None:
    """What was deferred comes by its number only."""
    copy = ledger.copies[sight.place, sight.body]
    is_offered = sight.by in ("receive", "take") and not sight.is_dead
    if is_offered and copy.deferred and sight.stamp.step > copy.deferred.step:
        raise Broken(
            named(what_is_deferred_waits_to_be_asked_for), f"{sight}, set aside at {copy.deferred}"
        )


def one_message_one_lock(ledger: Ledger, sight: Sight) -> None:
    """As long as a lock holds, nobody else is given the message, whatever happened meanwhile."""
    if sight.by == "peek":
        return
    copy = ledger.copies[sight.place, sight.body]
    for token, lock in copy.locks.items():
        if token == sight.token or not lock.is_surely_there:
            continue
        if lock.since.step < sight.stamp.step and sight.stamp.at < lock.until - SLACK_SECONDS:
            raise Broken(
                named(one_message_one_lock),
                f"{sight} at {sight.stamp.at:.3f}, while {lock.who} holds it to {lock.until:.3f}",
            )


def order_within_a_session(ledger: Ledger, sight: Sight) -> None:
    """A session's messages come in the order in which they were sent; none is left out."""
    hold = sight.hold
    if hold is None or sight.by == "ask":
        return
    copy = ledger.copies[sight.place, sight.body]
    for other in ledger.at_place[sight.place]:
        if (
            other.session_id == hold.session_id
            and comes_before(other, copy)
            and other.body not in hold.had
            and not may_be_passed_over(other)
        ):
            raise Broken(named(order_within_a_session), f"{sight}, before {other}")


def comes_before(one: Copy, other: Copy) -> bool:
    """Whether a message was taken before the other one was sent."""
    if one.is_scheduled or other.is_scheduled:
        return False
    return one.accepted is not None and one.accepted.step < other.sent.step


def may_be_passed_over(copy: Copy) -> bool:
    """Whether a message may be where no receiver comes by."""
    return copy.may_be_gone or copy.may_be_dead or copy.may_be_deferred


def numbers_are_given_once(ledger: Ledger, sight: Sight) -> None:
    """A sequence number stands for one message for ever, and a message keeps it.

    A scheduled message has another one once its time has come.
    """
    promise = named(numbers_are_given_once)
    body = ledger.by_number.get((sight.place, sight.number), sight.body)
    if body != sight.body:
        raise Broken(promise, f"{sight}, which was the number of '{body}'")
    copy = ledger.copies[sight.place, sight.body]
    if len({*copy.numbers, sight.number}) > 1 + copy.is_scheduled:
        raise Broken(promise, f"{sight}, which was number {copy.numbers} before")


def numbers_rise(ledger: Ledger, sight: Sight) -> None:
    """What was sent after another message was taken has a higher number."""
    copy = ledger.copies[sight.place, sight.body]
    if copy.numbers or sight.place in ledger.fragile:
        return  # looked at before; the first time is enough
    for other in ledger.at_place[sight.place]:
        if not other.numbers or other is copy:
            continue
        number = other.numbers[0]
        is_before, is_after = comes_before(other, copy), comes_before(copy, other)
        if (is_before and number > sight.number) or (is_after and number < sight.number):
            raise Broken(named(numbers_rise), f"{sight} has {sight.number}, {other} {number}")


def deliveries_are_counted(ledger: Ledger, sight: Sight) -> None:
    """The delivery count never falls, and every delivery that was given back as failed is in it."""
    copy = ledger.copies[sight.place, sight.body]
    promise, step, count = named(deliveries_are_counted), sight.stamp.step, sight.delivery_count
    for earlier, was in copy.counts:
        if (earlier < step and was > count) or (earlier > step and was < count):
            raise Broken(promise, f"{sight} has {count}, and had {was} at step {earlier}")
    failed = sum(failure < step for failure in copy.failures)
    if count < failed and not sight.is_dead:
        raise Broken(promise, f"{sight} has {count}, and {failed} were confirmed")


def nothing_comes_before_its_time(ledger: Ledger, sight: Sight) -> None:
    """A scheduled message is not received before it is due."""
    copy = ledger.copies[sight.place, sight.body]
    if sight.by == "peek" or copy.not_before is None:
        return
    if sight.stamp.at < copy.not_before - SLACK_SECONDS:
        raise Broken(
            named(nothing_comes_before_its_time),
            f"{sight} at {sight.stamp.at:.3f}, due at {copy.not_before:.3f}",
        )


def what_has_expired_is_not_received(ledger: Ledger, sight: Sight) -> None:
    """A message whose time to live is over is not handed out."""
    copy = ledger.copies[sight.place, sight.body]
    if copy.expires_after is None or not copy.accepted or sight.by == "peek" or sight.is_dead:
        return
    if copy.deferred or copy.may_be_deferred or copy.is_scheduled:
        return
    # It was taken before the sender was told; that was at `accepted` at the latest.
    ends_at = copy.accepted.at + copy.expires_after
    if sight.stamp.at > ends_at + SLACK_SECONDS and not ledger.may_be_late:
        raise Broken(named(what_has_expired_is_not_received), f"{sight} at {sight.stamp.at:.3f}")


# -- What comes of a settlement -------------------------------------------------------------------


def a_lock_that_ran_out_is_over(ledger: Ledger, verdict: Verdict) -> None:
    """Nothing is settled under a lock whose time is over."""
    lock = verdict.lock
    until = lock.hold.until if lock.hold else lock.until
    may_be_longer = lock.hold.may_be_longer if lock.hold else lock.may_be_longer
    if ledger.may_be_late or may_be_longer or not verdict.is_done:
        return
    if verdict.stamp.at > until + SLACK_SECONDS:
        raise Broken(
            named(a_lock_that_ran_out_is_over),
            f"{verdict.copy} was settled ({verdict.how}) by {lock.who} at "
            f"{verdict.stamp.at:.3f}, under a lock to {until:.3f}",
        )


def a_lock_holds_to_its_end(_ledger: Ledger, verdict: Verdict) -> None:
    """Who settles in time is not refused, even if the broker ended and began again meanwhile."""
    lock = verdict.lock
    if verdict.is_done or (lock.hold and lock.hold.may_be_over):
        return
    until = lock.hold.until if lock.hold else lock.until
    if verdict.stamp.at < until - SLACK_SECONDS:
        raise Broken(
            named(a_lock_holds_to_its_end),
            f"{verdict.copy} could not be settled ({verdict.how}) by {lock.who} at "
            f"{verdict.stamp.at:.3f}, under a lock to {until:.3f}: {verdict.error}",
        )


# -- Sessions -------------------------------------------------------------------------------------


def one_session_one_holder(ledger: Ledger, hold: Hold) -> None:
    """A session is somebody's until its lock ends or it is let go."""
    for other in ledger.holds.get((hold.place, hold.session_id), ()):
        if other.may_be_over or other.since.step > hold.since.step:
            continue
        if hold.since.at < other.until - SLACK_SECONDS:
            raise Broken(
                named(one_session_one_holder),
                f"'{hold.session_id}' of '{hold.place}' is given to {hold.who} at "
                f"{hold.since.at:.3f}, while {other.who} has it to {other.until:.3f}",
            )


def a_session_is_its_holders_to_its_end(_ledger: Ledger, work: SessionWork) -> None:
    """Who holds a session may renew its lock, and see and set its state, until that ends."""
    hold = work.hold
    if work.is_done or hold.may_be_over:
        return
    if work.stamp.at < hold.until - SLACK_SECONDS:
        raise Broken(
            named(a_session_is_its_holders_to_its_end),
            f"{hold.who} could not {work.what} '{hold.session_id}' at {work.stamp.at:.3f}, held to "
            f"{hold.until:.3f}: {work.error}",
        )


def a_session_that_ran_out_is_nobodys(ledger: Ledger, work: SessionWork) -> None:
    """Once its lock has ended, who held a session can do nothing with it."""
    hold = work.hold
    if not work.is_done or hold.may_be_longer or ledger.may_be_late:
        return
    if work.stamp.at > hold.until + SLACK_SECONDS:
        raise Broken(
            named(a_session_that_ran_out_is_nobodys),
            f"{hold.who} could {work.what} '{hold.session_id}' at {work.stamp.at:.3f}, held to "
            f"{hold.until:.3f}",
        )


def a_session_keeps_its_state(ledger: Ledger, hold: Hold, state: bytes | None) -> None:
    """What was set is there, whoever asks, also after a crash."""
    possible = ledger.states.get((hold.place, hold.session_id), [None])
    if state not in possible:
        raise Broken(
            named(a_session_keeps_its_state),
            f"'{hold.session_id}' of '{hold.place}' has {state!r}, and should have {possible}",
        )


# -- When everything is looked at -----------------------------------------------------------------


def what_was_acknowledged_is_delivered_or_still_there(ledger: Ledger, seen: Seen) -> None:
    """Nothing that a sender was told is accepted is lost.

    Only who takes for good can lose something: what was on the way when the connection broke.
    """
    missing: Counter[str] = Counter()
    for copy in ledger.copies.values():
        if not copy.accepted or copy.may_be_gone:
            continue
        if copy.goes_on_as and copy.goes_on_as.may_be_gone:
            continue
        if not is_seen(seen, copy):
            missing[copy.place] += 1
            if missing[copy.place] > ledger.excused.get(copy.place, 0):
                raise Broken(named(what_was_acknowledged_is_delivered_or_still_there), f"{copy}")


def one_message_one_copy(ledger: Ledger, seen: Seen) -> None:
    """No message is in one place twice, or in a queue and in its dead-letter queue."""
    for place, body in ledger.copies:
        count = seen[place, body, False] + seen[place, body, True]
        if count > 1:
            raise Broken(named(one_message_one_copy), f"'{body}' is {count} times in '{place}'")


def what_has_expired_is_a_dead_letter(ledger: Ledger, seen: Seen) -> None:
    """Where expired messages are dead-lettered, none is left in its queue when its time is over."""
    for copy in ledger.copies.values():
        is_over = copy.place in ledger.fragile and copy.expires_after and not copy.may_be_deferred
        if is_over and seen[copy.place, copy.body, False]:
            raise Broken(named(what_has_expired_is_a_dead_letter), f"{copy} is there still")


ON_SIGHT = (
    nothing_comes_from_nowhere,
    what_is_gone_never_returns,
    a_dead_letter_is_in_the_dead_letter_queue_only,
    what_is_deferred_waits_to_be_asked_for,
    one_message_one_lock,
    order_within_a_session,
    numbers_are_given_once,
    numbers_rise,
    deliveries_are_counted,
    nothing_comes_before_its_time,
    what_has_expired_is_not_received,
    *entity_promises.ON_SIGHT,
    *forwarding_promises.ON_SIGHT,
)
ON_VERDICT = (a_lock_that_ran_out_is_over, a_lock_holds_to_its_end)
ON_HOLD = (one_session_one_holder,)
ON_SESSION_WORK = (a_session_is_its_holders_to_its_end, a_session_that_ran_out_is_nobodys)
ON_STATE = (a_session_keeps_its_state,)
ON_AUDIT = (
    what_was_acknowledged_is_delivered_or_still_there,
    one_message_one_copy,
    *group_promises.ON_AUDIT,
    *forwarding_promises.ON_AUDIT,
)
AT_LAST = (what_has_expired_is_a_dead_letter, *forwarding_promises.AT_LAST)
ON_SENDING = entity_promises.ON_SENDING
NOTHING_FAILS_INSIDE = "nothing fails inside the broker"
NO_CLIENT_WAITS_FOR_EVER = "no client waits for ever"
WHAT_CAN_BE_RECEIVED_IS_RECEIVED = "what is there can be received in the end"
WHAT_WAS_MADE_IS_THERE = "what was made is there"
WHAT_IS_USED_STAYS = "what is in use does not end by itself"
WHAT_NOBODY_USES_ENDS = "what nobody uses ends by itself, in time"
