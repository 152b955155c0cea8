"""The line of messages that are ready, by sequence number."""

from collections.abc import Callable
from heapq import heapify, heappop, heappush

# Below this many leftovers a sweep is not worth its while.
_FEWEST_LEFTOVERS_TO_SWEEP = 64


class ReadyHeap:
    """Sequence numbers in order: a message that comes back stands ahead of every newer one.

    A message that leaves the line by another way than its front (it expired, say) leaves its
    number behind; it is skipped when it comes up, and swept out when such numbers are the most.
    """

    __slots__ = ("_heap", "_is_ready")  # there may be one for each session

    def __init__(self, is_ready: Callable[[int], bool]):
        self._heap: list[int] = []
        self._is_ready = is_ready

    def __len__(self) -> int:
        return len(self._heap)

    def join(self, sequence_number: int) -> None:
        """Stand in the line at the number's own place."""
        heappush(self._heap, sequence_number)

    def first(self) -> int | None:
        """The lowest number that is still ready, which stays; None when nobody is."""
        heap = self._heap
        while heap and not self._is_ready(heap[0]):
            heappop(heap)
        return heap[0] if heap else None

    def leave_first(self) -> int | None:
        """The lowest number that is still ready, out of the line; None when nobody is."""
        heap = self._heap
        while heap:
            sequence_number = heappop(heap)
            if self._is_ready(sequence_number):
                return sequence_number
        return None

    def sweep(self, ready_count: int) -> None:
        """Drop what was left behind if that is more than half of the line."""
        if len(self._heap) > 2 * ready_count + _FEWEST_LEFTOVERS_TO_SWEEP:
            self._heap = list(filter(self._is_ready, self._heap))
            heapify(self._heap)

    def clear(self) -> None:
        """Send everybody away."""
        self._heap = []
