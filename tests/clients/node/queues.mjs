import Long from "long";
import { WebSocket } from "ws";
import { SHORT_MS, bodies, drain, receive, withClient } from "./service_bus.mjs";

export const roundTrip = ({ connection, queue, webSocket }) =>
  withClient(
    connection,
    async (client) => {
      await client.createSender(queue).sendMessages({
        body: { table: 7, items: ["tea", "cake"] },
        messageId: "m-1",
        subject: "order",
        contentType: "application/json",
        correlationId: "c-1",
        replyTo: "answers",
        to: "kitchen",
        timeToLive: 60_000,
        applicationProperties: { text: "é", number: 3, half: 0.5, yes: true, at: new Date(1000) },
      });
      const receiver = client.createReceiver(queue);
      const [message] = await receive(receiver, 1);
      await receiver.completeMessage(message);
      return {
        body: message.body,
        messageId: message.messageId,
        subject: message.subject,
        contentType: message.contentType,
        correlationId: message.correlationId,
        replyTo: message.replyTo,
        to: message.to,
        timeToLive: message.timeToLive,
        properties: message.applicationProperties,
        number: message.sequenceNumber.toNumber(),
        deliveryCount: message.deliveryCount,
        state: message.state,
        livesMs: message.expiresAtUtc - message.enqueuedTimeUtc,
        lockMs: message.lockedUntilUtc - message.enqueuedTimeUtc,
        token: message.lockToken,
      };
    },
    webSocket ? { webSocketOptions: { webSocket: WebSocket } } : {},
  );

export const batches = ({ connection, queue, size }) =>
  withClient(connection, async (client) => {
    const sender = client.createSender(queue);
    await sender.sendMessages([{ body: "a" }, { body: "b" }]);
    const batch = await sender.createMessageBatch();
    while (batch.tryAddMessage({ body: "x".repeat(size) }));
    await sender.sendMessages(batch);
    const receiver = client.createReceiver(queue, { receiveMode: "receiveAndDelete" });
    const taken = await drain(receiver);
    return { first: taken.slice(0, 2), inBatch: batch.count, taken: taken.length };
  });

export const settle = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    const sender = client.createSender(queue);
    await sender.sendMessages(["complete", "abandon", "defer", "deadLetter"].map((body) => ({ body })));
    const receiver = client.createReceiver(queue);
    const [complete, abandon, defer, deadLetter] = await receive(receiver, 4);
    await receiver.completeMessage(complete);
    await receiver.deferMessage(defer, { kept: "for later" });
    await receiver.deadLetterMessage(deadLetter, {
      deadLetterReason: "spoilt",
      deadLetterErrorDescription: "It fell.",
      shelf: 3,
    });
    await receiver.abandonMessage(abandon, { tried: true });
    const [again] = await receive(receiver, 1);
    await receiver.completeMessage(again);
    const [deferred] = await receiver.receiveDeferredMessages(defer.sequenceNumber);
    await receiver.completeMessage(deferred);
    const dead = client.createReceiver(queue, { subQueueType: "deadLetter" });
    const [buried] = await receive(dead, 1);
    await dead.completeMessage(buried);
    return {
      again: [again.body, again.deliveryCount, again.applicationProperties],
      deferred: [deferred.body, deferred.state, deferred.applicationProperties],
      buried: [
        buried.body,
        buried.deadLetterReason,
        buried.deadLetterErrorDescription,
        buried.applicationProperties,
      ],
    };
  });

export const peek = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    await client.createSender(queue).sendMessages(["a", "b", "c"].map((body) => ({ body })));
    const receiver = client.createReceiver(queue);
    const two = bodies(await receiver.peekMessages(2));
    const rest = bodies(await receiver.peekMessages(10));
    const options = { fromSequenceNumber: Long.fromNumber(2) };
    const [second] = await receiver.peekMessages(1, options);
    return { two, rest, second: [second.body, second.state, second.deliveryCount] };
  });

export const schedule = ({ connection, queue, at }) =>
  withClient(connection, async (client) => {
    const sender = client.createSender(queue);
    const messages = ["kept", "cancelled", "kept too"].map((body) => ({ body }));
    const numbers = await sender.scheduleMessages(messages, new Date(at));
    await sender.cancelScheduledMessages(numbers[1]);
    const [first] = await client.createReceiver(queue).peekMessages(1);
    return { state: first.state, at: first.scheduledEnqueueTimeUtc.getTime() };
  });

export const takeAll = ({ connection, queue }) =>
  withClient(connection, (client) =>
    drain(client.createReceiver(queue, { receiveMode: "receiveAndDelete" })),
  );

// A stream that settles by itself: complete where the handler returns, abandon where it throws.
export const stream = ({ connection, queue, count }) =>
  withClient(connection, async (client) => {
    const sender = client.createSender(queue);
    const receiver = client.createReceiver(queue);
    const seen = [];
    const errors = [];
    const all = new Promise((resolve) =>
      receiver.subscribe(
        {
          async processMessage({ body, deliveryCount }) {
            seen.push([body, deliveryCount]);
            if (seen.length > count) resolve(); // one comes twice
            if (body === 2 && deliveryCount === 0) throw new Error("not yet");
          },
          async processError({ error, errorSource }) {
            errors.push([error.message, errorSource]);
          },
        },
        { maxConcurrentCalls: 4 },
      ),
    );
    await sender.sendMessages(Array.from({ length: count }, (_, index) => ({ body: index })));
    await all;
    await receiver.close(); // settles what is being worked on
    return { seen: seen.sort((a, b) => a[0] - b[0] || a[1] - b[1]), errors };
  });

export const iterate = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    await client.createSender(queue).sendMessages(["a", "b", "c"].map((body) => ({ body })));
    const receiver = client.createReceiver(queue);
    const seen = [];
    for await (const message of receiver.getMessageIterator()) {
      seen.push(message.body);
      await receiver.completeMessage(message);
      if (seen.length === 3) return seen;
    }
  });

export const waitInVain = ({ connection, queue }) =>
  withClient(connection, async (client) =>
    bodies(await client.createReceiver(queue).receiveMessages(1, { maxWaitTimeInMs: SHORT_MS })),
  );

export const renew = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    await client.createSender(queue).sendMessages({ body: "tea" });
    const receiver = client.createReceiver(queue);
    const [message] = await receive(receiver, 1);
    const before = message.lockedUntilUtc;
    const after = await receiver.renewMessageLock(message);
    await receiver.completeMessage(message);
    return after >= before;
  });
