"""The plugin as other people's tests use it, with the real SDK."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.plugin.conftest import ROOT, Run

BEGIN = """
from azure.servicebus import ServiceBusClient, ServiceBusMessage
from azure.servicebus.management import ServiceBusAdministrationClient

def send(broker, body="tea"):
    with ServiceBusClient.from_connection_string(broker.connection_string) as client:
        with client.get_queue_sender("orders") as sender:
            sender.send_messages(ServiceBusMessage(body))
"""
EACH_OF_ITS_OWN = """
def test_one(servicebus):
    servicebus.create_queue("orders")
    send(servicebus)
    test_one.before = servicebus.connection_string

def test_two(servicebus):
    assert not servicebus.events()
    assert servicebus.connection_string != test_one.before
    with ServiceBusAdministrationClient.from_connection_string(
        servicebus.connection_string
    ) as admin:
        admin.create_queue("orders")
    send(servicebus)
    servicebus.advance(60)
    assert [event.what for event in servicebus.events("orders")][1:] == ["sent"]

def test_three(servicebus_session, servicebus):
    servicebus_session.create_queue("orders")
    assert servicebus_session.connection_string != servicebus.connection_string

def test_four(servicebus_session):
    send(servicebus_session)
"""
FAILING = """
import pytest

def test_fails(servicebus):
    servicebus.create_queue("orders")
    send(servicebus)
    assert 0

@pytest.fixture
def application(servicebus_session):
    servicebus_session.create_queue("tables")
    raise RuntimeError("it does not start")

def test_cannot_begin(application):
    pass

def test_of_the_shared_one(servicebus_session):
    servicebus_session.create_queue("orders")
    assert 0

def test_without_a_queue(servicebus):
    assert 0

def test_passes(servicebus):
    servicebus.create_queue("bills")
"""
ASYNCIO = """
import asyncio
import sys

import pytest
from azure.servicebus.aio import ServiceBusClient as AioClient
from azure.servicebus.aio.management import ServiceBusAdministrationClient as AioAdmin

@pytest.mark.asyncio
@pytest.mark.parametrize("number", range(2))
async def test_it(servicebus, number):
    assert "aiohttp" in sys.modules
    assert type(asyncio.get_running_loop()).__module__.startswith("LOOP")
    text = servicebus.connection_string
    async with AioAdmin.from_connection_string(text) as admin:
        await admin.create_queue("orders")
    async with AioClient.from_connection_string(text) as client:
        async with client.get_queue_sender("orders") as sender:
            await sender.send_messages(ServiceBusMessage("tea"))
        async with client.get_queue_receiver("orders") as receiver:
            (message,) = await receiver.receive_messages(max_wait_time=5)
            servicebus.advance(10)
            await receiver.complete_message(message)
    assert servicebus.events("orders")[-1].what == "completed"
"""
ON_UVLOOP = """
import pytest
import uvloop

@pytest.fixture(scope="session")
def event_loop_policy():
    return uvloop.EventLoopPolicy()
"""
# How asyncio's tests are found, and which loop they run on. By day uvloop is in tests/loops.
LOOPS = [pytest.param("strict", "asyncio", "", id="asyncio")]
if os.name != "nt":
    LOOPS.append(
        pytest.param("auto", "uvloop", ON_UVLOOP, id="uvloop", marks=pytest.mark.overnight)
    )
CONFIG = '{"UserConfig": {"Namespaces": [{"Name": "n", "Queues": [{"Name": "orders"}]}]}}'
OPTIONS = """
import pytest

def options(broker):
    return repr(broker).split(", ")[1:]

def test_the_command_line_comes_before_the_ini_file(servicebus, servicebus_session):
    for broker in (servicebus, servicebus_session):
        assert options(broker) == ["premium", "in a thread: runs>"]

@pytest.mark.servicebus(tier="emulator", runs_in="process", config="config.json")
class TestMark:
    def test_of_the_class(self, servicebus):
        assert options(servicebus) == ["emulator", "in a process: runs>"]
        send(servicebus)

    @pytest.mark.servicebus(runs_in="thread", storage="disk")
    def test_the_nearest_counts(self, servicebus, tmp_path_factory):
        assert options(servicebus) == ["emulator", "in a thread: runs>"]
        send(servicebus)
        assert [*tmp_path_factory.getbasetemp().glob("servicebus0/data/test.db")]

@pytest.mark.servicebus(tier="gold")
def test_no_such_value(servicebus): pass

@pytest.mark.servicebus(colour="red")
def test_no_such_option(servicebus): pass

@pytest.mark.servicebus("premium")
def test_no_name(servicebus): pass

@pytest.mark.servicebus(storage="tape")
def test_no_such_storage(servicebus): pass

@pytest.mark.servicebus(config="missing.json")
def test_no_such_file(servicebus): pass
"""
OF_NOBODY = """
import os
import sys

def test_it():
    ours = {name for name in sys.modules if name.partition(".")[0] == "sbtutorial"}
    assert ours == {"sbtutorial", "sbtutorial.plugin"}
    assert not {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"} & {*os.environ}
"""
# As pytest does itself where the plugin comes with an installed package.
MARKED_FOR_REWRITING = """
import pytest

pytest.register_assert_rewrite("sbtutorial")
"""
AS_THEY_ARE = """
def test_it(servicebus):
    from sbtutorial.local import broker
    assert type(broker.__loader__).__name__ == "SourceFileLoader"
"""


@pytest.mark.sdk
def test_each_test_has_a_namespace_of_its_own(run: Run) -> None:
    assert "4 passed" in run(plugins=None, **{"test_it.py": BEGIN + EACH_OF_ITS_OWN})


@pytest.mark.sdk
def test_a_failing_test_tells_what_happened_to_its_messages(run: Run) -> None:
    said = run(**{"test_it.py": BEGIN + FAILING})
    assert "1 passed" in said
    assert said.count("what happened") == 4
    own = re.search(r"-- servicebus: what happened in orders --+\n(.+)\n(.+)\n(.+)\n", said)
    assert own, said
    words = [line.split()[:3] for line in own.groups()]
    assert words == [["s", "what", "message"], ["0", "queue", "created"], ["0", "sent", "1"]]
    shared = re.findall(r"-- servicebus_session: what happened in (\w+) --+\n", said)
    assert sorted(shared) == ["orders", "tables"]
    assert "nothing: no client has got as far as a queue or a topic" in said
    assert "bills" not in said


@pytest.mark.sdk
@pytest.mark.timeout(300)  # four processes, three of which import the SDK
@pytest.mark.parametrize(("mode", "loop", "conftest"), LOOPS)
def test_asyncio_side_by_side_with_aiohttp_imported_before(
    run: Run, mode: str, loop: str, conftest: str
) -> None:
    """The test module imports aiohttp, which reads certificates, before there is a broker."""
    files = {"test_it.py": BEGIN + ASYNCIO.replace("LOOP", loop), "conftest.py": conftest}
    plugins = ("xdist.plugin", "pytest_asyncio.plugin")
    said = run("-n", "2", f"--asyncio-mode={mode}", plugins=plugins, **files)
    assert "2 passed" in said, said


@pytest.mark.sdk
def test_options_come_from_the_mark_the_command_line_and_the_ini_file(run: Run) -> None:
    files = {"test_it.py": BEGIN + OPTIONS, "config.json": CONFIG}
    said = run("--servicebus-tier=premium", ini="servicebus_tier = emulator", **files)
    assert "3 passed, 5 errors" in said, said
    for sentence in (
        "tier is one of standard, premium, emulator; 'gold' is none of them.",
        "pytest.mark.servicebus has no option 'colour': it has tier, runs_in, storage, config.",
        "pytest.mark.servicebus takes its options by name.",
        "storage is one of memory, disk; 'tape' is not.",
        "missing.json cannot be read: No such file or directory.",
    ):
        assert sentence in said
    assert "Traceback" not in said
    assert "During handling" not in said


@pytest.mark.parametrize(
    ("options", "queue"), [((), "orders"), (("--servicebus-config=sub/bills.json",), "bills")]
)
def test_a_file_of_queues_may_stand_in_the_ini_file(
    run: Run, tmp_path: Path, options: tuple[str, ...], queue: str
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "bills.json").write_text(CONFIG.replace("orders", "bills"))
    test = """
        def test_it(servicebus, servicebus_session):
            for broker in (servicebus, servicebus_session):
                assert {event.entity for event in broker.events()} == {"QUEUE"}
    """
    files = {"test_it.py": test.replace("QUEUE", queue), "config.json": CONFIG}
    assert "1 passed" in run(*options, ini="servicebus_config = config.json", **files)


def test_who_asks_for_no_fixture_pays_nothing(run: Run) -> None:
    assert "1 passed" in run(**{"test_it.py": OF_NOBODY})


def test_pytest_does_not_compile_the_package_anew(run: Run) -> None:
    said = run("-W", "ignore", **{"test_it.py": AS_THEY_ARE, "conftest.py": MARKED_FOR_REWRITING})
    assert "1 passed" in said, said


def test_loading_it_imports_nothing_that_pytest_has_not() -> None:
    code = """
        import sys, pytest, argparse
        before = {*sys.modules}
        import sbtutorial.plugin
        print(sorted({*sys.modules} - before))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    assert done.stdout.strip() == "['sbtutorial', 'sbtutorial.plugin']"


def test_this_project_runs_its_own_tests_without_it(request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.is_blocked("sbtutorial")
    assert "servicebus" not in request.config.getini("markers")
