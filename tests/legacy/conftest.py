"""The SDKs of 2019, each in a folder of its own, and programs that use them on a broker."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from sbtutorial.hosting.thread import ThreadedBroker
from sbtutorial.server import certificates
from sbtutorial.server.broker_server import KEY_NAME
from tests.clients import installed

PROGRAM_SECONDS = 60


class EarlierSdk:
    """One version, where it was installed."""

    def __init__(self, version: str, folder: Path) -> None:
        self.version = version
        self.folder = folder


class Tutorial:
    """A broker, and programs of 2019 for it."""

    def __init__(self, broker: ThreadedBroker, sdk: EarlierSdk, ca_pem: Path) -> None:
        self.broker = broker
        port = broker.connection_string.partition(";")[0].rpartition(":")[2]
        # Version 0.21 speaks through requests, which finds its certificates so.
        self._environment = {
            **{name: os.environ[name] for name in ("SYSTEMROOT", "TEMP") if name in os.environ},
            "PYTHONPATH": str(sdk.folder),
            "REQUESTS_CA_BUNDLE": str(ca_pem),
            "SERVICE_NAMESPACE": "127.0.0.1",
            "HOST_BASE": f":{port}",
            "KEY_NAME": KEY_NAME,
            "KEY_VALUE": broker.local.key,
        }

    def run(self, program: str) -> list[str]:
        """What a program prints, line by line."""
        # Without `site`: nothing of this environment, in which another version lives.
        done = subprocess.run(
            [sys.executable, "-S", "-c", dedent(program)],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PROGRAM_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


def earlier_sdk(version: str) -> EarlierSdk:
    """A version, where it is; skips where it is not."""
    folder = installed.EARLIER_SDKS / version
    if not folder.exists():
        pytest.skip(f"needs: {installed.HOW}")
    return EarlierSdk(version, folder)


@pytest.fixture(scope="session")
def certificates_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture
def broker(certificates_folder: Path) -> Iterator[ThreadedBroker]:
    with ThreadedBroker(certificates_folder=certificates_folder) as broker:
        yield broker


@pytest.fixture(scope="session")
def version_0_21() -> EarlierSdk:
    return earlier_sdk("0.21.1")


@pytest.fixture(scope="session")
def version_0_50() -> EarlierSdk:
    return earlier_sdk("0.50.3")


@pytest.fixture
def tutorial(
    broker: ThreadedBroker, version_0_21: EarlierSdk, certificates_folder: Path
) -> Tutorial:
    return Tutorial(broker, version_0_21, certificates.ensure(certificates_folder).ca_pem)


@pytest.fixture
def later_tutorial(
    broker: ThreadedBroker, version_0_50: EarlierSdk, certificates_folder: Path
) -> Tutorial:
    return Tutorial(broker, version_0_50, certificates.ensure(certificates_folder).ca_pem)
