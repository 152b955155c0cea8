from sbtutorial.broker.errors import BrokerError, ErrorCode


def test_refusal_carries_its_kind_and_reads_as_its_text() -> None:
    refusal = BrokerError(ErrorCode.NOT_ALLOWED, "No, because.")
    assert refusal.code is ErrorCode.NOT_ALLOWED
    assert refusal.message == str(refusal) == "No, because."
