"""Calls on queues and topics, which share their names: the description in a PUT says which."""

from collections.abc import Callable
from typing import Any, NamedTuple

from sbtutorial.admin import feeds
from sbtutorial.admin.atom import local_name
from sbtutorial.admin.call import AdministrationCall, etag_of
from sbtutorial.admin.description_xml import Layout, read
from sbtutorial.admin.queue_xml import QUEUE
from sbtutorial.admin.topic_xml import TOPIC
from sbtutorial.broker.entities.entity import Entity
from sbtutorial.broker.errors import BrokerError, ErrorCode
from sbtutorial.broker.namespace import Namespace
from sbtutorial.http.request import Response


class _Kind(NamedTuple):
    """How the namespace is asked for one kind."""

    layout: Layout
    find: Callable[..., Entity]
    create: Callable[..., Entity]
    update: Callable[..., Entity]
    delete: Callable[..., None]


_QUEUE = _Kind(
    QUEUE,
    Namespace.queue,
    Namespace.create_queue,
    Namespace.update_queue,
    Namespace.delete_queue,
)
_TOPIC = _Kind(
    TOPIC,
    Namespace.topic,
    Namespace.create_topic,
    Namespace.update_topic,
    Namespace.delete_topic,
)
_BY_ELEMENT = {kind.layout.element: kind for kind in (_QUEUE, _TOPIC)}
_BY_NAME = {kind.layout.kind: kind for kind in (_QUEUE, _TOPIC)}


def put(call: AdministrationCall, name: str) -> Response:
    """Create, or with If-Match change."""
    element = call.description(_BY_ELEMENT)
    kind = _BY_ELEMENT[local_name(element)]
    entity = _there(call, kind, name) if call.is_update else None
    settings = read(kind.layout, element, call.api_version)
    description = call.wanted(kind.layout, settings, entity)
    act = kind.update if entity else kind.create
    entity = act(call.namespace, name, description, now=call.now)
    return call.answer(200 if call.is_update else 201, kind.layout, entity)


def get(call: AdministrationCall, name: str) -> Response:
    """Its description and its counters; Azure answers for a missing one with an empty feed."""
    try:
        entity = call.namespace.entity(name)
    except BrokerError:
        return feeds.nothing(call, name)
    return call.answer(200, _BY_NAME[entity.kind].layout, entity)


def delete(call: AdministrationCall, name: str) -> Response:
    """Take it away with all that is in it."""
    entity = call.namespace.entity(name)
    call.require_match(etag_of(entity))
    _BY_NAME[entity.kind].delete(call.namespace, entity.name, now=call.now)
    return Response(200)  # the Python SDK takes 204 for a failure


def list_queues(call: AdministrationCall) -> Response:
    """Every queue, by name."""
    return _list(call, "Queues", QUEUE, call.namespace.queues())


def list_topics(call: AdministrationCall) -> Response:
    """Every topic, by name."""
    return _list(call, "Topics", TOPIC, call.namespace.topics())


def _list(call: AdministrationCall, title: str, layout: Layout, listed: list[Any]) -> Response:
    return feeds.page(call, title, listed, lambda one: call.entry(layout, one))


def _there(call: AdministrationCall, kind: _Kind, name: str) -> Entity:
    """What is to be changed."""
    try:
        found = call.namespace.entity(name)
    except BrokerError:
        return kind.find(call.namespace, name)  # whose refusal tells what there is of this kind
    if found.kind != kind.layout.kind:
        raise BrokerError(
            ErrorCode.ENTITY_ALREADY_EXISTS,
            f"'{found.name}' is a {found.kind}, and does not become a {kind.layout.kind} by an "
            f"update. Delete it first or choose another name.",
        )
    return found
