"""A FastAPI program with the asyncio client in its lifespan, on asyncio's own loop and on uvloop.

It is the one of the page on other programs, served by uvicorn in a process of its own.
"""

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import installed, page
from tests.clients.conftest import Bench

pytestmark = [pytest.mark.feature("Other people's programs"), pytest.mark.client("FastAPI")]

_ADDRESS = re.compile(r"running on http://([\d.]+):(\d+)")
_GROUP = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> str:
    """As uvicorn calls it."""
    name: str = request.param
    if name == "uvloop" and sys.platform == "win32":
        pytest.skip("uvloop is not for Windows")
    return name


@pytest.fixture
def shop(
    loop: str, bench: Bench, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[str], http.client.HTTPConnection]]:
    if not installed.FASTAPI.exists():
        pytest.skip(f"needs: {installed.HOW}")
    page.write("shop.py", tmp_path)
    process = subprocess.Popen(
        [
            *(str(installed.python_of(installed.FASTAPI)), "-m", "uvicorn", "shop:app"),
            *("--port", "0", "--loop", loop),
        ],
        cwd=tmp_path,
        env={**os.environ, "SERVICEBUS_CONNECTION_STRING": bench.connection},
        stderr=subprocess.PIPE,
        encoding="utf-8",
        creationflags=_GROUP,
    )
    assert process.stderr is not None
    said = ""
    while not (found := _ADDRESS.search(said)):
        line = process.stderr.readline()
        assert line, said
        said += line
    yield process, http.client.HTTPConnection(found[1], int(found[2]), timeout=30)
    process.kill()
    process.wait()
    process.stderr.close()


def test_requests_to_a_fastapi_program_go_through_a_queue(
    shop: tuple[subprocess.Popen[str], http.client.HTTPConnection], bench: Bench
) -> None:
    """Requests to a FastAPI program go through a queue and back, on asyncio's loop and uvloop."""
    process, connection = shop
    for number, what in enumerate(("tea", "cake", "soup")):
        connection.request("POST", f"/orders/{number}?what={what}")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, f'"{what}"'.encode())
    connection.close()
    assert bench.counts().total == 0
    if sys.platform != "win32":  # where a process of another group can only be killed
        process.terminate()
        assert process.wait(30) in (0, -15)
