"""A function of the notebook, taken to a process with what it uses."""

from typing import Any

import pytest

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
        ("serve = eval('lambda: 1')", "the source of <lambda> is not to be had"),
    ],
)
def test_what_cannot_go_is_said_in_a_sentence(source: str, says: str) -> None:
    with pytest.raises(NotYet) as outcome:
        source_of(define(source), wanted="it runs")
    assert says in outcome.value.seen
