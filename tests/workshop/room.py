"""All learners of a room, who do the same thing at the same moment, as a class does."""

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

from sbtutorial.hosting.runtime_files import BrokerRecord
from tests.workshop.learner import Learner
from tests.workshop.neighbour import WAYS

_FIRST_USER = 61_000  # numbers that no system gives by itself

Answer = TypeVar("Answer")


class Room:
    """Learners who have not connected yet.

    Attributes:
        learners: In the order in which they sit.
        users_differ: Whether each is a user of the system of their own.
    """

    def __init__(self, learners: Sequence[Learner], *, users_differ: bool) -> None:
        self.learners = learners
        self.users_differ = users_differ
        self._at_once = ThreadPoolExecutor(len(learners))

    def each(self, act: Callable[[Learner], Answer]) -> list[Answer]:
        """Have all of them do something at once; what comes of it, in the order of the seats."""
        return list(self._at_once.map(act, self.learners))

    def records(self) -> list[BrokerRecord]:
        """Of all brokers in the room."""
        return [record for learner in self.learners for record in learner.records()]

    def cpu_seconds(self) -> float:
        """What all programs have used so far, and all that they have started."""
        return sum(learner.program().cpu_seconds for learner in self.learners)

    def clashes(self) -> list[str]:
        """Whatever two learners have in common that each should have alone, in words."""
        return [
            *shared(self.records()),
            *(f"{one.home.name}: a claim is not held" for one in self._who(Learner.lacks_claim)),
            *(
                f"{learner.home.name} has {texts} in the queue"
                for learner, texts in zip(self.learners, self.each(Learner.texts), strict=True)
                if texts != [learner.home.name]
            ),
        ]

    def intrusions(self) -> list[str]:
        """Each way by which somebody got in next door, in words.

        Raises:
            AssertionError: A way does not lead in at home either, so it says nothing.
        """
        found = []
        doors = dict(zip(self.learners, (*self.learners[1:], self.learners[0]), strict=True))
        for learner, visit in zip(
            self.learners,
            self.each(lambda one: one.visit(doors[one], users_differ=self.users_differ)),
            strict=True,
        ):
            assert visit["at home"] == list(WAYS), visit["at home"]
            found += [f"{learner.home.name}: {way}" for way in visit["next door"] + visit["files"]]
            found += [f"open to others: {path}" for path in learner.open_files()]
        return found

    def _who(self, question: Callable[[Learner], bool]) -> list[Learner]:
        return [learner for learner in self.learners if question(learner)]


def shared(records: Sequence[BrokerRecord]) -> list[str]:
    """What several brokers have in common that each should have alone, in words."""
    alone = {
        "port": [record.port for record in records],
        "process": [record.pid for record in records],
        "key": [record.key for record in records],
    }
    return [
        f"{number} brokers have one {what}"
        for what, values in alone.items()
        for number in Counter(values).values()
        if number > 1
    ]


@contextmanager
def filled(count: int, *, users_differ: bool = False) -> Iterator[Room]:
    """A room of learners whose programs are ready; all of it is gone afterwards.

    Args:
        count: How many.
        users_differ: Whether each is a user of the system of their own, for which this process
            has to be root's, and the clone and its Python open to all.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        if users_differ:
            Path(folder).chmod(0o711)
        learners = []
        for seat in range(count):
            home = Path(folder) / f"learner-{seat + 1}"
            home.mkdir(0o700)
            learners.append(Learner(home, _FIRST_USER + seat if users_differ else None))
            stack.callback(learners[-1].leave)
        room = Room(learners, users_differ=users_differ)
        room.each(Learner.be_ready)
        yield room
