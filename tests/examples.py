"""How many examples a property is tried on: its own number, and twenty times that at night."""

from hypothesis import settings

_USUAL = 100  # of a property that says nothing itself, by Hypothesis


def examples(count: int) -> int:
    """So many, or more where a profile looks for more (see tests/conftest.py).

    A number that stands in a test would hold in every profile.
    """
    return count * settings.default.max_examples // _USUAL
