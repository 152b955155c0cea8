import pytest

from sbtutorial.gateway.rest.data_paths import DataKind, DataPath, parse_data_path
from sbtutorial.http.request import Request


def parse(target: str, method: str = "POST") -> DataPath | None:
    return parse_data_path(Request(method, target, {}))


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("/orders/messages", DataPath(DataKind.MESSAGES, "orders", "", "")),
        ("/a/b/Messages/?timeout=5", DataPath(DataKind.MESSAGES, "a/b", "", "")),
        ("/orders/messages/HEAD", DataPath(DataKind.HEAD, "orders", "", "")),
        ("/orders/messages/head?timeout=5", DataPath(DataKind.HEAD, "orders", "", "")),
        (
            "/news/subscriptions/all/$DeadLetterQueue/messages/head",
            DataPath(DataKind.HEAD, "news/subscriptions/all/$DeadLetterQueue", "", ""),
        ),
        ("/orders/messages/1/t", DataPath(DataKind.LOCK, "orders", "1", "t")),
        ("/a%2Fb/messages/x%2Fy%20z/t", DataPath(DataKind.LOCK, "a/b", "x/y z", "t")),
        ("/orders/messages/messages/t", DataPath(DataKind.LOCK, "orders", "messages", "t")),
        ("/my/messages/messages/head", DataPath(DataKind.HEAD, "my/messages", "", "")),
    ],
)
def test_path_about_messages_is_taken_apart(target: str, path: DataPath) -> None:
    assert parse(target) == path


@pytest.mark.parametrize(
    "target",
    ["/orders", "/messages", "/messages/head", "/orders/messages/1", "/orders/messages/1/t/x", "/"],
)
def test_other_paths_are_administration(target: str) -> None:
    assert parse(target) is None


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_queue_called_messages_is_administered(method: str) -> None:
    assert parse("/my/messages", method) is None
    assert parse("/my/messages/head", method) is not None
