"""Reading messages: what it costs, and many or long ones in steps, so that nobody waits for it.

The bytes of a data section are taken as they are. All else is walked through, value by value, and
a hostile message is one long list of next to nothing.
"""

from collections.abc import Callable, Generator, Sequence

from sbtutorial.amqp.errors import DecodeError
from sbtutorial.amqp.sections import (
    NOT_CHECKED,
    Ends,
    check_in_steps,
    data_sections_in_steps,
    structure_bytes,
)
from sbtutorial.broker.errors import BrokerError
from sbtutorial.broker.message import Message
from sbtutorial.gateway.wire.message import of_number

# Of what is cheap so many are read at once; of what is not, about so much of a turn.
AT_ONCE = 64
UNITS_AT_ONCE = 24
# Below this a message costs no more than it does in any case.
_SHORT_BYTES = 1024
_BYTES_PER_UNIT = 256
# To copy a body costs so much for each so many bytes.
_COPIED_BYTES, _COPIED_UNITS = 1024 * 1024, 8


def reading_cost(payload: bytes) -> int:
    """In units of a turn, beyond what every message costs. Hot: runs for each message."""
    size = len(payload)
    if size < _SHORT_BYTES:
        return 0
    return structure_bytes(payload) // _BYTES_PER_UNIT + size // _COPIED_BYTES * _COPIED_UNITS


def is_long(payload: bytes) -> bool:
    """Whether one message alone is read in steps."""
    return reading_cost(payload) > UNITS_AT_ONCE


def checked_in_steps(payload: bytes) -> Generator[int, float, Ends]:
    """Walk over a long message; what `split_sections` wants to know of that.

    Yields:
        What a step has cost, in units of a turn.

    Raises:
        DecodeError: It is malformed.
    """
    steps = check_in_steps(payload)
    try:
        while True:
            yield next(steps) // _BYTES_PER_UNIT
    except StopIteration as end:
        ends: Ends = end.value
        return ends


def batch_parts_in_steps(payload: bytes, at_most: int) -> Generator[int, float, list[bytes]]:
    """As `batch_parts`, of a batch that `is_long`.

    Yields:
        What a step has cost, in units of a turn.
    """
    steps = data_sections_in_steps(payload, at_most)
    try:
        while True:
            yield next(steps) // _BYTES_PER_UNIT
    except StopIteration as end:
        return of_number(end.value, at_most)


def read_messages_in_steps(
    payloads: Sequence[bytes],
    now: float,
    read: Callable[[bytes, Ends], Message],
    refusal: Callable[[int, DecodeError | BrokerError], Exception],
) -> Generator[int, float, tuple[list[Message], float]]:
    """Read messages, a few at a time, and a long one in steps.

    Args:
        payloads: Encoded.
        now: Broker time.
        read: Reads one, of which this is known.
        refusal: What to raise for the message of this number, the first being 1.

    Yields:
        What a step has cost, in units of a turn; is sent broker time. A few short ones are read
        without.

    Returns:
        The messages, and broker time.
    """
    messages: list[Message] = []
    count = spent = 0
    for number, payload in enumerate(payloads, 1):
        cost = reading_cost(payload)
        try:
            if cost > UNITS_AT_ONCE:
                messages.append(read(payload, (yield from checked_in_steps(payload))))
                count = AT_ONCE
            else:
                messages.append(read(payload, NOT_CHECKED))
                count, spent = count + 1, spent + cost
        except (DecodeError, BrokerError) as error:
            raise refusal(number, error) from error
        if count == AT_ONCE or spent > UNITS_AT_ONCE:
            now = yield UNITS_AT_ONCE + spent
            count = spent = 0
    return messages, now
