"""What the browser may ask for: each is one call of the Explorer, as a learner would write it."""

from collections.abc import Callable
from typing import Any

from sbtutorial.errors import TutorialError
from sbtutorial.explorer.explorer import Explorer
from sbtutorial.explorer.receiving import settlement
from sbtutorial.explorer.resubmitting import AGAIN
from sbtutorial.explorer.sending import counted
from sbtutorial.explorer.view.calls import Call, said
from sbtutorial.explorer.view.plain import Plain, plain
from sbtutorial.explorer.view.typed import application_properties, message_options, number, whole

Arguments = Plain


def _browse(asked: Arguments) -> Call:
    options = {name: asked.get(name) for name in ("start", "count", "text", "where", "session")}
    return Call("browse", (asked["name"],), said(options))


def _create(asked: Arguments) -> Call:
    kinds = {"queue", "topic", "subscription"}
    kind = asked["kind"]
    if kind not in kinds:
        raise TutorialError(
            f"There are queues, topics and subscriptions; {kind!r} is none of them."
        )
    return Call(f"create_{kind}", (asked["name"],), asked.get("properties") or {})


def _send(asked: Arguments) -> Call:
    options = message_options(asked)
    if (repeat := whole(asked.get("repeat") or 1, "repeat")) != 1:
        options["repeat"] = repeat
    return Call("send", (asked["name"], asked.get("body", "")), options)


def _receive(asked: Arguments) -> Call:
    count = whole(asked.get("count") or 1, "count")
    return Call("receive", (asked["name"], count), said({"session": asked.get("session")}))


def _settle(asked: Arguments) -> Call:
    how = settlement(asked["how"])
    why = {name: asked.get(name) for name in ("reason", "description")}
    return Call(how, (asked["name"], asked["number"]), said(why) if how == "dead_letter" else {})


def _resubmit(asked: Arguments) -> Call:
    """One, repaired; or all, or all of a reason, as they are."""
    numbers = asked.get("numbers")
    which = () if numbers is None else (numbers[0] if len(numbers) == 1 else numbers,)
    names = ("body", "subject", "message_id", "reason", "to")
    changes: dict[str, Any] = {name: asked[name] for name in names if name in asked}
    if "own" in asked:
        changes["application_properties"] = application_properties(asked["own"])
    return Call("resubmit", (asked["name"], *which), changes)


def _test_rules(asked: Arguments) -> Call:
    return Call("test_rules", (asked["name"], asked.get("body", "")), message_options(asked))


def _test_filter(asked: Arguments) -> Call:
    return Call(
        "test_filter", (asked.get("filter", ""), asked.get("body", "")), message_options(asked)
    )


def _start_sender(asked: Arguments) -> Call:
    options = message_options(asked)
    options["per_second"] = number(asked.get("per_second") or 1, "per_second")
    if asked.get("repeat"):
        options["repeat"] = whole(asked["repeat"], "repeat")
    return Call("start_sender", (asked["name"], asked.get("body", "")), options)


def _start_receiver(asked: Arguments) -> Call:
    think = number(asked.get("think_seconds") or 0, "think_seconds")
    return Call("start_receiver", (asked["name"],), said({"think_seconds": think or None}))


def _by_name(method: str, *further: str, **options: Any) -> Callable[[Arguments], Call]:
    """A call with a name and further arguments as they come."""

    def build(asked: Arguments) -> Call:
        arguments = [asked[one] for one in ("name", *further) if asked.get(one) is not None]
        return Call(method, tuple(arguments), options)

    return build


ACTIONS: dict[str, Callable[[Arguments], Call]] = {
    "tree": lambda asked: Call("tree"),
    "show": _by_name("show"),
    "properties": lambda asked: Call("properties", (asked["kind"],)),
    "create": _create,
    "edit": lambda asked: Call("edit", (asked["name"],), asked["properties"]),
    "delete": _by_name("delete", confirm=True),
    "browse": _browse,
    "scheduled": _by_name("scheduled"),
    "message": _by_name("message", "number"),
    "dead_letters": _by_name("dead_letters"),
    "sessions": _by_name("sessions"),
    "set_session_state": lambda asked: Call(
        "set_session_state", (asked["name"], asked["session"], asked.get("state") or None)
    ),
    "send": _send,
    "cancel_scheduled": _by_name("cancel_scheduled", "number"),
    "receive": _receive,
    "settle": _settle,
    "resubmit": _resubmit,
    "purge": _by_name("purge", confirm=True),
    "rules": _by_name("rules"),
    "create_rule": _by_name("create_rule", "rule", "filter", "action"),
    "delete_rule": _by_name("delete_rule", "rule"),
    "test_rules": _test_rules,
    "test_filter": _test_filter,
    "start_sender": _start_sender,
    "start_receiver": _start_receiver,
    "export_entities": lambda asked: Call(
        "export_entities", (), said({"format": asked.get("format")})
    ),
    "import_entities": lambda asked: Call("import_entities", (asked["source"],)),
    "export_messages": _by_name("export_messages"),
    "import_messages": _by_name("import_messages", "source"),
}
# Those that change nothing: the browser asks for them by itself, and shows the line only when a
# reader has asked.
LOOKS = (
    *("tree", "show", "properties", "browse", "scheduled", "message", "dead_letters", "sessions"),
    "rules",
)


class Actions:
    """Does what the browser asks for.

    Args:
        explorer: On which it is called.
        on_progress: Told what has been done so far of what takes long.
    """

    def __init__(
        self, explorer: Explorer, on_progress: Callable[[str], None] = lambda words: None
    ) -> None:
        self._explorer = explorer
        self._on_progress = on_progress

    def do(self, name: str, asked: Arguments) -> Plain:
        """One of `ACTIONS`.

        Returns:
            The result as plain values, with the line of Python that was called.

        Raises:
            TutorialError: As the Explorer.
        """
        call = ACTIONS[name](asked)
        result = self._called(call)
        return {**plain(result), **self._further(name, asked), "line": _shortened(call).line()}

    def loads(self) -> Plain:
        """The senders and receivers that were started, for a chart."""
        return {"loads": [plain(load) for load in self._explorer.loads()]}

    def stop_load(self, at: int) -> Plain:
        """End one of them."""
        load = self._explorer.loads()[at].stop()
        return {**plain(load), "line": f"explorer.loads()[{at}].stop()"}

    def _called(self, call: Call) -> Any:
        if call.method != "purge":
            return call.on(self._explorer)
        options = {**call.options, "on_progress": self._tell_count}
        return call._replace(options=options).on(self._explorer)

    def _tell_count(self, count: int) -> None:
        self._on_progress(f"{counted(count)} deleted …")

    def _further(self, name: str, asked: Arguments) -> Plain:
        if name == "message":
            return self._about_message(asked["name"], asked["number"])
        if name in ("browse", "receive"):
            return {"heldNumbers": self._held(asked["name"])}
        return {}

    def _about_message(self, name: str, number: int) -> Plain:
        detects = self._explorer.detects_duplicates(name)
        held = number in self._held(name)
        return {"isHeld": held, "proposedId": AGAIN if detects else ""}

    def _held(self, name: str) -> list[int]:
        held = self._explorer.held()
        return [one.number for one in held if str(one.message.place).lower() == name.lower()]


_LONG = 400


def _shortened(call: Call) -> Call:
    """The call without the text of a whole file in it."""
    if call.method.startswith("import_"):
        *before, source = call.arguments
        name = "entities.json" if call.method == "import_entities" else "messages.jsonl"
        return call._replace(arguments=(*before, name if len(source) > _LONG else source))
    return call
