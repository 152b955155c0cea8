"""Releases of `azure-servicebus` that take AMQP to port 5671, in TLS, and to no other.

The broker has a certificate that names its address. Where another program has the port, these
tests are skipped.
"""

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server.port import AMQPS_PORT
from tests.clients import installed, releases
from tests.clients.conftest import Bench
from tests.clients.program import Failed, Program
from tests.clients.releases import Release, expected, outcome
from tests.port_5671 import on_port_5671

pytestmark = [pytest.mark.feature("Transports"), pytest.mark.client("7.8 to 7.15")]

ADDRESS = "127.0.0.1"
ANOTHER_ADDRESS = "127.0.71.1"  # of loopback; macOS has none but the first
# 7.14 knows other ports, but not with TLS.
RELEASES = [one for one in releases.RELEASES if 10 <= int(one.version.split(".")[1]) <= 14]
Sdk = Callable[..., Any]
Case = tuple[Release, str, Program]


@pytest.fixture(scope="module")
def named_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for both addresses."""
    folder = tmp_path_factory.mktemp("named")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    issued = authority.issue_cert("localhost", ADDRESS, ANOTHER_ADDRESS)
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    return folder


@pytest.fixture(scope="module", params=releases.each_half(RELEASES))
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    release, half = request.param
    python, path = releases.place_or_skip(release)
    program = Program(
        [str(python), "-W", "ignore", "program.py"],
        installed.PYTHON_PROGRAMS,
        {"PYTHONPATH": str(path)},
    )
    yield release, half, program
    program.stop()


@pytest.fixture
def port_bench(named_folder: Path) -> Iterator[Bench]:
    """A broker that listens on 5671, too, with a queue `orders`."""
    options: dict[str, Any] = {"also": [AMQPS_PORT], "certificates_folder": named_folder}
    with on_port_5671(lambda: ThreadedBroker(**options)) as broker:
        bench = Bench(broker)
        bench.make_queue()
        yield bench


def sdk_on(case: Case, address: str, rest: str, folder: Path) -> Sdk:
    _, half, program = case
    where = {
        "connection": f"Endpoint=sb://{address}/;{rest}",
        "options": {"connection_verify": str(folder / "ca.pem")},
    }
    return lambda act, **argument: program.call(
        "releases", "run", half=half, act=act, where=where, **argument
    )


@pytest.fixture
def sdk(case: Case, port_bench: Bench, named_folder: Path) -> Sdk:
    rest = port_bench.connection_with_tls.partition(";")[2]
    return sdk_on(case, ADDRESS, rest, named_folder)


DONE: dict[str, Any] = {
    "send_every_way": [["one", "two", "three", "four", "five"], 262144],
    "iterate": ["a", "b", "c"],
    "every_type_of_body": {
        "types": ["DATA", "VALUE", "SEQUENCE"],
        "data": "ab",
        "value": {"tea": 2},
        "sequence": [[1, "two"], [3]],
    },
    "annotations": {
        "priority": 5,
        "mine": "a",
        "footer": {"end": "z"},
        "group": "g",
        "user": "me",
    },
}


@pytest.mark.parametrize("act", DONE)
def test_releases_that_know_port_5671_only_find_the_broker_there(sdk: Sdk, act: str) -> None:
    """Releases that know no port but 5671 find the broker there, and trust its certificate."""
    assert sdk(act, queue="orders") == DONE[act]


def test_a_message_of_several_frames_comes_back_over_tls_on_5671(case: Case, sdk: Sdk) -> None:
    """A message of several frames is sent, received, abandoned and completed over TLS on 5671."""
    release = case[0]
    done = outcome(release, "large", lambda: sdk("large", queue="orders", size=200_000))
    assert done == expected(release, "large", [200_000, "small", 200_000, 1])


class SilentServer:
    """Takes connections in TLS and says nothing: what a client does before it needs an answer."""

    def __init__(self, address: str, folder: Path) -> None:
        self._at = (address, AMQPS_PORT)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "server.pem")
        self._started: Future[None] = Future()
        self._open: set[asyncio.StreamWriter] = set()
        self._thread = Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        self._started.result()
        return self._at[0]

    def __exit__(self, *_error: Any) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await asyncio.start_server(self._say_nothing, *self._at, ssl=self._context)
        except OSError as error:
            self._started.set_exception(error)
            return
        self._started.set_result(None)
        await self._stopping.wait()
        server.close()
        for writer in list(self._open):
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()

    async def _say_nothing(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._open.add(writer)
        with suppress(OSError):
            await reader.read()


async def _takes_back_its_segment_size(address: str, folder: Path) -> bool:
    """Whether this system lets a client set the size that it reads, once TLS is there."""
    context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    _, writer = await asyncio.open_connection(address, AMQPS_PORT, ssl=context)
    end = writer.get_extra_info("socket")
    size = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
    try:
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, size)
    except OSError:
        return False
    finally:
        writer.transport.abort()
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux refuses the size")
@pytest.mark.parametrize("case", [(Release("7.14.3"), "aio")], indirect=True, ids=["7.14.3-aio"])
@pytest.mark.feature("")
@pytest.mark.differs("Otherwise than on Azure")
def test_port_5671_has_smaller_segments_for_the_sake_of_asyncio(
    case: Case, sdk: Sdk, port_bench: Bench, named_folder: Path
) -> None:
    """Segments on port 5671 are small: asyncio's 7.10 to 7.14 fail by themselves on loopback's."""
    with SilentServer(ANOTHER_ADDRESS, named_folder) as silent:
        if asyncio.run(_takes_back_its_segment_size(silent, named_folder)):
            pytest.skip("loopback's segments are small here anyway")
        rest = "SharedAccessKeyName=any;SharedAccessKey=bm9uZQ=="
        with pytest.raises(Failed, match="Invalid argument"):
            sdk_on(case, silent, rest, named_folder)("send_to", queue="orders")
    assert asyncio.run(_takes_back_its_segment_size(ADDRESS, named_folder))
    sdk("send_to", queue="orders")
