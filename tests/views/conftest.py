"""A real broker of their own for tests of what is drawn of real events."""

import os
from collections.abc import Iterator

import pytest

from sbtutorial.connection_string import VARIABLE
from sbtutorial.hosting.background import find
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.lab.connecting import connect
from sbtutorial.lab.lab import Lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("views") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBTUTORIAL_HOME", str(folder))
        patch.delenv(VARIABLE, raising=False)
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, os.environ.get(name, ""))
        yield connect()
        if broker := find():
            ControlClient(broker.connection_string).shutdown()
