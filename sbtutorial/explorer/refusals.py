"""What the SDK raises, as a sentence: what was refused, why, and what to do.

The SDK's exceptions are known by their names, so that nothing of it is imported here.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import unescape

from sbtutorial.errors import TutorialError, cause_in_words

_SUBCODE = re.compile(r"^SubCode=\d+\.\s*")
_DETAIL = re.compile(r"<Detail>(.*?)</Detail>", re.DOTALL)
# What the SDK makes of an answer of `$management`: its words as the bytes that they came as.
_QUOTED = re.compile(r"""Service request failed\. b(['"])(.*)\1\.?$""")
_CONDITION = re.compile(r"\s*(Error condition|ErrorCodes?):.*", re.DOTALL)
# By the name of an exception's class or of one that it is derived from; the first that fits.
_SENTENCES: Mapping[str, str] = {
    "ClientAuthenticationError": "The key of this connection string does not open that: {detail}",
    "ServiceBusAuthenticationError": "The service refuses: {detail}",
    "ServiceBusAuthorizationError": "The key of this connection string does not open that: "
    "{detail}",
    "ResourceNotFoundError": "There is no such thing: {detail}",
    "MessagingEntityNotFoundError": "There is no such queue, topic or subscription: {detail}",
    "MessagingEntityDisabledError": "It is disabled: set its status to Active first. {detail}",
    "ResourceExistsError": "That is there already: {detail}",
    "MessageSizeExceededError": "The message is too large: {detail}",
    "MessageLockLostError": "The lock on that message has run out, and it is no longer yours: "
    "receive it again.",
    "MessageAlreadySettled": "That message has been settled already: receive the next one.",
    "SessionLockLostError": "The lock on that session has run out: receive from it again.",
    "SessionCannotBeLockedError": "Another receiver has that session: wait until it lets go, or "
    "until its lock runs out.",
    "OperationTimeoutError": "Nothing came in time: {detail}",
    "ServiceRequestError": "Nothing answers at the namespace's address: is the broker gone? Run "
    "connect() again.",
    "ServiceResponseError": "The namespace broke off its answer: is the broker gone? Run connect() "
    "again.",
    "ServiceBusConnectionError": "The connection broke: is the broker gone? Run connect() again. "
    "{detail}",
    "ServiceBusCommunicationError": "The connection broke: is the broker gone? Run connect() "
    "again. {detail}",
    "AzureError": "The service refuses: {detail}",
    "UnicodeDecodeError": "The SDK sends bytes in an application property only when they are text: "
    "{detail}",
    "ValueError": "The SDK refuses: {detail}",
    "TypeError": "The SDK refuses: {detail}",
}


@contextmanager
def refusals() -> Iterator[None]:
    """Say what the SDK refuses in a sentence.

    Raises:
        TutorialError: In place of what the SDK has raised.
    """
    try:
        yield
    except Exception as error:
        sentence = next(
            (_SENTENCES[kind.__name__] for kind in type(error).__mro__ if _is_known(kind)), None
        )
        if sentence is None or isinstance(error, TutorialError):
            raise
        raise TutorialError(sentence.format(detail=detail_of(error)).strip()) from error


def detail_of(error: BaseException) -> str:
    """What the service said, without its codes."""
    said = _told(error) or str(getattr(error, "message", "") or error) or cause_in_words(error)
    if "encountered an error" in said and (cause := cause_in_words(error)):
        said = cause
    words = _CONDITION.sub("", _SUBCODE.sub("", said.strip().partition("\n")[0])).strip()
    return _QUOTED.sub(r"\2", words)


def _told(error: BaseException) -> str:
    """What the body of an HTTP response says; the SDK does not always look into it."""
    try:
        body = getattr(error, "response", None).text()  # type: ignore[union-attr]
    except Exception:  # there is no response, or its body is no text
        return ""
    found = _DETAIL.search(body)
    return unescape(found[1]) if found else ""


def _is_known(kind: type) -> bool:
    return kind.__name__ in _SENTENCES
