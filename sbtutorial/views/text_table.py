"""A table as lines of text: columns as wide as they need to be."""

from collections.abc import Iterable, Iterator, Sequence

_GAP = "  "


def table(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A line for each row; rows have equally many cells."""
    written = [*rows]
    widths = [max(map(len, column)) for column in zip(*written, strict=True)]
    for row in written:
        cells = (f"{cell:{width}}" for cell, width in zip(row, widths, strict=True))
        yield _GAP.join(cells).rstrip()
