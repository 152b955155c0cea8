"""Lists, a page at a time.

Source: Azure Service Bus, REST API, "List queues": `$skip` and `$top`.
"""

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from sbtutorial.admin.atom import Entry, feed_response
from sbtutorial.admin.call import AdministrationCall
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.http.request import Response

_PAGE_SIZE = 100
_Listed = TypeVar("_Listed")


def page(
    call: AdministrationCall,
    title: str,
    listed: Sequence[_Listed],
    to_entry: Callable[[_Listed], Entry],
) -> Response:
    """The part of a list that the request asks for, and where the next part is.

    Raises:
        BrokerError: ARGUMENT_ERROR for `$skip` or `$top`.
    """
    skip, top = _number(call, "$skip", 0), min(_number(call, "$top", _PAGE_SIZE), _PAGE_SIZE)
    shown, end, path = listed[skip : skip + top], skip + top, call.request.path
    has_more = len(shown) == top > 0 and end < len(listed)
    return feed_response(
        title,
        call.url(path, skip=skip, top=top),
        call.instant(call.now),
        map(to_entry, shown),
        call.url(path, skip=end, top=top) if has_more else None,
    )


def nothing(call: AdministrationCall, path: str) -> Response:
    """What Azure answers for a queue or a topic that is not there."""
    return feed_response("Publicly Listed Services", call.url(path), call.instant(call.now), [])


def _number(call: AdministrationCall, name: str, default: int) -> int:
    text = call.request.query.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise BrokerError(
            ErrorCode.ARGUMENT_ERROR, f"{name} is '{text[:40]}'; it must be 0 or a whole number."
        )
    return int(text)
