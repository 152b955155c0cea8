"""A value in a file of JSON, which knows where it stands, so that a refusal can say it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_SHOWN_CHARS = 60


class ConfigError(Exception):
    """A configuration file that cannot be used; the text says where and why."""


class ConfigValue:
    """One value, at its path from the top: `UserConfig.Namespaces[0].Queues[1].Name`."""

    def __init__(self, path: str, value: Any) -> None:
        self.path = path
        self._value = value

    @classmethod
    def root(cls, value: Any) -> "ConfigValue":
        """The whole file."""
        return cls("", value)

    def problem(self, what: str) -> ConfigError:
        """A refusal of this value."""
        return ConfigError(f"{self.path or 'The file'}: {what}.")

    def fields(
        self, required: Sequence[str] = (), optional: Sequence[str] = ()
    ) -> Mapping[str, "ConfigValue"]:
        """The fields of an object, by name; names count in any case, as the emulator has it.

        Raises:
            ConfigError: It is no object, a field is missing, or one is unknown.
        """
        if not isinstance(self._value, dict):
            raise self._wrong("an object, in { }")
        known = {name.lower(): name for name in (*required, *optional)}
        found = {}
        for given, value in self._value.items():
            name = known.get(given.lower())
            if name is None:
                raise self.problem(f"'{given}' is unknown; there is {', '.join(known.values())}")
            found[name] = ConfigValue(f"{self.path}.{name}".lstrip("."), value)
        for name in required:
            if name not in found:
                raise self.problem(f"'{name}' is missing")
        return found

    def any_fields(self) -> Mapping[str, "ConfigValue"]:
        """The fields of an object that may have any.

        Raises:
            ConfigError: It is no object.
        """
        if not isinstance(self._value, dict):
            raise self._wrong("an object, in { }")
        return {
            name: ConfigValue(f"{self.path}.{name}", value) for name, value in self._value.items()
        }

    def items(self) -> Sequence["ConfigValue"]:
        """The entries of a list.

        Raises:
            ConfigError: It is no list.
        """
        if not isinstance(self._value, list):
            raise self._wrong("a list, in [ ]")
        return [ConfigValue(f"{self.path}[{at}]", value) for at, value in enumerate(self._value)]

    def text(self) -> str:
        """A text.

        Raises:
            ConfigError: It is none.
        """
        if not isinstance(self._value, str):
            raise self._wrong('a text, in " "')
        return self._value

    def integer(self) -> int:
        """A whole number.

        Raises:
            ConfigError: It is none.
        """
        if not isinstance(self._value, int) or isinstance(self._value, bool):
            raise self._wrong("a whole number")
        return self._value

    def boolean(self) -> bool:
        """True or false.

        Raises:
            ConfigError: It is neither.
        """
        if not isinstance(self._value, bool):
            raise self._wrong("true or false")
        return self._value

    @property
    def is_object(self) -> bool:
        """Whether it is an object, with fields."""
        return isinstance(self._value, dict)

    def simple(self) -> str | int | float | bool | None:
        """A text, a number, true, false or null.

        Raises:
            ConfigError: It is something else.
        """
        if self._value is not None and not isinstance(self._value, str | int | float):
            raise self._wrong("a text, a number, true, false or null")
        return self._value

    def _wrong(self, wanted: str) -> ConfigError:
        shown = json.dumps(self._value)
        if len(shown) > _SHOWN_CHARS:
            shown = shown[:_SHOWN_CHARS] + " …"
        return self.problem(f"this must be {wanted}, and is {shown}")
