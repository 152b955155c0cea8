"""Every release of `azure-servicebus` 7, synchronous and asyncio, each thing done by one function.

The tests' half is tests/clients/test_releases.py. What is written here runs on every release from
7.8 on, with either half: `done` waits for what has to be awaited and hands on what has not, and
`opened` enters either kind of context.
"""

import asyncio
import inspect
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import azure.servicebus
import azure.servicebus.aio
from azure.servicebus import (
    NEXT_AVAILABLE_SESSION,
    ServiceBusMessage,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
    TransportType,
)
from azure.servicebus.amqp import AmqpAnnotatedMessage

HALVES = {"sync": azure.servicebus, "aio": azure.servicebus.aio}
UTC = UTC
SECONDS = 10
SHORT_SECONDS = 0.5
# One for all calls: what a call holds, a later one goes on with.
loop = asyncio.new_event_loop()


def run(half, act, where, **argument):
    """Do one of the things below with one half of the SDK, on the broker that `where` says."""
    return loop.run_until_complete(globals()[act](Sdk(half, **where), **argument))


def version():
    return azure.servicebus.__version__


class Sdk:
    """One half of the SDK, and how it gets to the broker."""

    def __init__(self, half, connection, options, transport=None):
        self.half = half
        self.names = HALVES[half]
        self._connection = connection
        self._options = dict(options)
        if transport:
            self._options["transport_type"] = TransportType[transport]

    def client(self, **options):
        make = self.names.ServiceBusClient.from_connection_string
        return opened(make(self._connection, retry_total=0, **{**self._options, **options}))

    def administration(self, connection, ca_pem):
        if self.half == "aio":
            from azure.servicebus.aio.management import ServiceBusAdministrationClient
        else:
            from azure.servicebus.management import ServiceBusAdministrationClient
        make = ServiceBusAdministrationClient.from_connection_string
        return opened(make(connection, connection_verify=ca_pem))


async def done(value):
    return await value if inspect.isawaitable(value) else value


@asynccontextmanager
async def opened(thing):
    if hasattr(thing, "__aenter__"):
        async with thing:
            yield thing
    else:
        with thing:
            yield thing


async def every(items):
    if hasattr(items, "__aiter__"):
        return [item async for item in items]
    return list(items)


def text(value):
    return value.decode() if isinstance(value, bytes) else value


async def send(client, queue, *messages):
    async with opened(client.get_queue_sender(queue)) as sender:
        await done(sender.send_messages(list(messages)))


def messages(*bodies, **properties):
    return [ServiceBusMessage(body, **properties) for body in bodies]


async def receive(receiver, count):
    taken = []
    while len(taken) < count:
        more = await done(receiver.receive_messages(count - len(taken), max_wait_time=SECONDS))
        if not more:
            raise AssertionError(f"{len(taken)} of {count} messages came")
        taken += more
    return taken


# -- Sending and receiving -------------------------------------------------------------------


async def round_trip(sdk, queue):
    message = ServiceBusMessage(
        "tea",
        message_id="m-1",
        subject="order",
        content_type="text/plain",
        correlation_id="c-1",
        reply_to="answers",
        to="kitchen",
        time_to_live=timedelta(minutes=1),
        application_properties={"text": "é", "number": 3, "yes": True},
    )
    async with sdk.client() as client:
        async with opened(client.get_queue_sender(queue)) as sender:
            await done(sender.send_messages(message))
        async with opened(client.get_queue_receiver(queue)) as receiver:
            (got,) = await receive(receiver, 1)
            is_locked = got.locked_until_utc > datetime.now(UTC)
            await done(receiver.complete_message(got))
    return {
        "body": str(got),
        "message_id": got.message_id,
        "subject": got.subject,
        "content_type": got.content_type,
        "correlation_id": got.correlation_id,
        "reply_to": got.reply_to,
        "to": got.to,
        "ttl": got.time_to_live.total_seconds(),
        "properties": {text(key): text(v) for key, v in got.application_properties.items()},
        "number": got.sequence_number,
        "delivery_count": got.delivery_count,
        "enqueued": abs((datetime.now(UTC) - got.enqueued_time_utc).total_seconds()) < 60,
        "locked": is_locked,
        "state": getattr(got, "state", None) and got.state.name,
    }


async def send_every_way(sdk, queue):
    async with sdk.client() as client:
        async with opened(client.get_queue_sender(queue)) as sender:
            await done(sender.send_messages(ServiceBusMessage("one")))
            await done(sender.send_messages(messages("two", "three")))
            batch = await done(sender.create_message_batch())
            for body in ("four", "five"):
                batch.add_message(ServiceBusMessage(body))
            await done(sender.send_messages(batch))
            largest = batch.max_size_in_bytes
        async with opened(client.get_queue_receiver(queue)) as receiver:
            taken = await receive(receiver, 5)
            for message in taken:
                await done(receiver.complete_message(message))
    return [[str(message) for message in taken], largest]


async def every_type_of_property(sdk, queue, names):
    """What comes back for each type of property: its type here, and itself as text."""
    properties = {name: value for name, value in VALUES.items() if name in names}
    message = ServiceBusMessage("tea", application_properties=properties)
    async with sdk.client() as client:
        await send(client, queue, message)
        async with opened(client.get_queue_receiver(queue)) as receiver:
            (got,) = await receive(receiver, 1)
            await done(receiver.complete_message(got))
    back = {text(name): value for name, value in got.application_properties.items()}
    return {name: [type(value).__name__, str(text(value))] for name, value in back.items()}


VALUES = {
    "text": "é",
    "bytes": b"ab",
    "yes": True,
    "int": 3,
    "negative": -3,
    "float": 0.5,
    "uuid": UUID(int=7),
    "time": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "decimal": Decimal("1.25"),
}


async def every_type_of_body(sdk, queue):
    bodies = [
        AmqpAnnotatedMessage(data_body=[b"a", b"b"]),
        AmqpAnnotatedMessage(value_body={"tea": 2}),
        AmqpAnnotatedMessage(sequence_body=[[1, "two"], [3]]),
    ]
    async with sdk.client() as client:
        async with opened(client.get_queue_sender(queue)) as sender:
            for body in bodies:
                await done(sender.send_messages(body))
        async with opened(client.get_queue_receiver(queue)) as receiver:
            taken = await receive(receiver, 3)
            for message in taken:
                await done(receiver.complete_message(message))
    data, value, sequence = taken
    return {
        "types": [message.body_type.name for message in taken],
        "data": b"".join(data.body).decode(),
        "value": {text(key): number for key, number in value.body.items()},
        "sequence": [[text(item) for item in items] for items in sequence.body],
    }


async def annotations(sdk, queue):
    """What an AMQP message says beside its body goes there and back."""
    message = AmqpAnnotatedMessage(
        data_body=b"tea",
        header={"priority": 5},
        annotations={"x-mine": "a"},
        footer={"end": "z"},
        properties={"group_id": "g", "user_id": b"me"},
    )
    async with sdk.client() as client:
        async with opened(client.get_queue_sender(queue)) as sender:
            await done(sender.send_messages(message))
        async with opened(client.get_queue_receiver(queue)) as receiver:
            (got,) = await receive(receiver, 1)
            await done(receiver.complete_message(got))
    raw = got.raw_amqp_message
    return {
        "priority": raw.header.priority,
        "mine": text(raw.annotations.get(b"x-mine", raw.annotations.get("x-mine"))),
        "footer": {text(key): text(value) for key, value in raw.footer.items()},
        "group": text(raw.properties.group_id),
        "user": text(raw.properties.user_id),
    }


async def large(sdk, queue, size):
    """A message of several frames there, and of several frames back, settled."""
    async with sdk.client() as client:
        await send(client, queue, ServiceBusMessage("x" * size), ServiceBusMessage("small"))
        async with opened(client.get_queue_receiver(queue)) as receiver:
            first, second = await receive(receiver, 2)
            await done(receiver.abandon_message(first))
            await done(receiver.complete_message(second))
            (again,) = await receive(receiver, 1)
            await done(receiver.complete_message(again))
    return [len(str(first)), str(second), len(str(again)), again.delivery_count]


async def settle(sdk, queue):
    async with sdk.client() as client:
        await send(client, queue, *messages("complete", "abandon", "defer", "dead-letter"))
        async with opened(client.get_queue_receiver(queue)) as receiver:
            complete, abandon, defer, dead_letter = await receive(receiver, 4)
            await done(receiver.complete_message(complete))
            await done(receiver.defer_message(defer))
            await done(
                receiver.dead_letter_message(
                    dead_letter, reason="spoilt", error_description="Fell."
                )
            )
            await done(receiver.abandon_message(abandon))
            (again,) = await receive(receiver, 1)
            await done(receiver.complete_message(again))
        dead = client.get_queue_receiver(queue, sub_queue=ServiceBusSubQueue.DEAD_LETTER)
        async with opened(dead):
            (buried,) = await receive(dead, 1)
            await done(dead.complete_message(buried))
    return {
        "again": [str(again), again.delivery_count],
        "buried": [str(buried), buried.dead_letter_reason, buried.dead_letter_error_description],
        "deferred": defer.sequence_number,
    }


async def settle_deferred(sdk, queue):
    """Deferred messages are had by their numbers, and settled in every way through management."""
    bodies = ("complete", "abandon", "defer", "dead-letter")
    async with sdk.client() as client:
        await send(client, queue, *messages(*bodies))
        async with opened(client.get_queue_receiver(queue)) as receiver:
            taken = await receive(receiver, 4)
            numbers = [message.sequence_number for message in taken]
            for message in taken:
                await done(receiver.defer_message(message))
            four = await done(receiver.receive_deferred_messages(numbers))
            complete, abandon, defer, dead_letter = four
            names = [str(message) for message in four]
            await done(receiver.complete_message(complete))
            await done(receiver.abandon_message(abandon))
            await done(receiver.defer_message(defer))
            await done(
                receiver.dead_letter_message(
                    dead_letter, reason="spoilt", error_description="Fell."
                )
            )
            left = await done(receiver.peek_messages(10))
        return [names, [str(message) for message in left]]


async def receive_and_delete(sdk, queue):
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    async with sdk.client() as client:
        await send(client, queue, *messages("a", "b", "c"))
        async with opened(client.get_queue_receiver(queue, receive_mode=mode)) as receiver:
            peeked = await done(receiver.peek_messages(10))
            later = await done(receiver.peek_messages(10, sequence_number=2))
            taken = await receive(receiver, 3)
            none = await done(receiver.receive_messages(max_wait_time=SHORT_SECONDS))
    return [[str(message) for message in some] for some in (peeked, later, taken, none)]


async def iterate(sdk, queue):
    """A receiver that is iterated ends when nothing has come for a while; with prefetching."""
    async with sdk.client() as client:
        await send(client, queue, *messages("a", "b", "c"))
        receiver = client.get_queue_receiver(queue, prefetch_count=10, max_wait_time=SHORT_SECONDS)
        taken = []
        async with opened(receiver):
            if sdk.half == "aio":
                async for message in receiver:
                    taken.append(str(message))
                    await receiver.complete_message(message)
            else:
                for message in receiver:
                    taken.append(str(message))
                    receiver.complete_message(message)
    return taken


async def schedule(sdk, queue):
    at = datetime.now(UTC) + timedelta(hours=1)
    async with sdk.client() as client:
        async with opened(client.get_queue_sender(queue)) as sender:
            numbers = await done(sender.schedule_messages(messages("kept", "cancelled"), at))
            (alone,) = await done(sender.schedule_messages(ServiceBusMessage("alone"), at))
            await done(sender.cancel_scheduled_messages(numbers[1]))
        async with opened(client.get_queue_receiver(queue)) as receiver:
            none = await done(receiver.receive_messages(max_wait_time=SHORT_SECONDS))
            peeked = await done(receiver.peek_messages(10))
    when = [abs((message.scheduled_enqueue_time_utc - at).total_seconds()) for message in peeked]
    return [len(none), [str(message) for message in peeked], max(when) < 1, alone - numbers[0]]


# -- Sessions and locks ----------------------------------------------------------------------


async def session(sdk, queue):
    async with sdk.client() as client:
        await send(client, queue, *messages("a", "b", session_id="7"))
        async with opened(client.get_queue_receiver(queue, session_id="7")) as receiver:
            before = text(await done(receiver.session.get_state()))
            await done(receiver.session.set_state("half done"))
            (first,) = await receive(receiver, 1)
            await done(receiver.complete_message(first))
        next_one = client.get_queue_receiver(queue, session_id=NEXT_AVAILABLE_SESSION)
        async with opened(next_one) as receiver:
            (second,) = await receive(receiver, 1)
            await done(receiver.complete_message(second))
            state = text(await done(receiver.session.get_state()))
            until = await done(receiver.session.renew_lock())
            name = receiver.session.session_id
    return {
        "before": before,
        "taken": [str(first), first.session_id, str(second)],
        "state": state,
        "next": name,
        "renewed": until > datetime.now(UTC),
    }


async def renew(sdk, queue):
    async with sdk.client() as client:
        await send(client, queue, ServiceBusMessage("tea"))
        async with opened(client.get_queue_receiver(queue)) as receiver:
            (message,) = await receive(receiver, 1)
            before = message.locked_until_utc
            until = await done(receiver.renew_message_lock(message))
            is_known = message.locked_until_utc == until
            await done(receiver.complete_message(message))
    return [until >= before, is_known]


async def renew_by_itself(sdk, queue):
    """The lock renewer of the SDK renews in the background, for a message and for a session."""
    async with sdk.client() as client:
        await send(client, queue, ServiceBusMessage("tea"))
        renewer = sdk.names.AutoLockRenewer()
        async with opened(client.get_queue_receiver(queue)) as receiver:
            (message,) = await receive(receiver, 1)
            before = message.locked_until_utc
            renewer.register(receiver, message, max_lock_renewal_duration=60)
            for _ in range(200):
                if message.locked_until_utc > before:
                    break
                await asyncio.sleep(0.05)
            is_renewed = message.locked_until_utc > before
            await done(receiver.complete_message(message))
            await done(renewer.close())
    return is_renewed


# -- Topics ----------------------------------------------------------------------------------


async def topic(sdk, topic, subscription):
    async with sdk.client() as client:
        async with opened(client.get_topic_sender(topic)) as sender:
            await done(
                sender.send_messages(
                    [
                        ServiceBusMessage(name, application_properties={"price": price})
                        for name, price in (("cheap", 2), ("dear", 9))
                    ]
                )
            )
        async with opened(client.get_subscription_receiver(topic, subscription)) as receiver:
            (message,) = await receive(receiver, 1)
            await done(receiver.complete_message(message))
            properties = {
                text(key): text(value) for key, value in message.application_properties.items()
            }
    return [str(message), properties]


async def administer(sdk, connection, ca_pem):
    from azure.servicebus.management import CorrelationRuleFilter, SqlRuleAction, SqlRuleFilter

    async with sdk.administration(connection, ca_pem) as there:
        made = await done(
            there.create_queue(
                "made",
                lock_duration=timedelta(seconds=45),
                max_delivery_count=3,
                requires_session=True,
            )
        )
        made.max_delivery_count = 5
        await done(there.update_queue(made))
        queue = await done(there.get_queue("made"))
        runtime = await done(there.get_queue_runtime_properties("made"))
        await done(there.create_topic("news"))
        await done(there.create_subscription("news", "sport"))
        await done(there.delete_rule("news", "sport", "$Default"))
        await done(
            there.create_rule(
                "news",
                "sport",
                "dear",
                filter=SqlRuleFilter("price > 4"),
                action=SqlRuleAction("SET checked = TRUE"),
            )
        )
        correlation = CorrelationRuleFilter(label="goal", properties={"minute": 90})
        await done(there.create_rule("news", "sport", "late", filter=correlation))
        rules = {rule.name: rule.filter for rule in await every(there.list_rules("news", "sport"))}
        namespace = await done(there.get_namespace_properties())
        listed = [one.name for one in await every(there.list_queues())]
        topics = [one.name for one in await every(there.list_topics())]
        await done(there.delete_queue("made"))
        left = [one.name for one in await every(there.list_queues())]
    return {
        "queue": [
            queue.name,
            queue.lock_duration.total_seconds(),
            queue.max_delivery_count,
            queue.requires_session,
        ],
        "runtime": [runtime.active_message_count, runtime.total_message_count],
        "rules": [rules["dear"].sql_expression, rules["late"].label, rules["late"].properties],
        "namespace": [namespace.name, namespace.messaging_sku],
        "listed": [listed, topics, left],
    }


# -- Refusals --------------------------------------------------------------------------------


async def send_to(sdk, queue, size=1):
    async with sdk.client() as client, opened(client.get_queue_sender(queue)) as sender:
        await done(sender.send_messages(ServiceBusMessage("x" * size)))


async def receive_from(sdk, queue):
    async with sdk.client() as client, opened(client.get_queue_receiver(queue)) as receiver:
        await done(receiver.receive_messages(max_wait_time=SHORT_SECONDS))


async def receive_deferred(sdk, queue):
    async with sdk.client() as client, opened(client.get_queue_receiver(queue)) as receiver:
        await done(receiver.receive_deferred_messages(99))


async def accept_taken(sdk, queue):
    async with sdk.client() as client:
        one, other = (client.get_queue_receiver(queue, session_id="7") for _ in range(2))
        async with opened(one), opened(other):
            pass


held = {}


async def hold(sdk, queue):
    """Receive a message and keep it, and the receiver, for the call that follows."""
    stack = held["stack"] = AsyncExitStack()
    client = await stack.enter_async_context(sdk.client())
    await send(client, queue, ServiceBusMessage("tea"))
    receiver = await stack.enter_async_context(opened(client.get_queue_receiver(queue)))
    (held["message"],) = await receive(receiver, 1)
    held["receiver"] = receiver


async def renew_held(sdk):
    async with held["stack"]:
        await done(held["receiver"].renew_message_lock(held["message"]))


async def settle_held(sdk):
    async with held["stack"]:
        await done(held["receiver"].complete_message(held["message"]))
