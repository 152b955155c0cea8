"""For all tests."""

from hypothesis import settings

# The same examples every time, however slow the machine: a test says the same of the same code.
# `pytest --hypothesis-profile=search` looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("same")
