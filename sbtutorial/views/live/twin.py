"""What a live view says where nothing moves: the same facts as text, and as bare HTML.

orders   ready   3 cake
         locked  2 tea   by cashier (gone), about 20 s left, delivery count 0
         dead    –
         done    1 completed
cashier  killed at checkpoint "working"
fault    the next send of orders: done, and not told  lab.faults.drop_next_ack("orders", of="send")
"""

from collections.abc import Iterator, Mapping, Sequence

from sbtutorial.snapshot import STATES, QueueSnapshot
from sbtutorial.views import queue_html
from sbtutorial.views.live.cast import Actor
from sbtutorial.views.live.history import GONE, History
from sbtutorial.views.live.picture import people
from sbtutorial.views.live.planned import ToldFault
from sbtutorial.views.markup import Markup, described, element
from sbtutorial.views.queue_text import draw

_GAP = "  "


def text(
    snapshot: QueueSnapshot,
    history: History,
    cast: Sequence[Actor],
    faults: Sequence[ToldFault] = (),
) -> str:
    """The facts, a line for each state, for everybody who took part, and for what is to fail."""
    done = [("done", _departed(history.gone))] if history.gone else []
    lines = draw(snapshot, *done).split("\n")
    lines += (f"{name}{_GAP}{words}" for name, words in _cast(snapshot, history, cast))
    lines += (f"fault{_GAP}{one.words}{_GAP}{one.line}" for one in faults)
    return "\n".join(lines)


def html(
    snapshot: QueueSnapshot,
    history: History,
    cast: Sequence[Actor],
    faults: Sequence[ToldFault] = (),
) -> str:
    """The facts as lists that need no style; everything in them is escaped."""
    return _facts(snapshot, history, cast, faults).text


def _facts(
    snapshot: QueueSnapshot,
    history: History,
    cast: Sequence[Actor],
    faults: Sequence[ToldFault],
) -> Markup:
    rows: list[tuple[str, Markup | str]] = []
    if history.gone:
        rows.append(("done", _departed(history.gone)))
    rows += _cast(snapshot, history, cast)
    rows += (
        ("fault", element("div", element("span", f"{one.words} "), element("code", one.line)))
        for one in faults
    )
    more = (described(rows),) if rows else ()
    return queue_html.write(snapshot, *more)


def folded(
    snapshot: QueueSnapshot,
    history: History,
    cast: Sequence[Actor],
    faults: Sequence[ToldFault] = (),
) -> str:
    """The same, folded under a line of counts: beside it, the live view shows it all."""
    counts = [f"{snapshot.counts[one]} {one}" for one in STATES if snapshot.counts.get(one)]
    line = f"{snapshot.name}, when this cell ended: {', '.join(counts) or 'empty'}"
    facts = _facts(snapshot, history, cast, faults)
    return element("details", element("summary", line), facts).text


def _departed(gone: Mapping[str, int]) -> str:
    return ", ".join(f"{gone[how]} {word}" for how, word in GONE.items() if gone.get(how))


def _cast(
    snapshot: QueueSnapshot, history: History, cast: Sequence[Actor]
) -> Iterator[tuple[str, str]]:
    """Everybody, and what is to be said of them; who is connected at an instant is chance."""
    for one in people(snapshot, history, cast):
        state = one["state"] if one["is_worker"] else ""
        yield one["name"], ", ".join(filter(None, (state, one["did"]))) or "connected"
