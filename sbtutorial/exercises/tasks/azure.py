"""Exercises of lesson 11: a sender that survives throttling, an asyncio consumer with a bound."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from itertools import pairwise
from typing import Any, overload

from sbtutorial.exercises.crashing import require_completed
from sbtutorial.exercises.task import Answer, Task, not_yet
from sbtutorial.exercises.workbench import Workbench
from sbtutorial.lab.refusals import refusal_named

_LOAVES = ["rye", "spelt", "wheat", "oat", "barley", "maize"]
_BUSY_AT, _BUSY_TIMES = 3, 3  # the fourth loaf is refused so often
_PAUSE_SECONDS = 0.1
_LENIENCE = 0.8  # clocks and sleeps are not exact

_ORDERS = [f"loaf {number}" for number in range(1, 13)]
_BURNT = "loaf 5"
_AT_ONCE = 4
_BAKE_SECONDS = 0.1


class _Loaves(Sequence[str]):
    """The loaves; when the fourth is taken in hand for the first time, something is called."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then: Callable[[], None] | None = then

    def __len__(self) -> int:
        return len(_LOAVES)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> list[str]: ...
    def __getitem__(self, at: int | slice) -> str | list[str]:
        found = _LOAVES[at]
        if self._then is not None and (isinstance(at, slice) or at % len(_LOAVES) >= _BUSY_AT):
            then, self._then = self._then, None
            then()
        return found


def _check_busy(workbench: Workbench, send_all: Answer) -> str:
    queue = workbench.queue()
    _send_while_busy(workbench, send_all, queue)
    _require_each_once([str(message) for message in workbench.peek(queue)])
    _require_pauses(workbench, queue)
    _require_other_errors(workbench, send_all)
    return (
        f"all {len(_LOAVES)} loaves sent, once each, though the broker was busy "
        f"{_BUSY_TIMES} times; and a full queue is not tried again"
    )


def _send_while_busy(workbench: Workbench, send_all: Answer, queue: str) -> None:
    busy = refusal_named("server busy")
    loaves = _Loaves(lambda: workbench.service.refuse_sends(busy, _BUSY_TIMES, queue))
    sender = workbench.new_client(retry_total=0).get_queue_sender(queue)
    from azure.servicebus.exceptions import ServiceBusServerBusyError

    error = workbench.error_of(send_all, sender, loaves, kind=ServiceBusServerBusyError)
    if error is not None:
        not_yet(
            wanted="every loaf in the queue, once",
            seen=f"the broker was busy {_BUSY_TIMES} times for the fourth loaf, and your function "
            "ended with `ServiceBusServerBusyError`",
            hint="Catch it around the send of one loaf, wait, and send that loaf again: as often "
            "as it takes.",
        )


def _require_each_once(sent: list[str]) -> None:
    wanted = "every loaf in the queue, once"
    if lost := [loaf for loaf in _LOAVES if loaf not in sent]:
        not_yet(
            wanted=wanted,
            seen=f"not in the queue: {', '.join(lost)}",
            hint="What was refused was not sent: after the wait the same loaf is to be sent again.",
        )
    if doubled := [loaf for loaf in _LOAVES if sent.count(loaf) > 1]:
        not_yet(
            wanted=wanted,
            seen=f"more than once in the queue: {', '.join(doubled)}",
            hint="What went through stays sent: begin again with the loaf that was refused, not "
            "with the first.",
        )
    if strange := [loaf for loaf in sent if loaf not in _LOAVES]:
        not_yet(
            wanted=wanted,
            seen=f"in the queue is also {strange[0]!r}",
            hint="The body is the loaf: `ServiceBusMessage(loaf)`.",
        )


def _require_pauses(workbench: Workbench, queue: str) -> None:
    """Each try after a refusal comes after a pause; only the offline broker tells when."""
    tries = [event for event in workbench.events(queue) if event.what in ("fault", "sent")]
    for before, after in pairwise(tries):
        if before.what == "fault" and after.at - before.at < _PAUSE_SECONDS * _LENIENCE:
            not_yet(
                wanted="a tenth of a second, at least, between a refusal and the next try",
                seen="the next try came at once",
                hint="A broker that is busy is kept busy by who asks again at once: "
                f"`time.sleep({_PAUSE_SECONDS})`, then again.",
            )


def _require_other_errors(workbench: Workbench, send_all: Answer) -> None:
    """A full queue is no busy broker: to try again does not help."""
    from azure.servicebus.exceptions import ServiceBusQuotaExceededError

    queue = workbench.queue()
    workbench.service.refuse_sends(refusal_named("quota exceeded"), 1, queue)
    sender = workbench.new_client(retry_total=0).get_queue_sender(queue)
    error = workbench.error_of(send_all, sender, _LOAVES, kind=ServiceBusQuotaExceededError)
    if error is None and workbench.tells_events:
        not_yet(
            wanted="an error that is not `ServiceBusServerBusyError` comes out of your function",
            seen="the queue was full, `ServiceBusQuotaExceededError`, and your function said "
            "nothing",
            hint="Catch `ServiceBusServerBusyError`, and no more than that.",
        )


class _Oven:
    """Bakes, and keeps count: what, and how many at once."""

    def __init__(self) -> None:
        self.baked: list[str] = []
        self.most_at_once = 0
        self._now = 0

    async def bake(self, loaf: str) -> None:
        self.baked.append(loaf)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(_BAKE_SECONDS)
            if loaf == _BURNT:
                raise ValueError(f"{loaf} is burnt")
        finally:
            self._now -= 1


_Bake = Callable[[str], Coroutine[Any, Any, None]]


def _check_drain(workbench: Workbench, drain: Answer) -> str:
    queue = workbench.queue()
    workbench.send(queue, *_ORDERS)
    oven = _Oven()
    workbench.run(drain, workbench.service.connection_string, queue, oven.bake, _AT_ONCE)
    _require_baked(oven)
    _require_settled(workbench, queue)
    if oven.most_at_once > _AT_ONCE:
        not_yet(
            wanted=f"at most {_AT_ONCE} in the oven at once",
            seen=f"{oven.most_at_once} at once",
            hint="Take at most `at_once` messages, bake those together with `asyncio.gather`, "
            "then take the next; or hold an `asyncio.Semaphore(at_once)` around each bake.",
        )
    if oven.most_at_once < 2:
        not_yet(
            wanted=f"up to {_AT_ONCE} in the oven at once",
            seen="one after the other",
            hint="await one by one is one by one: `asyncio.gather(…)` awaits several together.",
        )
    return (
        f"{len(_ORDERS) - 1} loaves baked and completed, up to {oven.most_at_once} at once, and "
        "the burnt one set aside"
    )


def _require_baked(oven: _Oven) -> None:
    if missing := [loaf for loaf in _ORDERS if loaf not in oven.baked]:
        not_yet(
            wanted="each loaf baked",
            seen=f"never in the oven: {', '.join(missing)}",
            hint="`bake(…)` alone makes a coroutine, and runs nothing: await it. And go on until "
            "nothing comes any more; one burnt loaf is no reason to close."
            if len(missing) == len(_ORDERS)
            else "Go on until nothing comes any more; one burnt loaf is no reason to close.",
        )
    if again := [loaf for loaf in _ORDERS if oven.baked.count(loaf) > 1]:
        not_yet(
            wanted="each loaf baked once",
            seen=f"more than once in the oven: {', '.join(again)}",
            hint="What is abandoned, or not settled, comes again: complete what is baked, and "
            "dead-letter what bake raises an error for.",
        )


def _require_settled(workbench: Workbench, queue: str) -> None:
    wanted = f"all completed but {_BURNT}, which is in the dead-letter queue"
    if left := [str(message) for message in workbench.peek(queue)]:
        not_yet(
            wanted=wanted,
            seen=f"still in the queue: {', '.join(left)}",
            hint="What is baked is completed: `await receiver.complete_message(message)`.",
        )
    dead = [str(message) for message in workbench.peek(queue, dead_letter=True)]
    if _BURNT not in dead:
        not_yet(
            wanted=wanted,
            seen=f"bake raised an error for {_BURNT}, and it was completed all the same",
            hint="Complete after bake, not before it; and when it raises an error, `await "
            "receiver.dead_letter_message(message)` instead.",
        )
    if dead == [_BURNT]:
        return
    require_completed(workbench, queue, wanted=wanted)


TASKS = (
    Task(
        name="azure.busy",
        prompt="""
            Write `send_all(sender, loaves)`. It sends each loaf, a text, as a message of its own.
            The broker may be busy, now and then and several times in a row, and the sender's
            client does not try again by itself (`retry_total=0`). Then your function waits for
            a tenth of a second and tries again, until every loaf is in the queue, once. Every
            other error is not yours to handle, and comes out of it.
        """,
        stub="""
            def send_all(sender, loaves):
                ...
        """,
        reference="""
            def send_all(sender, loaves):
                for loaf in loaves:
                    while True:
                        try:
                            sender.send_messages(ServiceBusMessage(loaf))
                            break
                        except ServiceBusServerBusyError:
                            time.sleep(0.1)
        """,
        check=_check_busy,
        wanted="each loaf in the queue, once, however busy the broker is",
        hint="Begin with a loop that sends: for loaf in loaves, "
        "`sender.send_messages(ServiceBusMessage(loaf))`.",
        second_hint="Inside that loop, while True: try to send this one loaf, and break; except "
        "`ServiceBusServerBusyError`, sleep and go round again.",
        explanation="The loop around one loaf remembers what is done: what went through is never "
        "sent again, and what was refused is. A refusal says for certain that the broker has "
        "nothing of it, so to send again cannot double it. (After a connection that broke nobody "
        "knows; there only the message id helps, as lesson 06 shows.) The SDK's own retries do "
        "the same, with longer and longer waits.",
    ),
    Task(
        name="azure.drain",
        prompt="""
            Write `drain(connection_string, queue, bake, at_once)`, a program's main: an ordinary
            function that ends in `asyncio.run(…)`. It takes every message out of the queue with
            an asyncio client, awaits `bake(text)` for each, and completes it after that. At most
            `at_once` loaves are in the oven at once, and more than one whenever more than one
            waits. If `bake` raises an error, that message goes to the dead-letter queue and the
            others go on. It returns soon after the last one.
        """,
        stub="""
            def drain(connection_string, queue, bake, at_once):
                ...
        """,
        reference="""
            def drain(connection_string, queue, bake, at_once):
                async def handle(receiver, message):
                    try:
                        await bake(str(message))
                    except Exception:
                        await receiver.dead_letter_message(message, reason="burnt")
                    else:
                        await receiver.complete_message(message)

                async def main():
                    async with (
                        aio.ServiceBusClient.from_connection_string(connection_string) as client,
                        client.get_queue_receiver(queue, max_wait_time=1) as receiver,
                    ):
                        while messages := await receiver.receive_messages(at_once):
                            await asyncio.gather(*(handle(receiver, one) for one in messages))

                asyncio.run(main())
        """,
        check=_check_drain,
        wanted="each loaf baked, a few at once, and completed; the burnt one set aside",
        hint="Begin inside: `async def main()`, with "
        "`aio.ServiceBusClient.from_connection_string(connection_string)` as in the lesson; then "
        "`asyncio.run(main())`.",
        second_hint="`receive_messages(at_once)` brings at most so many: handle those together "
        "with `asyncio.gather`, and go round until it brings none. One more function handles one "
        "message: try bake, then complete; except, dead-letter.",
        explanation="The number that is asked for is the bound: nobody else's messages are taken "
        "and locked before there is room in the oven. gather waits for the slowest of the four; "
        "who cannot afford that keeps four tasks busy with a semaphore. Each message is settled by "
        "its own task, so the burnt one holds nobody up.",
        limit_seconds=12,
    ),
)
