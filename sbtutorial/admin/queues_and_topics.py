"""Calls on queues and topics, which share their names: the description in a PUT says which."""

from collections.abc import Callable
from typing import Any

from sbtutorial.admin import feeds
from sbtutorial.admin.atom import local_name
from sbtutorial.admin.call import AdministrationCall, etag_of
from sbtutorial.admin.description_xml import Layout, read
from sbtutorial.admin.queue_xml import QUEUE
from sbtutorial.admin.topic_xml import TOPIC
from sbtutorial.broker.directory import Directory
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.paths import split_subqueue
from sbtutorial.http.request import Response

_BY_ELEMENT = {layout.element: layout for layout in (QUEUE, TOPIC)}
_BY_KIND = {layout.kind: layout for layout in (QUEUE, TOPIC)}
_FIND: dict[str, Callable[[Directory, str], Entity]] = {
    QUEUE.kind: Directory.queue,
    TOPIC.kind: Directory.topic,
}


def put(call: AdministrationCall, name: str) -> Response:
    """Create, or with If-Match change."""
    element = call.description(_BY_ELEMENT)
    layout = _BY_ELEMENT[local_name(element)]
    entity = _there(call, layout, name) if call.is_update else None
    settings = read(layout, element, call.api_version)
    description = call.wanted(layout, settings, entity)
    if entity is None:
        made: Entity = call.namespace.create(name, description, now=call.now)
        return call.answer(201, layout, made)
    call.namespace.update(entity, description, now=call.now)
    return call.answer(200, layout, entity)


def get(call: AdministrationCall, name: str) -> Response:
    """Its description and its counters; Azure answers for a missing one with an empty feed.

    Source: answers recorded in the tests of azure-sdk-for-net.

    Raises:
        BrokerError: ARGUMENT_ERROR for a subqueue of one that is there.
    """
    entity = _found(call, name)
    if entity is not None:
        return call.answer(200, _BY_KIND[entity.kind], entity)
    path, subqueue = split_subqueue(name)
    if subqueue and (owner := _found(call, path)) is not None:
        raise BrokerError(  # the first sentence is Azure's
            ErrorCode.ARGUMENT_ERROR,
            f"The specified HTTP verb (GET) is not valid. '{subqueue[1:]}' belongs to "
            f"{owner.kind} '{owner.name}', whose properties say how many messages are there.",
        )
    return feeds.nothing(call, name)


def delete(call: AdministrationCall, name: str) -> Response:
    """Take it away with all that is in it."""
    entity = call.namespace.directory.entity(name)
    call.require_match(etag_of(entity))
    call.namespace.delete(entity, now=call.now)
    return Response(200)  # the Python SDK takes 204 for a failure


def list_queues(call: AdministrationCall) -> Response:
    """Every queue, by name."""
    return _list(call, "Queues", QUEUE, call.namespace.directory.queues())


def list_topics(call: AdministrationCall) -> Response:
    """Every topic, by name."""
    return _list(call, "Topics", TOPIC, call.namespace.directory.topics())


def _list(call: AdministrationCall, title: str, layout: Layout, listed: list[Any]) -> Response:
    return feeds.page(call, title, listed, lambda one: call.entry(layout, one))


def _found(call: AdministrationCall, name: str) -> Entity | None:
    try:
        return call.namespace.directory.entity(name)
    except BrokerError:
        return None


def _there(call: AdministrationCall, layout: Layout, name: str) -> Entity:
    """What is to be changed."""
    found = _found(call, name)
    if found is None:
        # Its refusal tells what there is of this kind.
        return _FIND[layout.kind](call.namespace.directory, name)
    if found.kind != layout.kind:
        raise BrokerError(
            ErrorCode.ENTITY_ALREADY_EXISTS,
            f"'{found.name}' is a {found.kind}, and does not become a {layout.kind} by an "
            f"update. Delete it first or choose another name.",
        )
    return found
