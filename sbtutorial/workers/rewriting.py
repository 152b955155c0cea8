"""A cell as it is meant elsewhere: with the prefix before its names, and without a key.

    get_queue_sender("orders")            get_queue_sender(whole_name("orders"))
    Client.from_connection_string(text)   from_connection_string(Client, text)

Only where a variable asks for it (`is_wanted`), and only in what is compiled: the cell's own text
stays as it is. `lab.names` says why it is done here; `lab.elsewhere` has the two functions.
Known limits: a method that goes by another name (`send = client.get_queue_sender`), and a program
in a file, which says its names itself.
"""

import ast
from collections.abc import Mapping

from sbtutorial.connection_string import HOST_VARIABLE, IDENTITY, PREFIX_VARIABLE, chosen

_HOME = "sbtutorial.lab.elsewhere"
_OPENS = "from_connection_string"
_VERBS = ("create", "get", "delete")
# Methods of the SDK whose first argument is the name of a queue or a topic.
_TAKE_A_NAME = {
    *("get_queue_sender", "get_queue_receiver", "get_topic_sender", "get_subscription_receiver"),
    *(f"get_{what}_runtime_properties" for what in ("queue", "topic", "subscription")),
    *(f"{verb}_{what}" for verb in _VERBS for what in ("queue", "topic", "subscription", "rule")),
    *("list_subscriptions", "list_subscriptions_runtime_properties", "list_rules"),
    *("list_queue_sessions", "list_subscription_sessions"),
    *("update_subscription", "update_rule"),
    *("rules", "test_rules"),  # of the Explorer, in lessons
}
_FIRST = {"queue_name", "topic_name", "name"}
_FURTHER = {"forward_to", "forward_dead_lettered_messages_to"}


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether cells are to be read so: another service is named, and a prefix or no key."""
    found = chosen(environ)
    if found is None:
        return False
    variable, text = found
    is_keyless = variable == HOST_VARIABLE or IDENTITY in text
    return is_keyless or bool(environ.get(PREFIX_VARIABLE, "").strip())


class Rewriting(ast.NodeTransformer):
    """Changes the calls of a tree, in place; as IPython's `ast_transformers` have it."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """A call, when what is inside of it has been visited."""
        self.generic_visit(node)
        if not isinstance(node.func, ast.Attribute):
            return node
        name = node.func.attr
        if name == _OPENS:
            return _call(node, _OPENS, [node.func.value, *node.args], node.keywords)
        if name in _TAKE_A_NAME:
            if node.args and not isinstance(node.args[0], ast.Starred):
                node.args[0] = _whole(node.args[0])
            for keyword in node.keywords:
                if keyword.arg in _FIRST | _FURTHER:
                    keyword.value = _whole(keyword.value)
        return node


def rewritten(tree: ast.Module) -> ast.Module:
    """A whole program, changed."""
    changed: ast.Module = Rewriting().visit(tree)
    return changed


def _whole(value: ast.expr) -> ast.expr:
    return _call(value, "whole_name", [value], [])


def _call(
    at: ast.expr, function: str, arguments: list[ast.expr], keywords: list[ast.keyword]
) -> ast.Call:
    """A call of ours that needs no name in the cell: it imports what it calls."""
    home = ast.parse(f"__import__({_HOME!r}, fromlist=['x']).{function}", mode="eval").body
    call = ast.Call(home, arguments, keywords)
    ast.copy_location(call, at)
    for node in ast.walk(home):
        ast.copy_location(node, at)
    return ast.fix_missing_locations(call)
