import { SHORT_MS, bodies, drain, receive, withClient } from "./service_bus.mjs";

const stateOf = (buffer) => (buffer == null ? null : Buffer.from(buffer).toString());

const sendOf = (client, queue, ...sessionIds) =>
  client
    .createSender(queue)
    .sendMessages(sessionIds.map((sessionId, index) => ({ body: index, sessionId })));

export const next = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    await sendOf(client, queue, "b", "a", "b");
    const seen = [];
    for (let turn = 0; turn < 2; turn++) {
      const receiver = await client.acceptNextSession(queue);
      for (const message of await receive(receiver, receiver.sessionId === "b" ? 2 : 1)) {
        seen.push([receiver.sessionId, message.sessionId, message.body]);
        await receiver.completeMessage(message);
      }
      await receiver.close();
    }
    return seen;
  });

export const state = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    const receiver = await client.acceptSession(queue, "7");
    const before = stateOf(await receiver.getSessionState());
    await receiver.setSessionState(Buffer.from("half done"));
    await receiver.close();
    const again = await client.acceptSession(queue, "7");
    const after = stateOf(await again.getSessionState());
    await again.setSessionState(null);
    return [before, after, stateOf(await again.getSessionState())];
  });

export const settle = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    await sendOf(client, queue, "7", "7", "7", "7");
    const receiver = await client.acceptSession(queue, "7");
    const [complete, abandon, defer, deadLetter] = await receive(receiver, 4);
    await receiver.completeMessage(complete);
    await receiver.deferMessage(defer);
    await receiver.deadLetterMessage(deadLetter, { deadLetterReason: "spoilt" });
    await receiver.abandonMessage(abandon);
    const [again] = await receive(receiver, 1);
    await receiver.completeMessage(again);
    const [deferred] = await receiver.receiveDeferredMessages(defer.sequenceNumber);
    await receiver.completeMessage(deferred);
    const peeked = bodies(await receiver.peekMessages(10));
    const dead = client.createReceiver(queue, { subQueueType: "deadLetter" });
    const [buried] = await receive(dead, 1);
    await dead.completeMessage(buried);
    return {
      again: [again.body, again.deliveryCount],
      deferred: deferred.body,
      buried: [buried.body, buried.sessionId, buried.deadLetterReason],
      peeked,
    };
  });

export const renew = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    const receiver = await client.acceptSession(queue, "7");
    const before = receiver.sessionLockedUntilUtc;
    const after = await receiver.renewSessionLock();
    return { lockedMs: before - Date.now(), grew: after >= before };
  });

export const stream = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    await sendOf(client, queue, "7", "7", "7");
    const receiver = await client.acceptNextSession(queue);
    const seen = [];
    await new Promise((resolve, reject) =>
      receiver.subscribe(
        {
          async processMessage(message) {
            await receiver.completeMessage(message);
            seen.push(message.body);
            if (seen.length === 3) resolve();
          },
          async processError({ error }) {
            reject(error);
          },
        },
        { autoCompleteMessages: false },
      ),
    );
    await receiver.close();
    return seen;
  });

export const takeAll = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    await sendOf(client, queue, "7", "8", "7");
    const receiver = await client.acceptSession(queue, "7", { receiveMode: "receiveAndDelete" });
    return drain(receiver);
  });

export const schedule = ({ connection, queue, at }) =>
  withClient(connection, async (client) => {
    const sender = client.createSender(queue);
    await sender.scheduleMessages({ body: "later", sessionId: "7" }, new Date(at));
    const receiver = await client.acceptSession(queue, "7");
    const none = await receiver.receiveMessages(1, { maxWaitTimeInMs: SHORT_MS });
    const [peeked] = await receiver.peekMessages(1);
    return [none.length, peeked.body, peeked.state];
  });
