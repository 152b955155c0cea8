"""One administration request on its way: what its handler may need, and what it may refuse.

Source: Azure Service Bus, REST API; RFC 9110, 13.1.1 "If-Match".
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, Protocol
from urllib.parse import quote, urlencode
from xml.etree.ElementTree import Element

from sbtutorial.admin.atom import error_response, format_instant, local_name, read_description
from sbtutorial.admin.description_xml import ToWire
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import SUBSCRIPTIONS
from sbtutorial.http.request import Request, Response

# Twelve authorization rules and 1024 characters of metadata fit many times.
MAX_BODY_BYTES = 256 * 1024

RULES = "/Rules/"

MANAGE, SEND, LISTEN = "Manage", "Send", "Listen"


class Authorize(Protocol):
    """Asks of a token that it gives a right."""

    def __call__(self, token: str | None, resource: str, right: str) -> object:
        """Return if the token gives "Manage", "Send" or "Listen" on a URI.

        Raises:
            BrokerError: UNAUTHORIZED.
        """


class Administered(NamedTuple):
    """What is administered.

    Attributes:
        to_wire: From broker time to wall-clock seconds since the epoch.
        started_at: When the broker began, in broker time.
        authorize: Decides whether a request may be made.
        new_key: Makes the secret of an authorization rule.
    """

    namespace: Namespace
    to_wire: ToWire
    started_at: float
    authorize: Authorize
    new_key: Callable[[], str]


class Refusal(Exception):
    """A refusal that only HTTP knows."""

    def __init__(self, response: Response):
        super().__init__(response.status)
        self.response = response


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way, with all that a handler may need.

    Attributes:
        now: Broker time.
        host: Host and port by which the client reached us.
    """

    request: Request
    administered: Administered
    now: float
    host: str
    api_version: str | None

    @property
    def namespace(self) -> Namespace:
        """What is administered."""
        return self.administered.namespace

    @property
    def is_update(self) -> bool:
        """Whether a PUT is for what is there; without If-Match it is for what is not."""
        return "if-match" in self.request.headers

    def instant(self, at: float) -> str:
        """An instant of broker time, as it is written."""
        return format_instant(self.administered.to_wire(at))

    def url(self, path: str, **query: int) -> str:
        """Where a path is, for the client."""
        pairs = {f"${name}": str(value) for name, value in query.items()}
        if self.api_version:
            pairs["api-version"] = self.api_version
        suffix = f"?{urlencode(pairs, safe='$')}" if pairs else ""
        return f"https://{self.host}/{quote(self._as_asked(path), safe='/$')}{suffix}"

    def _as_asked(self, path: str) -> str:
        """With small letters for who asks so: behind which words an SDK finds names differs."""
        if SUBSCRIPTIONS in path:
            for word in (SUBSCRIPTIONS, RULES):
                if word.lower() in f"{self.request.path}/":
                    path = path.replace(word, word.lower())
        return path

    def description(self, elements: Collection[str]) -> Element:
        """The description in the body, which must be one of these elements.

        Raises:
            BrokerError: ARGUMENT_ERROR: there is none, or another one.
            Refusal: The body is too long.
        """
        body = self.request.body
        if len(body) > MAX_BODY_BYTES:
            text = f"The request's body has {len(body)} bytes; {MAX_BODY_BYTES} are allowed."
            raise Refusal(error_response(413, text))
        element = read_description(body)
        if local_name(element) not in elements:
            raise BrokerError(
                ErrorCode.ARGUMENT_ERROR,
                f"The content of the entry is a '{local_name(element)[:80]}', and must be a "
                f"{' or a '.join(elements)}.",
            )
        return element

    def require_match(self, etag: str) -> None:
        """Refuse what was meant for an earlier state of an entity; no If-Match means any.

        Raises:
            BrokerError: PRECONDITION_FAILED.
        """
        wanted = self.request.headers.get("if-match", "*")
        tags = {tag.strip().removeprefix("W/") for tag in wanted.split(",")}
        if not tags & {"*", etag}:
            raise BrokerError(
                ErrorCode.PRECONDITION_FAILED,
                f"The entity has changed: its ETag is {etag}, and the request is for "
                f"{wanted[:80]}. Get it again, and repeat your change.",
            )


def etag(created_at: float, chosen: object) -> str:
    """Tells one state of an entity from another: a digest of when it was made and what it is."""
    digest = sha256(f"{created_at!r} {chosen!r}".encode(errors="surrogatepass"))
    return f'"{digest.hexdigest()[:20]}"'
