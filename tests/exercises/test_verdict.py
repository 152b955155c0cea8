"""Verdicts as text, and as HTML."""

from sbtutorial.exercises.verdict import Solution, Verdict

SOLUTION = Solution("send.batch", "It is full, it is sent.", "def send_all(sender):\n    send()")


def test_verdict_says_what_was_wanted_and_seen_and_gives_a_hint() -> None:
    verdict = Verdict("send.batch", False, "two of them\nand a half", "three orders", "Count them.")
    assert repr(verdict) == (
        "send.batch: not yet\n"
        "    wanted  three orders\n"
        "    seen    two of them\n"
        "            and a half\n"
        "    hint    Count them."
    )
    assert not verdict


def test_verdict_on_a_right_answer_says_what_was_seen_and_what_was_not_checked() -> None:
    verdict = Verdict("send.batch", True, "three orders", notes=("Not how.",))
    assert repr(verdict) == "send.batch: passed\n    seen    three orders\n    note    Not how."
    assert verdict


def test_long_sentence_of_a_verdict_continues_below_its_beginning() -> None:
    verdict = Verdict("send.batch", passed=False, seen="two", wanted="three " * 15)
    first, second, third, _ = repr(verdict).splitlines()
    assert first == "send.batch: not yet"
    assert second.startswith("    wanted  three three")
    assert third.startswith(" " * 12 + "three")
    assert len(second) <= 12 + 72


def test_verdict_has_what_was_wanted_and_what_was_seen_side_by_side() -> None:
    verdict = Verdict("send.batch", False, "two <b>", "three orders", "Count them.")
    html = verdict._repr_html_()
    wanted, seen, hint = (html.index(f">{name}</dt>") for name in ("wanted", "seen", "hint"))
    assert wanted < seen < html.index("</dl>") < hint
    assert "two &lt;b&gt;" in html


def test_verdict_on_a_further_try_has_a_second_hint_and_says_how_to_get_an_answer() -> None:
    verdict = Verdict(
        "send.batch", False, "two", "three", "Count.", second_hint="Add.", way_on="Look it up."
    )
    assert repr(verdict).endswith("hint    Count.\n    hint 2  Add.\n    else    Look it up.")
    assert "<dt" in verdict._repr_html_().partition("Add.")[0]


def test_verdict_with_an_answer_shows_it_as_it_is_to_be_typed() -> None:
    verdict = Verdict("send.batch", False, "two", "three", "Count.", solution=SOLUTION)
    assert repr(verdict).endswith(
        "    hint    Count.\n"
        "    answer  It is full, it is sent.\n"
        "\n"
        "            def send_all(sender):\n"
        "                send()"
    )
    html = verdict._repr_html_()
    assert '<details open=""><summary>An answer, explained</summary>' in html
    assert "<pre><code>def send_all(sender):\n    send()</code></pre>" in html


def test_answer_on_demand_is_an_explanation_and_the_code() -> None:
    assert repr(SOLUTION) == (
        "send.batch: an answer\n\nIt is full, it is sent.\n\ndef send_all(sender):\n    send()"
    )
    assert "<p>It is full, it is sent.</p><pre>" in SOLUTION._repr_html_()
    assert repr(Solution("send.batch", "", "pass")) == "send.batch: an answer\n\npass"


def test_code_in_a_hint_is_code_in_html_and_stands_between_backticks_in_text() -> None:
    verdict = Verdict("send.batch", False, "two", "three", "Begin with `for order in orders:`.")
    assert "Begin with <code>for order in orders:</code>." in verdict._repr_html_()
    assert repr(verdict).endswith("Begin with `for order in orders:`.")
