import json

from sbtutorial.snapshot import (
    DEAD,
    READY,
    STATES,
    MessageSnapshot,
    QueueSnapshot,
)


def test_a_snapshot_goes_through_json_and_comes_back_equal() -> None:
    messages = (
        MessageSnapshot(1, READY, "coffee", message_id="m", expires_at=12.5),
        MessageSnapshot(2, DEAD, None, delivery_count=10, dead_letter_reason="why"),
    )
    snapshot = QueueSnapshot("orders", 1.5, {READY: 1, DEAD: 1}, messages)

    assert QueueSnapshot.from_plain(json.loads(json.dumps(snapshot.to_plain()))) == snapshot


def test_a_field_can_be_had_by_its_name() -> None:
    snapshot = QueueSnapshot("orders", 1.5, {READY: 1}, (MessageSnapshot(1, READY, "tea"),))

    assert snapshot["counts"][READY] == 1
    assert snapshot["messages"][0]["text"] == "tea"


def test_each_state_is_named_once() -> None:
    assert len(set(STATES)) == len(STATES)
