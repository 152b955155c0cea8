"""Making entities without an SDK: the broker's own administration API, over plain HTTP.

No release of the SDK need be there, and no certificate, and it is done in a millisecond.

Source: Azure Service Bus, REST API "Create queue".
"""

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

from sbtutorial.admin.atom import ATOM, described
from sbtutorial.admin.description_xml import Layout
from sbtutorial.admin.queue_xml import QUEUE
from sbtutorial.admin.subscription_xml import SUBSCRIPTION
from sbtutorial.admin.topic_xml import TOPIC
from sbtutorial.connection_string import parse_connection_string
from sbtutorial.errors import TutorialError
from sbtutorial.gateway.access.sas import sign
from sbtutorial.local.options import QueueOptions, SubscriptionOptions, TopicOptions

_VERSION = "2021-05"
_TOKEN_SECONDS = 60
_TIMEOUT_SECONDS = 10.0
# A token that may send to where messages are forwarded.
_TARGETS = ("ServiceBusSupplementaryAuthorization", "ServiceBusDlqSupplementaryAuthorization")
# Whose types hold for whom that has no type checker.
_OPTIONS = {QUEUE: QueueOptions, TOPIC: TopicOptions, SUBSCRIPTION: SubscriptionOptions}
_WANTED = {
    timedelta: "a timedelta, such as timedelta(seconds=30)",
    int: "a whole number",
    bool: "True or False",
    str: "a text",
}


class Administration:
    """Makes entities of one broker of ours.

    Args:
        connection_string: The broker's.

    Every method raises TutorialError with what the broker says, if it refuses or is gone.
    """

    def __init__(self, connection_string: str) -> None:
        self._connection = parse_connection_string(connection_string)

    def create_queue(self, name: str, options: Mapping[str, Any]) -> None:
        """Make a queue with these options of `QueueOptions`."""
        self._put(quote(name), _described(QUEUE, options))

    def create_topic(self, name: str, options: Mapping[str, Any]) -> None:
        """Make a topic with these options of `TopicOptions`."""
        self._put(quote(name), _described(TOPIC, options))

    def create_subscription(
        self, topic: str, name: str, sql_filter: str | None, options: Mapping[str, Any]
    ) -> None:
        """Make a subscription with these options of `SubscriptionOptions`.

        Args:
            topic: The topic's name.
            name: Its own.
            sql_filter: Which messages it takes; all unless given.
            options: The rest.
        """
        description = _described(SUBSCRIPTION, options)
        if sql_filter is not None:
            rule = SubElement(description, "DefaultRuleDescription")
            condition = SubElement(rule, "Filter", {"i:type": "SqlFilter"})
            SubElement(condition, "SqlExpression").text = sql_filter
        self._put(f"{quote(topic)}/Subscriptions/{quote(name)}", description)

    def _put(self, path: str, description: Element) -> None:
        entry = Element("entry", xmlns=ATOM)
        SubElement(entry, "content", type="application/xml").append(description)
        host, port = self._connection.host, self._connection.port
        token = sign(
            f"http://{host}:{port}/",
            self._connection.key_name or "",
            self._connection.key or "",
            time.time() + _TOKEN_SECONDS,
        )
        headers = {"Content-Type": "application/atom+xml", "Authorization": token}
        connection = HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
        try:
            target = f"/{path}?api-version={_VERSION}"
            body = tostring(entry, encoding="utf-8")
            connection.request("PUT", target, body, headers | dict.fromkeys(_TARGETS, token))
            with connection.getresponse() as response:
                status, answer = response.status, response.read()
        except (OSError, HTTPException) as error:
            raise TutorialError(
                f"The broker at {host}:{port} is gone: nothing like it answers "
                f"({type(error).__name__})."
            ) from None
        finally:
            connection.close()
        if status >= 400:
            raise TutorialError(_detail(answer))


def _described(layout: Layout, options: Mapping[str, Any]) -> Element:
    """The options as XML, in the order of the layout.

    Raises:
        TutorialError: There is no such option, or its value is of another type.
    """
    settings = {one.name: one for one in layout.settings}
    if unknown := [name for name in options if name not in settings]:
        raise TutorialError(
            f"A {layout.kind} has no option {json.dumps(unknown[0])}: it has "
            f"{', '.join(sorted(settings))}."
        )
    types = _OPTIONS[layout].__annotations__
    root = described(layout.element)
    for name, one in settings.items():
        if (value := options.get(name)) is not None:
            _require_type(name, value, types.get(name))
            one.type.fill(SubElement(root, one.element), value)
    return root


def _require_type(name: str, value: object, wanted: type | None) -> None:
    """A whole number is not True, which Python counts as one."""
    if (
        wanted is None
        or type(value) is wanted
        or (wanted in (timedelta, str) and isinstance(value, wanted))
    ):
        return
    raise TutorialError(f"{name} is {_WANTED[wanted]}, and not {value!r}.")


def _detail(answer: bytes) -> str:
    from defusedxml.ElementTree import fromstring

    found: str | None = fromstring(answer).findtext("Detail")
    return found or "The broker refuses that, and does not say why."
