"""Consumers as processes of their own, which a notebook starts, watches and kills for real.

A worker's process stands still at each checkpoint until the notebook lets it go on, so a kill at a
checkpoint happens exactly there. What is shown of a worker never depends on process ids, on the
operating system or on which thread was faster.
"""

import atexit
import keyword
import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

from sbtutorial.errors import TutorialError
from sbtutorial.workers import stage
from sbtutorial.workers.cell import compile_cell
from sbtutorial.workers.channel import WorkerChannel
from sbtutorial.workers.record import Ending, Outcome, Record, shown_line
from sbtutorial.workers.triggers import BrokerWatch, Moment, parse_moment

DEFAULT_TIMEOUT_SECONDS = 60.0
# It may still have to import the SDK, and so may everybody else's in the room: ninety programs that
# start at once on two cores take a minute and a half.
CHECKPOINT_TIMEOUT_SECONDS = 300.0
MAX_LINES = 20_000  # more than anyone reads, and less than what a browser chokes on
_LAST_WORDS_SECONDS = 5.0  # for what is in the pipe still, should a grandchild hold it open


class Worker:
    """A piece of code in a process of its own, which is the process to kill.

    Args:
        name: What its output is marked with; an identifier.
        source: The code. It finds `checkpoint` and `lab` defined.
        kill_at: A checkpoint at which to kill it: "working", or "working:3" for the third time.
        kill_on: A kind of event (`locked`, `completed`, …) at which to kill it, as soon as the
            broker reports one that no other worker has caused; "completed:3" for the third.
        connection_string: The broker that is its `lab`, and that tells the events.

    Raises:
        TutorialError: The name, or a moment to kill it, cannot be; or there is no code.
        SyntaxError: The code is no Python.
    """

    def __init__(
        self,
        name: str,
        source: str,
        *,
        kill_at: str | None = None,
        kill_on: str | None = None,
        connection_string: str | None = None,
    ) -> None:
        self.name = _require_name(name)
        self.connection_string = connection_string
        self.source = _require_code(name, source)
        self._kill_at = None if kill_at is None else parse_moment(kill_at)
        self._kill_on = None if kill_on is None else parse_moment(kill_on)
        self._watch: BrokerWatch | None = None
        self._channel: WorkerChannel | None = None
        self._record = Record()

    def __repr__(self) -> str:
        if self._channel is None:
            return f"{self.name} · not started"
        return str(self.outcome or f"{self.name} ▸ running")

    @property
    def running(self) -> bool:
        """Whether its process lives."""
        return self._channel is not None and not self._record.is_over

    @property
    def output(self) -> str:
        """What it has printed so far, as it printed it."""
        return "".join(f"{line}\n" for line in self._record.lines)

    @property
    def passed(self) -> tuple[str, ...]:
        """The checkpoints that it has reached so far, in order."""
        return tuple(self._record.passed)

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None as long as it has not."""
        return self._record.outcome

    def start(self) -> "Worker":
        """Start its process, and return at once.

        Raises:
            TutorialError: It has been started before; or it is to be killed on an event, and there
                is no broker that tells events.
        """
        self._require_new()
        if self._kill_on:
            self._watch = self._watch_broker(self._kill_on)
        _running.add(self)
        try:
            self._channel = WorkerChannel(
                self.name,
                self.source,
                confirm_each_line=self._watch is not None,
                connection_string=self.connection_string,
            )
        except BaseException:
            _running.discard(self)
            raise
        self._follow(self._channel)
        stage.enter(self)
        return self

    def run(
        self,
        *,
        timeout: float = DEFAULT_TIMEOUT_SECONDS,
        show: Callable[[str], object] = print,
    ) -> Outcome:
        """Start it and show what it prints, as it comes, until its end; it never outlives this.

        Args:
            timeout: Seconds until it is killed.
            show: Called with each line, from this thread.

        Raises:
            TutorialError: As `start`.
        """
        self._require_new()
        try:
            self.start()
            for line in self._as_it_comes(timeout):
                show(line)
        except BaseException:  # the stop button above all
            if self._channel is not None:
                self.end("killed: you stopped the cell")
            raise
        return self._record.settled()

    def wait(self, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> Outcome:
        """How it ended, waiting for that if need be.

        Args:
            timeout: Seconds to wait at most.

        Raises:
            TutorialError: It is still running then, and goes on; or it was never started.
        """
        self._require_started()
        if not self._record.wait_until(lambda: self._record.is_over, timeout):
            raise TutorialError(
                f"{self.name} is still running after {timeout:g} s: {self.name}.kill() ends it, "
                f"{self.name}.wait({2 * timeout:g}) waits longer."
            )
        return self._record.settled()

    def wait_for(self, checkpoint: str, timeout: float = CHECKPOINT_TIMEOUT_SECONDS) -> None:
        """Return when it has reached a checkpoint, for which it need not be killed there.

        Raises:
            TutorialError: It has not within `timeout` seconds, or ended before; or was not started.
        """
        self._require_started()
        record = self._record
        record.wait_until(lambda: checkpoint in record.passed or record.is_over, timeout)
        if checkpoint not in record.passed:
            until = "before its end" if record.is_over else f"within {timeout:g} s"
            raise TutorialError(
                f'{self.name} did not reach checkpoint "{checkpoint}" {until}; {record.way}.'
            )

    def kill(self) -> Outcome:
        """End its process at once, as a power cut would, and return how it ended.

        One that has ended before stays as it ended.

        Raises:
            TutorialError: It was never started.
        """
        return self.end("killed")

    def end(self, why: str) -> Outcome:
        """Kill it and say why, in words that follow its name.

        Raises:
            TutorialError: It was never started.
        """
        self._require_started()
        self._kill(Ending.KILLED, why)
        return self._record.settled()

    # --- in threads of its own --------------------------------------------------------------------

    def _follow(self, channel: WorkerChannel) -> None:
        listener = self._thread(self._listen, channel)
        self._thread(self._conclude, channel, listener)
        if self._watch:
            self._thread(self._kill_when_it_happens, self._watch)

    def _thread(self, target: Callable[..., None], *arguments: object) -> Thread:
        thread = Thread(target=target, args=arguments, name=f"worker {self.name}", daemon=True)
        thread.start()
        return thread

    def _listen(self, channel: WorkerChannel) -> None:
        for report in channel.reports():
            if isinstance(report, str):
                self._note_line(report)
            elif "failed" in report:
                self._note_failure(report["failed"])
            elif "asks" in report:
                self._answer(channel, report.get("checkpoint"))

    def _note_line(self, line: str) -> None:
        self._record.add_line(line)
        if len(self._record.lines) >= MAX_LINES:
            self._kill(Ending.KILLED, f"killed: it had printed {MAX_LINES} lines")

    def _note_failure(self, failure: dict[str, Any]) -> None:
        for line in failure["where"]:
            self._record.add_line(line)
        self._record.failure = Outcome(
            self.name,
            Ending.FAILED,
            f"failed: {failure['error']}",
            tuple(failure["types"]),
            failure["cause"],
            failure["line"],
        )

    def _answer(self, channel: WorkerChannel, checkpoint: str | None) -> None:
        if checkpoint is not None:
            self._record.add_passed(checkpoint)
            stage.stir()
        if checkpoint is not None and self._is_to_be_killed_at(checkpoint):
            self._kill(Ending.KILLED, f"killed at checkpoint {self._kill_at}")
        elif self._watch and self._watch.has_happened():
            self._kill_on_event(self._watch)
        else:
            channel.go_on()

    def _is_to_be_killed_at(self, checkpoint: str) -> bool:
        return self._kill_at == Moment(checkpoint, self._record.passed.count(checkpoint))

    def _kill_when_it_happens(self, watch: BrokerWatch) -> None:
        if watch.until_it_happens(lambda: self._record.is_over):
            self._kill_on_event(watch)

    def _kill_on_event(self, watch: BrokerWatch) -> None:
        self._kill(Ending.KILLED, f"killed when the broker reported {watch.moment}")

    def _kill(self, ending: Ending, why: str) -> None:
        if self._channel and self._record.condemn(Outcome(self.name, ending, why)):
            self._channel.kill()

    def _conclude(self, channel: WorkerChannel, listener: Thread) -> None:
        exit_code = channel.wait()
        listener.join(_LAST_WORDS_SECONDS)
        _running.discard(self)
        self._record.conclude(self._judge(exit_code))
        stage.stir()

    # --- how it ended -----------------------------------------------------------------------------

    def _judge(self, exit_code: int) -> Outcome:
        if exit_code == 0:  # even when the kill was on its way
            return self._finished()
        if known := self._record.condemned_for or self._record.failure:
            return known
        how = f"by signal {-exit_code}" if exit_code < 0 else f"with exit code {exit_code}"
        return Outcome(self.name, Ending.DIED, f"died {how}")

    def _finished(self) -> Outcome:
        if self._kill_at:
            missed = f"without reaching checkpoint {self._kill_at}; {self._record.way}"
        elif self._watch:
            missed = f"before the broker reported {self._watch.moment}; {self._watch.so_far}"
        else:
            return Outcome(self.name, Ending.FINISHED, "finished")
        return Outcome(self.name, Ending.MISSED, f"finished {missed}")

    # --- smaller things ---------------------------------------------------------------------------

    def _as_it_comes(self, timeout_seconds: float) -> Iterator[str]:
        """Its lines as shown, until it ended or was ended for taking too long."""
        deadline = time.monotonic() + timeout_seconds
        count = 0
        while (lines := self._record.new_lines(count, deadline - time.monotonic())) != []:
            if lines is None:
                self._kill(Ending.TIMED_OUT, f"killed: still running after {timeout_seconds:g} s")
                self._record.settled()
                continue
            yield from (shown_line(self.name, line) for line in lines)
            count += len(lines)

    def _watch_broker(self, moment: Moment) -> BrokerWatch:
        from sbtutorial.hosting.control_client import ControlClient

        if self.connection_string is None:
            raise TutorialError(
                f"{self.name} is to be killed on an event, and there is no broker: "
                "run the cell with connect() first."
            )
        return BrokerWatch(ControlClient(self.connection_string), moment, self._may_have_caused)

    def _may_have_caused(self, who: str) -> bool:
        """Not if another worker did, who told the broker its name as `client_identifier`."""
        return who == self.name or all(who != other.name for other in running_workers())

    def _require_new(self) -> None:
        if self._channel is not None:
            raise TutorialError(f"{self.name} has been started already: make a new worker.")

    def _require_started(self) -> None:
        if self._channel is None:
            raise TutorialError(f"{self.name} has not been started: {self.name}.start() does.")


def running_workers() -> list[Worker]:
    """The workers of this program whose processes live."""
    return list(_running)


_running: set[Worker] = set()


@atexit.register
def _end_all() -> None:
    for worker in running_workers():
        worker.end("killed: the notebook ended")


def _require_name(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise TutorialError(
            f"'{name}' cannot be a worker's name: use letters, digits and _, as in 'cashier'; "
            "it becomes a variable."
        )
    return name


def _require_code(name: str, source: str) -> str:
    if not source.strip():
        raise TutorialError(f"The cell of {name} is empty: write what it is to do.")
    compile_cell(name, source)
    return source
