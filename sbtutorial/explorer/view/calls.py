"""A call of the Explorer, and the line of Python that says the same."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, NamedTuple


class Call(NamedTuple):
    """What is called, and with what.

    Attributes:
        method: A method of `Explorer`.
        arguments: By position.
        options: By name.
    """

    method: str
    arguments: tuple[Any, ...] = ()
    options: Mapping[str, Any] = {}

    def on(self, explorer: Any) -> Any:
        """Do it."""
        return getattr(explorer, self.method)(*self.arguments, **self.options)

    def line(self) -> str:
        """The same, ready to copy into a cell."""
        positional = [written(each) for each in self.arguments]
        named = [f"{name}={written(value)}" for name, value in self.options.items()]
        return f"explorer.{self.method}({', '.join((*positional, *named))})"


def said(options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of a form's fields in which something stands."""
    return {name: value for name, value in options.items() if _says(value)}


def written(value: Any) -> str:
    """A value as Python, texts in double quotes where that is as readable."""
    if isinstance(value, str):
        plain = value.isprintable() and not set(value) & {'"', "\\"}
        return f'"{value}"' if plain else repr(value)
    if isinstance(value, timedelta):
        return f"timedelta(seconds={value.total_seconds():g})"
    if isinstance(value, datetime):
        return f'datetime.fromisoformat("{value.isoformat(timespec="seconds")}")'
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{written(k)}: {written(v)}' for k, v in value.items())}}}"
    if isinstance(value, float) and not isfinite(value):
        return f'float("{value}")'
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return repr(value)


def _says(value: Any) -> bool:
    return value is not None and value != "" and value != {} and value != []
