from sbtutorial.trace import Event
from sbtutorial.views.live.history import told


def test_a_fault_is_told_with_whom_it_struck() -> None:
    struck = Event(1, 0.0, "fault", "orders", who="cashier", detail="connection cut")
    assert told(struck) == "a fault struck cashier: connection cut"


def test_a_fault_that_struck_nobody_by_name_is_told_as_it_is() -> None:
    assert told(Event(1, 0.0, "fault", "shop", detail="outage of 5 s")) == "a fault: outage of 5 s"
