"""Whether an answer worked with a queue that is not the exercise's: the broker's events tell."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from sbtutorial.exercises.task import NotYet
from sbtutorial.lab.service import Service
from sbtutorial.trace import Event

CHECKER = "checker"  # as which the workbench sends
EXERCISE = "exercise"  # what a check's own queues are called, with something random behind it
_CREATED = ("queue_created", "topic_created")


class Use(NamedTuple):
    """What clients have worked with.

    Attributes:
        own: Whether with a queue of the exercise.
        others: The other ones, in order.
    """

    own: bool
    others: tuple[str, ...]


def explained(outcome: NotYet, use: Use, own: Collection[str]) -> tuple[NotYet, str]:
    """What is to be said of an answer that failed, and a note to that, or "".

    Args:
        outcome: What the check says.
        use: What clients have worked with while the answer ran.
        own: The names of the exercise's queues.
    """
    died_at = [name for name in outcome.entities if not _is_among(name, own)]
    others = tuple(dict.fromkeys((*died_at, *use.others)))
    if not others or not own:
        return outcome, ""
    sentence = f"your function used queue {_listed(others)}; the exercise gave it '{EXERCISE}'"
    if use.own and not died_at:
        return outcome, f"{sentence}, too."
    hint = "Use what your function is called with, and the name that it is called with."
    return NotYet(outcome.wanted, sentence, hint), ""


def use_since(service: Service, instant: float, own: Collection[str]) -> Use:
    """What clients have worked with since an instant of the broker's time; offline only."""
    used = list(_used(event for event in service.events() if event.at >= instant))
    others = (name for name in used if not _is_among(name, own))
    return Use(
        any(_is_among(name, own) for name in used),
        tuple(dict.fromkeys(name for name in others if f"{EXERCISE}-" not in name)),
    )


def _used(events: Iterable[Event]) -> Iterator[str]:
    for event in events:
        if event.what in _CREATED or event.who not in ("", CHECKER):
            yield event.entity.partition("/")[0]


def _is_among(name: str, own: Collection[str]) -> bool:
    return name.lower() in {each.lower() for each in own}


def _listed(names: Iterable[str]) -> str:
    return " and ".join(f"'{name}'" for name in names)
