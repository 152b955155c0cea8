// All of the administration client: every method, every option, pages, and a key as a credential.
import { AzureNamedKeyCredential } from "@azure/core-auth";
import { ServiceBusAdministrationClient } from "@azure/service-bus";

const PUBLIC =
  /^((create|get|update|delete)(Queue|Topic|Subscription|Rule)|get\w+[^s]RuntimeProperties|list(Queues|Topics|Subscriptions)(RuntimeProperties)?|listRules|\w+Exists|getNamespaceProperties)$/;

// The client, and the names of the methods that have not been called yet.
function watched(connection) {
  const client = new ServiceBusAdministrationClient(connection);
  const uncalled = new Set(
    Object.getOwnPropertyNames(ServiceBusAdministrationClient.prototype).filter((name) =>
      PUBLIC.test(name),
    ),
  );
  const count = uncalled.size;
  const seen = new Proxy(client, {
    get(target, name) {
      uncalled.delete(name);
      const value = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return { client: seen, uncalled, count };
}

async function all(pages) {
  const items = [];
  for await (const item of pages) items.push(item);
  return items;
}

export async function everyMethod({ connection }) {
  const { client, uncalled, count } = watched(connection);
  const said = {};
  const note = async (name, value) => (said[name] = await value);

  await client.getNamespaceProperties();
  const queue = await client.createQueue("made");
  await note("queue", client.updateQueue({ ...queue, lockDuration: "PT45S" }).then((one) => one.lockDuration));
  await note("found", client.getQueue("made").then((one) => one.lockDuration));
  await note("messages", client.getQueueRuntimeProperties("made").then((one) => one.totalMessageCount));
  await note("queues", all(client.listQueues()).then((some) => some.map((one) => one.name)));
  await note("sizes", all(client.listQueuesRuntimeProperties()).then((some) => some.map((one) => one.sizeInBytes)));
  const topic = await client.createTopic("news");
  await note("topic", client.updateTopic({ ...topic, userMetadata: "mine" }).then((one) => one.userMetadata));
  await note("got", client.getTopic("news").then((one) => one.userMetadata));
  await note("topics", all(client.listTopics()).then((some) => some.map((one) => one.name)));
  const subscription = await client.createSubscription("news", "sport");
  await note(
    "subscription",
    client.updateSubscription({ ...subscription, maxDeliveryCount: 3 }).then((one) => one.maxDeliveryCount),
  );
  await note("kept", client.getSubscription("news", "sport").then((one) => one.maxDeliveryCount));
  await note(
    "subscriptions",
    all(client.listSubscriptions("news")).then((some) => some.map((one) => one.subscriptionName)),
  );
  await note("ofTopic", client.getTopicRuntimeProperties("news").then((one) => one.subscriptionCount));
  await note(
    "ofTopics",
    all(client.listTopicsRuntimeProperties()).then((some) => some.map((one) => [one.name, one.subscriptionCount])),
  );
  await note(
    "ofSubscription",
    client.getSubscriptionRuntimeProperties("news", "sport").then((one) => one.activeMessageCount),
  );
  await note(
    "ofSubscriptions",
    all(client.listSubscriptionsRuntimeProperties("news")).then((some) =>
      some.map((one) => [one.subscriptionName, one.deadLetterMessageCount]),
    ),
  );
  const rule = await client.createRule("news", "sport", "dear", { sqlExpression: "price > 4" });
  await note(
    "rule",
    client
      .updateRule("news", "sport", { ...rule, filter: { correlationId: "c" } })
      .then((one) => one.filter.correlationId),
  );
  await note("ruled", client.getRule("news", "sport", "dear").then((one) => one.filter.correlationId));
  await note("rules", all(client.listRules("news", "sport")).then((some) => some.map((one) => one.name)));
  const there = async () => [
    await client.queueExists("made"),
    await client.topicExists("news"),
    await client.subscriptionExists("news", "sport"),
    await client.ruleExists("news", "sport", "dear"),
  ];
  await note("there", there());
  await client.deleteRule("news", "sport", "dear");
  await note("withoutRule", client.ruleExists("news", "sport", "dear"));
  await client.deleteSubscription("news", "sport");
  await note("withoutSubscription", client.subscriptionExists("news", "sport"));
  await client.deleteTopic("news");
  await client.deleteQueue("made");
  await note("gone", Promise.all([client.topicExists("news"), client.queueExists("made")]));
  return { count, uncalled: [...uncalled], said };
}

// Whatever is asked for stands in the answer, and is found again.
async function kept(create, find, wanted) {
  const lost = (got) =>
    Object.keys(wanted).filter((name) => JSON.stringify(got[name]) !== JSON.stringify(wanted[name]));
  return [lost(await create), lost(await find())];
}

export async function everyOption({ connection }) {
  const client = new ServiceBusAdministrationClient(connection);
  await client.createQueue("elsewhere");
  const queue = {
    lockDuration: "PT45S",
    maxSizeInMegabytes: 2048,
    requiresDuplicateDetection: true,
    requiresSession: true,
    defaultMessageTimeToLive: "P1D",
    deadLetteringOnMessageExpiration: true,
    duplicateDetectionHistoryTimeWindow: "PT5M",
    maxDeliveryCount: 7,
    enableBatchedOperations: false,
    status: "SendDisabled",
    autoDeleteOnIdle: "PT1H",
    userMetadata: "<mine & yours>",
    authorizationRules: [
      { claimType: "SharedAccessKey", accessRights: ["Listen"], keyName: "reader", primaryKey: btoa("1".repeat(32)), secondaryKey: btoa("2".repeat(32)) },
    ],
  };
  const topic = {
    defaultMessageTimeToLive: "P2D",
    maxSizeInMegabytes: 3072,
    requiresDuplicateDetection: true,
    duplicateDetectionHistoryTimeWindow: "PT2M",
    enableBatchedOperations: false,
    status: "Active",
    userMetadata: "a topic",
    supportOrdering: true,
    autoDeleteOnIdle: "PT2H",
  };
  const subscription = {
    lockDuration: "PT20S",
    requiresSession: true,
    defaultMessageTimeToLive: "PT3H",
    deadLetteringOnMessageExpiration: true,
    deadLetteringOnFilterEvaluationExceptions: false,
    maxDeliveryCount: 2,
    enableBatchedOperations: false,
    status: "ReceiveDisabled",
    userMetadata: "a subscription",
    autoDeleteOnIdle: "PT4H",
  };
  return {
    queue: await kept(client.createQueue("made", queue), () => client.getQueue("made"), queue),
    topic: await kept(client.createTopic("news", topic), () => client.getTopic("news"), topic),
    subscription: await kept(
      client.createSubscription("news", "sport", subscription),
      () => client.getSubscription("news", "sport"),
      subscription,
    ),
    forwards: await client
      .createQueue("sends-on", { forwardTo: "elsewhere", forwardDeadLetteredMessagesTo: "elsewhere" })
      .then((one) => [one.forwardTo, one.forwardDeadLetteredMessagesTo].map((url) => url.split("/").pop())),
  };
}

// By default an iteration asks for a page of a hundred and goes on until there is no more.
export async function pages({ connection, count }) {
  const client = new ServiceBusAdministrationClient(connection);
  const sizes = [];
  let token;
  for await (const page of client.listQueues().byPage({ maxPageSize: 2 })) {
    sizes.push(page.length);
    token ??= page.continuationToken;
  }
  const rest = [];
  for await (const page of client.listQueues().byPage({ maxPageSize: count, continuationToken: token })) {
    rest.push(...page.map((one) => one.name));
  }
  return { sizes, rest };
}

const withKey = (port, key) =>
  new ServiceBusAdministrationClient(
    `127.0.0.1:${port}`,
    new AzureNamedKeyCredential("RootManageSharedAccessKey", key),
  );

export const getWithKey = async ({ port, key }) => (await withKey(port, key).getQueue("orders")).name;

export const badOption = async ({ connection }) =>
  new ServiceBusAdministrationClient(connection).createQueue("made", { lockDuration: "PT6M" });

export const deleteUnknown = async ({ connection }) =>
  new ServiceBusAdministrationClient(connection).deleteSubscription("news", "sport");

export const unknownRule = async ({ connection }) =>
  new ServiceBusAdministrationClient(connection).getRule("news", "sport", "dear");
