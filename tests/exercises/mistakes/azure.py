"""Wrong answers to the exercises of `azure`."""

from tests.exercises.mistake import Mistake

MISTAKES = (
    Mistake(
        "azure.busy",
        "no second try",
        """
        def send_all(sender, loaves):
            for loaf in loaves:
                sender.send_messages(ServiceBusMessage(loaf))
        """,
        "ended with `ServiceBusServerBusyError`",
        "around the send of one loaf",
    ),
    Mistake(
        "azure.busy",
        "one more try, and no more",
        """
        def send_all(sender, loaves):
            for loaf in loaves:
                try:
                    sender.send_messages(ServiceBusMessage(loaf))
                except ServiceBusServerBusyError:
                    time.sleep(0.1)
                    sender.send_messages(ServiceBusMessage(loaf))
        """,
        "ended with `ServiceBusServerBusyError`",
        "as often as it takes",
    ),
    Mistake(
        "azure.busy",
        "what is refused is let go",
        """
        def send_all(sender, loaves):
            for loaf in loaves:
                try:
                    sender.send_messages(ServiceBusMessage(loaf))
                except ServiceBusServerBusyError:
                    time.sleep(0.1)
        """,
        "not in the queue: oat",
        "the same loaf",
    ),
    Mistake(
        "azure.busy",
        "from the beginning again",
        """
        def send_all(sender, loaves):
            while True:
                try:
                    for loaf in loaves:
                        sender.send_messages(ServiceBusMessage(loaf))
                    return
                except ServiceBusServerBusyError:
                    time.sleep(0.1)
        """,
        "more than once in the queue: rye, spelt, wheat",
        "the loaf that was refused",
    ),
    Mistake(
        "azure.busy",
        "at once again",
        """
        def send_all(sender, loaves):
            for loaf in loaves:
                while True:
                    try:
                        sender.send_messages(ServiceBusMessage(loaf))
                        break
                    except ServiceBusServerBusyError:
                        pass
        """,
        "the next try came at once",
        "time.sleep(0.1)",
    ),
    Mistake(
        "azure.busy",
        "whatever goes wrong, again",
        """
        def send_all(sender, loaves):
            for loaf in loaves:
                while True:
                    try:
                        sender.send_messages(ServiceBusMessage(loaf))
                        break
                    except ServiceBusError:
                        time.sleep(0.1)
        """,
        "your function said nothing",
        "no more than that",
    ),
    Mistake(
        "azure.drain",
        "one by one",
        """
        def drain(connection_string, queue, bake, at_once):
            async def main():
                async with (
                    aio.ServiceBusClient.from_connection_string(connection_string) as client,
                    client.get_queue_receiver(queue, max_wait_time=1) as receiver,
                ):
                    async for message in receiver:
                        try:
                            await bake(str(message))
                        except Exception:
                            await receiver.dead_letter_message(message)
                        else:
                            await receiver.complete_message(message)

            asyncio.run(main())
        """,
        "one after the other",
        "asyncio.gather",
    ),
    Mistake(
        "azure.drain",
        "all in the oven",
        """
        def drain(connection_string, queue, bake, at_once):
            async def handle(receiver, message):
                try:
                    await bake(str(message))
                except Exception:
                    await receiver.dead_letter_message(message)
                else:
                    await receiver.complete_message(message)

            async def main():
                async with (
                    aio.ServiceBusClient.from_connection_string(connection_string) as client,
                    client.get_queue_receiver(queue, max_wait_time=1) as receiver,
                ):
                    found = []
                    while more := await receiver.receive_messages(100):
                        found += more
                    await asyncio.gather(*(handle(receiver, one) for one in found))

            asyncio.run(main())
        """,
        "12 at once",
        "at most `at_once`",
    ),
    Mistake(
        "azure.drain",
        "completed before it is baked",
        """
        def drain(connection_string, queue, bake, at_once):
            async def handle(receiver, message):
                await receiver.complete_message(message)
                try:
                    await bake(str(message))
                except Exception:
                    pass

            async def main():
                async with (
                    aio.ServiceBusClient.from_connection_string(connection_string) as client,
                    client.get_queue_receiver(queue, max_wait_time=1) as receiver,
                ):
                    while messages := await receiver.receive_messages(at_once):
                        await asyncio.gather(*(handle(receiver, one) for one in messages))

            asyncio.run(main())
        """,
        "it was completed all the same",
        "Complete after bake",
    ),
    Mistake(
        "azure.drain",
        "nothing completed",
        """
        def drain(connection_string, queue, bake, at_once):
            async def handle(message):
                try:
                    await bake(str(message))
                except Exception:
                    pass

            async def main():
                async with (
                    aio.ServiceBusClient.from_connection_string(connection_string) as client,
                    client.get_queue_receiver(queue, max_wait_time=1) as receiver,
                ):
                    while messages := await receiver.receive_messages(at_once):
                        await asyncio.gather(*(handle(one) for one in messages))

            asyncio.run(main())
        """,
        "still in the queue: loaf 1",
        "complete_message",
    ),
    Mistake(
        "azure.drain",
        "a burnt loaf closes the bakery",
        """
        def drain(connection_string, queue, bake, at_once):
            async def handle(receiver, message):
                await bake(str(message))
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
        "raised ValueError: loaf 5 is burnt",
        "that line",
    ),
    Mistake(
        "azure.drain",
        "a bake that nobody awaits",
        """
        def drain(connection_string, queue, bake, at_once):
            async def main():
                async with (
                    aio.ServiceBusClient.from_connection_string(connection_string) as client,
                    client.get_queue_receiver(queue, max_wait_time=1) as receiver,
                ):
                    async for message in receiver:
                        bake(str(message)).close()
                        await receiver.complete_message(message)

            asyncio.run(main())
        """,
        "never in the oven: loaf 1",
        "await it",
    ),
    Mistake(
        "azure.drain",
        "a coroutine for an answer",
        """
        async def drain(connection_string, queue, bake, at_once):
            async with (
                aio.ServiceBusClient.from_connection_string(connection_string) as client,
                client.get_queue_receiver(queue, max_wait_time=1) as receiver,
            ):
                async for message in receiver:
                    await bake(str(message))
        """,
        "is async",
        "Write def",
    ),
)
