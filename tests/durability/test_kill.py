"""A broker that is killed keeps its promises; and what would break them is noticed.

`python -m tests.durability.kill --kills 200` does the same at length.
"""

from pathlib import Path

import pytest

from sbtutorial.folders import HOME_VARIABLE
from tests.durability.kill import run
from tests.durability.ledger import Ledger

pytestmark = pytest.mark.sdk


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    monkeypatch.setenv(HOME_VARIABLE, str(home))
    return home


def test_a_broker_that_is_killed_keeps_its_promises(folder: Path) -> None:
    report = run(folder, kills=3, seed=1)
    assert report.broken == []
    assert min(report.counts[what] for what in ("accepted", "received", "completed")) > 0


@pytest.mark.parametrize(
    ("defect", "promise", "kills"),
    [
        ("acknowledges-early", "message", 30),
        ("forgets-completions", "completion", 30),
        ("forgets-locks", "lock", 30),
        ("forgets-noted", "message", 30),
    ],
)
def test_a_broker_with_a_defect_is_found_out(
    defect: str, promise: str, kills: int, folder: Path
) -> None:
    report = run(folder, kills, seed=1, defect=defect)
    assert [one for one in report.broken if one.startswith(f"{promise}: ")]


# -- The ledger by itself: what a short run may not come upon --------------------------------------


def test_a_session_that_leaves_its_order_is_noticed() -> None:
    ledger = Ledger()
    ledger.received_in_session("1", number=5, place=2)
    ledger.received_in_session("1", number=6, place=1)
    assert ledger.broken == ["order: session 1 gave out its message 1 behind 2"]


def test_a_session_that_skips_a_message_is_noticed() -> None:
    ledger = Ledger()
    for place in (1, 2):
        ledger.accepted("tables", f"1-{place}")
    ledger.received_in_session("1", number=6, place=2)
    assert ledger.broken == ["order: session 1 gave out its message 2 before [1]"]


def test_a_number_that_two_messages_have_is_noticed() -> None:
    ledger = Ledger()
    for own_id in ("a", "b"):
        ledger.received("orders", 1, own_id, locked_until=0.0)
    assert ledger.broken == ["number: orders 1 is a and b"]


def test_a_completed_message_that_is_handed_out_again_is_noticed() -> None:
    ledger = Ledger()
    ledger.completed("orders", 1, "a")
    ledger.received("orders", 1, "a", locked_until=0.0)
    assert ledger.broken == ["completion: orders 1 (a) was handed out again"]


def test_what_nobody_was_promised_is_no_breach() -> None:
    ledger = Ledger()
    ledger.accepted("orders", "tried")
    ledger.completing("orders", "tried")  # the answer never came
    ledger.accepted("orders", "left")
    ledger.settle_up("orders", {2: "left", 3: "sent twice"})
    assert ledger.broken == []
