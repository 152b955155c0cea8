"""The one form in which a notebook is saved, whichever machine and editor ran it.

Runs that said the same save the same bytes, so that a change in a lesson's output is a change in
what it says.
"""

import re
from collections.abc import Sequence
from copy import deepcopy

from nbformat import NotebookNode

METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
_TIMING = "execution"
_WIDGET = "application/vnd.jupyter.widget-view+json"  # names a model that lived in the kernel
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_HEADING = "Traceback (most recent call last)"


def normal_form(notebook: NotebookNode) -> NotebookNode:
    """A notebook as if run once from top to bottom, without what differs from run to run.

    Cells are counted from 1, their timing is gone, text that was streamed in pieces is whole, and a
    traceback shows the lines of the reader's own cell and what went wrong.
    """
    notebook = deepcopy(notebook)
    notebook.metadata = NotebookNode(deepcopy(METADATA))
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code_cells, 1):
        cell.metadata.pop(_TIMING, None)
        cell.execution_count = number
        cell.outputs = _merged(cell.outputs)
        for output in cell.outputs:
            _normalise(output, number)
    return notebook


def _merged(outputs: Sequence[NotebookNode]) -> list[NotebookNode]:
    """Outputs with consecutive pieces of one stream put together."""
    merged: list[NotebookNode] = []
    for output in outputs:
        if merged and output.output_type == "stream" and output.name == merged[-1].get("name"):
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


def _normalise(output: NotebookNode, number: int) -> None:
    if output.output_type == "execute_result":
        output.execution_count = number
    if output.output_type == "error":
        output.traceback = _shortened(output.traceback)
    if _WIDGET in output.get("data", {}) and "text/plain" in output.data:
        del output.data[_WIDGET]


def _shortened(traceback: Sequence[str]) -> list[str]:
    """Of the error that ended the cell: its heading, the cell's own lines, and the last line."""
    parts = [_ANSI.sub("", part) for part in traceback]
    headings = [at for at, part in enumerate(parts) if _HEADING in part]
    if not headings:  # a syntax error, or a sentence for the learner: short as it is
        return parts
    heading, *frames, last = parts[headings[-1] :]
    return [heading, *(frame for frame in frames if frame.startswith("Cell In")), last]
