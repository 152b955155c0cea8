"""The rules of a subscription: which messages of its topic it takes, and how it changes them.

Source: Azure Service Bus, "Topic filters and actions".
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace

from sortedcontainers import SortedList

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.rules.filters.boolean import TrueFilter
from sbtutorial.broker.rules.filters.errors import FilterError
from sbtutorial.broker.rules.filters.properties import Properties
from sbtutorial.broker.rules.property_access import PropertyAccess
from sbtutorial.broker.rules.rule import RULE_NAME_PROPERTY, Rule
from sbtutorial.broker.rules.rule_index import RuleIndex
from sbtutorial.text import some_names


class RuleSet:
    """The rules of one subscription, by name in any case.

    Attributes:
        names: Theirs, in ordinal order.
        correlation_count: How many have a correlation filter; the others count as SQL.
        questions: What a message is asked until it is known which match: filters and look-ups.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._by_name: dict[str, Rule] = {}
        self.names: SortedList[str] = SortedList()
        self._index = RuleIndex()
        self._takes_all = False
        self.questions = 0
        self.correlation_count = 0

    def __len__(self) -> int:
        return len(self._by_name)

    def __iter__(self) -> Iterator[Rule]:
        """By name, in ordinal order."""
        return map(self.find, self.names)

    def add(self, rule: Rule) -> None:
        """Live by one more rule.

        Raises:
            BrokerError: ENTITY_ALREADY_EXISTS.
        """
        if (there := self._by_name.get(rule.name.lower())) is not None:
            raise BrokerError(
                ErrorCode.ENTITY_ALREADY_EXISTS,
                f"Rule '{there.name}' of '{self._path}' exists already. Update it, delete it first "
                "or choose another name.",
            )
        self._by_name[rule.name.lower()] = rule
        self.names.add(rule.name)
        self._index.add(rule)
        self.correlation_count += rule.filter.kind == "correlation"
        self._take_stock()

    def update(self, rule: Rule) -> Rule:
        """Put a rule in place of the one with its name; it keeps its age and its spelling.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        before = self.find(rule.name)
        updated = replace(rule, name=before.name, created_at=before.created_at)
        self.remove(before.name)
        self.add(updated)
        return updated

    def remove(self, name: str) -> Rule:
        """Live without a rule.

        Raises:
            BrokerError: ENTITY_NOT_FOUND.
        """
        rule = self.find(name)
        del self._by_name[name.lower()]
        self.names.remove(rule.name)
        self._index.remove(rule)
        self.correlation_count -= rule.filter.kind == "correlation"
        self._take_stock()
        return rule

    def get(self, name: str) -> Rule | None:
        """The rule of this name, in any case; None where there is none."""
        return self._by_name.get(name.lower())

    def find(self, name: str) -> Rule:
        """The rule of this name, in any case.

        Raises:
            BrokerError: ENTITY_NOT_FOUND, with the names that are there.
        """
        try:
            return self._by_name[name.lower()]
        except KeyError:
            raise BrokerError(
                ErrorCode.ENTITY_NOT_FOUND,
                f"The messaging entity '{self._path}/Rules/{name}' could not be found. "
                f"Rules here: {some_names([rule.name for rule in self]) or 'none'}.",
            ) from None

    def copies(
        self, message: Message, view: Callable[[], Properties], property_access: PropertyAccess
    ) -> list[Message]:
        """The copies that the subscription takes: none, one, or one for each matching action.

        Rules without an action give one copy together; each rule with one gives a copy of its own.

        Raises:
            FilterError: A filter or an action cannot be worked out for this message.
        """
        if self._takes_all:
            return [message.copy()]
        try:
            seen = view()
            return list(_copies(message, seen, self._index.matching(seen), property_access))
        except Exception as error:
            raise _failure(self._path, error) from error

    def copies_in_steps(
        self,
        message: Message,
        view: Callable[[], Properties],
        property_access: PropertyAccess,
        *,
        questions: int,
    ) -> Generator[int, None, list[Message]]:
        """`copies`, a few questions a step, for many rules or messages that take long to look into.

        Yields:
            How many questions the step has asked; a copy that is changed counts as some.
        """
        if self._takes_all:
            return [message.copy()]
        copies = []
        try:
            seen = view()
            matching = yield from self._index.matching_in_steps(seen, questions)
            for copy in _copies(message, seen, matching, property_access):
                copies.append(copy)
                yield _QUESTIONS_PER_COPY
        except Exception as error:
            raise _failure(self._path, error) from error
        return copies

    def _take_stock(self) -> None:
        """Nearly every subscription takes everything, and need not look into messages."""
        only = next(iter(self._by_name.values())) if len(self._by_name) == 1 else None
        self._takes_all = (
            only is not None and isinstance(only.filter, TrueFilter) and only.action is None
        )
        self.questions = 0 if self._takes_all else len(self._index)


# An action that is applied takes about as long as so many filters.
_QUESTIONS_PER_COPY = 4


def _copies(
    message: Message, seen: Properties, matching: list[Rule], property_access: PropertyAccess
) -> Iterator[Message]:
    if any(rule.action is None for rule in matching):
        yield message.copy()
    for rule in matching:
        if rule.action is not None:
            edits = rule.action.apply(seen)
            application = {**edits.application, RULE_NAME_PROPERTY: rule.name}
            yield property_access.edited(message, application, edits.system)


def _failure(path: str, error: Exception) -> FilterError:
    """What went wrong, as a failure of this subscription with this message and of nobody else.

    Whatever it was: a rule that does what nobody foresaw must not stop a topic.
    """
    if isinstance(error, FilterError):
        return error
    return FilterError(f"A rule of '{path}' has failed: {error!r}.")
