"""The till of the lessons: what consumers do to it is seen, by whom it was done and how often."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sbtutorial.folders import HOME_VARIABLE
from sbtutorial.lab import till as module
from sbtutorial.lab.till import Till
from sbtutorial.views.till_picture import Charged, TillPicture

CHARGE = "UPDATE account SET euros = euros + 3, last_order = ?"


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    till = Till("lesson")
    till.empty()
    yield till
    module._delete(Path(till.file))


def charge(till: Till, *orders: str) -> None:
    with closing(sqlite3.connect(till.file)) as consumer, consumer:
        for order in orders:
            consumer.execute(CHARGE, [order])


def test_an_empty_till_has_nothing_on_its_roll(till: Till) -> None:
    assert repr(till).split("\n") == ["till    0 euros", "roll    –", "notes   –"]


def test_what_is_charged_twice_is_said_in_words_and_red(till: Till) -> None:
    charge(till, "order-17", "order-18", "order-17")
    assert repr(till).split("\n") == [
        "till    9 euros",
        "roll    order-17  3 + 3 euros  ✗ charged twice",
        "        order-18  3 euros      charged once",
        "notes   –",
    ]
    html = till._repr_html_()
    assert html.count("background") == 1
    assert "✗ charged twice</strong>" in html


def test_notes_are_told(till: Till) -> None:
    with closing(sqlite3.connect(till.file)) as consumer, consumer:
        consumer.executemany("INSERT INTO charged VALUES (?)", [["order-17"], ["order-18"]])
    assert repr(till).endswith("notes   order-17, order-18")


def test_it_can_be_emptied_while_somebody_has_it_open(till: Till) -> None:
    with closing(sqlite3.connect(till.file)) as consumer:
        with consumer:
            consumer.execute(CHARGE, ["order-17"])
        till.empty()
        assert till.picture() == TillPicture(0, [], [])
        with consumer:
            consumer.execute(CHARGE, ["order-18"])
    assert till.picture().roll == [Charged("order-18", (3,))]


def test_of_a_transaction_that_was_cut_off_nothing_is_kept(till: Till) -> None:
    program = f"""
import os, sqlite3
till = sqlite3.connect({till.file!r})
till.execute("INSERT INTO charged VALUES ('order-17')")
till.execute({CHARGE!r}, ["order-17"])
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 9
    assert till.picture() == TillPicture(0, [], [])


def test_it_is_one_file_for_all_processes_and_gone_when_its_program_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    program = """
from sbtutorial.lab.till import Till
Till("lesson").empty()
print(Till("lesson").file)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.strip().endswith("lesson.till.db")
    assert not Path(run.stdout.strip()).exists()
    assert Path(Till("lesson").file) == Path(run.stdout.strip())


def test_a_charge_that_names_no_order_is_on_the_roll_too(till: Till) -> None:
    with closing(sqlite3.connect(till.file)) as consumer, consumer:
        consumer.execute("UPDATE account SET euros = euros + 3")
        consumer.execute("UPDATE account SET euros = euros + 3")
        consumer.execute("UPDATE account SET euros = euros + 3")
    (one,) = till.picture().roll
    assert (one.order, one.verdict) == ("an order", "✗ charged 3 times")


def test_what_stands_in_an_id_is_text(till: Till) -> None:
    charge(till, "<b>17</b>\n")
    assert "<b>17" not in till._repr_html_()
    assert len(repr(till).split("\n")) == 3
