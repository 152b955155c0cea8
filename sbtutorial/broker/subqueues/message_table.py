"""The messages of a subqueue by sequence number: what is where, how many, how many bytes."""

from collections.abc import Callable, Iterable, Iterator
from heapq import heapify, heappop, heappush
from itertools import islice

from sortedcontainers import SortedDict

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import TRANSITIONS, Input, MessageState, allows

# Azure's own words, for a deferred message that cannot be had.
NOT_LOCKED = (
    "Failed to lock one or more specified messages. Either the message is already locked or does "
    "not exist."
)
# Below this many leftovers a sweep of a heap is not worth its while.
_FEWEST_LEFTOVERS_TO_SWEEP = 64


class ReadyHeap:
    """The sequence numbers of ready messages: one that comes back is ahead of every newer one.

    A message that stops being ready by another way than being the first (it expired, say) leaves
    its number behind; that is skipped when it comes up, and swept out when such are the most.
    """

    __slots__ = ("_heap", "_is_ready")  # there may be one for each session

    def __init__(self, is_ready: Callable[[int], bool]):
        self._heap: list[int] = []
        self._is_ready = is_ready

    def __len__(self) -> int:
        return len(self._heap)

    def join(self, sequence_number: int) -> None:
        """Take a number in, at its own place."""
        heappush(self._heap, sequence_number)

    def first(self) -> int | None:
        """The lowest number that is still ready, which stays; None when none is."""
        heap = self._heap
        while heap and not self._is_ready(heap[0]):
            heappop(heap)
        return heap[0] if heap else None

    def leave_first(self) -> int | None:
        """The lowest number that is still ready, taken out; None when none is."""
        heap = self._heap
        while heap:
            sequence_number = heappop(heap)
            if self._is_ready(sequence_number):
                return sequence_number
        return None

    def tidy(self) -> None:
        """Hold each number that is ready, once."""
        self._heap = sorted({number for number in self._heap if self._is_ready(number)})

    def sweep(self, ready_count: int) -> None:
        """Drop what was left behind if that is more than half of the heap."""
        if len(self._heap) > 2 * ready_count + _FEWEST_LEFTOVERS_TO_SWEEP:
            self._heap = list(filter(self._is_ready, self._heap))
            heapify(self._heap)


class MessageTable:
    """Keeps messages, moves them by the table of states, and counts as it goes.

    Attributes:
        path: Of the subqueue, for texts.
        size_bytes: All messages here, whatever their state.
    """

    def __init__(self, path: str):
        self.path = path
        self._messages: SortedDict[int, Message] = SortedDict()
        self.clear()

    def clear(self) -> "SortedDict[int, Message]":
        """Be empty at once; returns what was here."""
        before = self._messages
        self.size_bytes = 0
        self._messages = SortedDict()
        # Of every state how many came less how many left; NEW, DEAD and GONE lie outside.
        self._counts = [0] * len(MessageState)
        self._ready = ReadyHeap(self.is_ready)
        return before

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        """Every message, whatever its state, by sequence number."""
        return iter(self._messages.values())

    def __getitem__(self, sequence_number: int) -> Message:
        message: Message = self._messages[sequence_number]
        return message

    def count(self, state: MessageState) -> int:
        """How many messages here are in this state."""
        return self._counts[state]

    def is_ready(self, sequence_number: int) -> bool:
        """Whether the message of this number is here and may go to the next receiver."""
        message = self._messages.get(sequence_number)
        return message is not None and message.state is MessageState.ACTIVE

    def peek(self, from_sequence_number: int, max_count: int) -> list[Message]:
        """Look at messages in any state, by sequence number, and change nothing."""
        numbers = self._messages.irange(from_sequence_number)
        return [self._messages[number] for number in islice(numbers, max(max_count, 0))]

    def find(self, sequence_number: int) -> Message | None:
        """The message of this number; None when it is not here."""
        message: Message | None = self._messages.get(sequence_number)
        return message

    def find_all(self, sequence_numbers: Iterable[int], happening: Input) -> list[Message]:
        """The messages of these numbers, in this order, if this can happen to each.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND for the first that is not here or not in such a state.
        """
        found = []
        for number in dict.fromkeys(sequence_numbers):
            message = self._messages.get(number)
            if message is None or not allows(message.state, happening):
                raise BrokerError(
                    ErrorCode.MESSAGE_NOT_FOUND, self._not_found(number, message, happening)
                )
            found.append(message)
        return found

    def first(self) -> Message | None:
        """The ready message with the lowest number, which stays; None without one."""
        number = self._ready.first()
        return None if number is None else self[number]

    def leave_first(self) -> Message | None:
        """The ready message with the lowest number, for who gives it away; None without one.

        It is here still: the caller moves it, removes it, or has it wait again (`requeue`).
        """
        number = self._ready.leave_first()
        return None if number is None else self[number]

    def requeue(self, message: Message) -> None:
        """Have a ready message that `leave_first` has given wait for receivers again."""
        self._heap_of(message).join(message.sequence_number)

    def admit(self, message: Message, happening: Input) -> None:
        """Take a message in under the number that it has."""
        self.put(message, TRANSITIONS[message.state, happening])

    def move(self, message: Message, happening: Input) -> None:
        """Bring a message to its next state."""
        self.change(message, TRANSITIONS[message.state, happening])

    def remove(self, message: Message, happening: Input) -> None:
        """Let a message go, and the timer that it has."""
        self.drop(message, TRANSITIONS[message.state, happening])

    # The same by the state that is reached, whatever leads to it.

    def put(self, message: Message, state: MessageState) -> None:
        """Take a message in, in this state."""
        self._messages[message.sequence_number] = message
        self.size_bytes += message.size_bytes
        self.change(message, state)

    def change(self, message: Message, state: MessageState) -> None:
        """Have a message in this state from now on."""
        self._counts[message.state] -= 1
        self._counts[state] += 1
        message.state = state
        if state is MessageState.ACTIVE:
            self._heap_of(message).join(message.sequence_number)

    def drop(self, message: Message, state: MessageState) -> None:
        """Let a message go, in this state, and the timer that it has."""
        self.change(message, state)
        del self._messages[message.sequence_number]
        self.size_bytes -= message.size_bytes
        if message.timer is not None:
            message.timer.cancel()
            message.timer = None
        self._ready.sweep(self._counts[MessageState.ACTIVE])

    def grow(self, message: Message, size_bytes: int) -> None:
        """Note that the properties of a message here have become longer."""
        message.grow(size_bytes)
        self.size_bytes += size_bytes

    def tidy(self) -> None:
        """Forget what the ready heap holds of messages that are not ready, or holds twice."""
        self._ready.tidy()

    def renumber(self, message: Message, sequence_number: int) -> None:
        """Keep a message under another number from now on."""
        del self._messages[message.sequence_number]
        message.sequence_number = sequence_number
        self._messages[sequence_number] = message

    def _heap_of(self, _message: Message) -> ReadyHeap:
        """Where a message waits for receivers: one heap for all."""
        return self._ready

    def _not_found(self, number: int, message: Message | None, happening: Input) -> str:
        where = "not there" if message is None else message.state.name.lower()
        azures = f"{NOT_LOCKED} " if happening is Input.RECEIVE_DEFERRED else ""
        return (
            f"{azures}No message with sequence number {number} in '{self.path}' is open to "
            f"{happening.name.lower().replace('_', ' ')}: it is {where}. Nothing was changed."
        )
