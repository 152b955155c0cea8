"""LIKE: a text against a pattern, in a time that no pattern can make explode.

A pattern is cut at its `%` into pieces of fixed length. The first piece must be at the start, the
last at the end, and each one between is taken where it first occurs, which never costs a match.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

MAX_PATTERN_CHARS = 1024  # as long as a filter; what comes from a property can be longer

_ANY = "."


@lru_cache(maxsize=256)  # a pattern that comes from a property is met again and again
def compile_like(pattern: str, escape: str | None = None) -> Callable[[str], bool]:
    """A function that says whether a text is like the pattern, in case-sensitive letters.

    Args:
        pattern: `%` stands for any run of characters, `_` for any one.
        escape: The character that makes the next one stand for itself.

    Raises:
        ValueError: With a sentence, for an escape that is not one character or escapes nothing, and
            for a pattern that is too long.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        raise ValueError(
            f"A LIKE pattern has {len(pattern)} characters; {MAX_PATTERN_CHARS} are allowed."
        )
    if escape is not None and len(escape) != 1:
        raise ValueError(f"ESCAPE takes one character, and '{escape}' has {len(escape)}.")
    pieces = [_Piece(atoms) for atoms in _cut(pattern, escape)]
    if len(pieces) == 1:
        return pieces[0].is_all_of
    first, *middle, last = pieces

    def is_like(text: str) -> bool:
        if not first.is_at(text, 0):
            return False
        position = first.length
        for piece in middle:
            position = piece.find_end(text, position)
            if position < 0:
                return False
        start = len(text) - last.length
        return start >= position and last.is_at(text, start)

    return is_like


class _Piece:
    """Characters in a row, some of them any."""

    def __init__(self, atoms: list[str]):
        self.length = len(atoms)
        self._expression = re.compile("".join(atoms), re.DOTALL)

    def is_at(self, text: str, position: int) -> bool:
        return self._expression.match(text, position) is not None

    def is_all_of(self, text: str) -> bool:
        return self._expression.fullmatch(text) is not None

    def find_end(self, text: str, position: int) -> int:
        """Where the first occurrence ends; -1 without one."""
        found = self._expression.search(text, position)
        return found.end() if found else -1


def _cut(pattern: str, escape: str | None) -> Iterator[list[str]]:
    piece: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            literal = next(characters, None)
            if literal is None:
                raise ValueError(f"The LIKE pattern '{pattern}' ends with its escape character.")
            piece.append(re.escape(literal))
        elif character == "%":
            yield piece
            piece = []
        else:
            piece.append(_ANY if character == "_" else re.escape(character))
    yield piece
