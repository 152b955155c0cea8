"""Exercises as plain data."""

from sbtutorial.exercises.task import Task


def test_what_is_written_indented_is_kept_as_it_stands_in_a_cell() -> None:
    task = Task(
        "send.one", "Send.", "def f():\n    ...", lambda workbench, answer: "", " pass\n", "", ""
    )
    assert task.reference == "pass"
    assert task.topic == "send"
