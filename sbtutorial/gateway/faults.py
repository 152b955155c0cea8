"""Refusals on order, so that a program can be tested against every answer that Azure may give.

Azure has no such thing. Nothing is refused here unless somebody has asked for it.
"""

from dataclasses import dataclass
from enum import StrEnum

from sbtutorial.amqp.performatives import Error
from sbtutorial.amqp.types import Symbol


class Occasion(StrEnum):
    """When a refusal comes."""

    CONNECT = "connect"  # the connection is closed when it has been opened
    DETACH = "detach"  # a link is accepted, and detached at once
    SEND = "send"  # a delivery is rejected
    SETTLE = "settle"  # a settlement is refused
    REQUEST = "request"  # a request to $management is refused
    HTTP = "http"  # an HTTP request is refused


@dataclass(slots=True)
class Fault:
    """One kind of refusal, as often as was asked for.

    Attributes:
        condition: The AMQP error condition; "" for an answer without an error.
        status_code: What goes with it in answers of $management and of HTTP.
        path: On which entity; None for any.
        times: How often it is still to come.
    """

    occasion: Occasion
    condition: str
    text: str
    status_code: int
    path: str | None
    times: int

    @property
    def error(self) -> Error | None:
        """As AMQP has it."""
        return Error(Symbol(self.condition), self.text, None) if self.condition else None


class Faults:
    """The refusals that are still to come.

    Attributes:
        planned: In the order in which they were asked for; nearly always empty.
    """

    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def plan(
        self,
        occasion: str,
        condition: str = "",
        *,
        text: str = "A fault that was asked for.",
        status_code: int = 500,
        path: str | None = None,
        times: int = 1,
    ) -> None:
        """Have the next ones refused.

        Args:
            occasion: One of `Occasion`, such as "send".
            condition: The AMQP error condition, such as "com.microsoft:server-busy".
            text: What is said of it.
            status_code: For "request" and "http".
            path: The entity, in any case; any unless given.
            times: How many are refused.

        Raises:
            ValueError: There is no such occasion.
        """
        at = path.strip("/").lower() if path else None
        fault = Fault(Occasion(occasion), condition, text, status_code, at, times)
        self.planned.append(fault)

    def next(self, occasion: Occasion, path: str = "") -> Fault | None:
        """The refusal that is due on this occasion, if any; it is used up by that."""
        for fault in self.planned:
            if fault.occasion is occasion and fault.path in (None, path.strip("/").lower()):
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
                return fault
        return None
