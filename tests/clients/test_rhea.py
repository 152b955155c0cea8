"""AMQP as such.

rhea, the engine below `@azure/service-bus`, used by itself.
"""

from typing import Any

import pytest

from tests.clients.conftest import Bench
from tests.clients.program import Program

pytestmark = pytest.mark.client("JavaScript, rhea 3")


@pytest.fixture
def rhea(javascript: Program, bench: Bench) -> Any:
    """Calls a function of plain_rhea.mjs."""
    where = {"port": bench.port, "key": bench.key}

    def call(name: str, queue: str = "orders") -> Any:
        return javascript.call("plain_rhea", name, **where, queue=queue)

    return call


def test_a_message_there_and_back_with_the_key_as_a_password(rhea: Any, bench: Bench) -> None:
    assert rhea("roundTrip") == {"body": {"table": 7}, "id": 5, "ttl": 60_000, "number": 1}
    assert bench.counts().total == 0


def test_an_attach_is_refused_with_its_condition_and_words(rhea: Any) -> None:
    condition, words = rhea("refused", "nothing")
    assert condition == "amqp:not-found"
    assert "'orders'" in words


def test_a_password_that_is_wrong_ends_the_connection(rhea: Any) -> None:
    assert rhea("wrongKey") == "connection_error"
