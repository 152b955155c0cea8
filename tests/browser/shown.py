"""What a page shows of a notebook that has run, and where that is not what is saved in it."""

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from typing import NamedTuple

from nbformat import NotebookNode

from tests.notebooks.refresh import PLANNED_ERROR_TAG

# Errors are shown so. What a program writes to stderr is, too; it has no place in a lesson either.
ERROR = "application/vnd.jupyter.stderr"
VIEW = "view"  # the Explorer, which says the same as its twin in another order, and more
_STREAM = "application/vnd.jupyter.{name}"
_STDOUT = _STREAM.format(name="stdout")
_PICTURE, _HTML = "image/png", "text/html"
# A live view is no output with a kind of its own; saved are its twins.
_LIVE = re.compile(r"\blab\.(?:predict|watch)\(")
_BEST_FIRST = (_HTML, _PICTURE, "text/plain")  # of what an output offers, what JupyterLab shows


class Output(NamedTuple):
    """One output on a page.

    Attributes:
        kind: How JupyterLab calls it: a MIME type; None for a live view.
        text: All its text, to the letter.
        pixels: How wide its picture is by itself; 0 if there is none, or none that can be drawn.
    """

    kind: str | None
    text: str = ""
    pixels: int = 0


class Cell(NamedTuple):
    """One code cell on a page: what stands before it, and what it has put out."""

    prompt: str
    outputs: tuple[Output, ...] = ()


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Those that a page shows with a prompt."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def is_planned(cell: NotebookNode) -> bool:
    """Whether a cell is to end in an error."""
    return PLANNED_ERROR_TAG in cell.metadata.get("tags", ())


def faults(notebook: NotebookNode, shown: Sequence[Cell]) -> list[str]:
    """Every difference, in words; none when a fresh run shows what is saved."""
    saved = code_cells(notebook)
    if len(saved) != len(shown):
        return [f"there are {len(shown)} code cells on the page, and {len(saved)} saved"]
    return [
        f"code cell {number}: {fault}"
        for number, (known, cell) in enumerate(zip(saved, shown, strict=True), 1)
        for fault in (
            *_of_run(known, cell, number),
            *_of_outputs(known, cell._replace(outputs=_joined(cell.outputs))),
        )
    ]


def _of_run(saved: NotebookNode, shown: Cell, number: int) -> Iterator[str]:
    if shown.prompt != f"[{number}]:":
        yield f"has not run in its turn: {shown.prompt!r} stands before it"
    errors = [output.text for output in shown.outputs if output.kind == ERROR]
    if errors and not is_planned(saved):
        yield f"an error that is not planned: {errors[0]}"
    if is_planned(saved) and not errors:
        yield "the planned error is not there"


def _joined(outputs: Sequence[Output]) -> tuple[Output, ...]:
    """Outputs as they read: what stood between two pieces of a stream, and is gone, parts nothing.

    A page keeps them apart where a bar has said for a while how long something takes.
    """
    whole: list[Output] = []
    for output in outputs:
        if whole and output.kind == whole[-1].kind == _STDOUT:
            whole[-1] = Output(_STDOUT, whole[-1].text + output.text)
        else:
            whole.append(output)
    return tuple(whole)


def _of_outputs(saved: NotebookNode, shown: Cell) -> Iterator[str]:
    kinds = [_kind(output) for output in saved.outputs]
    if _LIVE.search(saved.source) and len(kinds) == len(shown.outputs):
        yield from _of_views(saved, shown)
        return
    if kinds != [_HTML if one.kind == VIEW else one.kind for one in shown.outputs]:
        yield f"shows {[output.kind for output in shown.outputs]}, where {kinds} is saved"
        return
    for known, output in zip(saved.outputs, shown.outputs, strict=True):
        if _has_picture(known, output.kind) and not output.pixels:
            yield "a picture cannot be drawn"
        elif not _says(output, known):
            yield f"shows\n{output.text}\nwhere this is saved:\n{_text(known)}"


def _of_views(saved: NotebookNode, shown: Cell) -> Iterator[str]:
    """What a view shows: its twin has the same words in the same order, and the view has more."""
    for known, output in zip(saved.outputs, shown.outputs, strict=True):
        if not _stand_in_order(_pieces(known.data[_HTML]), output.text):
            yield f"shows\n{output.text}\nwhere this is saved:\n{_text(known)}"


def _kind(saved: NotebookNode) -> str:
    if saved.output_type == "error":
        return ERROR
    if saved.output_type == "stream":
        return _STREAM.format(name=saved.name)
    return next(kind for kind in _BEST_FIRST if kind in saved.data)


def _has_picture(saved: NotebookNode, kind: str | None) -> bool:
    return kind == _PICTURE or (kind == _HTML and "<img" in saved.data[_HTML])


def _says(shown: Output, saved: NotebookNode) -> bool:
    if shown.kind == VIEW:
        return True
    if shown.kind == ERROR:  # of which the lines of the reader's own are saved, without colours
        return _stand_in_order(saved.traceback, shown.text)
    return shown.text == _text(saved)


def _text(saved: NotebookNode) -> str:
    if saved.output_type == "error":
        return "\n".join(saved.traceback)
    if saved.output_type == "stream":
        return str(saved.text)
    kind = _kind(saved)
    if kind == _PICTURE:
        return ""
    return _content(saved.data[kind]) if kind == _HTML else str(saved.data[kind])


def _content(html: str) -> str:
    """The text of HTML as the page has it."""
    return "".join(_pieces(html))


def _pieces(html: str) -> list[str]:
    """The same, as it is divided by elements."""
    parts: list[str] = []
    reader = HTMLParser()
    reader.handle_data = parts.append  # type: ignore[method-assign]
    reader.feed(html)
    reader.close()
    return parts


def _stand_in_order(pieces: Sequence[str], text: str) -> bool:
    for piece in pieces:
        _, found, text = text.partition(piece)
        if not found:
            return False
    return True
