from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.notebooks.normal_form import normal_form


def saved(*outputs: NotebookNode, **cell) -> NotebookNode:
    """The one cell of a notebook as it is saved."""
    notebook = new_notebook(cells=[new_code_cell("…", outputs=list(outputs), **cell)])
    return normal_form(notebook).cells[0]


def stream(text: str, name: str = "stdout") -> NotebookNode:
    return new_output("stream", name=name, text=text)


def error(*traceback: str) -> NotebookNode:
    return new_output("error", ename="ValueError", evalue="no", traceback=list(traceback))


def test_cells_and_their_results_are_counted_from_one():
    cell = saved(new_output("execute_result", execution_count=7), execution_count=7)
    assert (cell.execution_count, cell.outputs[0].execution_count) == (1, 1)


def test_a_stream_that_came_in_pieces_is_whole():
    outputs = saved(stream("a\n"), stream("b\n"), stream("c\n", "stderr"), stream("d\n")).outputs
    assert [output.text for output in outputs] == ["a\nb\n", "c\n", "d\n"]


def test_timing_is_dropped_and_tags_stay():
    cell = saved(metadata={"execution": {"iopub.status.busy": "…"}, "tags": ["x"]})
    assert cell.metadata == {"tags": ["x"]}


def test_a_traceback_keeps_the_cells_own_lines_and_the_last():
    heading = "\x1b[31mValueError\x1b[39m     Traceback (most recent call last)"
    own, inner = "Cell In[3], line 1\n----> 1 f()", "File /home/ann/x.py:3, in f()"
    (output,) = saved(error("----", heading, own, inner, "\x1b[31mValueError\x1b[39m: no")).outputs
    assert output.traceback == [heading[5:15] + heading[20:], own, "ValueError: no"]


def test_of_chained_errors_only_the_last_is_told():
    first = ["KeyError  Traceback (most recent call last)", "Cell In[3], line 1", "KeyError: 1"]
    last = ["ValueError  Traceback (most recent call last)", "Cell In[3], line 3", "ValueError: no"]
    (output,) = saved(error("---", *first, "During handling …", "---", *last)).outputs
    assert output.traceback == last


def test_a_sentence_for_the_learner_stays_as_it_is():
    (output,) = saved(error("Run the first cell first.")).outputs
    assert output.traceback == ["Run the first cell first."]


def test_a_widget_leaves_its_text():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1f"}, "text/plain": "orders"}
    (output,) = saved(new_output("display_data", data=view)).outputs
    assert output.data == {"text/plain": "orders"}


def test_what_is_normal_stays_as_it_is():
    notebook = new_notebook(cells=[new_code_cell("…", outputs=[stream("a"), error("x")])])
    once = normal_form(notebook)
    assert normal_form(once) == once
