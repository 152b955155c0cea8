import { ServiceBusAdministrationClient } from "@azure/service-bus";

async function all(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

const names = (items) => items.map((item) => item.name);

export async function queues({ connection }) {
  const administration = new ServiceBusAdministrationClient(connection);
  const created = await administration.createQueue("made", {
    lockDuration: "PT30S",
    maxDeliveryCount: 3,
    requiresSession: true,
    defaultMessageTimeToLive: "PT1H",
    deadLetteringOnMessageExpiration: true,
    userMetadata: "a & b",
  });
  const { name, lockDuration, maxDeliveryCount, requiresSession, userMetadata, status } = created;
  const found = await administration.getQueue("made");
  const updated = await administration.updateQueue({ ...found, maxDeliveryCount: 5 });
  const runtime = await administration.getQueueRuntimeProperties("made");
  const listed = names(await all(administration.listQueues()));
  const counted = await all(administration.listQueuesRuntimeProperties());
  const exists = [await administration.queueExists("made")];
  await administration.deleteQueue("made");
  exists.push(await administration.queueExists("made"));
  return {
    created: { name, lockDuration, maxDeliveryCount, requiresSession, userMetadata, status },
    updated: updated.maxDeliveryCount,
    runtime: [runtime.totalMessageCount, runtime.activeMessageCount, runtime.sizeInBytes],
    isDate: runtime.createdAt instanceof Date && !isNaN(runtime.createdAt),
    listed,
    counted: counted.map((one) => [one.name, one.activeMessageCount]),
    exists,
  };
}

export async function topics({ connection }) {
  const administration = new ServiceBusAdministrationClient(connection);
  const topic = await administration.createTopic("news", { enableBatchedOperations: true });
  const subscription = await administration.createSubscription("news", "sport", {
    lockDuration: "PT45S",
    defaultRuleOptions: { name: "first", filter: { sqlExpression: "price < 4" } },
  });
  await administration.createRule("news", "sport", "second", {
    correlationId: "c",
    applicationProperties: { price: 8 },
  });
  await administration.createRule("news", "sport", "third", { sqlExpression: "1=1" }, {
    sqlExpression: "SET checked = TRUE",
  });
  const rules = await all(administration.listRules("news", "sport"));
  const updated = await administration.updateRule("news", "sport", {
    ...rules[0],
    filter: { sqlExpression: "price > 4" },
  });
  await administration.deleteRule("news", "sport", "third");
  const runtime = await administration.getSubscriptionRuntimeProperties("news", "sport");
  const ofTopic = await administration.getTopicRuntimeProperties("news");
  const found = {
    topic: topic.name,
    subscription: [subscription.subscriptionName, subscription.lockDuration],
    rules: rules.map(({ name, filter, action }) => ({ name, filter, action })),
    updated: updated.filter.sqlExpression,
    left: names(await all(administration.listRules("news", "sport"))),
    counts: [runtime.totalMessageCount, ofTopic.subscriptionCount],
    topics: names(await all(administration.listTopics())),
    subscriptions: (await all(administration.listSubscriptions("news"))).map(
      (one) => one.subscriptionName,
    ),
  };
  await administration.deleteSubscription("news", "sport");
  await administration.deleteTopic("news");
  return { ...found, exists: await administration.topicExists("news") };
}

export async function namespace({ connection }) {
  const { name, messagingSku } = await new ServiceBusAdministrationClient(
    connection,
  ).getNamespaceProperties();
  return { name, messagingSku };
}

export const createTwice = async ({ connection }) =>
  new ServiceBusAdministrationClient(connection).createQueue("orders");

export const getUnknown = async ({ connection }) =>
  new ServiceBusAdministrationClient(connection).getQueue("nothing");
