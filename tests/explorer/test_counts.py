"""The tree beside the three panes: what happens while its view is being made is not lost."""

from queue import Queue

from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.view.counts import Counts
from sbtutorial.explorer.view.plain import Plain
from sbtutorial.views.feed import Feed

SECONDS = 20


def test_what_happened_before_there_was_a_view_is_shown_once_there_is_one(
    explorer: Explorer,
) -> None:
    counts = Counts(explorer, tells_events=True)
    told: Queue[object] = Queue()
    stop = Feed.of(explorer.connection_string).listen(told.put)  # told after the counts were
    explorer.create_queue("orders")
    told.get(timeout=SECONDS)

    shown: Queue[Plain] = Queue()
    counts.start(shown.put)

    assert [node["name"] for node in shown.get(timeout=SECONDS)["nodes"]] == ["orders"]
    counts.close()
    stop()
