"""What the broker promises of what belongs together: all of it is done, or nothing.

They are asked when everything is looked at, also of what nobody was told.
"""

from tests.simulation.broken import Broken, named
from tests.simulation.ledger import Bundle, Copy, Ledger, Seen, is_seen


def all_of_a_transaction_or_nothing(ledger: Ledger, seen: Seen) -> None:
    """What a transaction takes and what it sends change together, told or not.

    What was not taken may be tried again: of all the transactions that nobody was told of, the one
    that has taken a message has sent its own, and no other has.
    """
    attempts: dict[Copy, list[Bundle]] = {}
    for bundle in ledger.bundles:
        missing = [sent for sent in bundle.sent if not has_come(sent, seen)]
        if missing and len(missing) < len(bundle.sent):
            raise Broken(
                named(all_of_a_transaction_or_nothing), f"{missing[0]} did not come, others did"
            )
        for taken in bundle.taken:
            attempts.setdefault(taken, []).append(bundle)
    for taken, bundles in attempts.items():
        if taken.gone or taken.expires_after is not None:
            continue  # by another way
        done = sum(has_come(bundle.sent[0], seen) for bundle in bundles)
        is_taken = not is_seen(seen, taken)
        if done != is_taken:
            raise Broken(
                named(all_of_a_transaction_or_nothing),
                f"{taken} is {'gone' if is_taken else 'there'}, and what {done} of the "
                f"transactions sent that took it has come",
            )


def all_of_a_batch_or_nothing(ledger: Ledger, seen: Seen) -> None:
    """A batch is taken as a whole, also when nobody was told of it."""
    for batch in ledger.batches:
        came, missing = divided(batch, seen)
        if came and missing and not ledger.excused.get(batch[0].place):
            raise Broken(named(all_of_a_batch_or_nothing), f"{came[0]} came, {missing[0]} did not")


def all_subscriptions_have_a_message_or_none(ledger: Ledger, seen: Seen) -> None:
    """What a topic has begun to hand out comes to every subscription that is to have it.

    That is so whether or not its sender was told, and whatever ends the broker in the middle.
    """
    for copies in ledger.published:
        if copies[0].accepted:
            continue  # as each for itself
        came, missing = divided(copies, seen)
        if came and missing:
            raise Broken(
                named(all_subscriptions_have_a_message_or_none),
                f"{came[0]} came, {missing[0]} did not",
            )


def all_tokens_of_a_request_or_none(ledger: Ledger, seen: Seen) -> None:
    """A request that settles by several lock tokens does so under all of them, told or not."""
    for copies in ledger.requests:
        ours = [
            copy
            for copy in copies
            if copy.removals == 1 and not copy.gone and copy.expires_after is None
        ]
        there = [copy for copy in ours if is_seen(seen, copy)]
        if there and len(there) < len(ours):
            raise Broken(
                named(all_tokens_of_a_request_or_none),
                f"{len(ours)} were to be completed together, and {there[0]} is still there",
            )


def divided(copies: list[Copy], seen: Seen) -> tuple[list[Copy], list[Copy]]:
    """Those that have come, and those that should have and did not."""
    came = [copy for copy in copies if has_come(copy, seen)]
    missing = [copy for copy in copies if not copy.may_be_gone and not has_come(copy, seen)]
    return came, missing


def has_come(copy: Copy, seen: Seen) -> bool:
    """Whether a message is there, or somebody has had it."""
    return bool(copy.delivery_steps) or is_seen(seen, copy)


ON_AUDIT = (
    all_of_a_transaction_or_nothing,
    all_subscriptions_have_a_message_or_none,
    all_of_a_batch_or_nothing,
    all_tokens_of_a_request_or_none,
)
