"""SUPPORT.md says what the tests say, no more and no less."""

import subprocess
import sys

import pytest

from tests.support_page import PAGE, ROOT, Claim, claims, page


def test_page_is_what_the_tests_make_of_it() -> None:
    code = "from tests.support_page import *; print(page(claims(collected())), end='')"
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    )
    said = "run `python -m tests.support_page`"
    assert made.stdout == PAGE.read_text(encoding="utf-8"), said


def test_claims_of_one_test_are_one_line_with_every_client(request: pytest.FixtureRequest) -> None:
    own = request.node
    assert claims([own, own]) == [
        Claim(
            "SUPPORT.md says what the tests say, no more and no less",
            "Claims of one test are one line with every client",
            ("Python",),
            False,
        )
    ]


def test_differences_have_a_section_of_their_own_at_the_end() -> None:
    text = page(
        [
            Claim("Topics", "Time can be moved", ("Python",), True),
            Claim("Queues", "A message goes there and back", ("Python", "JavaScript"), False),
        ]
    )
    assert text.index("## Queues") < text.index("## Different from Azure")
    assert "| A message goes there and back | Python, JavaScript |" in text
