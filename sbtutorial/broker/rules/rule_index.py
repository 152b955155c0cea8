"""Which rules of a subscription match a message, without asking each when they are many.

Correlation filters that look at the same properties differ in the wanted values only: one look-up
answers for all of them. SQL filters are asked one by one.
"""

from collections.abc import Generator, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING

from sbtutorial.broker.rules.filters.correlation import CorrelationFilter, Shape
from sbtutorial.broker.rules.filters.properties import Properties

if TYPE_CHECKING:
    from sbtutorial.broker.rules.rule import Rule


class RuleIndex:
    """The rules of one subscription, by what they ask for."""

    def __init__(self) -> None:
        self._asked: dict[str, Rule] = {}
        self._looked_up: dict[Shape, dict[tuple[object, ...], dict[str, Rule]]] = {}

    def add(self, rule: "Rule") -> None:
        """Let a rule match from now on."""
        if isinstance(rule.filter, CorrelationFilter):
            by_key = self._looked_up.setdefault(rule.filter.shape, {})
            by_key.setdefault(rule.filter.key, {})[rule.name] = rule
        else:
            self._asked[rule.name] = rule

    def remove(self, rule: "Rule") -> None:
        """Let a rule match no more."""
        if not isinstance(rule.filter, CorrelationFilter):
            del self._asked[rule.name]
            return
        by_key = self._looked_up[rule.filter.shape]
        alike = by_key[rule.filter.key]
        del alike[rule.name]
        if not alike:
            del by_key[rule.filter.key]
        if not by_key:
            del self._looked_up[rule.filter.shape]

    def __len__(self) -> int:
        """How many questions a message is asked: SQL filters, and look-ups for the others."""
        return len(self._asked) + len(self._looked_up)

    def matching(self, message: Properties) -> list["Rule"]:
        """The rules that match, by name.

        Raises:
            FilterError: A filter cannot be worked out for this message.
        """
        found = [rule for rule in self._asked.values() if rule.filter.matches(message)]
        found += _look_up(self._looked_up.items(), message)
        return sorted(found, key=attrgetter("name"))

    def matching_in_steps(
        self, message: Properties, questions: int
    ) -> Generator[int, None, list["Rule"]]:
        """`matching`, a few questions a step; each step tells how many they were.

        Rules that come or go meanwhile play no part.
        """
        found: list[Rule] = []
        asked, looked_up = tuple(self._asked.values()), tuple(self._looked_up.items())
        for start in range(0, len(asked), questions):
            step = asked[start : start + questions]
            found += [rule for rule in step if rule.filter.matches(message)]
            yield len(step)
        for start in range(0, len(looked_up), questions):
            shapes = looked_up[start : start + questions]
            found += _look_up(shapes, message)
            yield len(shapes)
        return sorted(found, key=attrgetter("name"))


def _look_up(
    shapes: Iterable[tuple[Shape, Mapping[tuple[object, ...], Mapping[str, "Rule"]]]],
    message: Properties,
) -> Iterator["Rule"]:
    for shape, by_key in shapes:
        key = shape.key_of(message)
        if key is not None:
            yield from by_key.get(key, {}).values()
