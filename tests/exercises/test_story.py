"""What a check tells while it runs."""

from sbtutorial.exercises.story import Story


def shown_of(tell: list[str], printed: str = "") -> str:
    shown: list[str] = []
    story = Story(shown.append)
    for step in tell:
        story.tell(step)
    story.print(printed)
    story.close()
    return "".join(shown)


def test_steps_are_one_line_that_grows() -> None:
    shown: list[str] = []
    story = Story(shown.append)
    story.tell("3 orders sent")
    assert shown == ["3 orders sent"]
    story.tell("killed at the tea")
    assert shown == ["3 orders sent", " · killed at the tea"]
    story.close()
    assert "".join(shown) == "3 orders sent · killed at the tea\n"
    assert story.steps == ["3 orders sent", "killed at the tea"]


def test_a_line_that_is_full_goes_on_in_the_next() -> None:
    lines = shown_of(["twenty characters ok"] * 7).splitlines()
    assert lines == [
        "twenty characters ok · twenty characters ok · twenty characters ok ·",
        "twenty characters ok · twenty characters ok · twenty characters ok ·",
        "twenty characters ok",
    ]


def test_what_the_answer_prints_stands_in_lines_of_its_own() -> None:
    shown: list[str] = []
    story = Story(shown.append)
    story.tell("started")
    for text in ("cof", "fee", "\n", "tea"):
        story.print(text)
    story.tell("returned")
    story.close()
    assert "".join(shown) == "started\n  │ coffee\n  │ tea\nreturned\n"


def test_of_what_the_answer_prints_nobody_gets_more_than_twenty_lines() -> None:
    lines = shown_of(["started"], "tea\n" * 10_000).splitlines()
    assert lines == ["started", *["  │ tea"] * 20, "  │ … and 9,980 more lines"]


def test_a_long_line_that_is_printed_is_cut_and_orders_to_terminals_are_not_obeyed() -> None:
    _, long, orders = shown_of(["started"], "x" * 10_000 + "\n\x1b[2J\r\n").splitlines()
    assert len(long) < 80
    assert "\x1b" not in orders


def test_nothing_is_told_when_all_is_over() -> None:
    shown: list[str] = []
    story = Story(shown.append)
    story.close()
    story.tell("late")
    story.print("later\n")
    story.close()
    assert shown == []
    assert story.steps == []


def test_without_steps_nothing_is_shown() -> None:
    assert shown_of([]) == ""
