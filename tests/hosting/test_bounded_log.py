import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.hosting import background
from sbtutorial.hosting.bounded_log import BoundedLog

LIMIT_BYTES = 100


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "broker.log"


@pytest.fixture
def log(path: Path) -> Iterator[BoundedLog]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    yield BoundedLog(descriptor, LIMIT_BYTES)
    os.close(descriptor)


def test_what_is_written_is_in_the_file_at_once(log: BoundedLog, path: Path) -> None:
    print("größer", file=log)
    print("zweitens", file=log)
    assert path.read_text("utf-8") == "größer\nzweitens\n"


def test_a_full_log_starts_over_and_ends_with_the_newest(log: BoundedLog, path: Path) -> None:
    for number in range(1000):
        log.write(f"complaint {number}\n")
        assert path.stat().st_size <= LIMIT_BYTES
    assert path.read_text().startswith("complaint ")
    assert path.read_text().endswith("complaint 999\n")


def test_of_a_text_that_is_too_long_the_end_is_kept(log: BoundedLog, path: Path) -> None:
    log.write("x" * 1000 + "the end")
    assert path.stat().st_size == LIMIT_BYTES
    assert path.read_text().endswith("the end")


def test_a_log_that_cannot_be_written_disturbs_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    assert BoundedLog(writing, LIMIT_BYTES).write("x" * 200) == 200
    os.close(writing)


def test_tracebacks_and_asyncios_complaints_go_through_it(path: Path) -> None:
    program = (
        "import asyncio, sys; from sbtutorial.hosting.bounded_log import BoundedLog\n"
        "sys.stderr = BoundedLog(2, 3000)\n"
        "async def complain():\n"
        "    for n in range(1000):\n"
        "        asyncio.get_running_loop().call_exception_handler({'message': f'number {n}'})\n"
        "asyncio.run(complain())\n"
        "raise RuntimeError('the last word')\n"
    )
    with path.open("wb") as file:
        subprocess.run(
            [sys.executable, "-c", program], stderr=file, env=background._environment(), check=False
        )
    assert path.stat().st_size <= 3000
    assert "number 999" in path.read_text()
    assert path.read_text().rstrip().endswith("RuntimeError: the last word")
