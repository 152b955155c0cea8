"""Messages by their numbers, in the order of these, however many there are."""

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from operator import rshift

from sbtutorial.broker.message import Message

# So many neighbouring numbers are one block, as a power of two.
_BLOCK_BITS = 6
# Fewer than one in so many are put in one by one, rather than all the blocks anew in order.
_MANY = 64


class NumberedMessages(dict[int, Message]):
    """A dictionary that can be read in order, from any number on.

    Nearly every message comes with the highest number so far, and most go from the low end. So
    there is no list of all numbers that would have to be kept in order, but one of the blocks of
    neighbours that have any, which changes with one message in sixty-four. Change it by `put`,
    `put_all` and `take_out` alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sizes: dict[int, int] = {}
        self._blocks: list[int] = []

    def put(self, message: Message) -> None:
        """Take in a message whose number is not here. Hot: runs for each message."""
        number = message.sequence_number
        self[number] = message
        sizes, block = self._sizes, number >> _BLOCK_BITS
        if block in sizes:
            sizes[block] += 1
        else:
            sizes[block] = 1
            insort(self._blocks, block)

    def put_all(self, messages: Sequence[Message]) -> None:
        """Take in many whose numbers are not here, in any order."""
        if len(messages) < len(self) // _MANY:
            for message in messages:
                self.put(message)
            return
        numbered = {message.sequence_number: message for message in messages}
        self.update(numbered)
        sizes = self._sizes
        for block, size in Counter(map(rshift, numbered, repeat(_BLOCK_BITS))).items():
            sizes[block] = sizes.get(block, 0) + size
        self._blocks = sorted(sizes)

    def take_out(self, number: int) -> None:
        """Let go of a message that is here. Hot: runs for each message."""
        del self[number]
        sizes, block = self._sizes, number >> _BLOCK_BITS
        if sizes[block] > 1:
            sizes[block] -= 1
        else:
            del sizes[block]
            del self._blocks[bisect_left(self._blocks, block)]
            if not sizes:
                self.clear()  # a dictionary has room for as many as it ever held, until it is told

    def take_out_all(self, numbers: Iterable[int]) -> None:
        """Let go of many that are here."""
        numbers = list(numbers)
        for number in numbers:
            del self[number]
        sizes = self._sizes
        for block, size in Counter(map(rshift, numbers, repeat(_BLOCK_BITS))).items():
            sizes[block] -= size
            if not sizes[block]:
                del sizes[block]
        self._blocks = sorted(sizes)
        if not sizes:
            self.clear()

    def in_order(self, first: int = 0) -> Iterator[Message]:
        """The messages from a number on; those that come or go meanwhile may be among them."""
        blocks = self._blocks
        for block in blocks[bisect_left(blocks, first >> _BLOCK_BITS) :]:
            start = block << _BLOCK_BITS
            for number in range(max(start, first), start + (1 << _BLOCK_BITS)):
                if (message := self.get(number)) is not None:
                    yield message
