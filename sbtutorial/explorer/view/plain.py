"""Results of the Explorer as plain values, from which the browser draws."""

from functools import singledispatch
from typing import Any

from sbtutorial.explorer.browsing import Page
from sbtutorial.explorer.dead_letters import DeadLetters
from sbtutorial.explorer.entities import Entity, Rules
from sbtutorial.explorer.load import Load
from sbtutorial.explorer.message import Message, spelled
from sbtutorial.explorer.properties import Properties, Property, properties_of, spell
from sbtutorial.explorer.receiving import Received
from sbtutorial.explorer.scheduled import ScheduledMessages
from sbtutorial.explorer.tables import Shown
from sbtutorial.explorer.translation import spelled_filter, values_of
from sbtutorial.explorer.tree import Node, Tree
from sbtutorial.explorer.view.typed import own_rows
from sbtutorial.snapshot import SCHEDULED

Plain = dict[str, Any]


@singledispatch
def plain(result: object) -> Plain:
    """Anything else is what it says of itself."""
    return {"said": "" if result is None else result if isinstance(result, str) else repr(result)}


@plain.register
def _(result: Shown) -> Plain:
    table = result.table()
    return {
        "caption": table.caption,
        "heads": table.heads,
        "rows": table.rows,
        "said": result.remark() if table.rows else table.nothing,
    }


@plain.register
def _(tree: Tree) -> Plain:
    return {"namespace": tree.namespace, "nodes": [_node(node) for node in tree.nodes]}


@plain.register
def _(page: Page) -> Plain:
    return {
        "messages": [_summary(message) for message in page],
        "next": page.next_number,
        "said": page.remark() if page.messages else page.table().nothing,
    }


@plain.register
def _(received: Received) -> Plain:
    return {
        "messages": [_summary(held.message) for held in received],
        "said": "" if len(received) else received.table().nothing,
    }


@plain.register
def _(scheduled: ScheduledMessages) -> Plain:
    """As messages of which nothing is known but this."""
    messages = [
        {"number": one.number, "state": SCHEDULED, "first": one.message_id or "(no id)"}
        for one in scheduled
    ]
    return {"messages": messages, "said": "" if messages else scheduled.table().nothing}


@plain.register
def _(message: Message) -> Plain:
    rows = [[row.section, row.name, spelled(row.value)] for row in message.sections()]
    properties = message.draft.properties
    return {
        **_summary(message),
        "sections": rows,
        "bodies": message.bodies(),
        "isData": message.draft.body_kind == "data",
        "fields": {
            "subject": properties.get("subject") or "",
            "session_id": properties.get("group_id") or "",
        },
        "own": own_rows(dict(message.draft.renewed().application_properties)),
    }


@plain.register
def _(entity: Entity) -> Plain:
    values = values_of(entity.description)
    known = properties_of(entity.place.kind, entity.limits)
    fields = [{**_field(one), "value": spell(values[one.name])} for one in known]
    return {"kind": entity.place.kind.value, "name": entity.place.name, "fields": fields}


@plain.register
def _(properties: Properties) -> Plain:
    fields = [{**_field(one), "value": spell(one.default)} for one in properties]
    return {"kind": properties.kind.value, "fields": fields}


@plain.register
def _(dead: DeadLetters) -> Plain:
    groups = [
        {"reason": group.reason, "numbers": group.numbers, "description": group.description}
        for group in dead
    ]
    return {"groups": groups, "said": "" if groups else dead.table().nothing}


@plain.register
def _(rules: Rules) -> Plain:
    listed = [
        {
            "name": rule.name,
            "filter": spelled_filter(rule.filter),
            "action": getattr(rule.action, "expression", ""),
        }
        for rule in rules
    ]
    return {"rules": listed, "said": "" if listed else rules.table().nothing}


@plain.register
def _(load: Load) -> Plain:
    return {
        "name": load.name,
        "does": f"{load.what} {load.place}",
        "total": load.total,
        "isRunning": load.is_running,
        "failure": load.failure,
        "rows": [[row.second, row.messages] for row in load.rows()],
    }


def _node(node: Node) -> Plain:
    return {
        "name": node.place.name,
        "label": node.place.subscription or node.place.entity,
        "kind": node.place.kind.value,
        "active": node.counts[0],
        "scheduled": node.counts[1],
        "dead": node.counts[2],
        "children": [_node(child) for child in node.children],
    }


def _summary(message: Message) -> Plain:
    return {
        "place": str(message.place),
        "number": message.sequence_number,
        "state": message.state,
        "first": message.first_words(),
        "id": spelled(message.message_id) if message.message_id is not None else "",
        "session": message.session_id or "",
        "subject": spelled(message.draft.properties.get("subject") or ""),
        "failed": message.service["delivery_count"] or 0,
        "reason": message.reason or "",
        "why": message.service["dead_letter_error_description"] or "",
    }


def _field(one: Property) -> Plain:
    return {
        "name": one.name,
        "type": one.type,
        "unit": one.unit,
        "limit": one.limit,
        "choices": list(one.choices),
        "isChangeable": one.is_changeable,
        "purpose": one.purpose,
    }
