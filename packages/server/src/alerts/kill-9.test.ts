/** A server that is killed after it acknowledged usage, before and after it told of what that reached. */
import type { Alert, AlertRule, WebhookDelivery } from "@llm-cost-ops/contract";
import { afterAll, expect, test, vi } from "vitest";
// A database of the store that this run is about, by store/database-fixture.ts.
import { newServerPlace, type ServerProcess } from "../server-process-fixture.ts";
import { answering, startReceiver } from "../webhooks/receiver-fixture.ts";

const place = await newServerPlace();
const receiver = await startReceiver(answering(200));
afterAll(async () => {
  await receiver.close();
  await place.close();
});

/** Milliseconds after the answer: before anything is looked at, while it is, and after it was told. */
const killedAfterMs = [0, 60, 220, 600];

async function ask<T>({ url }: ServerProcess, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${place.adminKey}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { data } = (await response.json()) as { readonly data: T };
  expect(response.status).toBeLessThan(300);
  return data;
}

test("tells of everything that was reached, and of each thing once", async () => {
  let server = await place.start();
  const events = ["alert.triggered"];
  const { id: webhook } = await ask<{ id: string }>(server, "POST", "/webhooks", { url: receiver.url, events });
  const rules: AlertRule[] = [];
  for (const afterMs of killedAfterMs) {
    const scope = { project_id: [`killed-after-${afterMs}`] };
    const rule = { name: `killed after ${afterMs}`, kind: "metric", metric: "tokens", threshold: 10, scope };
    rules.push(await ask<AlertRule>(server, "POST", "/alerts/rules", rule));
  }
  for (const [at, afterMs] of killedAfterMs.entries()) {
    const usage = { provider: "openai", model: "gpt-4o", input_tokens: 9, output_tokens: 1 };
    await ask(server, "POST", "/usage", { ...usage, project_id: `killed-after-${afterMs}` });
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await server.kill();
    server = await place.start();
    const alerts = () => ask<readonly Alert[]>(server, "GET", `/alerts?rule_id=${rules[at]?.id}`);
    await vi.waitFor(async () => expect(await alerts()).toHaveLength(1), { timeout: 15_000, interval: 100 });
  }
  const alerts = await ask<readonly Alert[]>(server, "GET", "/alerts");
  expect(alerts.map(({ rule_name }) => rule_name).toSorted()).toEqual(rules.map(({ name }) => name).toSorted());
  const deliveries = await ask<readonly WebhookDelivery[]>(server, "GET", `/webhooks/${webhook}/deliveries`);
  expect(deliveries.map(({ event_type }) => event_type)).toEqual(killedAfterMs.map(() => "alert.triggered"));
}, 60_000);
