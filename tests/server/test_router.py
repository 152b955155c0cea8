import json
from http.client import HTTPConnection

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.hosting.thread import ThreadedBroker


def test_anyone_may_ask_whether_the_broker_is_up() -> None:
    with ThreadedBroker() as broker:
        connection = HTTPConnection(
            "127.0.0.1", parse_connection_string(broker.connection_string).port, timeout=10
        )
        connection.request("GET", "/health")
        with connection.getresponse() as response:
            assert (response.status, json.load(response)) == (200, {"status": "healthy"})
        connection.close()
