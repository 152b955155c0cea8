// rhea-promise: rhea with promises, which `@azure/service-bus` stands on; here by itself.
import { Connection, ReceiverEvents } from "rhea-promise";

const opened = ({ port, key }) =>
  new Connection({
    host: "127.0.0.1",
    port,
    username: "RootManageSharedAccessKey",
    password: key,
    reconnect: false,
  }).open();

async function withConnection(where, work) {
  const connection = await opened(where);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

const next = (receiver) =>
  new Promise((resolve) => receiver.once(ReceiverEvents.message, resolve));

// Sends wait for their acknowledgement; what is taken is settled one way each.
export const settle = (where) =>
  withConnection(where, async (connection) => {
    const sender = await connection.createAwaitableSender({ target: where.queue });
    const sent = [];
    for (const body of ["tea", "cake"]) sent.push((await sender.send({ body })).remote_settled);
    await sender.close();
    const receiver = await connection.createReceiver({
      source: where.queue,
      autoaccept: false,
      credit_window: 0,
    });
    const taken = [];
    const take = async () => {
      const coming = next(receiver);
      receiver.addCredit(1);
      const { message, delivery } = await coming;
      taken.push([message.body, message.delivery_count]);
      return delivery;
    };
    (await take()).release();
    (await take()).accept();
    const last = await take();
    last.reject({ condition: "com.microsoft:dead-letter", description: "spoilt" });
    await receiver.close();
    return { sent, taken };
  });

// A link is attached and then detached with the reason, as AMQP wants it.
export const refused = (where) =>
  withConnection(where, async (connection) => {
    const closed = new Promise((resolve) => {
      const onError = (context) => resolve(context.receiver.error);
      connection.createReceiver({ source: where.queue, credit_window: 0, onError });
    });
    const { condition, description } = await closed;
    return [condition, description];
  });

export const wrongKey = async (where) => (await opened({ ...where, key: "wrong" })).id;
