import pytest

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.wire.conditions import CONDITIONS, error_of


@pytest.mark.parametrize("code", ErrorCode)
def test_every_refusal_has_a_condition_and_a_status(code: ErrorCode) -> None:
    error = error_of(BrokerError(code, "why"))
    assert error.condition == CONDITIONS[code].symbol
    assert error.condition.split(":")[0] in ("amqp", "com.microsoft")
    assert error.description == "why"
    assert 400 <= CONDITIONS[code].status_code < 600
