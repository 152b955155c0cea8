"""`POST /$lab/config`: a whole file in steps, between which others have their turn."""

import json
from itertools import pairwise
from typing import Any

import pytest

from sbtutorial.broker.descriptions import QueueDescription
from sbtutorial.testing import SteppedBroker

MANY = 400
FEW = 20  # may be made in one turn


def file_of(queues: list[dict[str, Any]], **more: Any) -> bytes:
    content = {"UserConfig": {"Namespaces": [{"Name": "n", "Queues": queues, **more}]}}
    return json.dumps({"config": json.dumps(content)}).encode()


def many(**last: Any) -> list[dict[str, Any]]:
    queues: list[dict[str, Any]] = [{"Name": f"q{number}"} for number in range(MANY)]
    return [*queues, {"Name": "last", "Properties": last}]


@pytest.fixture
def broker() -> SteppedBroker:
    return SteppedBroker()


def names(broker: SteppedBroker) -> list[str]:
    return [queue.name for queue in broker.namespace.directory.queues()]


def status(broker: SteppedBroker, body: bytes) -> int:
    response = broker.http("POST", "/$lab/config", body).response
    assert response is not None
    return response.status


def test_a_turn_makes_a_few_queues_of_many(broker: SteppedBroker) -> None:
    counts = [0]
    broker.reactor.on_turn_end = lambda: counts.append(len(names(broker)))

    assert status(broker, file_of(many())) == 200

    assert counts[-1] == len(names(broker)) == MANY + 1
    assert max(after - before for before, after in pairwise(counts)) <= FEW


def test_what_is_refused_at_the_end_leaves_nothing_but_what_others_made(
    broker: SteppedBroker,
) -> None:
    def make_one() -> None:
        if len(names(broker)) > MANY // 2 and "theirs" not in names(broker):
            broker.namespace.create("theirs", QueueDescription(), now=broker.clock.now())

    broker.reactor.on_turn_end = make_one

    assert status(broker, file_of(many(MaxDeliveryCount=0))) == 400
    assert names(broker) == ["theirs"]


def test_a_file_is_for_a_namespace_that_has_nothing(broker: SteppedBroker) -> None:
    assert status(broker, file_of([{"Name": "q"}])) == 200
    assert status(broker, file_of([{"Name": "other"}])) == 409
    assert names(broker) == ["q"]


def test_what_is_wrong_in_a_file_is_refused_before_anything_is_made(broker: SteppedBroker) -> None:
    assert status(broker, file_of(many(), Nodes=1)) == 400
    assert names(broker) == []


def test_a_turn_writes_a_part_of_many(broker: SteppedBroker) -> None:
    assert status(broker, file_of(many())) == 200
    turns: list[None] = []
    broker.reactor.on_turn_end = lambda: turns.append(None)

    response = broker.http("GET", "/$lab/config").response

    assert response is not None
    text = json.loads(response.body)["config"]
    assert text == json.dumps(json.loads(text), indent=2) + "\n"
    written = json.loads(text)["UserConfig"]["Namespaces"][0]["Queues"]
    assert [one["Name"] for one in written] == names(broker)
    assert len(turns) > MANY // 100


def test_a_file_has_what_there_was_when_it_was_asked_for(broker: SteppedBroker) -> None:
    assert status(broker, file_of(many())) == 200
    before = names(broker)

    def reset() -> None:
        if names(broker):
            broker.namespace.reset(now=broker.clock.now())

    broker.reactor.on_turn_end = reset
    response = broker.http("GET", "/$lab/config").response
    assert response is not None
    written = json.loads(json.loads(response.body)["config"])["UserConfig"]["Namespaces"][0]
    assert [one["Name"] for one in written["Queues"]] == before
    assert names(broker) == []
