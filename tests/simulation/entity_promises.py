"""What the broker promises of entities: of those that are disabled, and of what they hold then.

Source: Azure Service Bus, "Suspend and reactivate messaging entities"; of scheduled messages of a
topic that is disabled, azure-service-bus#244.
"""

from tests.simulation.broken import SLACK_SECONDS, Broken, named
from tests.simulation.ledger import Ledger, Sending, Sight


def a_disabled_entity_takes_nothing(ledger: Ledger, sending: Sending) -> None:
    """What is sent to an entity that is disabled for sending is refused, also after a crash."""
    period = ledger.statuses.at(sending.place, sending.sent, sending.stamp)
    if sending.is_taken and period is not None and not period.status.can_send:
        raise Broken(
            named(a_disabled_entity_takes_nothing),
            f"{sending}, which is {period.status.value} since {period.since}",
        )


def an_enabled_entity_refuses_nobody_as_disabled(ledger: Ledger, sending: Sending) -> None:
    """Once it is enabled again an entity takes messages as ever."""
    period = ledger.statuses.at(sending.place, sending.sent, sending.stamp)
    if "entity-disabled" in sending.error and period is not None and period.status.can_send:
        raise Broken(
            named(an_enabled_entity_refuses_nobody_as_disabled),
            f"{sending}, which is {period.status.value} since {period.since}",
        )


def a_disabled_entity_gives_nothing(ledger: Ledger, sight: Sight) -> None:
    """Nobody receives from an entity that is disabled for receiving; to look is allowed."""
    if sight.by == "peek" or ledger.may_be_late:
        return
    period = ledger.statuses.at(sight.place, sight.stamp)
    if period is None or period.status.can_receive:
        return
    raise Broken(
        named(a_disabled_entity_gives_nothing),
        f"{sight}, which is {period.status.value} since {period.since}",
    )


def what_falls_due_at_a_disabled_topic_waits(ledger: Ledger, sight: Sight) -> None:
    """A scheduled message whose time comes while its topic takes nothing comes once it does."""
    copy = ledger.copies[sight.place, sight.body]
    if copy.waits_at is None or copy.not_before is None:
        return
    period = ledger.statuses.at(copy.waits_at, sight.stamp)
    if period is None or period.status.can_send:
        return
    if copy.not_before > period.since.at + SLACK_SECONDS:
        raise Broken(
            named(what_falls_due_at_a_disabled_topic_waits),
            f"{sight}, due at {copy.not_before:.3f}; '{copy.waits_at}' is {period.status.value} "
            f"since {period.since}",
        )


ON_SIGHT = (a_disabled_entity_gives_nothing, what_falls_due_at_a_disabled_topic_waits)
ON_SENDING = (a_disabled_entity_takes_nothing, an_enabled_entity_refuses_nobody_as_disabled)
