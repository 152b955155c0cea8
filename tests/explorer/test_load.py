import pytest

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.explorer import Explorer

PATIENCE_SECONDS = 30


def test_a_sender_sends_at_its_rate_until_it_has_sent_enough(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    load = explorer.start_sender("orders", "tea", per_second=20, repeat=30)
    load.wait(PATIENCE_SECONDS)
    assert (load.total, load.is_running, load.failure) == (30, False, "")
    assert len(load.rows()) >= 2  # 30 at 20 a second take a second and a half
    assert max(row.messages for row in load.rows()) <= 21
    assert explorer.tree()["orders"].active == 30
    assert repr(load) == (
        "who          does             messages  state\n"
        "test sender  sends to orders  30        has ended"
    )


def test_a_receiver_thinks_and_completes(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.send("orders", "tea", repeat=5)
    load = explorer.start_receiver("orders", think_seconds=0.01, enough=5, called="kitchen")
    load.wait(PATIENCE_SECONDS)
    assert (load.total, load.name) == (5, "kitchen")
    assert explorer.tree()["orders"].active == 0


def test_a_load_is_stopped(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    sender = explorer.start_sender("orders", "tea", per_second=0.001)
    receiver = explorer.start_receiver("orders")
    assert explorer.loads() == [sender, receiver]
    assert not sender.stop().is_running
    assert not receiver.stop().is_running


def test_why_a_load_has_failed_is_told(explorer: Explorer) -> None:
    explorer.create_queue("orders")
    explorer.edit("orders", status="SendDisabled")
    load = explorer.start_sender("orders", "tea", repeat=1).wait(PATIENCE_SECONDS)
    assert "failed" in repr(load)
    assert "disabled" in load.failure.lower()


@pytest.mark.parametrize("rate", [0, -1, 1001, "fast", True])
def test_a_rate_is_a_number_of_messages_a_second(explorer: Explorer, rate: object) -> None:
    explorer.create_queue("orders")
    with pytest.raises(TutorialError, match="per_second says how many"):
        explorer.start_sender("orders", "tea", per_second=rate)  # type: ignore[arg-type]
    with pytest.raises(TutorialError, match="think_seconds says how long"):
        explorer.start_receiver("orders", think_seconds=-1)
    with pytest.raises(TutorialError, match="think_seconds says how long"):
        explorer.start_receiver("orders", think_seconds=float("nan"))


def test_a_receiver_that_would_fail_is_not_started(explorer: Explorer) -> None:
    explorer.create_queue("tables", requires_session=True)
    explorer.create_topic("news")
    with pytest.raises(TutorialError, match="'tables' has sessions"):
        explorer.start_receiver("tables")
    with pytest.raises(TutorialError, match="'news' is a topic"):
        explorer.start_receiver("news")
    assert not explorer.loads()
