"""One rule: a filter that says which messages, and an action that changes copies of them.

Source: Azure Service Bus, "Topic filters and actions".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sbtutorial.broker.rules.filters.boolean import TrueFilter
from sbtutorial.broker.rules.filters.properties import Properties

DEFAULT_RULE_NAME = "$Default"
# The application property that names the rule on a copy which an action has changed.
RULE_NAME_PROPERTY = "RuleName"


class Filter(Protocol):
    """Says which messages a rule is about.

    Attributes:
        kind: "sql" or "correlation", as they are counted against the limits.
    """

    @property
    def kind(self) -> str:
        """How it is counted."""

    def matches(self, message: Properties) -> bool:
        """Whether the message is one of them.

        Raises:
            FilterError: It cannot be worked out for this message.
        """


class Edits(Protocol):
    """What an action makes of a message's properties."""

    @property
    def application(self) -> Mapping[str, object]:
        """All of the application properties, as they are to be."""

    @property
    def system(self) -> Mapping[str, object]:
        """Those system properties that change; `MISSING` for removed."""


class Action(Protocol):
    """Changes the properties of a copy."""

    def apply(self, message: Properties) -> Edits:
        """What to change on a copy of this message.

        Raises:
            FilterError: It cannot be worked out for this message.
        """


@dataclass(frozen=True, slots=True)
class Rule:
    """A filter and, perhaps, an action on what it lets through.

    Attributes:
        created_at: Broker time.
    """

    name: str
    filter: Filter
    action: Action | None = None
    created_at: float = 0.0


def default_rule() -> Rule:
    """The rule that a subscription begins with: it takes everything."""
    return Rule(DEFAULT_RULE_NAME, TrueFilter())
