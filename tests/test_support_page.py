"""SUPPORT.md says what the tests say, no more and no less."""

import subprocess
import sys

import pytest

from tests.support_claims import CLIENTS, Claim, claims
from tests.support_page import PAGE, ROOT, page

SENDING, LOCKS = "Sending and message properties", "Locks"


def test_page_is_what_the_tests_make_of_it() -> None:
    code = (
        "import sys; from tests.support_page import made; "
        "sys.stdout.reconfigure(encoding='utf-8', newline='\\n'); "
        "print(made(), end='')"
    )
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert made.returncode == 0, made.stderr
    said = "run `python -m tests.support_page`"
    assert made.stdout == PAGE.read_text(encoding="utf-8"), said


# -- What the tests claim ---------------------------------------------------------------------


@pytest.mark.feature(SENDING)
@pytest.mark.client("rhea", "Python")
def test_the_name_of_a_test_is_its_claim(request: pytest.FixtureRequest) -> None:
    claim = Claim(SENDING, "The name of a test is its claim", "", ("Python", "rhea"))
    assert claims([request.node]) == [claim]


@pytest.mark.feature(SENDING)
@pytest.mark.client("Python")
def test_sdk_and_azures_amqp_have_their_spelling(request: pytest.FixtureRequest) -> None:
    (claim,) = claims([request.node])
    assert claim.text == "SDK and Azure's AMQP have their spelling"


@pytest.mark.feature(SENDING)
@pytest.mark.client("Python")
def test_with_a_docstring(request: pytest.FixtureRequest) -> None:
    """The first line, `as it is`, is the claim.

    The rest is for those who read the test.
    """
    assert [claim.text for claim in claims([request.node])] == [
        "The first line, `as it is`, is the claim"
    ]


@pytest.mark.differs("Only here")
def test_a_difference_needs_no_feature_and_no_client(request: pytest.FixtureRequest) -> None:
    (claim,) = claims([request.node])
    assert (claim.feature, claim.clients, claim.difference) == ("", (), "Only here")


def test_without_a_feature_is_no_claim(request: pytest.FixtureRequest) -> None:
    with pytest.raises(ValueError, match="without_a_feature_is_no_claim has no pytest"):
        claims([request.node])


@pytest.mark.feature(SENDING)
def test_without_a_client_is_no_claim(request: pytest.FixtureRequest) -> None:
    with pytest.raises(ValueError, match="without_a_client_is_no_claim has no `flavour`"):
        claims([request.node])


@pytest.mark.feature("Sendign")
@pytest.mark.client("Pyhton")
@pytest.mark.differs("Onyl here")
def test_a_name_that_is_not_known_is_no_claim(request: pytest.FixtureRequest) -> None:
    with pytest.raises(ValueError, match="'Sendign'") as refusal:
        claims([request.node])
    assert "'Pyhton'" in str(refusal.value)
    assert "'Onyl here'" in str(refusal.value)


@pytest.mark.feature(SENDING)
@pytest.mark.client("Python")
def test_what_is_not_expected_to_pass_is_no_claim(request: pytest.FixtureRequest) -> None:
    assert claims([request.node])
    request.node.add_marker("skip")  # too late for this run
    with pytest.raises(ValueError, match="is not expected to pass"):
        claims([request.node])


# -- How the page shows it --------------------------------------------------------------------

CLAIMS = [
    Claim(LOCKS, "A lock holds", "", ("Python",)),
    Claim(SENDING, "A list arrives", "", ("Python", "uAMQP", "rhea")),
    Claim(SENDING, "A batch arrives", "Otherwise than on Azure", ("rhea",)),
    Claim("", "Time can be moved", "Only here", ()),
]


def test_a_claim_stands_below_its_feature_with_its_clients() -> None:
    text = page(CLAIMS)
    sending, locks = text.index(f"## {SENDING}\n"), text.index("## Locks\n")
    assert sending < text.index("| A list arrives | Python, uAMQP, rhea |") < locks
    assert text.index("| A lock holds | Python |") > locks


def test_what_most_clients_show_stands_first() -> None:
    text = page([Claim(LOCKS, "Few", "", ("rhea",)), Claim(LOCKS, "Many", "", ("rhea", "uAMQP"))])
    assert text.index("| Many |") < text.index("| Few |")


def test_differences_come_first() -> None:
    text = page(CLAIMS)
    differences = text[text.index("## What differs from Azure") : text.index("## At a glance")]
    assert differences.split("\n\n") == [
        "## What differs from Azure",
        "**Otherwise than on Azure**",
        "- A batch arrives.",
        "**Only here**",
        "- Time can be moved.",
        "",
    ]
    assert "Time can be moved" not in text.replace(differences, "")


def test_a_glance_counts_the_lines_of_each_column() -> None:
    text = page(CLAIMS)
    sending = "[Sending and message properties](#sending-and-message-properties)"
    assert f"| {sending} | 1 | – | – | – | 2 | – | – | – |\n" in text
    assert "| [Locks](#locks) | 1 | – | – | – | – | – | – | – |\n" in text


def test_every_client_is_explained() -> None:
    text = page(CLAIMS)
    for client in CLIENTS:
        assert f"\n| {client} | " in text
