"""What a planted defect is: a small patch that breaks a promise, and must be found."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from sbtutorial.broker.changes import Change, ChangeKind
from sbtutorial.gateway.core import Core
from tests.simulation import scenery
from tests.simulation.disk import Records

Patch = tuple[Any, str, Any]


@dataclass(frozen=True)
class Plant:
    """One defect.

    Attributes:
        name: What is wrong, in words.
        breaks: The promises of which one must be found broken.
        theme: Where it shows.
        patches: What is put in the place of what: owner, name, replacement.
    """

    name: str
    breaks: tuple[str, ...]
    theme: Callable[[scenery.Scenery], None]
    patches: tuple[tuple[Any, str, Any], ...]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have the defect, as long as the block lasts."""
        with ExitStack() as stack:
            for owner, name, replacement in self.patches:
                stack.enter_context(patch.object(owner, name, replacement))
            yield


def loading(edit: Callable[[Change], Change | None]) -> Patch:
    """A patch: what is read of the disk is edited; None leaves it out."""
    original = Records.load

    def load(self: Records) -> Sequence[Change]:
        return [new for old in original(self) if (new := edit(old)) is not None]

    return Records, "load", load


def without(*kinds: ChangeKind) -> Patch:
    """A patch: changes of these kinds are not read."""
    return loading(lambda change: None if change.kind in kinds else change)


def after_restoring(spoil: Callable[[Core], None]) -> Patch:
    """A patch: something is done to every namespace that was restored."""
    original = Core._restore

    def restore(self: Core, store: Any) -> None:
        original(self, store)
        spoil(self)

    return Core, "_restore", restore
