"""Batches of many messages over HTTP: all or none, in order, and nobody waits for one."""

import json
from typing import Any

from sbtutorial.gateway.access.sas import sign
from sbtutorial.gateway.core import KEY_NAME
from sbtutorial.gateway.rest.data_plane import Work
from sbtutorial.http.request import Request, Response
from sbtutorial.server import router
from sbtutorial.testing import SteppedBroker

JSON_BATCH = {"Content-Type": "application/vnd.microsoft.servicebus.json"}


def _request(broker: SteppedBroker, body: bytes, headers: dict[str, str]) -> Request:
    token = sign("https://127.0.0.1/", KEY_NAME, "secret", broker.clock.wall() + 3600)
    given = {"Host": "127.0.0.1", "Authorization": token, **headers}
    lower = {name.lower(): value for name, value in given.items()}
    return Request("POST", "/orders/messages", lower, body, tuple(given.items()))


def posted(broker: SteppedBroker, items: list[Any]) -> Any:
    broker.create_queue("orders")
    return broker.http("POST", "/orders/messages", json.dumps(items).encode(), JSON_BATCH).response


def test_large_batch_is_taken_in_its_order() -> None:
    broker = SteppedBroker()
    items = [{"Body": "", "BrokerProperties": {"MessageId": str(n)}} for n in range(2000)]
    assert posted(broker, items).status == 201
    there = broker.namespace.directory.queue("orders").main.messages
    assert [message.message_id for message in there] == [str(n) for n in range(2000)]


def test_one_bad_message_keeps_a_large_batch_out() -> None:
    broker = SteppedBroker()
    items: list[Any] = [{"Body": ""} for _ in range(2000)]
    for bad in ({"Body": 5}, {"Body": "\ud800"}, {"Body": "", "UserProperties": {"a": [1]}}):
        items[1990] = bad
        assert posted(SteppedBroker(), items).status == 400
    assert posted(broker, [{"Body": ""}] * 4501).status == 413
    assert len(broker.namespace.directory.queue("orders").main.messages) == 0


def test_large_batch_over_http_keeps_no_other_client_waiting() -> None:
    broker = SteppedBroker()
    broker.create_queue("orders")
    body = json.dumps([{"Body": ""}] * 4000).encode()
    answer = router.handle(_request(broker, body, JSON_BATCH), broker)
    assert isinstance(answer, Work)
    answers: list[Any] = []
    answer.start(answers.append)
    for _ in range(4):
        broker.step()
    quick = router.handle(_request(broker, b"x", {}), broker)
    assert isinstance(quick, Response)
    assert (quick.status, answers) == (201, [])
    broker.run()
    assert [each.status for each in answers] == [201]
    assert len(broker.namespace.directory.queue("orders").main.messages) == 4001


def test_large_batch_for_a_queue_that_is_not_there_is_refused() -> None:
    broker = SteppedBroker()
    body = json.dumps([{"Body": ""}] * 100).encode()
    answer = broker.http("POST", "/nowhere/messages", body, JSON_BATCH).response
    assert answer is not None
    assert answer.status == 404


def test_few_messages_with_very_many_properties_keep_no_other_client_waiting() -> None:
    broker = SteppedBroker()
    broker.create_queue("orders")
    properties = {f"p{number}": number for number in range(1000)}
    body = json.dumps([{"Body": "", "UserProperties": properties}] * 8).encode()
    answer = router.handle(_request(broker, body, JSON_BATCH), broker)
    assert isinstance(answer, Work)
    answers: list[Any] = []
    answer.start(answers.append)
    broker.step()
    assert not answers
    broker.run()
    assert [each.status for each in answers] == [201]


def test_more_properties_than_a_header_can_have_are_refused_unread() -> None:
    unreadable: dict[str, Any] = {f"p{number}": [] for number in range(20_000)}
    refusal = posted(SteppedBroker(), [{"Body": "", "UserProperties": unreadable}])
    assert (refusal.status, b"20000 properties" in refusal.body) == (413, True)
