"""The brokers that run, for the commands that ask them for something.

Where nothing is installed nothing can have been started from here, so none runs.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sbtutorial.hosting.background import Broker


def each(namespace: str | None, act: "Callable[[Broker], None]") -> tuple[int, int]:
    """Act on the broker of a namespace, or on all; say which are silent, or that there is none.

    Returns:
        How many answer, and how many live and do not.
    """
    brokers = answering(namespace)
    for broker in brokers:
        act(broker)
    others = silent(namespace)
    for sentence in others:
        print(sentence)
    if not brokers and not others:
        print(missing(namespace))
    return len(brokers), len(others)


def answering(namespace: str | None) -> "list[Broker]":
    """The broker of a namespace, or all that run and answer."""
    from sbtutorial.hosting import background

    with suppress(ModuleNotFoundError):
        if namespace is None:
            return background.find_all()
        return [broker for broker in [background.find(namespace)] if broker is not None]
    return []


def silent(namespace: str | None) -> list[str]:
    """A sentence about each that lives and does not answer."""
    from sbtutorial.hosting import background

    with suppress(ModuleNotFoundError):
        return background.silent(namespace)
    return []


def missing(namespace: str | None) -> str:
    """The sentence that none runs."""
    if namespace is None:
        return "No broker is running."
    return f"No broker of the namespace '{namespace}' is running."
