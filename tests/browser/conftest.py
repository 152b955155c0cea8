"""One JupyterLab and one browser for all tests here.

The page stays for the next test, which opens its notebook there and has a kernel of its own. Tests
of one file that can begin where another one has ended share the notebook, too: `shared_page`. Who
comes to see a front end open has a `new_page`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def _visited(tab: "Page", server: "Server") -> "Iterator[Page]":
    """The one page; it is left without a notebook and a kernel, and of the size that it had."""
    from tests.browser.opening import close_all

    size = tab.viewport_size
    assert size is not None
    yield tab
    close_all(tab)
    tab.set_viewport_size(size)
    server.end_kernels()


@pytest.fixture
def page(tab: "Page", server: "Server") -> "Iterator[Page]":
    with _visited(tab, server) as page:
        yield page


@pytest.fixture(scope="module")
def shared_page(tab: "Page", server: "Server") -> "Iterator[Page]":
    """One for all tests of a file that ask for it; they leave to each other what they do there."""
    with _visited(tab, server) as page:
        yield page


@pytest.fixture
def new_page(tab: "Page", server: "Server") -> "Iterator[Page]":
    """One of its own, for what is only to be seen when a front end is opened."""
    page = tab.context.new_page()
    yield page
    page.close()
    server.end_kernels()
