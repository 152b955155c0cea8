"""`lab.watch`: a live view of a queue beside the notebook; its buttons are lines of Python."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sbtutorial.errors import TutorialError
from sbtutorial.lab import fault_lines, message_detail, watch_programs
from sbtutorial.lab.running_cell import is_in_notebook
from sbtutorial.lab.service import Service
from sbtutorial.lab.watch_programs import Target
from sbtutorial.views.live.cast import Actor
from sbtutorial.views.live.watcher import Watcher
from sbtutorial.workers import stage
from sbtutorial.workers.record import Ending

if TYPE_CHECKING:
    from sbtutorial.views.live.widget import QueueView

Plain = dict[str, Any]

# What the lab does by itself. The rest goes through the SDK, which tries for long what is in vain.
_PROMPT = {"advance", "deadline", "expire", "kill", "drop_ack", "take_back", "cut"}


class Watch:
    """A queue that is watched; as text, how it stands.

    Args:
        service: Whose queue it is.
        name: The queue, or "topic/subscription".
        names: What lines of Python that buttons stand for find, beside the workers: `lab`.

    Raises:
        TutorialError: There is no such queue or subscription, or the broker is gone.
    """

    def __init__(self, service: Service, name: str, names: Mapping[str, object]) -> None:
        self._service = service
        self._names = names
        path = service.snapshot(name).name
        self._watcher = Watcher(service.connection_string, path, _cast, fault_lines.tell)
        self._is_shown = False

    def __repr__(self) -> str:
        return self._watcher.text()

    def _repr_html_(self) -> str:
        return self._watcher.html()

    def _ipython_display_(self) -> None:
        """As a cell's last line it has been shown already; later on its twins are shown."""
        from IPython.display import display

        if not self._is_shown:
            twins = {"text/plain": repr(self), "text/html": self._repr_html_()}
            display(twins, raw=True)  # type: ignore[no-untyped-call]
        self._is_shown = False

    def show(self, beside: bool) -> None:
        """Open the view, in the place of one that is there already; outside notebooks nothing."""
        if not is_in_notebook():
            self._watcher.close()
            return
        view = self.view("asks" if beside else "cell")
        if not beside:
            view.settle()
        _Placement(view).display()
        self._is_shown = True

    def view(self, place: str) -> "QueueView":
        """It as a widget, which is to take the place of an earlier one; its buttons do their work.

        Args:
            place: As `QueueView` has it.
        """
        from sbtutorial.views.live.widget import QueueView

        view = QueueView(self._watcher, place=place)
        view.take_place(f"watch {self._service.connection_string} {self._watcher.path}")
        for request, handler in self.handlers.items():
            have_done = view.on_prompt_request if request in _PROMPT else view.on_request
            have_done(request, handler)
        view.on_close(stage.watch(self._watcher.stir))
        return view

    # --- what the buttons do ---------------------------------------------------------------------

    @property
    def handlers(self) -> Mapping[str, Callable[[Plain], Plain]]:
        """What is done at each request of the page, by its name."""
        return {
            "open": self._open,
            "send": self._button(
                lambda asked: watch_programs.send(
                    self._target(), str(asked.get("body", "")), str(asked.get("session") or "")
                )
            ),
            "receive": self._button(lambda _asked: watch_programs.receive(self._target())),
            "advance": self._button(lambda asked: watch_programs.advance(float(asked["seconds"]))),
            "deadline": self._button(
                lambda _asked: watch_programs.to_next_deadline(self._watcher.look_closely())
            ),
            "expire": self._button(self._expire),
            "kill": self._button(lambda asked: watch_programs.kill(_worker(asked["name"]))),
            "resubmit": self._button(
                lambda asked: watch_programs.resubmit(self._target(), int(asked["number"]))
            ),
            "drop_ack": self._button(
                lambda _asked: watch_programs.drop_ack(self._watcher.snapshot)
            ),
            "take_back": self._button(lambda asked: watch_programs.take_back(int(asked["number"]))),
            "cut": self._button(lambda asked: watch_programs.cut(str(asked.get("who") or ""))),
            "purge": self._button(lambda _asked: watch_programs.purge(self._target())),
        }

    def _button(self, program: Callable[[Plain], str]) -> Callable[[Plain], Plain]:
        def press(asked: Plain) -> Plain:
            lines = program(asked)
            names = {**self._names, **{one.name: one for one in stage.workers()}}
            return {"program": lines, "printed": watch_programs.run(lines, names)}

        return press

    def _expire(self, asked: Plain) -> str:
        snapshot = self._watcher.look_closely()
        if "session" in asked:
            return watch_programs.expire_session(snapshot, str(asked["session"]))
        return watch_programs.expire(snapshot, int(asked["number"]))

    def _target(self) -> Target:
        """Where to send and receive; what is gone says so here at once, and the SDK after long."""
        return Target.of(self._watcher.look_closely())

    def _open(self, asked: Plain) -> Plain:
        target = self._target()
        number, is_dead = int(asked["number"]), asked.get("state") == "dead"
        message = message_detail.peek(
            self._service.connection_string,
            target,
            number,
            is_dead=is_dead,
            session_id=asked.get("session") if target.has_sessions else None,
        )
        events = [
            event
            for event in self._service.events(self._watcher.path)
            if event.sequence_number == number
        ]
        spans = message_detail.life(events, self._service.now())
        return {"number": number, "life": spans, **message_detail.describe(message)}


class _Placement:
    """Where a view stands: in the cell, until the page says that there is room beside it."""

    def __init__(self, view: "QueueView") -> None:
        self._view = view
        self._handle: Any = None
        self._at_end: Mapping[str, str] | None = None  # the twins, once the cell has ended
        view.on_request("beside", lambda _asked: self._move_beside())

    def display(self) -> None:
        from IPython import get_ipython
        from IPython.display import display

        self._handle = display(self._view, display_id=True)  # type: ignore[no-untyped-call]
        events = get_ipython().events

        def when_ended(_result: object) -> None:
            events.unregister("post_run_cell", when_ended)
            self._at_end = self._twins()
            if self._view.place == "beside":
                self._handle.update(self._at_end, raw=True)

        events.register("post_run_cell", when_ended)

    def _move_beside(self) -> Plain:
        from sbtutorial.views.beside import open_beside

        view = self._view
        view.place = "beside"
        open_beside(view, view.watcher.snapshot.name)
        # The page may ask while later cells run: what the cell keeps is how it was at its own end.
        self._handle.update(self._at_end or self._twins(), raw=True)
        return {}

    def _twins(self) -> Mapping[str, str]:
        """What is to be saved with the cell: how things are now."""
        view = self._view
        view.watcher.look()
        return {"text/plain": view.text(), "text/html": view.watcher.folded()}


def _cast() -> list[Actor]:
    """The workers of this notebook, as a view shows them."""
    actors = []
    for worker in stage.workers():
        outcome = worker.outcome
        actors.append(
            Actor(
                worker.name,
                is_alive=worker.running,
                checkpoint=worker.passed[-1] if worker.passed else "",
                ending="" if outcome is None else outcome.sentence.partition("\n")[0],
                is_finished=outcome is not None and outcome.ending is Ending.FINISHED,
            )
        )
    return actors


def _worker(name: object) -> str:
    """The name of a worker that there is.

    Raises:
        TutorialError: There is none of that name.
    """
    if not any(worker.name == name for worker in stage.workers()):
        raise TutorialError(f"There is no worker {name!r}.")
    return str(name)
