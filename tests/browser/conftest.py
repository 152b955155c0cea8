"""One JupyterLab and one browser for all tests here; each test leaves without a kernel."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.jupyterlab import Server


@pytest.fixture(scope="package")
def server() -> "Iterator[Server]":
    from tests.browser.jupyterlab import running_server

    with running_server() as server:
        yield server


@pytest.fixture(scope="package")
def tab() -> "Iterator[Page]":
    # To the end of this folder and no longer: its event loop would be in the way of asyncio tests.
    from tests.browser.window import chromium

    with chromium() as page:
        yield page


@pytest.fixture
def page(tab: "Page", server: "Server") -> "Iterator[Page]":
    yield tab
    tab.goto("about:blank")
    server.end_kernels()
