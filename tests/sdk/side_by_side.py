"""Links that are opened at the same time, and closed so.

To open one takes the SDK half a second, and so does closing it: it sleeps between its looks.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any


@asynccontextmanager
async def side_by_side(*links: AbstractAsyncContextManager[Any]) -> AsyncIterator[list[Any]]:
    """Open links, give what each is, and close them.

    Raises:
        Exception: The first that could not be opened or closed; those that were opened are closed.
    """
    opened = await asyncio.gather(*(link.__aenter__() for link in links), return_exceptions=True)
    there = [
        link for link, one in zip(links, opened, strict=True) if not isinstance(one, BaseException)
    ]
    try:
        for one in opened:
            if isinstance(one, BaseException):
                raise one
        yield opened
    finally:
        await asyncio.gather(*(link.__aexit__(None, None, None) for link in there))
