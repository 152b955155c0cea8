"""The dated versions of the API: which of them are served, and what came with one of them."""

import re

from sbtutorial.broker.errors import BrokerError, ErrorCode

MESSAGE_SIZE = "2021-05"
FILTER_COUNTS = "2024-05"
LATEST = "2024-05"
_DATED = re.compile(r"20\d\d-(0[1-9]|1[0-2])", re.ASCII)


def served(version: str | None) -> str | None:
    """The version that a request asks for; None when it does not say.

    Raises:
        BrokerError: ARGUMENT_ERROR: it is no month, or a later one than this broker knows.
    """
    if version is None or (_DATED.fullmatch(version) and version <= LATEST):
        return version
    raise BrokerError(
        ErrorCode.ARGUMENT_ERROR,
        f"api-version is '{version[:40]}'; this broker knows 2017-04, 2021-05 and {LATEST}, and "
        "takes earlier months for the first of them.",
    )


def knows(version: str | None, since: str) -> bool:
    """Whether a client of this version has heard of what came `since`; unnamed is the latest."""
    return version is None or version >= since
