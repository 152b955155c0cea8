"""Other inputs from one: bytes changed, cut, doubled, and words of the parser put in."""

from collections.abc import Callable, Sequence
from random import Random

MAX_BYTES = 4096
_EDGES = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)


def mutated(data: bytes, others: Sequence[bytes], words: Sequence[bytes], random: Random) -> bytes:
    """An input that resembles another.

    Args:
        data: Where it begins.
        others: Inputs of the same target, of which a piece may be taken.
        words: What means something to the parser.
        random: Where every choice comes from.
    """
    for _ in range(1 << random.randrange(4)):
        change = random.choice(_CHANGES)
        data = change(data, others, words, random)
    return data[:MAX_BYTES]


Change = Callable[[bytes, Sequence[bytes], Sequence[bytes], Random], bytes]


def _at(data: bytes, random: Random) -> int:
    return random.randrange(len(data) + 1)


def _span(data: bytes, random: Random) -> tuple[int, int]:
    start = _at(data, random)
    return start, min(start + 1 + int(random.expovariate(0.2)), len(data))


def _flip(data: bytes, _others: object, _words: object, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << random.randrange(8))]) + data[at + 1 :]


def _overwrite(data: bytes, _others: object, _words: object, random: Random) -> bytes:
    if not data:
        return data
    at = random.randrange(len(data))
    byte = random.choice(_EDGES) if random.random() < 0.5 else random.randrange(256)
    return data[:at] + bytes([byte]) + data[at + 1 :]


def _number(data: bytes, _others: object, _words: object, random: Random) -> bytes:
    size = random.choice((1, 2, 4, 8))
    value = random.choice((0, 1, 2, 255, 256, 2**15, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1))
    at = _at(data, random)
    return data[:at] + (value % 256**size).to_bytes(size, "big") + data[at + size :]


def _delete(data: bytes, _others: object, _words: object, random: Random) -> bytes:
    start, end = _span(data, random)
    return data[:start] + data[end:]


def _double(data: bytes, _others: object, _words: object, random: Random) -> bytes:
    start, end = _span(data, random)
    times = random.choice((2, 2, 3, 10, 100))
    return data[:start] + data[start:end] * times + data[end:]


def _cut(data: bytes, _others: object, _words: object, random: Random) -> bytes:
    return data[: _at(data, random)]


def _word(data: bytes, _others: object, words: Sequence[bytes], random: Random) -> bytes:
    if not words:
        return data
    start, end = _span(data, random)
    return data[:start] + random.choice(words) + data[end if random.random() < 0.5 else start :]


def _join(data: bytes, others: Sequence[bytes], _words: object, random: Random) -> bytes:
    if not others:
        return data
    other = random.choice(others)
    start, end = _span(other, random)
    at = _at(data, random)
    piece = other[start:end] if random.random() < 0.5 else other[start:]
    return data[:at] + piece + data[at if random.random() < 0.5 else at + len(piece) :]


_CHANGES: tuple[Change, ...] = (
    _flip, _overwrite, _overwrite, _number, _delete, _double, _cut, _word, _word, _join, _join,
)  # fmt: skip
