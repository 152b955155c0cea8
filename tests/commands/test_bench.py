"""That the benchmark measures and says so; what it measures depends on the machine."""

import os
from collections.abc import Iterator

import pytest

from sbtutorial.commands.bench import (
    program,
    rabbit,
    raw,
    scale_program,
    sdk,
    sdk_client,
    turn_program,
)
from sbtutorial.commands.bench.rows import QUICK, Row, Sizes, Target, median_ratio

TINY = (
    QUICK._replace(
        messages=5, batched=20, raw=20, came_and_went=20, in_file=20, deep=1100, queues=3
    )
    ._replace(connections=3, rules=3, operations=3, brokers=2, idle_seconds=0.01)
    ._replace(in_batch=3, at_once=3)
)


def measured(part: str) -> list[Row]:
    with program.own_home():
        return list(program.PARTS[part](TINY))


@pytest.mark.parametrize(
    ("value", "target", "misses"),
    [
        (0.6, Target(0.6), False),
        (0.61, Target(0.6), True),
        (0.7, Target(0.7, is_floor=True), False),
        (0.69, Target(0.7, is_floor=True), True),
        (9, None, False),
        (None, Target(1), False),
    ],
)
def test_a_row_knows_whether_it_misses_its_target(
    value: float | None, target: Target | None, misses: bool
) -> None:
    row = Row("what", value, target=target)
    assert row.misses is misses
    assert ("MISSED" in str(row)) is misses


def test_what_is_compared_is_compared_pair_by_pair() -> None:
    assert median_ratio([(1, 2), (30, 10), (4, 4)]) == 1


def test_a_report_has_a_line_for_each_row_and_names_what_was_missed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(sizes: Sizes) -> Iterator[Row]:
        assert sizes == QUICK._replace(messages=7)
        yield Row("good", 1.0, "s", Target(2))
        yield Row("bad", 3.0, "s", Target(2), "so it is")

    monkeypatch.setitem(program.PARTS, "start", rows)
    assert program.main(["--quick", "--messages", "7", "--only", "start"]) == 0
    heading, good, bad, missed = capsys.readouterr().out.splitlines()
    assert heading.split() == ["what", "measured", "target"]
    assert good.split() == ["good", "1.00", "s", "≤", "2.00", "s"]
    assert bad.split() == ["bad", "3.00", "s", "≤", "2.00", "s", "MISSED", "so", "it", "is"]
    assert missed == "1 missed: bad."


def test_a_start_is_measured_without_a_file_and_with_a_full_one() -> None:
    rows = measured("start")
    assert [row.what.partition(": ")[2] for row in rows] == [
        "memory",
        "durable, empty file",
        "durable, file of 20 messages",
    ]
    assert all(row.value and row.target == Target(0.25) for row in rows)


def test_both_halves_of_the_sdk_are_set_against_a_broker_of_each_storage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sdk, "STEPS", sdk.STEPS[:2])
    before = dict(os.environ)
    rows = measured("sdk")
    assert os.environ == before, "it leaves the environment as it was"
    assert len(rows) == 2 * 2 * 3
    shares = [row.target for row in rows if "CPU" in row.what]
    assert shares == [Target(0.6), Target(0.9)] * 4
    assert all(row.value is not None for row in rows)


def test_each_step_finds_what_an_earlier_one_has_sent() -> None:
    left = {True: 0, False: 0}  # by whether it is of batches
    for step in sdk.STEPS:
        sends = sdk_client.WORKS[step.work][1]
        left[step.is_batched] += 1 if sends else -1
        assert left[step.is_batched] >= 0
    assert left == {True: 0, False: 0}


@pytest.mark.skipif(raw.python_with_proton() is None, reason="Qpid Proton is not installed")
def test_raw_amqp_compares_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rabbit, "server", lambda: None)
    *rows, skipped = measured("raw")
    assert len(rows) == 6
    assert all(row.value for row in rows)
    assert skipped.note == "skipped: no RabbitMQ starts here"


def test_without_a_client_raw_amqp_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(raw, "python_with_proton", lambda: None)
    (row,) = measured("raw")
    assert row.note.startswith("skipped: no Python here has Qpid Proton")


@pytest.mark.parametrize("what", scale_program.WORLDS)
def test_an_operation_is_measured_in_each_world(what: str) -> None:
    found = scale_program.measure(what, size=3, operations=4)
    assert found["microseconds"] > 0


def test_few_and_many_are_compared() -> None:
    assert [row.target for row in measured("scale")] == [Target(1.2), Target(3), Target(1.2)]


@pytest.mark.parametrize("what", turn_program.REQUESTS)
def test_the_longest_turn_of_each_request_is_measured(what: str) -> None:
    assert turn_program.measure(what, count=3) > 0


def test_what_is_refused_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="did not accept it"):
        turn_program.measure("a batch to a queue", count=100_000)


def test_each_request_is_a_row() -> None:
    rows = measured("turns")
    assert len(rows) == len(turn_program.REQUESTS)
    assert {row.target for row in rows} == {Target(50)}


def test_memory_is_looked_at_again_when_all_messages_are_gone() -> None:
    rows = [row for row in measured("idle") if "came and went" in row.what]
    assert [row.target for row in rows] == [Target(60), Target(60)]
    assert all(row.value and row.value > 1 for row in rows)


def test_a_large_file_is_opened_and_gone() -> None:
    (row,) = measured("file")
    assert row.what == "opening a file of 1,100 messages"
    assert row.value


def test_many_brokers_are_counted_together() -> None:
    together, cpu = measured("thirty")
    assert together.value and together.target == Target(0.08)
    assert cpu.value is not None


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["speed"])
    assert "there is no part 'speed'" in capsys.readouterr().err
