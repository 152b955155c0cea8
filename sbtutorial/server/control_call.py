"""What a control call is given: its path, its request, and arguments, each checked; its answer."""

import json
from collections.abc import Awaitable, Callable, Generator
from math import isfinite
from typing import Any, NamedTuple, TypeVar

from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.gateway.access.sas import TokenError
from sbtutorial.gateway.core import Core
from sbtutorial.gateway.rest.data_plane import Work
from sbtutorial.http.request import Request, Response

MAX_ADVANCE_SECONDS = 10 * 365 * 86400.0

Json = dict[str, Any]


class CallError(Exception):
    """A call that cannot be served; the text says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class ControlCall(NamedTuple):
    """One call: what follows its name in the path, and the request to read arguments from."""

    rest: str
    request: Request

    def number(self, name: str, default: float, *, at_most: float) -> float:
        """A number from the query, from 0 to `at_most`; more than that counts as that."""
        text = self.request.query.get(name, "")
        try:
            value = float(text) if text else default
        except ValueError:
            value = float("nan")
        if not (isfinite(value) and value >= 0):
            raise CallError(400, f"'{name}' is a number, 0 or more; '{text[:40]}' is not.")
        return min(value, at_most)

    def argument(self, name: str, advice: str) -> Any:
        """The one argument of a call, from the JSON body; what is said when it is not there."""
        try:
            return json.loads(self.request.body)[name]
        except (ValueError, TypeError, KeyError, RecursionError):
            raise CallError(400, advice) from None

    def text(self, name: str, advice: str) -> str:
        """An argument that is text."""
        text = self.argument(name, advice)
        if not isinstance(text, str):
            raise CallError(400, f"'{name}' is text; {json.dumps(text)[:40]} is not.")
        return text

    def megabytes(self) -> int:
        """The one argument of `shrink`."""
        megabytes = self.argument("megabytes", 'Say to what size, as JSON: {"megabytes": 1}.')
        if type(megabytes) is not int:
            text = json.dumps(megabytes)[:40]
            raise CallError(400, f"'megabytes' is a whole number; {text} is not.")
        return megabytes

    def seconds(self, advice: str) -> int | float:
        """The argument `seconds`: any number, however large."""
        seconds = self.argument("seconds", advice)
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise CallError(400, f"'seconds' is a number; {json.dumps(seconds)[:40]} is not.")
        return seconds

    def seconds_to_advance(self) -> float:
        """The one argument of `advance`."""
        seconds = self.seconds('Say how far, as JSON: {"seconds": 60}.')
        if not 0 < seconds <= MAX_ADVANCE_SECONDS:
            raise CallError(
                400,
                f"Time moves forward, by ten years at most: {seconds} seconds is not between 0 "
                f"and {MAX_ADVANCE_SECONDS:.0f}.",
            )
        return float(seconds)


Handler = Callable[[Core, ControlCall], Json | Work | Awaitable[Json]]
Result = TypeVar("Result")
# What takes long: yields what a step took, as a job of `gateway.reactor` does.
Steps = Generator[int, float, Result]
_CHARS_A_STEP, _UNITS = 256 * 1024, 16
_STATUS = {ErrorCode.ENTITY_NOT_FOUND: 404}


def respond(answer: Json, status: int = 200) -> Response:
    """An answer as JSON."""
    return _json(json.dumps(answer).encode(), status)


def _json(body: bytes, status: int) -> Response:
    return Response(status, (("Content-Type", "application/json"),), body)


def respond_in_steps(name: str, text: str) -> Steps[Response]:
    """An answer that is one text, however long: `{name: text}`."""
    pieces = []
    for start in range(0, len(text), _CHARS_A_STEP):
        # What JSON puts between the quotes depends on each character alone.
        pieces.append(json.dumps(text[start : start + _CHARS_A_STEP])[1:-1])
        yield _UNITS
    body = "".join(("{", json.dumps(name), ': "', *pieces, '"}'))
    return _json(body.encode(), 200)


def refuse(refusal: CallError | BrokerError | TokenError) -> Response:
    """What is wrong with a call, in a sentence."""
    if isinstance(refusal, CallError):
        status = refusal.status
    elif isinstance(refusal, BrokerError):
        status = _STATUS.get(refusal.code, 400)
    else:
        status = 401
    return respond({"error": str(refusal)}, status)
