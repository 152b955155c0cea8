"""The messages of a subqueue by sequence number: what is where, how many, how many bytes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapify, heappop, heappush
from itertools import islice

from sbtutorial.broker.background import Steps
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.message import Message
from sbtutorial.broker.states import TRANSITIONS, Input, MessageState, allows
from sbtutorial.broker.subqueues.numbered import NumberedMessages

# Azure's own words, for a deferred message that cannot be had.
NOT_LOCKED = (
    "Failed to lock one or more specified messages. Either the message is already locked or does "
    "not exist."
)
# Below this many leftovers a sweep of a heap is not worth its while.
_FEWEST_LEFTOVERS_TO_SWEEP = 64
# Fewer than one in so many join a heap one by one, rather than that it is made anew.
_MANY = 64
_ACTIVE = MessageState.ACTIVE  # a name of the module is found faster than one of the class


class ReadyHeap:
    """The sequence numbers of ready messages: one that comes back is ahead of every newer one.

    A message that stops being ready by another way than being the first (it expired, say) leaves
    its number behind; that is skipped when it comes up, and swept out when such are the most.

    Attributes:
        heap: The numbers.
    """

    __slots__ = ("_is_ready", "heap")  # there may be one for each session

    def __init__(self, is_ready: Callable[[int], bool]):
        self.heap: list[int] = []
        self._is_ready = is_ready

    def __len__(self) -> int:
        return len(self.heap)

    def join(self, sequence_number: int) -> None:
        """Take a number in, at its own place."""
        heappush(self.heap, sequence_number)

    def first(self) -> int | None:
        """The lowest number that is still ready, which stays; None when none is."""
        heap = self.heap
        while heap and not self._is_ready(heap[0]):
            heappop(heap)
        return heap[0] if heap else None

    def join_all(self, sequence_numbers: Sequence[int]) -> None:
        """Take many numbers in."""
        if len(sequence_numbers) < len(self.heap) // _MANY:
            for number in sequence_numbers:
                heappush(self.heap, number)
            return
        self.heap += sequence_numbers
        heapify(self.heap)

    def leave_first(self) -> int | None:
        """The lowest number that is still ready, taken out; None when none is."""
        heap = self.heap
        while heap:
            sequence_number = heappop(heap)
            if self._is_ready(sequence_number):
                return sequence_number
        return None

    def tidy(self) -> None:
        """Hold each number that is ready, once."""
        self.heap = sorted({number for number in self.heap if self._is_ready(number)})

    def sweep(self, ready_count: int) -> None:
        """Drop what was left behind if that is more than half of the heap."""
        if len(self.heap) > 2 * ready_count + _FEWEST_LEFTOVERS_TO_SWEEP:
            self.heap = list(filter(self._is_ready, self.heap))
            heapify(self.heap)


class MessageTable:
    """Keeps messages, moves them by the table of states, and counts as it goes.

    Attributes:
        path: Of the subqueue, for texts.
        size_bytes: All messages here, whatever their state.
        counts: How many there are in each state; see `count`.
    """

    def __init__(self, path: str):
        self.path = path
        self._messages = NumberedMessages()
        self.clear()

    def clear(self) -> NumberedMessages:
        """Be empty at once; returns what was here."""
        before = self._messages
        self.size_bytes = 0
        self._messages = NumberedMessages()
        # Of every state how many came less how many left; NEW, DEAD and GONE lie outside.
        self.counts = [0] * len(MessageState)
        self._ready = ReadyHeap(self.is_ready)
        self._reserved: set[int] = set()
        return before

    @property
    def is_blank(self) -> bool:
        """Whether `clear` would change nothing."""
        return not self._messages

    def __len__(self) -> int:
        return len(self._messages)

    def __iter__(self) -> Iterator[Message]:
        """Every message, whatever its state, by sequence number."""
        return self._messages.in_order()

    def __getitem__(self, sequence_number: int) -> Message:
        return self._messages[sequence_number]

    def count(self, state: MessageState) -> int:
        """How many messages here are in this state."""
        return self.counts[state]

    def is_ready(self, sequence_number: int) -> bool:
        """Whether the message of this number is here and may go to the next receiver."""
        message = self._messages.get(sequence_number)
        return message is not None and message.state is _ACTIVE

    def peek(self, from_sequence_number: int, max_count: int) -> list[Message]:
        """Look at messages in any state, by sequence number, and change nothing."""
        return list(islice(self._messages.in_order(from_sequence_number), max(max_count, 0)))

    def find(self, sequence_number: int) -> Message | None:
        """The message of this number; None when it is not here."""
        return self._messages.get(sequence_number)

    def find_all(self, sequence_numbers: Iterable[int], happening: Input) -> list[Message]:
        """The messages of these numbers, in this order, if this can happen to each.

        Raises:
            BrokerError: MESSAGE_NOT_FOUND for the first that is not here or not in such a state.
        """
        found = []
        for number in dict.fromkeys(sequence_numbers):
            message = self._messages.get(number)
            if message is None or number in self._reserved or not allows(message.state, happening):
                raise BrokerError(
                    ErrorCode.MESSAGE_NOT_FOUND, self._not_found(number, message, happening)
                )
            found.append(message)
        return found

    def reserve(self, messages: Iterable[Message]) -> None:
        """Have `find_all` find these no more: who has found them works on them little by little."""
        self._reserved.update(message.sequence_number for message in messages)

    def unreserve(self, messages: Iterable[Message]) -> None:
        """Have them found again, those that are still here."""
        self._reserved.difference_update(message.sequence_number for message in messages)

    def peek_of_session(
        self, session_id: str | None, from_sequence_number: int, max_count: int
    ) -> list[Message]:
        """As `peek`; a table that knows sessions leaves out those of others, if one is named."""
        return self.peek(from_sequence_number, max_count)

    def first(self) -> Message | None:
        """The ready message with the lowest number, which stays; None without one."""
        number = self._ready.first()
        return None if number is None else self[number]

    def leave_first(self) -> Message | None:
        """The ready message with the lowest number, for who gives it away; None without one.

        It is here still: the caller moves it, removes it, or has it wait again (`requeue`).
        """
        # As `ReadyHeap.leave_first`, without asking twice. Hot: runs for each message.
        heap, find = self._ready.heap, self._messages.get
        while heap:
            message = find(heappop(heap))
            if message is not None and message.state is _ACTIVE:
                return message
        return None

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
        self._messages.put(message)
        self.size_bytes += message.size_bytes
        self.change(message, state)

    def expect(self, messages: Sequence[Message]) -> None:
        """Make ready what takes long, as these will come with very many others; see `fill`."""

    def fill(self, messages: Sequence[Message]) -> None:
        """Take in many, each in the state that it has already; then see `finish`."""
        self._messages.put_all(messages)
        counts = self.counts
        for message in messages:
            self.size_bytes += message.size_bytes
            counts[message.state] += 1
        self._make_ready([one for one in messages if one.state is _ACTIVE])

    def finish(self) -> Steps | None:
        """What is left to do when many have come in or gone, if anything; nobody waits for it."""
        return None

    def change(self, message: Message, state: MessageState) -> None:
        """Have a message in this state from now on."""
        counts = self.counts
        counts[message.state] -= 1
        counts[state] += 1
        message.state = state
        if state is _ACTIVE:
            self._heap_of(message).join(message.sequence_number)

    def drop(self, message: Message, state: MessageState) -> None:
        """Let a message go, in this state, and the timer that it has."""
        self.change(message, state)
        self._messages.take_out(message.sequence_number)
        self.size_bytes -= message.size_bytes
        if message.timer is not None:
            message.timer.cancel()
            message.timer = None
        ready, ready_count = self._ready, self.counts[_ACTIVE]
        if len(ready.heap) > 2 * ready_count + _FEWEST_LEFTOVERS_TO_SWEEP:
            ready.sweep(ready_count)

    def drop_all(self, messages: Sequence[Message], state: MessageState) -> None:
        """Let many go, in this state, that are not ready and have no timer; then see `finish`."""
        self._messages.take_out_all([message.sequence_number for message in messages])
        counts = self.counts
        for message in messages:
            self.size_bytes -= message.size_bytes
            counts[message.state] -= 1
            message.state = state
        counts[state] += len(messages)

    def grow(self, message: Message, size_bytes: int) -> None:
        """Note that the properties of a message here have become longer."""
        message.grow(size_bytes)
        self.size_bytes += size_bytes

    def tidy(self) -> None:
        """Forget what the ready heap holds of messages that are not ready, or holds twice."""
        self._ready.tidy()

    def renumber(self, message: Message, sequence_number: int) -> None:
        """Keep a message under another number from now on."""
        self._messages.take_out(message.sequence_number)
        message.sequence_number = sequence_number
        self._messages.put(message)

    def _make_ready(self, messages: Sequence[Message]) -> None:
        """Have many that have just come in wait for receivers."""
        self._ready.join_all([message.sequence_number for message in messages])

    def _heap_of(self, _message: Message) -> ReadyHeap:
        """Where a message waits for receivers: one heap for all."""
        return self._ready

    def _not_found(self, number: int, message: Message | None, happening: Input) -> str:
        where = "not there" if message is None else message.state.name.lower()
        if number in self._reserved:
            where += ", and another request is about to have it"
        azures = f"{NOT_LOCKED} " if happening is Input.RECEIVE_DEFERRED else ""
        return (
            f"{azures}No message with sequence number {number} in '{self.path}' is open to "
            f"{happening.name.lower().replace('_', ' ')}: it is {where}. Nothing was changed."
        )
