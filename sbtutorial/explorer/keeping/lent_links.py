"""A link in somebody's hands, a kept one or a new one: what is done again, and what is never.

A kept link may have ended while it lay there: its entity was deleted and made anew, or disabled for
a while; the broker was started again; a network went. Nobody is to notice that who would have
noticed nothing with a new link. So a new one takes the place of one that has ended:

- To look at messages, or to take some, is tried on the kept link, and if that fails on a new one.
- A message must not be sent twice. So a kept sender is asked something first, which it answers as
  long as it lives: to cancel a scheduled message that cannot be. Then the message is sent, once. It
  goes to a new link when the service itself says that it has not taken it. When the connection ends
  instead, nobody knows whether it was taken; that is said, and nothing is sent again.

A receiver is kept for the next only when nothing can come to it: it has handed over as many
messages as it was asked for, and each of them is settled. The SDK has nothing to take back what is
left of a request but to close the link. Links to sessions are never kept: each holds its session.
"""

from collections.abc import Callable
from contextlib import suppress
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.keeping.kept_links import KeptLinks, Key, close_behind

if TYPE_CHECKING:
    from azure.servicebus import ServiceBusReceivedMessage, ServiceBusSession

_NO_NUMBER = 0  # of which no message is
_ANSWER_SECONDS = 20.0
_PAUSE_SECONDS = 0.4


class OutcomeUnknownError(TutorialError):
    """Something was asked of the service, and the connection ended before it answered."""


class LentLink:
    """What both have in common: a kept link or a new one, opened at the latest when it is used.

    Args:
        opened: Opens another; it is entered already.
        kept: Where it comes from and goes back to.
        key: Where it leads; None when it is for this one purpose.
    """

    def __init__(self, opened: Callable[[], Any], kept: KeptLinks, key: Key | None) -> None:
        self._opened = opened
        self._kept = kept
        self._key = key
        self._era = kept.era
        self._link: Any = None if key is None else kept.take(key)
        self._is_untried = self._link is not None

    def __enter__(self) -> Self:
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.drop()

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing can come to it, and nothing that came is left."""
        return True

    def close(self) -> None:
        """Keep it for the next when it is at rest, or close it."""
        link, self._link = self._link, None
        if link is None:
            return
        if self._key is not None and self.is_at_rest:
            self._kept.keep(self._key, link, self._era)
        else:
            link.close()

    def drop(self) -> None:
        """Close it: something went wrong with it."""
        link, self._link = self._link, None
        if link is None:
            return
        if self._key is not None and self.is_at_rest:
            close_behind([link])
        else:
            link.close()

    def _open(self) -> Any:
        if self._link is None:
            self._link = self._opened()
        return self._link

    def _renew(self) -> None:
        close_behind([self._link])
        self._link = None
        self._is_untried = False


class LentSender(LentLink):
    """A sender to one queue or topic."""

    def send(self, messages: Any) -> None:
        """Send a message, or a batch, once.

        Raises:
            OutcomeUnknownError: The connection ended before the service said that it took it.
        """
        self._once(lambda sender: sender.send_messages(messages))

    def cancel_scheduled(self, numbers: list[int]) -> None:
        """Take back scheduled messages by their numbers.

        Raises:
            OutcomeUnknownError: The connection ended before the service said that it did.
        """
        self._once(lambda sender: sender.cancel_scheduled_messages(numbers))

    def _once(self, act: Callable[[Any], None]) -> None:
        from azure.servicebus import exceptions

        not_taken = (
            exceptions.MessagingEntityNotFoundError,
            exceptions.MessagingEntityDisabledError,
            exceptions.ServiceBusAuthenticationError,
            exceptions.ServiceBusAuthorizationError,
            exceptions.ServiceBusServerBusyError,
        )
        if self._is_untried and not _answers(self._link):
            self._renew()
        try:
            _sure(act, self._open())
        except not_taken:
            if not self._is_untried:
                raise
            self._renew()
            _sure(act, self._open())
        self._is_untried = False


class LentReceiver(LentLink):
    """A receiver of one queue, subscription or its dead letters, or of one session."""

    def __init__(self, opened: Callable[[], Any], kept: KeptLinks, key: Key | None) -> None:
        super().__init__(opened, kept, key)
        self._may_get_more = False
        self._unsettled = 0

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing can come to it, and nothing that came is left."""
        return not self._may_get_more and not self._unsettled

    @property
    def session(self) -> "ServiceBusSession":
        """The session that it holds."""
        session: ServiceBusSession = self._open().session
        return session

    def peek_messages(
        self, count: int, *, sequence_number: int = 1
    ) -> "list[ServiceBusReceivedMessage]":
        """Look at messages, and leave them where they are."""
        return self._found(
            lambda receiver: receiver.peek_messages(count, sequence_number=sequence_number)
        )

    def receive_messages(
        self, count: int, *, max_wait_time: float
    ) -> "list[ServiceBusReceivedMessage]":
        """Take messages, to be settled here; the wait begins when the link is open."""
        self._may_get_more = True
        found = self._found(
            lambda receiver: receiver.receive_messages(count, max_wait_time=max_wait_time)
        )
        self._may_get_more = len(found) < count
        self._unsettled += len(found)
        return found

    def receive_deferred_messages(self, number: int) -> "list[ServiceBusReceivedMessage]":
        """Take a message that was set aside, to be settled here."""
        found = self._found(lambda receiver: receiver.receive_deferred_messages(number))
        self._unsettled += len(found)
        return found

    def settle(self, how: str, message: "ServiceBusReceivedMessage", **details: Any) -> None:
        """Settle one that came here: "complete_message" and the like, as the SDK has it.

        Raises:
            TutorialError: The link is closed.
        """
        if self._link is None:
            raise TutorialError(
                "The link that this message came by is closed, and its lock runs out by itself: "
                "receive it again."
            )
        getattr(self._link, how)(message, **details)
        self._unsettled -= 1

    def _found(self, act: Callable[[Any], Any]) -> "list[ServiceBusReceivedMessage]":
        from azure.servicebus.exceptions import MessageNotFoundError, ServiceBusError

        link = self._open()
        try:
            found: list[ServiceBusReceivedMessage] = act(link)
        except MessageNotFoundError:
            raise
        except ServiceBusError:
            if not self._is_untried:
                raise
            self._renew()
            found = act(self._open())
        self._is_untried = False
        return found


def entered(make: Callable[[], Any]) -> Any:
    """Open a link; when the connection breaks meanwhile, try once more.

    Args:
        make: Makes a sender or a receiver of the SDK.
    """
    with suppress(*_broken()):
        return make().__enter__()
    Event().wait(_PAUSE_SECONDS)
    return make().__enter__()


def _answers(sender: Any) -> bool:
    """Whether a kept sender's connection and entity are there still."""
    from azure.servicebus.exceptions import MessageNotFoundError

    try:
        sender.cancel_scheduled_messages(_NO_NUMBER, timeout=_ANSWER_SECONDS)
    except MessageNotFoundError:
        return True
    except Exception:  # whatever it is, a new link tells more
        return False
    return False


def _sure(act: Callable[[Any], None], sender: Any) -> None:
    try:
        act(sender)
    except _broken() as error:
        raise OutcomeUnknownError(
            "The connection broke before the answer came, so nobody knows whether the service has "
            "done that. Nothing was tried again: look with explorer.tree() or explorer.browse() "
            "before you do."
        ) from error


def _broken() -> tuple[type[Exception], ...]:
    from azure.servicebus import exceptions

    return (
        exceptions.ServiceBusConnectionError,
        exceptions.ServiceBusCommunicationError,
        exceptions.OperationTimeoutError,
    )
