// What the programs for @azure/service-bus share.
import { ServiceBusClient } from "@azure/service-bus";

export const SHORT_MS = 300;

export async function withClient(connection, work, options = {}) {
  const client = new ServiceBusClient(connection, {
    retryOptions: { maxRetries: 0, timeoutInMs: 10_000 },
    ...options,
  });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

// As many messages as are asked for, in one or more answers of the broker.
export async function receive(receiver, count) {
  const messages = [];
  while (messages.length < count) {
    const more = await receiver.receiveMessages(count - messages.length, {
      maxWaitTimeInMs: 10_000,
    });
    if (more.length === 0) throw new Error(`${messages.length} of ${count} messages came`);
    messages.push(...more);
  }
  return messages;
}

export const bodies = (messages) => messages.map((message) => message.body);

// All that is ready now, taken and gone.
export async function drain(receiver) {
  const taken = [];
  for (;;) {
    const more = await receiver.receiveMessages(100, { maxWaitTimeInMs: 1000 });
    if (more.length === 0) return taken;
    taken.push(...bodies(more));
  }
}
