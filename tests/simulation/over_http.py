"""How simulated clients ask over HTTP."""

import json
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

from tests.simulation.ledger import Sight
from tests.simulation.living import Doing, Wait
from tests.simulation.network import Stamp
from tests.simulation.promises import NO_CLIENT_WAITS_FOR_EVER, PATIENCE_SECONDS
from tests.simulation.world import World

LOOKS = 500  # how often who waits for a response looks for it


def over_http(world: World, method: str, target: str, body: bytes = b"", **headers: str) -> Doing:
    """A request; the response, and when it was made up; None if the broker dies of it, or has."""
    asked = world.http(method, target, body, **headers)
    if asked is None:
        return None
    exchange, stamp = asked
    life, cuts = world.lives, world.cuts

    def look() -> Any:
        if exchange.response is not None:
            return exchange.response
        is_cut = (
            exchange.is_cut or world.broker is None or world.lives != life or world.cuts != cuts
        )
        return True if is_cut else None

    for _ in range(LOOKS):
        response = yield Wait(look, PATIENCE_SECONDS / LOOKS, "a response")
        if response is not None:
            return None if response is True else (response, stamp)
    world.broken(NO_CLIENT_WAITS_FOR_EVER, f"{method} {target} has no response")


def http_sight(headers: dict[str, str], body: str, place: str, stamp: Stamp) -> Sight:
    """A message as the data plane gives it."""
    said = json.loads(headers["BrokerProperties"])
    until = parsedate_to_datetime(said["LockedUntilUtc"]).timestamp()
    token = UUID(said["LockToken"]).bytes_le
    number, count = said["SequenceNumber"], said["DeliveryCount"]
    return Sight(
        place, False, body, number, count, stamp, "", "receive", token, until + stamp.ahead
    )


def queue_xml(**properties: str) -> bytes:
    """What makes a queue."""
    written = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in properties.items())
    return (
        '<entry xmlns="http://www.w3.org/2005/Atom"><content type="application/xml">'
        '<QueueDescription xmlns="http://schemas.microsoft.com/netservices/2010/10/servicebus/'
        f'connect">{written}</QueueDescription></content></entry>'
    ).encode()
