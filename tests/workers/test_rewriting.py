"""Cells that are read as they are meant elsewhere."""

import ast
import inspect
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, aio
from azure.servicebus.aio.management import (
    ServiceBusAdministrationClient as AioAdministrationClient,
)
from azure.servicebus.management import ServiceBusAdministrationClient

from sbtutorial.connection_string import HOST_VARIABLE, IDENTITY, PREFIX_VARIABLE, VARIABLE
from sbtutorial.lab import elsewhere
from sbtutorial.workers.cell import compile_cell
from sbtutorial.workers.rewriting import is_wanted, rewritten

STRING = "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=n;SharedAccessKey=k"
KEYLESS = "Endpoint=sb://shop.servicebus.windows.net/;Authentication=" + IDENTITY


class Shared:
    """A service in which names begin with anna-."""

    def whole_name(self, name: str) -> str:
        return name if name.startswith("anna-") else "anna-" + name


class Client:
    """Whatever it is asked for: the first argument and those by name."""

    def __getattr__(self, method: str) -> Any:
        return lambda *arguments, **named: (*arguments[:1], *named.values())


@pytest.fixture(autouse=True)
def shared() -> Any:
    elsewhere.connected(Shared())  # type: ignore[arg-type]
    yield
    elsewhere._connected.clear()


def value(expression: str) -> Any:
    tree = rewritten(ast.parse(f"result = {expression}"))
    variables: dict[str, Any] = {"client": Client(), "names": ("tea", "cake")}
    exec(compile(tree, "<cell>", "exec"), variables)
    return variables["result"]


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ('client.get_queue_sender("orders")', ("anna-orders",)),
        ('client.get_queue_sender(queue_name="orders")', ("anna-orders",)),
        ('client.get_queue_receiver("anna-orders", max_wait_time=1)', ("anna-orders", 1)),
        ('client.get_subscription_receiver("news", "all")', ("anna-news",)),
        ('client.create_queue("a", forward_to="b")', ("anna-a", "anna-b")),
        (
            "[client.delete_queue(name) for name in names]",
            [("anna-tea",), ("anna-cake",)],
        ),
        ("client.get_queue(None)", (None,)),
        ('client.send("orders")', ("orders",)),
        ("client.get_queue(*names)", ("tea",)),
    ],
)
def test_the_name_of_an_entity_gets_its_prefix_and_nothing_else_does(
    expression: str, wanted: object
) -> None:
    assert value(expression) == wanted


def test_without_a_service_a_name_is_as_it_is_written() -> None:
    elsewhere._connected.clear()
    assert value('client.get_queue("orders")') == ("orders",)


def test_every_method_of_the_sdk_that_takes_a_name_first_is_known() -> None:
    kinds = (
        *(ServiceBusClient, ServiceBusAdministrationClient),
        *(aio.ServiceBusClient, AioAdministrationClient),
    )
    for kind in kinds:
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            _, *parameters = inspect.signature(method).parameters
            if not name.startswith("_") and parameters[:1] in (["queue_name"], ["topic_name"]):
                assert value(f'client.{name}("x")') == ("anna-x",), name


def test_a_string_without_a_key_opens_a_client_by_identity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = []
    monkeypatch.setattr(
        elsewhere, "open_any", lambda kind, text, **options: opened.append((kind, text, options))
    )
    tree = rewritten(ast.parse("Kind.from_connection_string(text, retry_total=0)"))
    exec(compile(tree, "<cell>", "exec"), {"Kind": Client, "text": KEYLESS})
    assert opened == [(Client, KEYLESS, {"retry_total": 0})]


@pytest.mark.parametrize(
    ("variables", "is_so"),
    [
        ({}, False),
        ({PREFIX_VARIABLE: "anna"}, False),  # offline
        ({VARIABLE: STRING}, False),
        ({VARIABLE: STRING, PREFIX_VARIABLE: "anna"}, True),
        ({VARIABLE: KEYLESS}, True),
        ({HOST_VARIABLE: "shop.servicebus.windows.net"}, True),
    ],
)
def test_cells_are_read_so_only_where_a_variable_asks_for_it(
    variables: dict[str, str], is_so: bool
) -> None:
    assert is_wanted(variables) is is_so


def test_a_workers_cell_is_read_the_same_way_and_keeps_its_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = 'print("one")\nasync def f():\n    pass\nfound = client.get_queue("a")\nawait f()\n'
    monkeypatch.setenv(VARIABLE, STRING)
    monkeypatch.setenv(PREFIX_VARIABLE, "anna")
    code = compile_cell("cashier", source)
    assert max(line for _, _, line in code.co_lines() if line) == 5
    monkeypatch.delenv(PREFIX_VARIABLE)
    assert compile_cell("cashier", source).co_names != code.co_names
