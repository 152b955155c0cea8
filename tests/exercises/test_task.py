"""Exercises and verdicts as text."""

from sbtutorial.exercises.task import Task, Verdict


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


def test_folded_answer_is_the_reference_in_a_cell_of_markdown() -> None:
    task = Task(
        "send.one", "Send.", "def f():\n    ...", lambda workbench, answer: "", " pass\n", "", ""
    )
    assert task.folded_answer == (
        "<details><summary>Answer</summary>\n\n```python\npass\n```\n\n</details>"
    )
    assert task.topic == "send"


def test_long_sentence_of_a_verdict_continues_below_its_beginning() -> None:
    verdict = Verdict("send.batch", passed=False, seen="two", wanted="three " * 15)
    first, second, third, _ = repr(verdict).splitlines()
    assert first == "send.batch: not yet"
    assert second.startswith("    wanted  three three")
    assert third.startswith(" " * 12 + "three")
    assert len(second) <= 12 + 72
