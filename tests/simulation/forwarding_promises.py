"""What the broker promises of messages that go from one entity to another by themselves.

That is done in one step: a message is here or there, never in both and never in neither, whatever
ends the broker. What the target refuses becomes a dead letter here; a dead letter that is refused
waits here until the target takes it. So is a message of a topic at the topic until all of its
subscriptions have theirs.

Source: Azure Service Bus, "Chaining Service Bus entities with autoforwarding".
"""

from tests.simulation.broken import Broken, named
from tests.simulation.ledger import Ledger, Seen, Sight, times_seen


def what_goes_on_is_in_one_place(ledger: Ledger, seen: Seen) -> None:
    """A message that is forwarded, or handed out, is in one place at a time."""
    for copy in ledger.copies.values():
        if not (copy.comes_by or copy.goes_on_as):
            continue
        if (count := times_seen(seen, copy)) > 1:
            raise Broken(
                named(what_goes_on_is_in_one_place), f"{copy} is {count} times there or on its way"
            )


def what_goes_on_arrives(ledger: Ledger, seen: Seen) -> None:
    """When all is well, nothing stays on its way; what was refused is a dead letter."""
    for copy in ledger.copies.values():
        at = [place for place in copy.comes_by if seen[place, copy.body, False]]
        if copy.goes_on_as and seen[copy.place, copy.body, True]:
            at.append(f"the dead letters of {copy.place}")
        if at:
            raise Broken(named(what_goes_on_arrives), f"{copy} stays at {at[0]}")


def only_dead_letters_go_where_those_go(ledger: Ledger, sight: Sight) -> None:
    """Where dead letters are forwarded to, nothing comes that is none."""
    source = ledger.came_from.get((sight.place, sight.body))
    if source is not None and not source.may_be_dead:
        raise Broken(
            named(only_dead_letters_go_where_those_go), f"{sight}, which nobody dead-lettered"
        )


ON_SIGHT = (only_dead_letters_go_where_those_go,)
ON_AUDIT = (what_goes_on_is_in_one_place,)
AT_LAST = (what_goes_on_arrives,)
