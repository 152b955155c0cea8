// rhea alone: AMQP 1.0 with the key as a password, and nothing of Service Bus.
import rhea from "rhea";

const connect = ({ port, key }) =>
  rhea.create_container().connect({
    host: "127.0.0.1",
    port,
    username: "RootManageSharedAccessKey",
    password: key,
    reconnect: false,
  });

// What a link of this connection is told first, among `events`.
const first = (emitter, ...events) =>
  new Promise((resolve) => {
    for (const event of events) emitter.once(event, (context) => resolve({ event, context }));
  });

export async function roundTrip(where) {
  const connection = connect(where);
  const sender = connection.open_sender(where.queue);
  await first(sender, "sendable");
  sender.send({ body: { table: 7 }, message_id: rhea.types.wrap_ulong(5), ttl: 60_000 });
  await first(sender, "accepted");
  const receiver = connection.open_receiver({ source: where.queue, autoaccept: false });
  const { message, delivery } = (await first(receiver, "message")).context;
  delivery.accept();
  connection.close();
  await first(connection, "connection_close");
  return {
    body: message.body,
    id: message.message_id,
    ttl: message.ttl,
    number: message.message_annotations["x-opt-sequence-number"],
  };
}

export async function refused(where) {
  const connection = connect(where);
  const receiver = connection.open_receiver(where.queue);
  receiver.on("receiver_error", () => {}); // or it would go to the connection
  await first(receiver, "receiver_close");
  connection.close();
  return [receiver.error?.condition, receiver.error?.description];
}

export async function wrongKey(where) {
  const connection = connect({ ...where, key: "wrong" });
  return (await first(connection, "connection_open", "connection_error", "disconnected")).event;
}
