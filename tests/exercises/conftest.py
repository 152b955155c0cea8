"""A lab with a broker of its own, and functions defined as a notebook's cell defines them."""

import linecache
from collections.abc import Callable, Iterator
from itertools import count
from textwrap import dedent
from typing import Any

import pytest

from sbtutorial.explorer.links import open_admin
from sbtutorial.lab.lab import Lab
from tests.own_home import lab_at

# What a lesson has imported by the time of its exercises.
_IMPORTS = """
import asyncio
import json
import time
from datetime import timedelta

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.servicebus import *
from azure.servicebus import aio
from azure.servicebus.exceptions import *
from azure.servicebus.management import *
"""
_numbers = count(1)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_at(tmp_path_factory.mktemp("exercises") / "home") as lab:
        yield lab


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
    with open_admin(lab.connection_string) as admin:
        return [queue.name for queue in admin.list_queues()]
