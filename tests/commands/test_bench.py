"""That the benchmark measures and says so; what it measures depends on the machine."""

import json
import os

import pytest

from sbtutorial.commands import bench


def test_each_figure_stands_beside_its_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["start"]) == 0
    heading, figure = capsys.readouterr().out.splitlines()
    assert heading.split() == ["what", "measured", "target"]
    assert figure.startswith("start: spawn to first accepted connection")
    assert figure.endswith("0.25 s")
    assert float(figure.split()[-4]) > 0


def test_the_sdk_is_set_against_the_broker(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["sdk", "--messages", "20"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.partition(":")[0] for line in lines] == [
        name for name in ("SDK, send", "SDK, receive + complete", "SDK, both") for _ in range(2)
    ]
    assert lines[-1].endswith("0.6")


def test_it_leaves_the_environment_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(os.environ)
    assert bench.main(["sdk", "--messages", "1"]) == 0
    assert os.environ == before


def test_a_depth_is_measured_in_a_process_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--depth", "500"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert measured["microseconds"] > 0
    assert set(measured) == {"microseconds", "overhead_bytes"}


def test_an_unknown_part_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["speed"])
    assert "there is no part 'speed'" in capsys.readouterr().err
