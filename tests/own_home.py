"""A lab whose broker, certificates and files are in a folder of its own, and gone afterwards."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sbtutorial.connection_string import VARIABLE
from sbtutorial.hosting.background import find
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.lab.connecting import connect
from sbtutorial.lab.lab import Lab


@contextmanager
def lab_at(home: Path) -> Iterator[Lab]:
    """As `connect()` has it, whatever this computer is set to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBTUTORIAL_HOME", str(home))
        patch.delenv(VARIABLE, raising=False)
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, os.environ.get(name, ""))
        yield connect()
        if broker := find():
            ControlClient(broker.connection_string).shutdown()
