"""The paths of HTTP's data plane: which requests are about messages.

Apart from `data_plane`, which costs time to import that administration need not spend.

Source: Azure Service Bus, REST API, "Service Bus runtime".
"""

import re
from enum import Enum
from typing import NamedTuple
from urllib.parse import unquote

from sbtutorial.http.request import Request

_PATH = re.compile(
    r"(?P<entity>.+)/messages(?:(?P<head>/head)|/(?P<which>[^/]+)/(?P<token>[^/]+))?",
    re.IGNORECASE,
)


class DataKind(Enum):
    """What a path is about."""

    MESSAGES = "messages"
    HEAD = "head"
    LOCK = "lock"


class DataPath(NamedTuple):
    """A path, taken apart and decoded.

    Attributes:
        entity: A queue, topic or subscription, or a subqueue; without outer slashes.
        which: The sequence number or the message id that a lock is said to hold.
    """

    kind: DataKind
    entity: str
    which: str
    token: str

    @property
    def resource(self) -> str:
        """The whole path, as a token is to cover it: it begins with the entity."""
        below = {DataKind.HEAD: "/head", DataKind.LOCK: f"/{self.which}/{self.token}"}
        return f"{self.entity}/messages{below.get(self.kind, '')}"


def parse_data_path(request: Request) -> DataPath | None:
    """What a request is about; None where that is no messages."""
    match = _PATH.fullmatch(request.target.partition("?")[0].strip("/"))
    if match is None:
        return None
    entity, which, token = (unquote(match[part] or "") for part in ("entity", "which", "token"))
    if match["which"]:
        kind = DataKind.LOCK
    elif match["head"]:
        kind = DataKind.HEAD
    elif request.method == "POST":
        kind = DataKind.MESSAGES
    else:  # a queue may be called `my/messages`: administration creates, shows and deletes it
        return None
    return DataPath(kind, entity.strip("/"), which, token)
