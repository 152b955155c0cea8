"""What is saved in a lesson: its cells of code, what they say, and what they must not say."""

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode

# What a run on another machine, or on another day, would say differently.
PASSING = {
    "a path": r"/home/|/Users/|/root/|/tmp/|/var/folders/|\b[A-Z]:\\|\b(?:site|dist)-packages\b",
    "a port": r"(?:\b127\.0\.0\.1|\blocalhost|\[::1\]):\d+|\bport:? \d{4,5}\b",
    "a process": r"\bpid:? \d+\b",
    "an id": r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b|\b[0-9a-f]{32}\b",
    "a random name": r"\bexercise-[0-9a-f]{8}\b",
    "a place in memory": r"\b0x[0-9a-fA-F]{6,}\b",
    "a key": r"\bSharedAccessKey=[^….]|\b[A-Za-z0-9+/]{43}=",
    "a date": r"\b20\d\d-[01]\d-[0-3]\d\b|\bdatetime\.datetime\(",
    # 0:00:30 is a stretch of time, 14:05:09 and 14:05 are not.
    "a time of day": r"(?<![\d:])\d\d:\d\d(?::\d\d)?(?![\d:])",
}
# In base64 anything can stand by chance.
PICTURE_IN_HTML = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")
_DRAWS = re.compile(r"\.plot\(")


def code_cells(lesson: Path) -> list[NotebookNode]:
    """The cells of code, in order."""
    notebook = nbformat.read(lesson, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def text_of(cell: NotebookNode) -> str:
    """All that can be read in a cell's outputs."""
    return "\n".join(_texts(cell))


def passing_things(text: str) -> list[str]:
    """What of a text another run would say differently, each with what it is."""
    return [
        f"{kind}: {found[0]}"
        for kind, pattern in PASSING.items()
        if (found := re.search(pattern, text))
    ]


def lacks_picture(cell: NotebookNode) -> bool:
    """Whether a cell draws something and no picture is saved with it."""
    pictures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
    return bool(_DRAWS.search(cell.source)) and not pictures


def _texts(cell: NotebookNode) -> Iterator[str]:
    """All but the pictures."""
    for output in cell.outputs:
        yield from output.get("traceback", ())
        yield output.get("text", "") + output.get("evalue", "")
        for kind, content in output.get("data", {}).items():
            if kind.startswith("text/") or kind.endswith("+xml"):
                yield PICTURE_IN_HTML.sub("", content)
