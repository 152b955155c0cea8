"""What a learner's function has left behind when it returns: threads, and open receivers."""

import sys
import threading
import traceback
from collections.abc import Iterable
from threading import Thread

from sbtutorial.errors import TutorialError
from sbtutorial.lab.service import Service
from sbtutorial.snapshot import ClientSnapshot
from sbtutorial.workers.interrupting import forget, raise_in

_PATIENCE_SECONDS = 0.2
_NOTEBOOK = "__main__"


class TimeIsUp(SystemExit):
    """Raised in a thread that is to end; threads that end by this do so without a word."""


def end_threads(before: Iterable[Thread]) -> int:
    """End the learner's own threads that were not there before; returns how many there were.

    The SDK has threads as well, and a pool that has nothing to do harms nobody: both are let be.
    """
    known = {*before, threading.current_thread()}
    new = [each for each in threading.enumerate() if each not in known]
    for thread in new:
        if not _began_in(thread):  # only just begun, or about to end: a moment later one knows
            thread.join(_PATIENCE_SECONDS)
    left = [thread for thread in new if _is_learners(thread)]
    for thread in left:
        if isinstance(thread, threading.Timer):
            thread.cancel()
        raise_in(thread, TimeIsUp)
    for thread in left:
        thread.join(_PATIENCE_SECONDS)
    if left:
        forget()
    return len(left)


def _is_learners(thread: Thread) -> bool:
    """By where it began: in a cell, or right in a function that is not Python's own code."""
    if not thread.is_alive():
        return False
    began = _began_in(thread)
    if not began:  # `Thread(target=time.sleep)`, or a `Timer` that waits
        return True
    work = [name for name in began if not name.startswith("concurrent.")]
    return bool(work) and work[0] == _NOTEBOOK


def _began_in(thread: Thread) -> list[str]:
    """The modules in which it is at work, from where it began on, without Python's own start."""
    frame = sys._current_frames().get(thread.ident or 0)
    if frame is None:
        return []
    modules = [str(each.f_globals.get("__name__", "")) for each, _ in traceback.walk_stack(frame)]
    return [name for name in reversed(modules) if name != "threading"]


def receivers(service: Service, queues: Iterable[str]) -> set[str]:
    """Who listens at some queues, by name; elsewhere than offline nobody knows."""
    if not service.tells_events:
        return set()
    found = (client for queue in queues for client in _clients(service, queue))
    return {client.who for client in found if not client.is_sender}


def _clients(service: Service, queue: str) -> Iterable[ClientSnapshot]:
    try:
        return service.snapshot(queue).clients
    except TutorialError:  # deleted, or never made
        return ()
