"""A real kernel with a real background broker, for what is shown under a lesson's cells."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.connection_string import VARIABLE
from sbtutorial.hosting import background
from sbtutorial.hosting.background import find
from sbtutorial.hosting.control_client import ControlClient
from tests.kernel import Notebook

BEGIN = """
    from datetime import timedelta

    from azure.servicebus import *
    from azure.servicebus.management import ServiceBusAdministrationClient

    from sbtutorial import connect

    lab = connect()
    client = ServiceBusClient.from_connection_string(lab.connection_string, retry_total=0)


    def send(*bodies, queue="orders", **options):
        with client.get_queue_sender(queue) as sender:
            sender.send_messages([ServiceBusMessage(body, **options) for body in bodies])
"""


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """A notebook that has run the cell that connects, on a broker of this module's own."""
    folder: Path = tmp_path_factory.mktemp("lesson")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBTUTORIAL_HOME", str(folder / "home"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        for name in (VARIABLE, "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.delenv(name, raising=False)
        notebook = Notebook(background._environment())
        try:
            notebook.runs(BEGIN)
            yield notebook
        finally:
            notebook.close()
            if broker := find():
                ControlClient(broker.connection_string).shutdown()


@pytest.fixture
def lesson(connected: Notebook) -> Notebook:
    """The same with an empty queue, `orders`."""
    connected.runs('lab.fresh_queue("orders", lock_duration=timedelta(seconds=30))')
    return connected
