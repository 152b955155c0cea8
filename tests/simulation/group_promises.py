"""What the broker promises of what belongs together: all of it is done, or nothing.

They are asked when everything is looked at, also of what nobody was told.
"""

from collections import Counter

from tests.simulation.broken import Broken, named
from tests.simulation.ledger import Copy, Ledger, is_seen


def all_of_a_transaction_or_nothing(ledger: Ledger, seen: Counter[tuple[str, str, bool]]) -> None:
    """What a transaction takes and what it sends change together, told or not.

    What was not taken may be tried again: of all the transactions that nobody was told of, the one
    that has taken a message has sent its own, and no other has.
    """
    attempts: dict[Copy, list[Copy]] = {}
    for taken, sent in ledger.bundles:
        attempts.setdefault(taken, []).append(sent)
    for taken, sent_by in attempts.items():
        if taken.gone or taken.expires_after is not None:
            continue  # by another way
        came = [sent for sent in sent_by if sent.delivery_steps or is_seen(seen, sent)]
        is_taken = not is_seen(seen, taken)
        if len(came) != is_taken:
            raise Broken(
                named(all_of_a_transaction_or_nothing),
                f"{taken} is {'gone' if is_taken else 'there'}, and {len(came)} came: "
                f"{', '.join(map(str, sent_by))}",
            )


def all_of_a_batch_or_nothing(ledger: Ledger, seen: Counter[tuple[str, str, bool]]) -> None:
    """A batch is taken as a whole, also when nobody was told of it."""
    for batch in ledger.batches:
        came = [copy for copy in batch if copy.delivery_steps or is_seen(seen, copy)]
        did_not = [copy for copy in batch if copy not in came and not copy.may_be_gone]
        if came and did_not and not ledger.excused.get(batch[0].place):
            raise Broken(
                named(all_of_a_batch_or_nothing), f"{came[0]} came, and {did_not[0]} did not"
            )
