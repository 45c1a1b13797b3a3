import type { Alert, AlertRule } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { temporaryFolder } from "../usage/ledger-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { answering, type Receiver, startReceiver } from "../webhooks/receiver-fixture.ts";

const folder = temporaryFolder();
let server: PeopleServer;
let receiver: Receiver;
let key: string;
let channel: string;
let pager: string;
beforeAll(async () => {
  const database = await newDatabase(folder.path);
  server = await startPeopleServer({ ...database, WEBHOOK_ALLOWED_ADDRESSES: "127.0.0.1" }, folder);
  receiver = await startReceiver(answering(200));
  ({ key, channel, pager } = await newTenant("Acme"));
}, 120_000);
afterAll(async () => {
  await receiver.close();
  await server.close();
});

async function newTenant(name: string) {
  const { data } = await server.ask(server.adminKey, "POST", "/organizations", { name });
  const { key: made } = (data as unknown as { api_key: { key: string } }).api_key;
  const newChannel = async (of: string) =>
    (await ask("POST", "/channels", { name: of, kind: "webhook", url: `${receiver.url}/${of}` }, made)).data.id;
  return { key: made, channel: await newChannel("ops"), pager: await newChannel("pager") };
}

const ask = (method: string, path: string, body?: unknown, as = key): Promise<Answer> =>
  server.ask(as, method, path, body);
const dataOf = <T>({ status, text, data }: Answer, expected: number): T => {
  expect([status, text]).toEqual([expected, expect.any(String)]);
  return data as unknown as T;
};
let made = 0;
const makeRule = async (body: object, as = key): Promise<AlertRule> => {
  made += 1;
  return dataOf(await ask("POST", "/alerts/rules", { name: `rule ${made}`, ...body }, as), 201);
};
const alertsOf = async ({ id }: Pick<AlertRule, "id">, as = key): Promise<readonly Alert[]> =>
  dataOf(await ask("GET", `/alerts?rule_id=${id}`, undefined, as), 200);
const spend = async (cost: string, more: object = {}, as = key) =>
  dataOf(await ask("POST", "/costs", { model: "gpt-4o", provider: "openai", tokens_used: 1, cost, ...more }, as), 201);
const opened = async (rule: Pick<AlertRule, "id">, as = key): Promise<Alert> =>
  vi.waitFor(
    async () => {
      const [alert] = await alertsOf(rule, as);
      if (alert === undefined) throw new Error("there is no alert yet");
      return alert;
    },
    { timeout: 10_000 },
  );

describe("an alert rule", () => {
  test("of budgets is made with its defaults, read, listed by name, changed and deleted", async () => {
    const budget = await ask("POST", "/budgets", { name: "production", amount: "5", period: { kind: "month" } });
    const rule = await makeRule({ name: "Zeta", kind: "budget", budget: "production", channels: ["ops"] });
    expect(rule).toMatchObject({
      name: "Zeta",
      kind: "budget",
      budget_id: budget.data.id,
      thresholds: null,
      of: "spent",
      metric: null,
      window: null,
      severity: "warning",
      channels: [channel],
      quiet_period_minutes: 60,
      escalate_after_minutes: null,
      escalate_to: [],
      enabled: true,
    });
    const every = await makeRule({ name: "alpha", kind: "budget", thresholds: [90, 12.5, 90], of: "projected" });
    expect(every).toMatchObject({ budget_id: null, thresholds: [12.5, 90], of: "projected" });
    expect(dataOf<AlertRule>(await ask("GET", `/alerts/rules/${rule.id}`), 200)).toEqual(rule);
    const listed = dataOf<readonly AlertRule[]>(await ask("GET", "/alerts/rules"), 200);
    expect(listed.map(({ name }) => name)).toEqual(["alpha", "Zeta"]);
    const change = { budget: null, thresholds: [80], severity: "critical", escalate_after_minutes: 5 };
    const changed = await ask("PATCH", `/alerts/rules/${rule.id}`, { ...change, escalate_to: ["pager"] });
    const { budget: _, ...shown } = change;
    expect(dataOf(changed, 200)).toMatchObject({ ...shown, budget_id: null, escalate_to: [pager], of: "spent" });
    for (const { id } of listed) {
      expect((await ask("DELETE", `/alerts/rules/${id}`)).status).toBe(204);
      for (const method of ["GET", "DELETE"]) expect((await ask(method, `/alerts/rules/${id}`)).status).toBe(404);
    }
  });

  test("of a metric keeps what it compares exactly, and changes its window with its metric", async () => {
    const rule = await makeRule({
      kind: "metric",
      metric: "cost_per_request",
      comparison: ">",
      threshold: 0.000000000001,
      scope: { project_id: ["search"] },
      enabled: false,
    });
    expect(rule).toMatchObject({
      metric: "cost_per_request",
      comparison: ">",
      threshold: "0.000000000001",
      currency: "USD",
      window: { kind: "rolling", minutes: 60 },
      scope: { project_id: ["search"] },
      requests_min: 1,
      budget_id: null,
      of: null,
      enabled: false,
    });
    const change = { metric: "daily_cost", threshold: "100", window: { kind: "day", time_zone: "Europe/Berlin" } };
    expect(dataOf(await ask("PATCH", `/alerts/rules/${rule.id}`, change), 200)).toMatchObject({
      ...change,
      comparison: ">",
      requests_min: null,
      scope: { project_id: ["search"] },
    });
  });

  const metric = { kind: "metric", metric: "tokens", threshold: 1 };
  test.each<readonly [object, string, string]>([
    [{ kind: "budget", metric: "tokens" }, "metric", "does not belong to a rule of kind budget"],
    [{ ...metric, of: "spent" }, "of", "does not belong to a rule of kind metric"],
    [{ kind: "metric", metric: "tokens" }, "threshold", "is required"],
    [{ kind: "metric", threshold: 1 }, "metric", "is required"],
    [{ kind: "budget", budget: "nobody's" }, "budget", "names no budget"],
    [{ kind: "budget", thresholds: [] }, "thresholds", "must name a percent"],
    [{ kind: "budget", thresholds: [0] }, "thresholds.0", "must be a percent above 0"],
    [{ kind: "budget", channels: ["nobody's"] }, "channels.0", "names no channel"],
    [{ kind: "budget", escalate_after_minutes: 5 }, "escalate_to", "must name who"],
    [{ kind: "budget", quiet_period_minutes: -1 }, "quiet_period_minutes", "must be a whole number of minutes"],
    [{ ...metric, threshold: "-1" }, "threshold", "must not be negative"],
    [{ ...metric, threshold: 0 }, "threshold", "must be above 0"],
    [{ ...metric, threshold: "1e3" }, "threshold", "must be a decimal number"],
    [{ ...metric, metric: "error_rate", threshold: 101 }, "threshold", "must be a percent up to 100"],
    [{ ...metric, currency: "EUR" }, "currency", "does not belong to tokens"],
    [{ ...metric, requests_min: 5 }, "requests_min", "does not belong to tokens"],
    [{ ...metric, window: { kind: "day", minutes: 5 } }, "window.minutes", "does not belong to a window of kind day"],
    [{ ...metric, window: { kind: "day", time_zone: "Mars" } }, "window.time_zone", "must be an IANA time zone"],
    [{ ...metric, metric: "daily_cost", window: { kind: "hour" } }, "window.kind", "must be day"],
    [{ ...metric, scope: { team: "nobody's" } }, "scope.team", "names no team"],
  ])("is refused with %j", async (body, field, problem) => {
    const answer = await ask("POST", "/alerts/rules", { name: "refused", ...body });
    expect([answer.status, answer.error.code]).toEqual([422, "VALIDATION_ERROR"]);
    expect(answer.error.field_errors).toMatchObject({ [field]: expect.stringContaining(problem) });
  });

  test("is refused where a change does not fit it, and where its name is taken", async () => {
    const rule = await makeRule({ name: "taken", ...metric });
    const patch = (body: object) => ask("PATCH", `/alerts/rules/${rule.id}`, body);
    expect((await patch({ of: "spent" })).error.field_errors).toHaveProperty("of");
    expect((await patch({ metric: "error_rate" })).error.field_errors).toHaveProperty("threshold");
    expect((await patch({})).status).toBe(422);
    const again = await ask("POST", "/alerts/rules", { name: "taken", kind: "budget" });
    expect([again.status, again.error.field_errors]).toEqual([409, { name: "is taken" }]);
  });
});

describe("a server", () => {
  test("tells of what usage reaches, to the channel and to webhooks, and once", async () => {
    const own = await newTenant("Told");
    const as = own.key;
    const events = ["alert.triggered", "budget.threshold_exceeded"];
    const url = `${receiver.url}/events`;
    dataOf(await ask("POST", "/webhooks", { url, events }, as), 201);
    await ask(
      "POST",
      "/budgets",
      { name: "production", amount: "10", period: { kind: "month" }, thresholds: [50] },
      as,
    );
    const rule = await makeRule({ kind: "budget", channels: [own.channel], severity: "critical" }, as);
    await spend("5", {}, as);
    const alert = await opened(rule, as);
    expect(alert).toMatchObject({ state: "open", threshold: "50", value: "5", budget_name: "production" });
    const ours = () =>
      receiver.received.filter(({ body }) => body.includes(alert.organization_id) || body.includes(alert.id));
    await vi.waitFor(() => expect(ours().length).toBeGreaterThanOrEqual(3), { timeout: 10_000 });
    await spend("0.1", {}, as);
    const bodies = () => ours().map(({ body }) => body);
    expect(bodies().filter((body) => body.includes("budget.threshold_exceeded"))).toHaveLength(1);
    // One to the webhook as the interface shows it, one to the channel in its own words.
    expect(bodies().filter((body) => body.includes(alert.id))).toHaveLength(2);
    expect(
      ours().find(({ event }) => event.type === "alert.triggered" && event.data["state"] === "open")?.event.data,
    ).toEqual(alert);
  });

  test("tells once of what is reached by usage that two servers record at a time", async () => {
    const other = await server.another();
    const as = (await newTenant("Shared")).key;
    const rule = await makeRule({ kind: "metric", metric: "daily_cost", threshold: 10 }, as);
    // A server hears of rules that another one made in its next round.
    dataOf(await other.ask(as, "PATCH", `/alerts/rules/${rule.id}`, { severity: "critical" }), 200);
    const through = async (one: PeopleServer) => {
      const cost = { model: "gpt-4o", provider: "openai", tokens_used: 1, cost: "1" };
      expect((await one.ask(as, "POST", "/costs", cost)).status).toBe(201);
    };
    await Promise.all(Array.from({ length: 12 }, (_, at) => through(at % 2 === 0 ? server : other)));
    await opened(rule, as);
    await Promise.all([through(server), through(other)]);
    // Whatever either of them still looks at is written by now, and this is behind it.
    dataOf(await other.ask(as, "PATCH", `/alerts/rules/${rule.id}`, { severity: "info" }), 200);
    await makeRule({ kind: "metric", metric: "tokens", threshold: 1 }, as).then((last) => opened(last, as));
    expect(await alertsOf(rule, as)).toHaveLength(1);
  });

  test("escalates what nobody acknowledges, and nothing that somebody did, and tells of every step", async () => {
    const own = await newTenant("Escalating");
    const as = own.key;
    const terms = { kind: "metric", metric: "daily_cost", threshold: "5", escalate_after_minutes: 5 };
    const manner = { channels: [own.channel], escalate_to: [own.pager] };
    const rule = await makeRule({ ...terms, ...manner }, as);
    const other = await makeRule({ ...terms, ...manner, threshold: "6" }, as);
    await spend("6", {}, as);
    const alert = await opened(rule, as);
    const acknowledged = await opened(other, as);
    const note = { note: "I look at it" };
    const seen = await ask("POST", `/alerts/${acknowledged.id}/acknowledge`, note, as);
    expect(dataOf<Alert>(seen, 200)).toMatchObject({
      state: "acknowledged",
      history: [{ step: "triggered" }, { step: "acknowledged", by: { kind: "key" }, note: "I look at it" }],
    });
    const again = await ask("POST", `/alerts/${acknowledged.id}/acknowledge`, {}, as);
    expect(dataOf<Alert>(again, 200).history).toHaveLength(2);
    server.clock.aheadMs += 5 * 60_000;
    dataOf(await ask("PATCH", `/alerts/rules/${rule.id}`, { quiet_period_minutes: 1 }, as), 200);
    await vi.waitFor(async () => expect((await opened(rule, as)).escalated_at).not.toBeNull(), { timeout: 10_000 });
    expect((await opened(other, as)).escalated_at).toBeNull();
    const told = (of: string) =>
      receiver.received.filter(({ body }) => body.includes(alert.id) && body.includes(`"${of}"`)).length;
    await vi.waitFor(() => expect([told("triggered"), told("escalated")]).toEqual([1, 2]), { timeout: 10_000 });
    const resolved = await ask("POST", `/alerts/${alert.id}/resolve`, { note: "a test" }, as);
    expect(dataOf<Alert>(resolved, 200)).toMatchObject({ state: "resolved", resolved_because: "by_hand" });
    expect((await ask("POST", `/alerts/${alert.id}/acknowledge`, {}, as)).status).toBe(409);
    await vi.waitFor(() => expect(told("resolved")).toBe(2), { timeout: 10_000 });
    const { text } = await ask("GET", "/audit", undefined, as);
    for (const action of ["alertRules.create", "alerts.acknowledge", "alerts.resolve"]) expect(text).toContain(action);
  });

  test("lists alerts newest first, by page, state and rule", async () => {
    const as = (await newTenant("Listed")).key;
    const rules = [];
    for (const threshold of [1, 2, 3]) {
      rules.push(await makeRule({ kind: "metric", metric: "daily_cost", threshold }, as));
    }
    await spend("3", {}, as);
    for (const rule of rules) await opened(rule, as);
    const page = async (query: string) =>
      JSON.parse((await ask("GET", `/alerts${query}`, undefined, as)).text) as {
        readonly data: readonly Alert[];
        readonly pagination: { readonly next_cursor: string | null };
      };
    const all = (await page("")).data.map(({ id }) => id);
    expect(all).toEqual(all.toSorted().toReversed());
    const first = await page("?limit=2");
    const rest = await page(`?limit=2&cursor=${first.pagination.next_cursor}`);
    expect([...first.data, ...rest.data].map(({ id }) => id)).toEqual(all);
    expect(rest.pagination.next_cursor).toBeNull();
    expect((await page("?state=resolved")).data).toEqual([]);
    expect((await ask("GET", `/alerts?state=open&cursor=${first.pagination.next_cursor}`, undefined, as)).status).toBe(
      400,
    );
    expect((await ask("GET", `/alerts/${all[0]}`)).status).toBe(404);
    expect((await ask("GET", `/alerts/${all[0]}`, undefined, as)).status).toBe(200);
  });
});
