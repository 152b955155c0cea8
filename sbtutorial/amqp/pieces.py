"""A payload in pieces: very many bytes that are never joined.

A copy of a hundred megabytes takes longer than anybody should wait; a transfer needs one frame of
them at a time.
"""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate


class Pieces:
    """Bytes that lie in several places, of which slices are asked for.

    Args:
        pieces: In their order.
    """

    __slots__ = ("_ends", "_pieces")

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self._ends = list(accumulate(map(len, self._pieces)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, wanted: slice) -> bytes:
        """The bytes of a slice without a step, joined."""
        start, stop, _ = wanted.indices(len(self))
        index = bisect_right(self._ends, start)
        found = []
        while start < stop:
            piece, end = self._pieces[index], self._ends[index]
            begin = end - len(piece)
            found.append(piece[start - begin : stop - begin])
            start, index = end, index + 1
        return b"".join(found)


# What a transfer takes.
Payload = bytes | Pieces
