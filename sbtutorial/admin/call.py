"""An administration call: one request with what its handler needs, and the entities in its answer.

A handler gets an `AdministrationCall`, asks it for the description in the body and for what that
makes of an entity, acts on the namespace, and lets it write the answer.

Source: Azure Service Bus, REST API; RFC 9110, 13.1.1 (If-Match).
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode
from xml.etree.ElementTree import Element

from sbtutorial.admin import keys
from sbtutorial.admin.atom import (
    Entry,
    entry_response,
    format_instant,
    local_name,
    read_description,
)
from sbtutorial.admin.description_xml import Layout, ToWire, applied, write
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.namespace import Namespace
from sbtutorial.broker.paths import SUBSCRIPTIONS, entity_path
from sbtutorial.http.refusals import HttpRefusal, error_response
from sbtutorial.http.request import Request, Response

# Twelve authorization rules and 1024 characters of metadata fit many times.
MAX_BODY_BYTES = 256 * 1024

RULES = "/Rules/"

MANAGE, SEND, LISTEN = "Manage", "Send", "Listen"

# Whoever lets messages be forwarded must be allowed to send where they go: these tokens show it.
_TARGET_TOKENS = {
    "forward_to": "ServiceBusSupplementaryAuthorization",
    "forward_dead_lettered_messages_to": "ServiceBusDlqSupplementaryAuthorization",
}


class Authorize(Protocol):
    """Asks of a token that it gives a right."""

    def __call__(self, token: str | None, path: str, entity: str, right: str) -> object:
        """Return if the token gives "Manage", "Send" or "Listen" on a path of this broker.

        Args:
            token: As it came in the header; None for none.
            path: What the request asks for, decoded, without outer slashes.
            entity: The queue or topic whose own keys open that path, too; "" for none.
            right: What it takes.

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


@dataclass(frozen=True, slots=True)
class AdministrationCall:
    """One administration request, with all that a handler may need.

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

    # -- What is asked for --------------------------------------------------------------------

    def description(self, elements: Collection[str]) -> Element:
        """The description in the body, which must be one of these elements.

        Raises:
            BrokerError: ARGUMENT_ERROR: there is none, or another one.
            HttpRefusal: The body is too long.
        """
        body = self.request.body
        if len(body) > MAX_BODY_BYTES:
            text = f"The request's body has {len(body)} bytes; {MAX_BODY_BYTES} are allowed."
            raise HttpRefusal(error_response(413, text))
        element = read_description(body)
        if local_name(element) not in elements:
            raise BrokerError(
                ErrorCode.ARGUMENT_ERROR,
                f"The content of the entry is a '{local_name(element)[:80]}', and must be a "
                f"{' or a '.join(elements)}.",
            )
        return element

    def wanted(
        self, layout: Layout, settings: Mapping[str, Any], entity: Entity | None = None
    ) -> Any:
        """The description that a request asks for, of a new entity or of one that is there.

        Raises:
            BrokerError: PRECONDITION_FAILED: it is not there any more as the request has it;
                UNAUTHORIZED: no token that came lets messages be sent to a forwarding target.
        """
        if entity is not None:
            self.require_match(etag_of(entity))
        if "authorization_rules" in settings:
            before = entity.description.authorization_rules if entity else ()
            rules = keys.completed(
                settings["authorization_rules"],
                before,
                self.instant(self.now),
                self.administered.new_key,
            )
            settings = {**settings, "authorization_rules": rules}
        description = applied(layout, settings, entity)
        self._require_open_targets(description, entity)
        return description

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

    def _require_open_targets(self, description: Any, entity: Entity | None) -> None:
        """Ask of each forwarding target's token that it gives Send there.

        A new target without a token of its own takes the request's.
        """
        headers = self.request.headers
        before = entity.description if entity else None
        for setting, header in _TARGET_TOKENS.items():
            target, own = getattr(description, setting, None), headers.get(header.lower())
            if not target or not (own or target != getattr(before, setting, None)):
                continue
            path = entity_path(target)
            try:
                token = own or headers.get("authorization")
                self.administered.authorize(token, path, path, SEND)
            except BrokerError as problem:
                raise BrokerError(
                    problem.code,
                    f"{setting} is '{target[:300]}', and of {header if own else 'Authorization'}: "
                    f"{problem.message}",
                ) from None

    # -- What is answered ---------------------------------------------------------------------

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

    def entry(self, layout: Layout, entity: Entity) -> Entry:
        """An entity as an entry: its description and its counters."""
        return Entry(
            self.url(entity.path),
            entity.name,
            self.instant(entity.created_at),
            self.instant(entity.updated_at),
            self.namespace.name,
            write(layout, entity, self.administered.to_wire, self.api_version),
            etag_of(entity),
        )

    def answer(self, status: int, layout: Layout, entity: Entity) -> Response:
        """An entity as the answer."""
        return entry_response(status, self.entry(layout, entity))

    def _as_asked(self, path: str) -> str:
        """With small letters for who asks so: behind which words an SDK finds names differs."""
        if SUBSCRIPTIONS in path:
            for word in (SUBSCRIPTIONS, RULES):
                if word.lower() in f"{self.request.path}/":
                    path = path.replace(word, word.lower())
        return path


def etag(created_at: float, chosen: object) -> str:
    """Tells one state of an entity from another: a digest of when it was made and what it is."""
    digest = sha256(f"{created_at!r} {chosen!r}".encode(errors="surrogatepass"))
    return f'"{digest.hexdigest()[:20]}"'


def etag_of(entity: Entity) -> str:
    """The state of a queue, topic or subscription, for If-Match."""
    return etag(entity.created_at, entity.description)
