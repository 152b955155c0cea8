"""A function of the notebook, taken to a process with what it uses."""

from typing import Any

import pytest

from sbtutorial.exercises.crashing import IMPORTS
from sbtutorial.exercises.task import NotYet
from sbtutorial.exercises.transplant import source_of
from tests.exercises.conftest import define


def rebuilt(source: str) -> Any:
    """Defines the last function of a cell elsewhere, from what is said to be all it needs."""
    function = define(source)
    variables: dict[str, Any] = {}
    exec(source_of(function, wanted="it runs"), variables)
    return variables[function.__name__]


def test_function_takes_its_plain_values_and_modules_along() -> None:
    function = rebuilt(
        """
        import math as m

        PRICES = {"tea": 2.5}

        def price(drink):
            return m.ceil(PRICES[drink])
        """
    )
    assert function("tea") == 3


def test_function_takes_the_functions_that_it_calls_along() -> None:
    function = rebuilt(
        """
        CUPS = 2

        def pour(drink):
            return [drink] * CUPS

        def serve(drink):
            return [cup for cup in pour(drink)]
        """
    )
    assert function("tea") == ["tea", "tea"]


def test_functions_that_call_each_other_go_once() -> None:
    function = rebuilt(
        """
        def even(n):
            return n == 0 or odd(n - 1)

        def odd(n):
            return n > 0 and even(n - 1)
        """
    )
    assert function(3)


def test_classes_of_the_sdk_are_imported_there() -> None:
    function = rebuilt(
        """
        def wrap(text):
            return str(ServiceBusMessage(text))
        """
    )
    assert function("tea") == "tea"


def test_values_that_the_signature_names_go_along() -> None:
    function = rebuilt(
        """
        PAUSE_SECONDS = 2
        UNIT = "s"

        def rest(pause=PAUSE_SECONDS, *, unit=UNIT):
            return f"{pause} {unit}"
        """
    )
    assert function() == "2 s"


def test_decorators_go_along() -> None:
    function = rebuilt(
        """
        from functools import cache, wraps

        def loudly(function):
            @wraps(function)
            def louder(*values):
                return function(*values).upper()
            return louder

        @cache
        def polite(text):
            return f"{text}, please"

        @cache
        @loudly
        def serve(drink):
            return polite(drink)
        """
    )
    assert function("tea") == "TEA, PLEASE"
    assert function.cache_info().currsize == 1


def test_annotation_may_name_what_only_the_notebook_has_imported() -> None:
    source = """
    from collections.abc import Callable

    def serve(work: Callable, times: "int" = 1):
        return work(times)
    """
    variables: dict[str, Any] = {}
    exec(f"{IMPORTS}\n{source_of(define(source), wanted='it runs')}", variables)
    assert variables["serve"](str) == "1"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (
            """
            import threading
            client = threading.Lock()

            def serve():
                return client
            """,
            "serve uses client (a lock), which lives in the notebook",
        ),
        (
            """
            def outer():
                note = []
                def inner():
                    return note
                return inner

            serve = outer()
            """,
            "inner is defined inside another function",
        ),
        ("serve = print", "no function, but a builtin_function_or_method"),
        ("serve = lambda receiver, work: work(1)", "your answer is a lambda"),
        ("exec('def serve(): return 1')", "the source of serve is not to be had"),
    ],
)
def test_what_cannot_go_is_said_in_a_sentence(source: str, says: str) -> None:
    with pytest.raises(NotYet) as outcome:
        source_of(define(source), wanted="it runs")
    assert says in outcome.value.seen
