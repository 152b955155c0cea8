import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbtutorial.broker.rules.filters.like import MAX_PATTERN_CHARS, compile_like


@pytest.mark.parametrize(
    ("pattern", "alike", "unlike"),
    [
        ("abc", ["abc"], ["ab", "abcd", "ABC", ""]),
        ("a%", ["a", "abc", "a\nb"], ["", "ba", "A"]),
        ("%a", ["a", "ba", "aa"], ["ab", ""]),
        ("%bus%", ["bus", "a bus ride"], ["bu s", "BUS"]),
        ("a%b%c", ["abc", "a-b-c", "abbcc"], ["acb", "ab"]),
        ("a%a", ["aa", "aba"], ["a"]),
        ("_", ["a", "\n", "😀"], ["", "ab"]),
        ("a_c%", ["abc", "a.cd"], ["ac", "abd"]),
        ("", [""], ["a"]),
        ("%", ["", "anything"], []),
        ("%%_%%", ["a", "abc"], [""]),
        ("a.c", ["a.c"], ["abc"]),
        ("[ab]", ["[ab]"], ["a"]),
        (r"a\%", [r"a\x", "a\\"], ["a%x"]),
    ],
)
def test_pattern(pattern: str, alike: list[str], unlike: list[str]) -> None:
    is_like = compile_like(pattern)
    assert [text for text in alike + unlike if is_like(text)] == alike


@pytest.mark.parametrize(
    ("pattern", "escape", "alike", "unlike"),
    [
        (r"ABC\%", "\\", ["ABC%"], ["ABCD", "ABC\\%"]),
        ("a!_b", "!", ["a_b"], ["axb"]),
        ("a!!b", "!", ["a!b"], ["a!!b"]),
        ("a!b", "!", ["ab"], ["a!b"]),
        ("%%a", "%", ["%a"], ["xa"]),
    ],
)
def test_escaped_character_stands_for_itself(
    pattern: str, escape: str, alike: list[str], unlike: list[str]
) -> None:
    is_like = compile_like(pattern, escape)
    assert [text for text in alike + unlike if is_like(text)] == alike


@pytest.mark.parametrize(
    ("pattern", "escape", "problem"),
    [
        ("a", "", "'' has 0"),
        ("a", "ab", "'ab' has 2"),
        ("a!", "!", "ends with its escape"),
        ("a" * (MAX_PATTERN_CHARS + 1), None, "1025 characters"),
    ],
)
def test_pattern_that_means_nothing_is_refused(
    pattern: str, escape: str | None, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        compile_like(pattern, escape)


def naive(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(naive(text[start:], pattern[1:]) for start in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and naive(text[1:], pattern[1:])


@given(st.text("ab.%_", max_size=8), st.text("ab.%_\n", max_size=8))
def test_like_agrees_with_the_obvious_definition(pattern: str, text: str) -> None:
    assert compile_like(pattern)(text) == naive(text, pattern)


@given(st.text(max_size=20))
def test_every_text_is_like_itself_escaped(text: str) -> None:
    pattern = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    assert compile_like(pattern, "!")(text)
    assert not compile_like(pattern, "!")(text + "x")


@pytest.mark.timeout(20)
def test_hostile_pattern_takes_no_longer_than_its_length_times_the_texts() -> None:
    """A translation to `.*a.*a.*a...` would not end before the universe does."""
    assert not compile_like("%a" * 500 + "%b")("a" * 32_768)


@given(
    st.text("ab_", max_size=6),
    st.text("ab", min_size=40, max_size=120),
    st.text("ab%_", max_size=5),
)
def test_piece_with_gaps_is_found_in_a_long_text_as_in_a_short_one(
    piece: str, text: str, rest: str
) -> None:
    pattern = f"%{piece}_{piece}%{rest}"
    expected = re.fullmatch(pattern.replace("%", ".*").replace("_", "."), text) is not None
    assert compile_like(pattern)(text) == expected


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("%" + "a_" * 500 + "b%", "a"),
        ("%" + "a" * 500 + "_b%", "a"),
        ("%" + "ab_" * 300 + "c%", "ab"),
        ("%" + "a" * 1000 + "b%", "a"),
        ("%a_a_b%" * 140, "aa"),
    ],
)
@pytest.mark.timeout(20)
def test_long_text_that_is_nearly_like_the_pattern_is_decided(pattern: str, letters: str) -> None:
    """Each letter of the pattern tried at each place of the text would take minutes."""
    assert not compile_like(pattern)(letters * (640_000 // len(letters)))


def test_text_of_many_letters_needs_little_memory() -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
    tracemalloc.start()
    assert not compile_like("%" + "一" + "_" * 5 + "丁%" + "a_b%")(text * 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
