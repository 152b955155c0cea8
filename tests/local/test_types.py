"""The public names as a strict type checker sees them, in a program that is not of this house."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sbtutorial

pytestmark = pytest.mark.timeout(600)  # the checker reads the whole package, beside other tests

ROOT = Path(__file__).parents[2]
RIGHT = """
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sbtutorial import Lab, LocalBroker, TutorialError, connect


def names(lab: Lab) -> list[str]:
    return [event.what for event in lab.events("orders")]


@pytest.fixture
def shop() -> Iterator[LocalBroker]:
    with LocalBroker(tier="premium", folder=Path("here"), runs_in="process") as broker:
        broker.create_queue("orders", lock_duration=timedelta(seconds=30), max_delivery_count=3)
        broker.create_topic("news", default_message_time_to_live=timedelta(hours=1))
        broker.create_subscription("news", "all", sql_filter="a > 3", requires_session=True)
        yield broker


def test_it(servicebus: LocalBroker) -> None:
    text: str = servicebus.connection_string
    servicebus.advance(timedelta(minutes=1))
    servicebus.faults.refuse_sends("server busy", times=2)
    who: str = servicebus.events("orders")[-1].who
    held: int = len(servicebus.show("orders").snapshot.messages)
    print(text, who, held, names(servicebus.lab))
    try:
        connect("shop", tier="Premium").fresh_queue("orders")
    except TutorialError as error:
        print(error)
"""
# A line that is wrong, and a word of what is said of it.
WRONG = {
    'LocalBroker(tier="premum")': "premum",
    'LocalBroker(runs_in="docker")': "docker",
    "LocalBroker(colour=1)": "colour",
    "LocalBroker(folder=3)": "folder",
    'broker.create_queue("orders", max_delivery_cont=3)': "max_delivery_cont",
    'broker.create_queue("orders", lock_duration=30)': "lock_duration",
    'broker.create_topic("news", requires_session=True)': "requires_session",
    'broker.create_subscription("news", "all", filter="a > 3")': "filter",
    'broker.advance("a minute")': "advance",
    "broker.events(3)": "events",
    "broker.evnts()": "evnts",
    "broker.events()[0].wat": "wat",
    'connect(tier="Premum")': "Premum",
    "sbtutorial.conect()": "conect",
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What mypy says of both programs, a line each; the second has one wrong line after another."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "right.py").write_text(RIGHT)
    beginning = "import sbtutorial\nfrom sbtutorial import LocalBroker, connect\n"
    beginning += "broker = LocalBroker()\n"
    (folder / "wrong.py").write_text(beginning + "".join(f"{line}\n" for line in WRONG))
    # A stranger has us installed: mypy reads what an installed package promises, not how it does
    # that. And nobody comes again to use what a cache would keep.
    options = ["--strict", "--no-error-summary", "--follow-imports=silent", "--cache-dir"]
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *options, os.devnull, "right.py", "wrong.py"],
        cwd=folder,
        env=os.environ | {"MYPYPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    return done.stdout.splitlines()


def test_a_program_that_uses_them_rightly_passes(said: list[str]) -> None:
    assert [line for line in said if line.startswith("right.py")] == []


@pytest.mark.parametrize("line", WRONG)
def test_what_is_mistyped_does_not_pass(said: list[str], line: str) -> None:
    number = 4 + [*WRONG].index(line)
    of_this_line = [one for one in said if one.startswith(f"wrong.py:{number}: error:")]
    assert any(WRONG[line] in one for one in of_this_line), said


def test_each_public_name_is_there_and_the_page_has_it() -> None:
    page = (ROOT / "sbtutorial/docs/testing.md").read_text("utf-8")
    (paragraph,) = re.findall(r"## What is public\n\n(.+?);", page, re.DOTALL)
    named = {name.removeprefix("sbtutorial.") for name in re.findall(r"`([\w.]+)`", paragraph)}
    assert named == {*sbtutorial.__all__} - {"__version__"}
    for name in sbtutorial.__all__:
        assert getattr(sbtutorial, name) is not None
