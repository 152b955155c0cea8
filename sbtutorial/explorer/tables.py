"""Tables with two faces: text for a terminal, plain HTML that reads well without any style."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from sbtutorial.text import one_line

_GAP = "  "
_LEFT = 'style="text-align: left"'  # JupyterLab has cells at the right, as for numbers
_SET_IN = 'style="text-align: left; padding-left: 0.5em"'  # as far as the text of its cells


class Table:
    """Rows under heads; columns in which nothing stands are left out.

    Args:
        caption: What it is a table of.
        heads: A word for each column.
        rows: As many cells each; None is an empty one.
        nothing: What to say when there are no rows.
    """

    def __init__(
        self, caption: str, heads: Sequence[str], rows: Iterable[Sequence[Any]], nothing: str = ""
    ) -> None:
        self.caption = caption
        self.nothing = nothing or f"{caption}: nothing"
        self.rows = [["" if cell is None else str(cell) for cell in row] for row in rows]
        used = [at for at, _ in enumerate(heads) if any(row[at] for row in self.rows)]
        self.heads = [heads[at] for at in used]
        self.rows = [[row[at] for at in used] for row in self.rows]

    def text(self) -> str:
        """Padded columns, each cell in one line."""
        if not self.rows:
            return self.nothing
        lines = [self.heads, *([one_line(cell) for cell in row] for row in self.rows)]
        widths = [max(len(line[at]) for line in lines) for at in range(len(self.heads))]
        return "\n".join(
            _GAP.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )

    def html(self) -> str:
        """A table with a caption and heads; nothing in it is cut."""
        if not self.rows:
            return words(self.nothing)
        heads = "".join(f'<th scope="col" {_LEFT}>{escape(head)}</th>' for head in self.heads)
        body = "".join(
            f"<tr>{''.join(f'<td {_LEFT}>{escape(cell)}</td>' for cell in row)}</tr>"
            for row in self.rows
        )
        return (
            f"<table><caption {_SET_IN}>{escape(self.caption)}</caption>"
            f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
        )


class Shown:
    """A result that shows itself as a table, with a sentence under it where there is one to say."""

    def table(self) -> Table:
        """What it is drawn from."""
        raise NotImplementedError

    def remark(self) -> str:
        """What else there is to say; "" for nothing."""
        return ""

    def __repr__(self) -> str:
        return "\n".join(filter(None, (self.table().text(), self.remark())))

    def _repr_html_(self) -> str:
        remark = words(self.remark()) if self.remark() else ""
        return self.table().html() + remark


def words(text: str) -> str:
    """A paragraph, beginning where the text of a table's cells does."""
    return f"<p {_SET_IN}>{escape(text)}</p>"
