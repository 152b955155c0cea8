"""A subscription: rules, and behind them what is received from.

Source: Azure Service Bus, "Queues, topics, and subscriptions"; "Topic filters and actions".
"""

from collections.abc import Callable, Generator
from typing import Any, NamedTuple

from sbtutorial.broker.changes import ChangeKind
from sbtutorial.broker.context import EntityContext
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.entities.receivable import Receivable
from sbtutorial.broker.errors import SESSION_ID_IS_NULL
from sbtutorial.broker.message import Message
from sbtutorial.broker.paths import split_subscription
from sbtutorial.broker.rules.filters.errors import FILTER_EXCEPTION, FilterError
from sbtutorial.broker.rules.filters.properties import Properties
from sbtutorial.broker.rules.rule import Rule
from sbtutorial.broker.rules.rule_set import RuleSet
from sbtutorial.broker.subqueues.subqueue import SubQueue

_COPIES_A_STEP = 32
# Azure's own words.
_NEEDS_SESSION = "Session enabled entity doesn't allow a message whose session identifier is null."


class Subscription(Entity):
    """What receivers of a topic receive from.

    Attributes:
        topic_name: Whose copies it takes; `path` has both names: `news/Subscriptions/sport`.
        rules: Which of the topic's messages it takes.
        receivable: The subqueues, of which `main` and `dead_letter` are at hand here, too.
    """

    def __init__(self, context: EntityContext) -> None:
        super().__init__(context)
        parts = split_subscription(context.path)
        assert parts is not None, "the path is a subscription's"
        self.topic_name, self._name = parts
        self.rules = RuleSet(self.path)
        self.receivable = Receivable(context)
        self.main = self.receivable.main
        self.dead_letter = self.receivable.dead_letter
        self._rule_added_at = context.created_at

    @property
    def name(self) -> str:
        """Within its topic."""
        return self._name

    @property
    def subqueues(self) -> tuple[SubQueue, ...]:
        """The main one and the dead-letter queues."""
        return self.receivable.subqueues

    @property
    def used_at(self) -> float:
        """As any entity's; a new rule is use, too."""
        return max(super().used_at, self._rule_added_at)

    def adopt(self, description: Any, *, now: float) -> None:
        """Live by a description from now on; see `EntityContext.adopt`."""
        super().adopt(description, now=now)
        self.receivable.adopt()

    def add_rule(self, rule: Rule, *, now: float) -> None:
        """Take what one more rule lets in.

        Raises:
            BrokerError: As `RuleSet.add`.
        """
        self.rules.add(rule)
        self._rule_added_at = now

    def take_copies(self, message: Message, view: Callable[[], Properties], now: float) -> None:
        """Take copies of a message of the topic, as many as the rules say."""
        try:
            copies = self.rules.copies(message, view, self.context.property_access)
        except FilterError as problem:
            self._fail(message, problem, now)
            return
        for copy in copies:
            self._enqueue(copy, now)
        if copies:
            self.receivable.announce(now)

    def work_out_copies(
        self, message: Message, view: Callable[[], Properties], questions: int
    ) -> Generator[int, None, "Copies"]:
        """Find out what `take_copies` would take, a few questions a step; nothing is changed yet.

        Yields:
            How many questions the step has asked.
        """
        try:
            copies = yield from self.rules.copies_in_steps(
                message, view, self.context.property_access, questions=questions
            )
        except FilterError as problem:
            return Copies(self, [], problem)
        return Copies(self, copies)

    def _fail(self, message: Message, problem: FilterError, now: float) -> None:
        """One rule fails for one message here; what the others take does not depend on it."""
        is_filters = problem.reason == FILTER_EXCEPTION
        if is_filters and not self.description.dead_lettering_on_filter_evaluation_exceptions:
            return
        self._refuse(message.copy(), problem.reason, problem.message, now)

    def _enqueue(self, message: Message, now: float) -> None:
        if self.main.requires_session and message.session_id is None:
            self._refuse(message, SESSION_ID_IS_NULL, _NEEDS_SESSION, now)
            return
        message.sequence_number = self.context.next_sequence_number()
        self.receivable.enqueue(message, now, "", ChangeKind.COPIED)

    def _refuse(self, message: Message, reason: str, description: str, now: float) -> None:
        self.receivable.refuse(message, self.dead_letter, reason, description, now)


class Copies(NamedTuple):
    """What a subscription takes of one message, worked out and not yet taken."""

    subscription: Subscription
    copies: list[Message]
    problem: FilterError | None = None

    def take(self, message: Message, now: float, taken: int) -> Generator[int, None, None]:
        """Take them, a few a step; nothing if the subscription is deleted by now.

        The first `taken` ones are there already.

        Yields:
            How many the step has taken.
        """
        subscription = self.subscription
        if subscription.context.deleted:
            return
        if self.problem is not None and not taken:
            subscription._fail(message, self.problem, now)
            yield 1
        for start in range(taken, len(self.copies), _COPIES_A_STEP):
            step = self.copies[start : start + _COPIES_A_STEP]
            for copy in step:
                subscription._enqueue(copy, now)
            subscription.receivable.announce(now)
            yield len(step)
