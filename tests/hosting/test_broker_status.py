from sbtutorial.hosting.broker_status import describe

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


def test_a_wall_clock_that_was_set_back_makes_no_negative_age() -> None:
    assert "up for 0 s," in describe(STATUS, port=1, now=1000.0 - 3600)


def test_moved_time_is_told() -> None:
    text = describe({**STATUS, "advanced_seconds": 7200}, port=1, now=1000.0)

    assert text.endswith(", time moved ahead by 2 h")
