"""A file's rows as the changes that make an equal namespace, in the order that they stand for.

Of each message there is one change that brings it in as it is, and one more for the lock that it
has: both set something for an instant to come, at different places in the order.
"""

from collections.abc import Callable, Iterator
from operator import itemgetter
from sqlite3 import Connection
from typing import Any

from sbtutorial.broker.changes import Change, ChangeKind, EntityChange
from sbtutorial.store.restore import KeptMessages
from sbtutorial.store.sqlite.entity_loading import LAST, EntityLoader
from sbtutorial.store.sqlite.message_loading import MessageLoader, MessageReader
from sbtutorial.store.sqlite.places import Places
from sbtutorial.store.store import Codec

_ORDER = itemgetter(0)
_CREATED = (
    ChangeKind.QUEUE_CREATED,
    ChangeKind.TOPIC_CREATED,
    ChangeKind.SUBSCRIPTION_CREATED,
)


class Loader:
    """Reads one file, once.

    Args:
        connection: The file's.
        codec: Reads entities and rules.
        messages: Reads messages.
        fetch: The content of a number.
        on_progress: Told now and then how many messages were read, of how many.

    Attributes:
        places: Where everything is.
        last_ord: The last place in the order that any row has.
    """

    def __init__(
        self,
        connection: Connection,
        codec: Codec,
        messages: MessageReader,
        fetch: Callable[[int], bytes],
        on_progress: Callable[[int, int], None],
    ) -> None:
        self.last_ord = 0
        self.places = Places()
        self._entities = EntityLoader(connection, codec, self.places)
        self._messages = MessageLoader(connection, messages, fetch, on_progress, self._entities)

    @property
    def message_count(self) -> int:
        """How many messages were read."""
        return self._messages.count

    def load(self) -> Iterator[Change | KeptMessages]:
        """The changes; the places are known when they have been used up."""
        for one in self._in_order():
            yield one
            if isinstance(one, EntityChange) and one.kind in _CREATED:
                yield from self._messages.of_entity(self.places.entity(one.entity).id)

    def _in_order(self) -> Iterator[Change | KeptMessages]:
        few = sorted((*self._entities.load(), *self._messages.locks()), key=_ORDER)
        orders = (order for order, _ in few if order < LAST)
        self.last_ord = max(self._messages.last_ord, max(orders, default=0))
        following = iter(few)
        order, change = next(following, (0, None))
        run: list[Any] = []  # rows that follow each other, of one subqueue
        for row in self._messages.timed():
            is_told_first = change is not None and order < row[1]
            if run and (is_told_first or not self._messages.may_follow(row, run)):
                yield from self._messages.kept(run)
                run = []
            while change is not None and order < row[1]:
                yield change
                order, change = next(following, (0, None))
            run.append(row)
        yield from self._messages.kept(run)
        while change is not None:
            yield change
            order, change = next(following, (0, None))
        yield from self._entities.accounts()
