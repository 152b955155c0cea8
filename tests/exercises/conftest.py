"""A lab with a broker of its own, and functions defined as a notebook's cell defines them."""

import linecache
import os
from collections.abc import Callable, Iterator
from itertools import count
from textwrap import dedent
from typing import Any

import pytest

from sbtutorial.connection_string import VARIABLE
from sbtutorial.hosting.background import find
from sbtutorial.hosting.control_client import ControlClient
from sbtutorial.lab.connecting import connect
from sbtutorial.lab.lab import Lab

# What a lesson has imported by the time of its exercises.
_IMPORTS = """
import json
from datetime import timedelta

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.servicebus import *
from azure.servicebus.exceptions import *
from azure.servicebus.management import *
"""
_numbers = count(1)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("exercises") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SBTUTORIAL_HOME", str(folder))
        patch.delenv(VARIABLE, raising=False)
        for name in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
            patch.setenv(name, os.environ.get(name, ""))
        yield connect()
        if broker := find():
            ControlClient(broker.connection_string).shutdown()


def define(source: str) -> Callable[..., Any]:
    """The last function that a cell with this source defines."""
    text = dedent(source).strip() + "\n"
    name = f"<cell {next(_numbers)}>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    variables: dict[str, Any] = {"__name__": "__main__"}
    exec(_IMPORTS, variables)
    before = set(variables)
    exec(compile(text, name, "exec"), variables)
    return [value for key, value in variables.items() if key not in before and callable(value)][-1]


def queue_names(lab: Lab) -> list[str]:
    from azure.servicebus.management import ServiceBusAdministrationClient

    with ServiceBusAdministrationClient.from_connection_string(lab.connection_string) as admin:
        return [queue.name for queue in admin.list_queues()]
