"""Right answers to the exercises of `azure` that go another way."""

from tests.exercises.unusual import Unusual

WAYS = (
    Unusual(
        "azure.busy",
        "a queue of its own, with what was refused at its front again",
        """
        from collections import deque

        def send_all(sender, loaves):
            waiting = deque(loaves)
            while waiting:
                loaf = waiting.popleft()
                try:
                    sender.send_messages(ServiceBusMessage(loaf))
                except ServiceBusServerBusyError:
                    waiting.appendleft(loaf)
                    time.sleep(0.1)
        """,
    ),
    Unusual(
        "azure.busy",
        "patience as a decorator",
        """
        def patient(call):
            def again(*arguments):
                is_done = False
                while not is_done:
                    try:
                        call(*arguments)
                        is_done = True
                    except ServiceBusServerBusyError:
                        time.sleep(0.1)

            return again


        def send_all(sender, loaves):
            send = patient(sender.send_messages)
            for loaf in loaves:
                send(ServiceBusMessage(loaf.encode()))
        """,
    ),
    Unusual(
        "azure.busy",
        "the refused ones in a second round, each in a batch of its own",
        """
        def send_all(sender, loaves):
            refused = []
            for at in range(len(loaves)):
                batch = sender.create_message_batch()
                batch.add_message(ServiceBusMessage(loaves[at]))
                try:
                    sender.send_messages(batch)
                except ServiceBusServerBusyError:
                    time.sleep(0.1)
                    refused.append(loaves[at])
            if refused:
                send_all(sender, refused)
        """,
    ),
    Unusual(
        "azure.drain",
        "a group of tasks, fed by a list of what is there",
        """
        def drain(connection_string, queue, bake, at_once):
            async def baker(receiver, waiting):
                while not waiting.empty():
                    message = waiting.get_nowait()
                    try:
                        await bake(str(message))
                    except Exception as error:
                        await receiver.dead_letter_message(message, reason=type(error).__name__)
                    else:
                        await receiver.complete_message(message)

            async def main():
                client = aio.ServiceBusClient.from_connection_string(connection_string)
                async with client, client.get_queue_receiver(queue) as receiver:
                    while messages := await receiver.receive_messages(50, max_wait_time=1):
                        waiting = asyncio.Queue()
                        for message in messages:
                            waiting.put_nowait(message)
                        async with asyncio.TaskGroup() as bakers:
                            for _ in range(at_once):
                                bakers.create_task(baker(receiver, waiting))

            asyncio.run(main())
        """,
    ),
    Unusual(
        "azure.drain",
        "bakes together, and settles what came of it",
        """
        def drain(connection_string, queue, bake, at_once):
            async def main():
                async with (
                    aio.ServiceBusClient.from_connection_string(connection_string) as client,
                    client.get_queue_receiver(queue, max_wait_time=1) as receiver,
                ):
                    while True:
                        loaves = await receiver.receive_messages(max_message_count=at_once)
                        if not loaves:
                            return
                        baking = [bake(str(loaf)) for loaf in loaves]
                        ended = await asyncio.gather(*baking, return_exceptions=True)
                        for loaf, error in zip(loaves, ended):
                            settle = (
                                receiver.dead_letter_message
                                if isinstance(error, Exception)
                                else receiver.complete_message
                            )
                            await settle(loaf)

            return asyncio.run(main())
        """,
    ),
    Unusual(
        "azure.drain",
        "as many as are free in the oven are fetched",
        """
        async def handle(receiver, message, bake):
            try:
                await bake(b"".join(message.body).decode())
            except ValueError:
                await receiver.dead_letter_message(message, error_description="burnt")
                return
            await receiver.complete_message(message)


        def drain(connection_string, queue, bake, at_once):
            async def main():
                baking = set()
                client = aio.ServiceBusClient.from_connection_string(connection_string)
                async with client:
                    receiver = client.get_queue_receiver(queue)
                    async with receiver:
                        is_over = False
                        while not is_over:
                            free = at_once - len(baking)
                            messages = await receiver.receive_messages(free, max_wait_time=1)
                            baking |= {
                                asyncio.create_task(handle(receiver, one, bake)) for one in messages
                            }
                            if baking:
                                _, baking = await asyncio.wait(
                                    baking, return_when=asyncio.FIRST_COMPLETED
                                )
                            is_over = not messages and not baking

            asyncio.run(main())
        """,
    ),
)
