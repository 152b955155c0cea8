import pytest

from sbtutorial.hosting.broker_status import describe, span

STATUS = {
    "namespace": "tutorial",
    "tier": "Standard",
    "pid": 77,
    "queues": 1,
    "connections": 2,
    "started_at": 1000.0,
    "advanced_seconds": 0.0,
}


def test_a_broker_is_described_by_what_identifies_it_and_what_it_holds() -> None:
    assert describe(STATUS, port=4711, now=1185.0) == (
        'broker of namespace "tutorial", Standard tier: pid 77, port 4711, up for 3 min, '
        "1 queue, 2 connections"
    )


def test_moved_time_is_told() -> None:
    text = describe({**STATUS, "advanced_seconds": 7200}, port=1, now=1000.0)

    assert text.endswith(", time moved ahead by 2 h")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (7199, "1 h"), (90_000, "1 d")],
)
def test_a_span_is_in_its_largest_fitting_unit(seconds: float, text: str) -> None:
    assert span(seconds) == text
