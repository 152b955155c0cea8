import { drain, withClient } from "./service_bus.mjs";

const goals = [
  { body: "tea", subject: "drink", applicationProperties: { price: 3 } },
  { body: "cake", subject: "food", applicationProperties: { price: 5 } },
  { body: "soup", subject: "food", applicationProperties: { price: 8 }, correlationId: "c" },
];

const withoutNulls = ({ filter, ...rest }) => ({
  ...rest,
  filter: Object.fromEntries(Object.entries(filter).filter(([, value]) => value != null)),
});

export const receiveAll = ({ connection, topic, subscription }) =>
  withClient(connection, async (client) => {
    await client.createSender(topic).sendMessages(goals);
    return drain(client.createReceiver(topic, subscription, { receiveMode: "receiveAndDelete" }));
  });

export const rules = ({ connection, topic, subscription }) =>
  withClient(connection, async (client) => {
    const manager = client.createRuleManager(topic, subscription);
    const listed = async () => {
      const rules = [];
      // Where there are no rules the client's iterator has one that is undefined.
      for await (const rule of manager.listRules()) if (rule) rules.push(withoutNulls(rule));
      return rules;
    };
    const first = await listed();
    await manager.deleteRule("$Default");
    const none = await listed();
    await manager.createRule("cheap", { sqlExpression: "price < 4" }, {
      sqlExpression: "SET checked = TRUE",
    });
    await manager.createRule("exact", {
      correlationId: "c",
      subject: "food",
      applicationProperties: { price: 8 },
    });
    return { first, none, then: await listed() };
  });

export const addTwice = ({ connection, topic, subscription }) =>
  withClient(connection, (client) =>
    client.createRuleManager(topic, subscription).createRule("$Default", { sqlExpression: "1=1" }),
  );

export const addBad = ({ connection, topic, subscription }) =>
  withClient(connection, (client) =>
    client.createRuleManager(topic, subscription).createRule("r", { sqlExpression: "price <" }),
  );

export const deleteUnknown = ({ connection, topic, subscription }) =>
  withClient(connection, (client) =>
    client.createRuleManager(topic, subscription).deleteRule("nothing"),
  );
