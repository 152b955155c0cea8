"""For all tests."""

import gc
import os
import signal
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

import tests.no_iri  # before any test imports nbformat
import tests.same_examples  # noqa: F401 - before any property draws one
from sbtutorial.connection_string import PREFIX_VARIABLE, VARIABLES
from tests.order import group, longest_first
from tests.short_ids import short_id

# Whatever this computer is set to, tests do not go to Azure.
for name in (*VARIABLES, PREFIX_VARIABLE):
    os.environ.pop(name, None)

# Who starts tests with `nohup`, or behind an `&`, has them ignore signals, and all that they start:
# programs that are to end by one would not hear of it.
for ignored, default in (("SIGINT", signal.default_int_handler), ("SIGHUP", signal.SIG_DFL)):
    number = getattr(signal, ignored, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, default)

# The same examples every time, however slow the machine: a test says the same of the same code.
# `pytest --hypothesis-profile=search` looks for new ones.
_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("same", derandomize=True, **_PATIENT)
settings.register_profile("search", max_examples=2000, **_PATIENT)
settings.load_profile("same")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is found stays to the end: nobody looks for garbage in it again and again.

    That is a tenth of what many short tests take.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before xdist looks who stays together
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where tests run side by side, begin with the longest."""
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items)
        for item in items:
            if together := group(item):
                item.add_marker(pytest.mark.xdist_group(together))


def pytest_make_parametrize_id(val: object) -> str | None:
    """A long text is named by its beginning."""
    return short_id(val)
