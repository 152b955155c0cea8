"""Texts for people: lines of a readable width, times in words, and any value as text."""

import math
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

_LINE_CHARS = 72  # as wide as a traceback; fits into a small window, too
MAX_TEXT_CHARS = 1000
_MAX_DEPTH, _MAX_ITEMS = 5, 50
_NAMED_COUNT = 5
# The SDK calls a client without a name of its own SBReceiver-<uuid>.
_RANDOM_NAME = re.compile(r".*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def wrapped(text: str) -> str:
    """A text with its long lines broken between words: JupyterLab would break them anywhere."""
    lines = (
        textwrap.wrap(line, _LINE_CHARS, break_long_words=False, break_on_hyphens=False) or [line]
        for line in text.split("\n")
    )
    return "\n".join(part for parts in lines for part in parts)


def text_of(value: object, max_chars: int = MAX_TEXT_CHARS) -> str:
    """Any value as text that can be shown, stored and sent, whoever made the value up.

    Text is itself, bytes are the text that they encode, else hexadecimal; maps and lists are
    written as in JSON; the rest is what Python calls it. What is too long ends with "…". Half
    characters (lone surrogates), which no encoding takes, become escapes.
    """
    try:
        text = _as_text(value, max_chars + 1, _MAX_DEPTH)
    except Exception:  # a value's own __str__, for one: what is to be shown must not break a view
        text = f"<{type(value).__name__}>"
    encodable = text.encode("utf-8", "backslashreplace").decode()
    return shortened(encodable, max_chars)


def one_line(text: str, max_chars: int = 100) -> str:
    """A text for a table: in one line, without what a terminal would take for an order."""
    line = " ".join(shortened(text, 10 * max_chars).split())
    shown = "".join(each if each.isprintable() else "·" for each in line)
    return shortened(shown, max_chars)


def shortened(text: str, max_chars: int) -> str:
    """A text of so many characters at most; one that is cut off says so by its last."""
    return text if len(text) <= max_chars else text[: max_chars - 1] + "…"


def some_names(names: Sequence[str]) -> str:
    """Names in quotes, for the text of a refusal; of very many the first five."""
    more = len(names) - _NAMED_COUNT
    rest = f" and {more} more" if more > 0 else ""
    return ", ".join(f"'{name}'" for name in names[:_NAMED_COUNT]) + rest


def readable_name(who: str) -> str:
    """A client's own name; without one, the kind of client that it is."""
    if not _RANDOM_NAME.fullmatch(who):
        return one_line(who) or "a receiver"
    return "a sender" if who.startswith("SBSender") else "a receiver"


def _as_text(value: object, max_chars: int, depth: int) -> str:
    """As `text_of`, and no longer than the beginning of it needs to be."""
    if isinstance(value, str):
        return value[:max_chars]
    if isinstance(value, bytes | bytearray | memoryview):
        return _bytes_as_text(bytes(value[: 4 * max_chars]), max_chars)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        if not depth:
            return "…"
        items = value.items() if isinstance(value, Mapping) else value
        inner = _joined(_item(item, max_chars, depth - 1, value) for item in items)
        return f"{{{inner}}}" if isinstance(value, Mapping) else f"[{inner}]"
    return str(value)[:max_chars]


def _item(item: object, max_chars: int, depth: int, owner: object) -> str:
    parts = item if isinstance(owner, Mapping) and isinstance(item, tuple) else (item,)
    return ": ".join(_as_text(part, max_chars, depth) for part in parts)


def _joined(texts: Iterable[str]) -> str:
    """Some of many: who needs more than these looks at the value itself."""
    shown = list(islice(texts, _MAX_ITEMS + 1))
    return ", ".join([*shown[:_MAX_ITEMS], *["…"] * (len(shown) > _MAX_ITEMS)])


def _bytes_as_text(data: bytes, max_chars: int) -> str:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        # Cut off in the middle of a character, perhaps.
        text = data[: error.start].decode() if error.end == len(data) > max_chars else ""
    is_text = all(each.isprintable() or each.isspace() for each in text[:max_chars])
    return text[:max_chars] if is_text and (text or not data) else "0x" + data[:max_chars].hex()


class _Scale(NamedTuple):
    """How times above `above_seconds` are told: in steps of so many seconds, in which unit."""

    above_seconds: float
    step_seconds: float
    unit: str


_UNIT_SECONDS = {"d": 86_400.0, "h": 3600.0, "min": 60.0, "s": 1.0}  # the largest first
_SCALES = (
    _Scale(7200.0, 3600.0, "h"),
    _Scale(120.0, 60.0, "min"),
    _Scale(10.0, 10.0, "s"),
    _Scale(-math.inf, 1.0, "s"),
)
# So much of a step above a whole number of steps is still that number.
_LATITUDE = 0.1


def about(seconds: float) -> str:
    """A time in words, in steps so wide that it reads the same on every run: "about 30 s"."""
    return _in_steps(seconds, round)


def about_to_come(seconds: float) -> str:
    """The same of time that runs down: rounded up, a slow machine has a whole step to look."""
    return _in_steps(seconds, lambda steps: math.ceil(steps - _LATITUDE))


def rounded(seconds: float) -> float:
    """The seconds that `about` tells."""
    step_seconds = _scale(seconds).step_seconds
    return round(seconds / step_seconds) * step_seconds


def elapsed(seconds: float) -> str:
    """A time in its largest fitting unit, rounded down: "3 min"."""
    unit = next((unit for unit, size in _UNIT_SECONDS.items() if seconds >= size), "s")
    return f"{max(seconds, 0.0) // _UNIT_SECONDS[unit]:.0f} {unit}"


def clock_face(seconds: float) -> str:
    """A time as hours, minutes and seconds, as Azure writes it: "00:01:05"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}"


def _in_steps(seconds: float, to_whole: Callable[[float], int]) -> str:
    scale = _scale(seconds)
    steps = max(to_whole(seconds / scale.step_seconds), 1)
    return f"about {steps * scale.step_seconds / _UNIT_SECONDS[scale.unit]:.0f} {scale.unit}"


def _scale(seconds: float) -> _Scale:
    return next(scale for scale in _SCALES if seconds > scale.above_seconds)
