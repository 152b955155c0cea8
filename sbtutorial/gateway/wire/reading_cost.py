"""What it costs to read messages: so much of a turn for their structure, next to none for data.

The bytes of a data section are taken as they are. All else is walked through, value by value, and
a hostile message is one long list of next to nothing.
"""

from collections.abc import Iterator

from sbtutorial.amqp.sections import structure_bytes

# Below this a message costs no more than it does in any case.
_SHORT_BYTES = 1024
_BYTES_PER_UNIT = 256


def reading_cost(payload: bytes) -> int:
    """In units of a turn, beyond what every message costs. Hot: runs for each message."""
    return 0 if len(payload) < _SHORT_BYTES else structure_bytes(payload) // _BYTES_PER_UNIT


def parts_by_cost(
    payloads: list[bytes], at_most: int, units: int
) -> Iterator[tuple[list[bytes], int]]:
    """Messages in pieces that can be read at once, each with what its messages cost together.

    Args:
        payloads: Encoded.
        at_most: How many there may be in a piece.
        units: A piece ends with the message that makes it cost more.
    """
    piece: list[bytes] = []
    cost = 0
    for payload in payloads:
        piece.append(payload)
        cost += reading_cost(payload)
        if len(piece) == at_most or cost > units:
            yield piece, cost
            piece, cost = [], 0
    if piece:
        yield piece, cost
