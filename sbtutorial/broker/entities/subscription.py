"""A subscription: rules, and behind them a line of messages with its dead-letter queue.

Source: Azure Service Bus, "Queues, topics, and subscriptions"; "Topic filters and actions".
"""

from collections.abc import Callable

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.descriptions import SubscriptionDescription
from sbtutorial.broker.entities.entity import EntityContext
from sbtutorial.broker.entities.receivable import Receivable
from sbtutorial.broker.message import Message
from sbtutorial.broker.paths import subscription_path
from sbtutorial.broker.rules.filters.errors import FILTER_EXCEPTION, FilterError
from sbtutorial.broker.rules.filters.properties import Properties
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.broker.rules.rule_set import Rules
from sbtutorial.broker.states import Input

# Azure's own words, both.
SESSION_ID_IS_NULL = "Session id is null."
_NEEDS_SESSION = "Session enabled entity doesn't allow a message whose session identifier is null."


class Subscription(Receivable):
    """What receivers of a topic receive from.

    Attributes:
        name: Within its topic. `path` has both: `news/Subscriptions/sport`.
        topic_name: Whose copies it takes.
        rules: Which of the topic's messages it takes.
    """

    description: SubscriptionDescription

    def __init__(
        self,
        topic_name: str,
        name: str,
        description: SubscriptionDescription,
        surroundings: EntityContext,
        *,
        now: float,
    ):
        path = subscription_path(topic_name, name)
        super().__init__(path, description, surroundings, now=now)
        self.topic_name = topic_name
        self._name = name
        self.rules = Rules(path)
        self._rule_added_at = now
        self.adopt(description, now=now)

    @property
    def name(self) -> str:
        """Within its topic."""
        return self._name

    @property
    def max_message_bytes(self) -> int:
        """The largest message that can come here."""
        return self.limits.max_message_bytes

    @property
    def used_at(self) -> float:
        """As any entity's; a new rule is use, too."""
        return max(super().used_at, self._rule_added_at)

    def add_rule(self, rule: Rule, *, now: float) -> None:
        """Take what one more rule lets in.

        Raises:
            BrokerError: As `Rules.add`.
        """
        self.rules.add(rule)
        self._rule_added_at = now

    def take(self, message: Message, view: Callable[[], Properties], now: float) -> None:
        """Take copies of a message of the topic, as many as the rules say."""
        try:
            copies = list(self.rules.copies(message, view, self.surroundings.contents))
        except FilterError as problem:
            if self.description.dead_lettering_on_filter_evaluation_exceptions:
                twin = message.copy()
                self.refuse(twin, self.dead_letter, FILTER_EXCEPTION, problem.message, now)
            return
        for copy in copies:
            self._place(copy, now)
        if copies:
            self.settle_in(now)

    def _place(self, message: Message, now: float) -> None:
        if self.description.requires_session and message.session_id is None:
            self.refuse(message, self.dead_letter, SESSION_ID_IS_NULL, _NEEDS_SESSION, now)
            return
        message.sequence_number = self.next_sequence_number()
        self.active.admit(message, Input.SEND)
        self.start_life(message, now)
        self.active.report(ChangeKind.COPIED, message, now, "")
