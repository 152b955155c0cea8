"""Messages as filters see them, for tests."""

from collections.abc import Mapping
from typing import Any

from sbtutorial.broker.rules.filters.properties import MISSING


class Sample:
    def __init__(self, application: Mapping[str, object] | None = None, **system: object):
        self.application: Mapping[str, object] = application or {}
        self._system = system

    def system(self, name: str) -> object:
        return self._system.get(name, MISSING)


def having(**application: Any) -> Sample:
    """A message with application properties."""
    return Sample(application)


def with_system(**system: Any) -> Sample:
    """A message with system properties."""
    return Sample(None, **system)
