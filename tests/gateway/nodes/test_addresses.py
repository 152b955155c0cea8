import pytest

from sbtutorial.broker.paths import entity_path
from sbtutorial.gateway.nodes.addresses import Address, NodeKind, parse_address


@pytest.mark.parametrize(
    "uri",
    [
        "orders",
        "/orders/",
        "amqps://127.0.0.1:5672/orders",
        "amqp://host/orders",
        "sb://namespace.servicebus.windows.net/orders/",
        "https://host:443/orders?api-version=2021-05",
    ],
)
def test_a_place_is_the_same_however_it_is_written(uri: str) -> None:
    assert entity_path(uri) == "orders"


@pytest.mark.parametrize(
    ("address", "kind", "path"),
    [
        ("$cbs", NodeKind.CBS, ""),
        ("orders", NodeKind.ENTITY, "orders"),
        ("a/b/c", NodeKind.ENTITY, "a/b/c"),
        ("sb://host/a%2Fb", NodeKind.ENTITY, "a/b"),
        ("orders/$DeadLetterQueue", NodeKind.ENTITY, "orders/$DeadLetterQueue"),
        ("orders/$management", NodeKind.MANAGEMENT, "orders"),
        (
            "amqps://host/orders/$DeadLetterQueue/$Management",
            NodeKind.MANAGEMENT,
            "orders/$DeadLetterQueue",
        ),
        ("", NodeKind.ENTITY, ""),
    ],
)
def test_an_address_names_a_kind_of_node(address: str, kind: NodeKind, path: str) -> None:
    assert parse_address(address) == Address(kind, path)
