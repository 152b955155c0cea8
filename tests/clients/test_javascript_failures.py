"""Refusals in JavaScript.

What `@azure/service-bus` for Node.js makes of them.
"""

from typing import Any

import pytest

from sbtutorial.broker.descriptions import EntityStatus
from tests.clients.conftest import Bench
from tests.clients.program import Failed, Program

pytestmark = [pytest.mark.feature("Errors"), pytest.mark.client("JavaScript")]


@pytest.fixture
def fail(javascript: Program, bench: Bench) -> Any:
    """Calls a function of failures.mjs; returns the code of the error that it ends with."""

    def code(name: str, queue: str = "orders", **argument: Any) -> str | None:
        with pytest.raises(Failed) as failure:
            javascript.call(
                "failures", name, **{"connection": bench.connection, "queue": queue, **argument}
            )
        assert failure.value.name == "ServiceBusError", failure.value
        return failure.value.code

    return code


@pytest.mark.parametrize("name", ["sendTo", "receiveFrom", "receiveDeferred"])
def test_sending_to_and_receiving_from_a_queue_that_does_not_exist_is_refused(
    fail: Any, name: str
) -> None:
    assert fail(name, "nothing") == "MessagingEntityNotFound"


@pytest.mark.feature("Entity status")
@pytest.mark.parametrize("name", ["sendTo", "receiveFrom"])
def test_a_disabled_queue_refuses_senders_and_receivers(fail: Any, bench: Bench, name: str) -> None:
    bench.make_queue("closed", status=EntityStatus.DISABLED)
    assert fail(name, "closed") == "MessagingEntityDisabled"


@pytest.mark.feature("Limits")
@pytest.mark.parametrize("size", [300_000, 2_000_000, 20_000_000])
def test_a_message_that_is_too_large_is_refused(fail: Any, size: int) -> None:
    assert fail("sendTo", bytes=size) == "MessageSizeExceeded"


@pytest.mark.feature("Limits")
def test_a_message_that_is_too_large_leaves_its_link_usable(
    bench: Bench, javascript: Program
) -> None:
    codes = javascript.call(
        "failures",
        "sendAll",
        connection=bench.connection,
        queue="orders",
        sizes=[2_000_000, 1, 600_000, 1],
    )
    assert codes == ["MessageSizeExceeded", None, "MessageSizeExceeded", None]


@pytest.mark.feature("Limits")
def test_a_full_queue_refuses_messages(fail: Any, bench: Bench, javascript: Program) -> None:
    bench.make(
        lambda namespace, now: namespace.shrink(namespace.directory.queue("orders"), 1, now=now)
    )
    for _ in range(5):
        javascript.call(
            "failures", "sendTo", connection=bench.connection, queue="orders", bytes=200_000
        )
    assert fail("sendTo", bytes=200_000) == "QuotaExceeded"


@pytest.mark.feature("Keys and tokens")
def test_a_wrong_key_opens_nothing(fail: Any, bench: Bench) -> None:
    wrong = bench.connection.replace(bench.key, "wrong")
    assert fail("sendTo", connection=wrong) == "UnauthorizedAccess"


@pytest.mark.feature("Scheduled and deferred messages")
def test_a_deferred_message_that_does_not_exist_is_not_found(fail: Any) -> None:
    assert fail("receiveDeferred") == "MessageNotFound"


@pytest.mark.feature("Locks")
@pytest.mark.parametrize("how", ["completeMessage", "renewMessageLock", "deadLetterMessage"])
def test_a_lock_that_has_run_out_can_neither_settle_nor_be_renewed(
    fail: Any, bench: Bench, javascript: Program, how: str
) -> None:
    javascript.call("failures", "holdMessage", connection=bench.connection, queue="orders")
    bench.broker.advance(31)
    assert fail("useHeld", how=how) == "MessageLockLost"
    assert bench.counts().active == 1


@pytest.mark.feature("Message sessions")
def test_a_session_that_is_held_cannot_be_accepted(fail: Any, bench: Bench) -> None:
    bench.make_queue("tables", requires_session=True)
    assert fail("acceptTaken", "tables") == "SessionCannotBeLocked"


@pytest.mark.feature("Message sessions")
def test_waiting_for_the_next_session_times_out(fail: Any, bench: Bench) -> None:
    bench.make_queue("tables", requires_session=True)
    assert fail("acceptNext", "tables") == "ServiceTimeout"


@pytest.mark.feature("Message sessions")
@pytest.mark.parametrize("how", ["completeMessage", "renewSessionLock", "getSessionState"])
def test_a_session_lock_that_has_run_out_can_neither_settle_nor_be_renewed(
    fail: Any, bench: Bench, javascript: Program, how: str
) -> None:
    bench.make_queue("tables", requires_session=True)
    javascript.call("failures", "holdSession", connection=bench.connection, queue="tables")
    bench.broker.advance(31)
    assert fail("useHeld", how=how) == "SessionLockLost"
