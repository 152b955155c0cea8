"""Telling that a list was empty because a receiver got nothing, by the cell that wanted some.

    order = receiver.receive_messages(max_wait_time=5)[0]

Only what is plainly so is told: the list is the call's own, or a name that an SDK's receiver gave
an empty list to, in this cell or in an earlier one.
"""

import ast
import linecache
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

from sbtutorial.lab.nothing_received import NothingReceived

_OF_AN_EMPTY_LIST = ("list index out of range", "pop from empty list", ", got 0)")
_SUBQUEUE = "/$DeadLetterQueue"
_RECEIVE = "receive_messages"
_OPEN = ("get_queue_receiver", "get_subscription_receiver")


def nothing_received(error: BaseException, cells: Sequence[str]) -> NothingReceived | None:
    """What was received from in vain; None when an error has another reason.

    Args:
        error: With its traceback.
        cells: What has run in the notebook, in order.
    """
    if not str(error).endswith(_OF_AN_EMPTY_LIST):
        return None
    frame, line = _innermost(error)
    if frame is None:
        return None
    source = "".join(linecache.getlines(frame.f_code.co_filename))
    names = {**frame.f_globals, **frame.f_locals}
    for wanted in _lists_in(_statement_at(source, line)):
        origin: ast.expr | None = wanted
        if isinstance(wanted, ast.Name):
            if names.get(wanted.id) != []:
                continue
            origin = _given_to(wanted.id, [*cells, source])
        receiver = next(filter(_is_receiver, _values(origin, names)), None)
        if receiver is not None:
            return NothingReceived(str(getattr(receiver, "entity_path", "")))
        if _receives(origin):
            return NothingReceived(_only_queue_in(source))
    return None


def nothing_received_in(program: str, text: str) -> NothingReceived | None:
    """The same of a worker, of which only its program and what the error said are known."""
    tree = _parsed(program)
    if not text.endswith(_OF_AN_EMPTY_LIST) or not any(map(_receives, _lists_in(tree))):
        return None
    return NothingReceived(_only_queue_in(program))


def _innermost(error: BaseException) -> tuple[FrameType | None, int]:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (trace.tb_frame, trace.tb_lineno) if trace is not None else (None, 0)


def _parsed(source: str) -> ast.AST | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):  # magics are no Python
        return None


def _statement_at(source: str, line: int) -> ast.AST | None:
    """The innermost statement that has this line."""
    found: ast.stmt | None = None
    for node in _walk(_parsed(source)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            found = node  # what is further in comes later
    return found


def _lists_in(tree: ast.AST | None) -> Iterator[ast.expr]:
    """The expressions of which an item is taken: `[0]`, `.pop()`, or `(order,) = …`."""
    for node in _walk(tree):
        match node:
            case (
                ast.Subscript(value=taken_of)
                | ast.Call(func=ast.Attribute(value=taken_of, attr="pop"))
                | ast.Assign(targets=[ast.Tuple() | ast.List()], value=taken_of)
            ):
                yield _awaited(taken_of)


def _given_to(name: str, sources: Sequence[str]) -> ast.expr | None:
    """What a name was last assigned."""
    for source in reversed(sources):
        given = [
            _awaited(node.value)
            for node in _walk(_parsed(source))
            if isinstance(node, ast.Assign)
            and any(isinstance(one, ast.Name) and one.id == name for one in node.targets)
        ]
        if given:
            return given[-1]
    return None


def _values(tree: ast.AST | None, names: Mapping[str, Any]) -> Iterator[Any]:
    """What the names and attributes in an expression are; nothing is called."""
    for node in _walk(tree):
        if isinstance(node, ast.Name):
            yield names.get(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = names.get(node.value.id)
            yield getattr(owner, "__dict__", {}).get(node.attr)


def _is_receiver(value: Any) -> bool:
    return type(value).__module__.startswith("azure.servicebus") and hasattr(value, _RECEIVE)


def _receives(tree: ast.AST | None) -> bool:
    return _RECEIVE in _attributes(tree)


def _attributes(tree: ast.AST | None) -> set[str]:
    return {node.attr for node in _walk(tree) if isinstance(node, ast.Attribute)}


def _only_queue_in(source: str) -> str:
    """The queue that a program receives from; "" when that is not just one."""
    queues = {
        "/Subscriptions/".join(parts) + _SUBQUEUE * any(one.arg == "sub_queue" for one in options)
        for node in _walk(_parsed(source))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in _OPEN
        for parts, options in [(_texts(node.args), node.keywords)]
        if parts
    }
    return queues.pop() if len(queues) == 1 else ""


def _texts(arguments: Iterable[ast.expr]) -> list[str]:
    values = (one.value for one in arguments if isinstance(one, ast.Constant))
    return [value for value in values if isinstance(value, str)]


def _awaited(node: ast.expr) -> ast.expr:
    return node.value if isinstance(node, ast.Await) else node


def _walk(tree: ast.AST | None) -> Iterable[ast.AST]:
    return ast.walk(tree) if tree is not None else ()
