"""`lab.explorer()`, as a notebook has it."""

import subprocess
import sys

import pytest

from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.view.widget import ExplorerView
from sbtutorial.lab.azure import AzureService
from sbtutorial.lab.lab import Lab

GONE = (
    "Endpoint=sb://127.0.0.1:9;SharedAccessKeyName=Root;SharedAccessKey=key;"
    "UseDevelopmentEmulator=true"
)


def test_it_says_in_text_what_there_is(lab: Lab) -> None:
    explorer = lab.explorer()
    explorer.create_queue("orders")
    assert "queue orders  0" in repr(explorer)
    assert "<li>queue orders: 0 active" in explorer._repr_html_()


def test_it_shows_itself_as_a_view_with_twins(lab: Lab) -> None:
    explorer = lab.explorer()
    explorer.create_queue("orders")
    bundle, _ = explorer._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/plain"] == repr(explorer)
    assert bundle["text/html"] == explorer._repr_html_()
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_a_broker_that_is_gone_is_told_of_in_a_sentence() -> None:
    lost = Lab(AzureService(parse_connection_string(GONE)))
    with pytest.raises(TutorialError, match="Nothing answers at the namespace's address"):
        lost.explorer()


def test_a_view_whose_broker_goes_says_so_and_raises_nothing() -> None:
    view = ExplorerView(Explorer(GONE), tells_events=False)
    assert "Nothing answers" in view.picture["trouble"]
    assert "Nothing answers" in view.text()
    assert "Nothing answers" in view.html()
    view.close()


def test_connecting_pays_for_nothing_of_it() -> None:
    code = "import sbtutorial, sys; print([n for n in sys.modules if 'explorer' in n])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
