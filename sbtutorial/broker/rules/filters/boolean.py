"""The two filters that ask nothing of a message."""

from dataclasses import dataclass
from typing import ClassVar

from sbtutorial.broker.rules.filters.properties import Properties


@dataclass(frozen=True, slots=True)
class TrueFilter:
    """Every message; what `$Default` has."""

    kind: ClassVar[str] = "sql"  # Azure derives both from the SQL filter, and counts them so

    def matches(self, message: Properties) -> bool:
        """True."""
        return True


@dataclass(frozen=True, slots=True)
class FalseFilter:
    """No message."""

    kind: ClassVar[str] = "sql"  # Azure derives both from the SQL filter, and counts them so

    def matches(self, message: Properties) -> bool:
        """False."""
        return False
