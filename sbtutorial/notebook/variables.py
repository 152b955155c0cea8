"""The notebook's own variables, as far as magics and hints look at them."""

from typing import Any

from sbtutorial.lab.lab import Lab


def find_lab(variables: dict[str, Any]) -> Lab | None:
    """The lab of a notebook, from its variables: the one called `lab`, else the newest."""
    candidates = [variables.get("lab"), *reversed(list(variables.values()))]
    return next((value for value in candidates if isinstance(value, Lab)), None)
