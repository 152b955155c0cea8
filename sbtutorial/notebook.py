"""What the parts that live in a notebook need to know of it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sbtutorial.lab import Lab


def find_lab(variables: dict[str, Any]) -> "Lab | None":
    """The lab of a notebook, from its variables: the one called `lab`, else the newest."""
    from sbtutorial.lab import Lab

    candidates = [variables.get("lab"), *reversed(list(variables.values()))]
    return next((value for value in candidates if isinstance(value, Lab)), None)
