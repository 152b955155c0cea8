import { ServiceBusClient } from "@azure/service-bus";
import Long from "long";
import { receive, withClient } from "./service_bus.mjs";

export const sendTo = ({ connection, queue, bytes = 1 }) =>
  withClient(connection, (client) =>
    client.createSender(queue).sendMessages({ body: "x".repeat(bytes) }),
  );

export const sendAll = ({ connection, queue, sizes }) =>
  withClient(connection, async (client) => {
    const sender = client.createSender(queue);
    const codes = [];
    for (const size of sizes) {
      const sent = sender.sendMessages({ body: "x".repeat(size) });
      codes.push(await sent.then(() => null, (error) => error.code));
    }
    return codes;
  });

export const receiveFrom = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    await client.createReceiver(queue).receiveMessages(1, { maxWaitTimeInMs: 1000 });
  });

export const receiveDeferred = ({ connection, queue }) =>
  withClient(connection, (client) =>
    client.createReceiver(queue).receiveDeferredMessages(Long.fromNumber(1)),
  );

export const acceptTaken = ({ connection, queue }) =>
  withClient(connection, async (client) => {
    const holder = await client.acceptSession(queue, "7");
    try {
      await client.acceptSession(queue, "7");
    } finally {
      await holder.close();
    }
  });

export const acceptNext = ({ connection, queue }) =>
  withClient(
    connection,
    async (client) => {
      await client.acceptNextSession(queue);
    },
    { retryOptions: { maxRetries: 0, timeoutInMs: 1000 } },
  );

// Held while the tests let the broker's time pass.
let held;

export async function holdMessage({ connection, queue }) {
  const client = new ServiceBusClient(connection, { retryOptions: { maxRetries: 0 } });
  await client.createSender(queue).sendMessages({ body: "tea" });
  const receiver = client.createReceiver(queue, { maxAutoLockRenewalDurationInMs: 0 });
  held = { client, receiver, message: (await receive(receiver, 1))[0] };
}

export async function holdSession({ connection, queue }) {
  const client = new ServiceBusClient(connection, { retryOptions: { maxRetries: 0 } });
  await client.createSender(queue).sendMessages({ body: "tea", sessionId: "7" });
  const receiver = await client.acceptSession(queue, "7", { maxAutoLockRenewalDurationInMs: 0 });
  held = { client, receiver, message: (await receive(receiver, 1))[0] };
}

export async function useHeld({ how }) {
  const { client, receiver, message } = held;
  try {
    await receiver[how](message);
  } finally {
    await client.close();
  }
}
