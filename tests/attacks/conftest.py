"""A home of its own for the brokers of days, and what is left of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sbtutorial.folders import HOME_VARIABLE


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of this session's brokers."""
    folder = tmp_path_factory.mktemp("attacks") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(folder))
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.delenv(name, raising=False)
        yield folder
