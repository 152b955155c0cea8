"""Exercises of lesson 01: queues as they are wanted, created once or again and again."""

from datetime import timedelta
from typing import Any

from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench

_WANTED_OPTIONS: dict[str, tuple[Any, str]] = {
    "max_size_in_megabytes": (5120, "5 GB are 5 × 1024 megabytes."),
    "default_message_time_to_live": (
        timedelta(minutes=1),
        "The lifetime of messages is `default_message_time_to_live`, a timedelta.",
    ),
    "lock_duration": (timedelta(seconds=30), "The lock is `lock_duration`, a timedelta."),
    "max_delivery_count": (5, "How often a message may fail is `max_delivery_count`."),
}
_TIMEDELTAS = "Durations are timedeltas: `timedelta(seconds=30)`, `timedelta(minutes=1)`."
_CHOSEN = "5 GB, one minute to live, a lock of 30 seconds, 5 deliveries at most"


def _check_options(workbench: Workbench, create_orders: Answer) -> str:
    name = workbench.unused_name()
    wanted = f"a queue with the name that the function was given, with {_CHOSEN}"
    _require_timedeltas(workbench, create_orders, name, wanted)
    if not workbench.exists(name):
        not_yet(
            wanted=wanted,
            seen="there is no such queue after your function has run",
            hint="`admin.create_queue(name, …)`, with the name that your function is called with.",
        )
    queue = workbench.admin.get_queue(name)
    for option, (value, hint) in _WANTED_OPTIONS.items():
        if (seen := getattr(queue, option)) != value:
            not_yet(wanted=f"{option} {_spell(value)}", seen=f"{option} {_spell(seen)}", hint=hint)
    return f"the queue is there: {_CHOSEN}"


def _require_timedeltas(
    workbench: Workbench, create_orders: Answer, name: str, wanted: str
) -> None:
    """Run the answer; a number where a duration belongs is refused, and that is said plainly.

    The SDK makes "P%P" of it, for the service to refuse, and refuses a text by itself.
    """
    from azure.core.exceptions import HttpResponseError, SerializationError

    kinds = (HttpResponseError, SerializationError)
    error = workbench.error_of(create_orders, workbench.new_admin(), name, kind=kinds)
    if error is None:
        return
    text = str(error).partition("\n")[0]
    is_duration = "duration such as" in text or "type: 'duration'" in text
    not_yet(
        wanted=wanted,
        seen=f"your function raised {type(error).__name__}: {text}",
        hint=_TIMEDELTAS if is_duration else "Read the error's last words first.",
    )


def _spell(value: object) -> str:
    """A value as text; a duration in seconds, the longest one by its name."""
    if not isinstance(value, timedelta):
        return str(value)
    if value > timedelta(days=10_000_000):
        return "for ever, the default"
    return f"{value.total_seconds():g} seconds"


def _check_repeatable(workbench: Workbench, ensure_queue: Answer) -> str:
    name = workbench.unused_name()
    workbench.run(ensure_queue, workbench.new_admin(), name)
    if not workbench.exists(name):
        not_yet(
            wanted="the queue is there after the first call",
            seen="it is not there",
            hint="`admin.create_queue(name)` makes it.",
        )
    workbench.send(name, "coffee")
    _call_again(workbench, ensure_queue, name)
    if not workbench.exists(name) or not workbench.peek(name):
        not_yet(
            wanted="after the second call the queue still holds the order that waited in it",
            seen="the order is gone",
            hint="Deleting a queue deletes its messages. Leave alone what is there.",
        )
    _require_refusal(workbench, ensure_queue)
    _remark_on_race(workbench, ensure_queue)
    return "created once, left alone the second time, and other errors come through"


def _call_again(workbench: Workbench, ensure_queue: Answer, name: str) -> None:
    from azure.core.exceptions import ResourceExistsError

    if (
        workbench.error_of(ensure_queue, workbench.new_admin(), name, kind=ResourceExistsError)
        is not None
    ):
        not_yet(
            wanted="the second call returns, though the queue is there already",
            seen="it raised `ResourceExistsError`",
            hint="That error is good news here: `try`, and `except ResourceExistsError`.",
        )


def _require_refusal(workbench: Workbench, ensure_queue: Answer) -> None:
    from azure.core.exceptions import HttpResponseError

    workbench.tell('now the name "my orders"')
    if (
        workbench.error_of(ensure_queue, workbench.new_admin(), "my orders", kind=HttpResponseError)
        is None
    ):
        not_yet(
            wanted='an impossible name, "my orders", still ends with an `HttpResponseError`',
            seen="your function returned as if all were well",
            hint="Catch `ResourceExistsError` and nothing wider.",
        )


def _remark_on_race(workbench: Workbench, ensure_queue: Answer) -> None:
    """Have the same queue created by somebody else, just before the answer's request goes out."""
    from azure.core.exceptions import ResourceExistsError
    from azure.core.pipeline.transport import RequestsTransport

    name = workbench.unused_name()

    class Overtaken(RequestsTransport):  # type: ignore[misc]  # azure.core tells no type
        def send(self, request: Any, **options: Any) -> Any:
            if request.method == "PUT" and not workbench.exists(name):
                workbench.admin.create_queue(name)
            return super().send(request, **options)

    admin = workbench.new_admin(transport=Overtaken())
    workbench.tell("now somebody is faster")
    if workbench.error_of(ensure_queue, admin, name, kind=ResourceExistsError) is not None:
        workbench.notes.append(
            "you look before you create. Two scripts can look at the same moment; the second one "
            "then ends with `ResourceExistsError`."
        )


TASKS = (
    Task(
        name="create.options",
        prompt="""
            Write `create_orders(admin, name)`. It creates a queue of that name which holds 5 GB,
            keeps a message for one minute, locks it for 30 seconds, and gives up on it after 5
            deliveries.
        """,
        stub="""
            def create_orders(admin, name):
                ...
        """,
        reference="""
            def create_orders(admin, name):
                admin.create_queue(
                    name,
                    max_size_in_megabytes=5120,
                    default_message_time_to_live=timedelta(minutes=1),
                    lock_duration=timedelta(seconds=30),
                    max_delivery_count=5,
                )
        """,
        check=_check_options,
        wanted=f"a queue with {_CHOSEN}",
        hint="`admin.create_queue(name, …)` takes each option by its name.",
        second_hint="Sizes are megabytes, 5 × 1024 of them; durations are timedeltas. The names: "
        "`max_size_in_megabytes`, `default_message_time_to_live`, `lock_duration`, "
        "`max_delivery_count`.",
        explanation="One call does it all: each option that is not the default is named, the rest "
        "stays as it is. A queue that is there keeps the options that it has, so this function is "
        "for a name that is new.",
    ),
    Task(
        name="create.repeatable",
        prompt="""
            Write `ensure_queue(admin, name)`. After it the queue is there, whether it was there
            before or not. What waits in it stays. Any other error still reaches the caller.
        """,
        stub="""
            def ensure_queue(admin, name):
                ...
        """,
        reference="""
            def ensure_queue(admin, name):
                try:
                    admin.create_queue(name)
                except ResourceExistsError:
                    pass
        """,
        check=_check_repeatable,
        wanted="the queue is there, however often the function is called",
        hint="`admin.create_queue(name)` raises `ResourceExistsError` when the queue is there "
        "already.",
        second_hint="`try` the creation, `except ResourceExistsError: pass`. Catch nothing wider, "
        "and delete nothing.",
        explanation="The broker decides whether the queue is there, in one step, so two scripts "
        "that run at the same moment do not trip over each other. Only the one error that means "
        "'it is there' is caught: a name that is refused still reaches the caller.",
    ),
)
