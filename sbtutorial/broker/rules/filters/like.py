"""LIKE: a text against a pattern, in a time that no pattern can make explode.

A pattern is cut at its `%` into pieces of fixed length. The first piece must be at the start, the
last at the end, and each one between is taken where it first occurs, which never costs a match.
A piece with `_` in it is looked for at all places of the text at once, one bit for each place.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache

MAX_PATTERN_CHARS = 1024  # as long as a filter; what comes from a property can be longer

# So many places of a text are tried one by one before all of them are tried at once.
_FEW_PLACES = 32


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
    middle = [piece for piece in middle if piece.length]
    fewest = sum(piece.length for piece in pieces)
    alphabet = frozenset().union(*(piece.alphabet for piece in middle))

    def is_like(text: str) -> bool:
        if len(text) < fewest or not first.is_at(text, 0):
            return False
        start_of_last = len(text) - last.length
        if not last.is_at(text, start_of_last):
            return False
        position = first.length
        places = _Places(text, alphabet)
        for piece in middle:
            position = piece.find_end(text, position, places)
            if position < 0:
                return False
        return start_of_last >= position

    return is_like


class _Places:
    """Where the characters of a pattern stand in a text; found out when it is first asked for."""

    def __init__(self, text: str, alphabet: frozenset[str]):
        self._text = text
        self._alphabet = alphabet
        self._bits: dict[str, int] | None = None

    def of(self, character: str) -> int:
        """All places of a character: bit i for place i."""
        if self._bits is None:
            self._bits = dict(self._look())
        return self._bits.get(character, 0)

    def _look(self) -> Iterator[tuple[str, int]]:
        standing: dict[str, list[int]] = {character: [] for character in self._alphabet}
        for place, character in enumerate(self._text):
            if character in standing:
                standing[character].append(place)
        size = len(self._text) // 8 + 1
        for character, there in standing.items():
            bits = bytearray(size)
            for place in there:
                bits[place >> 3] |= 1 << (place & 7)
            yield character, int.from_bytes(bits, "little")


class _Piece:
    """Characters in a row, some of them any.

    Attributes:
        length: In characters.
        alphabet: Those that are given.
    """

    def __init__(self, atoms: list[str | None]):
        self.length = len(atoms)
        self.alphabet = frozenset(filter(None, atoms))
        self._runs = list(_runs(atoms))
        # One run that fills the piece can be looked for as it is.
        self._is_plain = not self.length or self._runs == [(0, "".join(filter(None, atoms)))]
        self._offset, self._longest = max(self._runs, key=lambda run: len(run[1]), default=(0, ""))

    def is_at(self, text: str, position: int) -> bool:
        """Whether the piece fits the text there; the text is long enough."""
        return all(text.startswith(run, position + offset) for offset, run in self._runs)

    def is_all_of(self, text: str) -> bool:
        return len(text) == self.length and self.is_at(text, 0)

    def find_end(self, text: str, position: int, places: _Places) -> int:
        """Where the first occurrence from `position` on ends; -1 without one."""
        if self._is_plain and self._runs:
            found = text.find(self._longest, position)
        else:
            found = self._find(text, position, places)
        return -1 if found < 0 else found + self.length

    def _find(self, text: str, position: int, places: _Places) -> int:
        last = len(text) - self.length
        if not self._runs:
            return position if position <= last else -1
        for _ in range(_FEW_PLACES):
            position = text.find(self._longest, position + self._offset) - self._offset
            if not 0 <= position <= last:
                return -1
            if self.is_at(text, position):
                return position
            position += 1
        return self._find_at_once(text, position, places)

    def _find_at_once(self, text: str, position: int, places: _Places) -> int:
        """In a time that grows with the text, and is small for each character of the piece."""
        last = len(text) - self.length
        candidates = ((1 << (last + 1)) - 1) >> position << position if position <= last else 0
        for offset, run in self._runs:
            for place, character in enumerate(run, offset):
                candidates &= places.of(character) >> place
                if not candidates:
                    return -1
        return (candidates & -candidates).bit_length() - 1


def _runs(atoms: list[str | None]) -> Iterator[tuple[int, str]]:
    """The runs of given characters in a piece, each with its offset."""
    start, run = 0, ""
    for place, atom in enumerate([*atoms, None]):
        if atom is not None:
            start, run = (start, run + atom) if run else (place, atom)
        elif run:
            yield start, run
            run = ""


def _cut(pattern: str, escape: str | None) -> Iterator[list[str | None]]:
    """The pieces between `%`: their characters, None for any."""
    piece: list[str | None] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            literal = next(characters, None)
            if literal is None:
                raise ValueError(f"The LIKE pattern '{pattern}' ends with its escape character.")
            piece.append(literal)
        elif character == "%":
            yield piece
            piece = []
        else:
            piece.append(None if character == "_" else character)
    yield piece
