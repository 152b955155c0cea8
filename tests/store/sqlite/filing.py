"""Somebody who does anything to a namespace that is kept in a file."""

from pathlib import Path
from random import Random
from uuid import uuid4

from sbtutorial.broker.changes import Change
from sbtutorial.broker.namespace import Namespace
from sbtutorial.gateway.wire.record import ChangeCodec
from sbtutorial.store.restore import restore
from sbtutorial.store.sqlite.file import SqliteFile
from tests.store.wiring import WireActor

CODEC = ChangeCodec(uuid4)


def opened(path: Path) -> SqliteFile:
    return SqliteFile(path, CODEC)


class FilingActor(WireActor):
    """Commits now and then, some turns at once.

    Args:
        path: The file; with what it holds the actor begins.
        seed: Decides when.
    """

    def __init__(self, path: Path, seed: int = 0) -> None:
        super().__init__()
        self.path = path
        self.file = opened(path)
        self.random = Random(seed)
        self.turns: list[list[Change]] = []
        self.changes = []
        restore(self.file.load(), self.namespace)
        self.token_count = 0

    def kept(self, change: Change) -> Change:
        return change

    def _new_namespace(self) -> Namespace:
        return super()._new_namespace()

    def end_turn(self) -> None:
        """Everything belongs to a turn, and some turns are one commit."""
        self.settle_down()
        if self.changes:
            self.turns.append(self.changes)
            self.changes = []

    def commit(self) -> None:
        self.end_turn()
        if self.turns:
            self.file.write(self.turns)
            self.turns = []

    def do(self, name: str, *args: object) -> str:
        said = super().do(name, *args)
        if self.random.random() < 0.6:
            self.end_turn()
        if self.random.random() < 0.3:
            self.commit()
        return said

    def reopened(self) -> "FilingActor":
        """Somebody at the same instant, in front of what the file has."""
        self._leave()
        twin = type(self)(self.path)
        twin.now, twin.token_count, twin.sent_count = self.now, self.token_count, self.sent_count
        twin.namespace.run_due(twin.now)
        return twin

    def _leave(self) -> None:
        self.file.close()


class NotingActor(FilingActor):
    """Notes most turns, and is killed by and by."""

    def commit(self) -> None:
        self.end_turn()
        turns, self.turns = self.turns, []
        for turn in turns:
            if self.random.random() < 0.1 or not self.file.note(turn):
                self.file.write([turn])

    def _leave(self) -> None:
        if self.random.random() < 0.8:
            self.file.let_go()
        else:
            self.file.close()
