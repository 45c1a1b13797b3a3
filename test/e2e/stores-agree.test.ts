/**
 * The same year of calls on both stores, sent differently: whatever anybody can ask is answered with the same bytes.
 * `STORES_AGREE_CALLS=1000000` has it a million calls of it.
 */
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { loadConfig } from "../../packages/server/src/config.ts";
import { type PostgresUnderTest, startPostgres } from "../../packages/server/src/postgres/postgres-fixture.ts";
import { type RunningServer, startServer } from "../../packages/server/src/start-server.ts";
import { temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";
import { call, latePrice, prices, sequence } from "./year-of-calls.ts";

const callsInTime = Number(process.env.STORES_AGREE_CALLS ?? 12_000);
const callsLate = Math.floor(callsInTime / 15);
const linesOfBlock = 5_000;
const attemptsMax = 20;
/** For what takes longer the more calls there are. */
const patienceMs = 120_000 + callsInTime;
const patience = { timeout: patienceMs, interval: 500 };

const adminKey = `sk_test_${"b".repeat(43)}`;
const folder = temporaryFolder();
let postgres: PostgresUnderTest;
const servers: RunningServer[] = [];

/** An installation by the servers that it is asked through, in turns. */
interface Installation {
  readonly name: string;
  readonly urls: readonly string[];
  /** Names of the organization's own prices, whose ids are made by chance. */
  readonly nameOfPrice: Map<string, string>;
}
let installations: readonly Installation[];

async function start(databaseUrl: string): Promise<string> {
  const environment = {
    DATABASE_URL: databaseUrl,
    COST_OPS_ADMIN_KEY: adminKey,
    SERVER_PORT: "0",
    LOG_LEVEL: "silent",
  };
  const server = await startServer(loadConfig({ environment, workingFolder: folder.path, homeFolder: folder.path }));
  servers.push(server);
  return server.url;
}

beforeAll(async () => {
  postgres = await startPostgres();
  const database = await postgres.database();
  installations = [
    { name: "SQLite", urls: [await start(`sqlite:${folder.file}`)], nameOfPrice: new Map() },
    { name: "PostgreSQL", urls: [await start(database), await start(database)], nameOfPrice: new Map() },
  ];
});
afterAll(async () => {
  for (const server of servers) await server.close();
  await postgres.stop();
  folder.remove();
});

async function answerOf(
  { urls }: Installation,
  at: number,
  path: string,
  body?: unknown,
  method = "POST",
): Promise<Response> {
  const headers = { authorization: `Bearer ${adminKey}` };
  const sent =
    body === undefined
      ? { headers, method }
      : { headers: { ...headers, "content-type": "application/json" }, method, body: JSON.stringify(body) };
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(`${urls[at % urls.length]}/api/v1${path}`, sent);
    if (response.ok) return response;
    const text = await response.text();
    // A store that is too busy says so and has written nothing; it is asked again when it says.
    const pause = response.headers.get("retry-after");
    if (response.status !== 503 || pause === null || attempt === attemptsMax) {
      throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
    }
    await setTimeout(Number(pause) * 1_000);
  }
}
const send = async (...request: Parameters<typeof answerOf>) => (await answerOf(...request)).text();
const get = (installation: Installation, path: string, at = 0) => send(installation, at, path, undefined, "GET");
const dataOf = (text: string) => (JSON.parse(text) as { data: { id: string; status: string } }).data;

/** What two installations cannot have in common: when they were told, and ids that they make by chance, of keys too. */
const chance = /"(received_at|created_at|updated_at|applied_at|undone_at|created_by|api_key_id|next_cursor)":"[^"]*"/g;
const correctionIds = /"(id|repricing_id)":"[^"]*"(?=,"(?:reason|created_at)")/g;

function comparable({ nameOfPrice }: Installation, text: string): string {
  const named = text.replace(/price_[0-9a-f-]+/g, (id) => nameOfPrice.get(id) ?? id);
  return named
    .replace(/repricing_[0-9a-f]+/g, "repricing")
    .replace(chance, '"$1":"…"')
    .replace(correctionIds, '"$1":"…"');
}

/** The answer of both, which is the same; each is asked by `ask`. */
async function same(ask: (installation: Installation) => Promise<string>): Promise<string> {
  const [one, other] = await Promise.all(
    installations.map(async (installation) => comparable(installation, await ask(installation))),
  );
  if (one === undefined || other === undefined) throw new Error("there are two installations");
  expectSame(one, other);
  return one;
}

function expectSame(one: string, other: string): void {
  if (one === other) return;
  let at = 0;
  while (one[at] === other[at]) at += 1;
  // The place, rather than megabytes of both.
  expect(other.slice(Math.max(0, at - 200), at + 400)).toBe(one.slice(Math.max(0, at - 200), at + 400));
}

/** Reads both answers side by side, however long they are, and gives how many lines each has. */
async function sameLines(ask: (installation: Installation) => Promise<Response>): Promise<number> {
  const [one, other] = await Promise.all(installations.map(async (on) => blocksOf(on, await ask(on))));
  if (one === undefined || other === undefined) throw new Error("there are two installations");
  for (let lines = 0; ; ) {
    const [block, another] = await Promise.all([one.next(), other.next()]);
    expectSame(block.value?.text ?? "", another.value?.text ?? "");
    if (block.done || another.done) return lines;
    lines += block.value.lines;
  }
}

/** An answer's text, so many lines at a time. */
async function* blocksOf(
  installation: Installation,
  { body }: Response,
): AsyncGenerator<{ readonly text: string; readonly lines: number }, undefined> {
  if (body === null) throw new Error("an answer has a body");
  let lines: string[] = [];
  let begun = "";
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const [first = "", ...more] = chunk.split("\n");
    begun += first;
    for (const next of more) {
      lines.push(begun);
      begun = next;
      if (lines.length < linesOfBlock) continue;
      yield { text: comparable(installation, `${lines.join("\n")}\n`), lines: lines.length };
      lines = [];
    }
  }
  yield { text: comparable(installation, [...lines, begun].join("\n")), lines: lines.length };
}

/** Each call once and some of them more often, in an order and in bodies of the installation's own; some go to all servers at once. */
async function record(installation: Installation, from: number, to: number, seed: number): Promise<void> {
  const pick = sequence(seed);
  const order = Array.from({ length: to - from }, (_, n) => from + n);
  for (let twice = (to - from) / 12; twice > 0; twice -= 1) order.push(from + pick(to - from));
  for (let n = order.length - 1; n > 0; n -= 1) {
    const other = pick(n + 1);
    [order[n], order[other]] = [order[other] ?? 0, order[n] ?? 0];
  }
  let recorded = 0;
  let next = 0;
  const sender = async (worker: number): Promise<void> => {
    while (next < order.length) {
      const body = order.slice(next, next + 1 + pick(installation.urls.length === 1 ? 2_500 : 900)).map(call);
      next += body.length;
      const targets = pick(8) === 0 ? installation.urls.map((_, at) => at) : [worker];
      const answers = await Promise.all(targets.map((at) => send(installation, at, "/usage/batch", body)));
      for (const answer of answers) {
        const { summary } = JSON.parse(answer) as { summary: { recorded: number; rejected: number } };
        expect(summary.rejected).toBe(0);
        recorded += summary.recorded;
      }
    }
  };
  await Promise.all([0, 1, 2].map(sender));
  expect(recorded).toBe(to - from);
}

const pathOf = (n: number): string => encodeURIComponent(call(n).id);

async function nameThePrices(installation: Installation): Promise<void> {
  const { data } = JSON.parse(await get(installation, "/pricing?source=organization&limit=100")) as {
    data: readonly { id: string; model: string; effective_date: string | null }[];
  };
  for (const { id, model, effective_date } of data) installation.nameOfPrice.set(id, `${model} of ${effective_date}`);
}

const ownPrice = async (installation: Installation, model: string): Promise<string> => {
  const { data } = JSON.parse(await get(installation, `/pricing?source=organization&model=${model}`)) as {
    data: readonly { id: string }[];
  };
  return data[0]?.id ?? "";
};

/** Many records are not corrected before the answer, but behind it. */
async function reprice(installation: Installation, id: string, step: "apply" | "undo", end: string): Promise<void> {
  await send(installation, 1, `/repricings/${id}/${step}`);
  await vi.waitFor(async () => expect(dataOf(await get(installation, `/repricings/${id}`)).status).toBe(end), patience);
}

/** Everything that may happen to records later: voids, labels, prices that come late or change, repricing and its undoing. */
async function correct(installation: Installation): Promise<void> {
  for (let n = 0; n < 60; n += 1) await send(installation, n, `/costs/${pathOf(n * 199)}`, undefined, "DELETE");
  for (let n = 0; n < 60; n += 1) {
    const labels = { tags: { team: "moved" }, metadata: { ticket: n } };
    await send(installation, n, `/costs/${pathOf(n * 193 + 1)}`, labels, "PATCH");
  }
  await send(installation, 0, "/pricing", latePrice);
  const discounted = await ownPrice(installation, "discounted");
  await send(
    installation,
    1,
    `/pricing/${discounted}`,
    { input_price_per_million: "1.5", effective_date: "2026-03-01" },
    "PUT",
  );
  const repricing = dataOf(await send(installation, 0, "/repricings", { provider: "acme", model: "discounted" }));
  await reprice(installation, repricing.id, "apply", "applied");
  const tiered = await ownPrice(installation, "tiered");
  const dearer = {
    rates: [
      { kind: "input", price: "0.7" },
      { kind: "output", price: "3" },
    ],
    effective_date: "2026-01-01",
  };
  await send(installation, 1, `/pricing/${tiered}`, dearer, "PUT");
  const undone = dataOf(
    await send(installation, 0, "/repricings", { start_date: "2026-02-01", end_date: "2026-06-30" }),
  );
  await reprice(installation, undone.id, "apply", "applied");
  await reprice(installation, undone.id, "undo", "undone");
  // The calls before its first day stay without a price.
  const waiting = "/costs/aggregate?model=late&cost_status=unpriced&start_date=2025-12-01&end_date=2026-11-30";
  await vi.waitFor(async () => {
    const { data } = JSON.parse(await get(installation, waiting)) as { data: readonly unknown[] };
    expect(data).toHaveLength(0);
  }, patience);
}

beforeAll(
  async () => {
    await Promise.all(
      installations.map(async (installation, at) => {
        await send(installation, 0, "/pricing/providers", { id: "acme" });
        for (const price of prices) await send(installation, 0, "/pricing", price);
        await record(installation, 0, callsInTime, 11 + at);
        await correct(installation);
        await record(installation, callsInTime, callsInTime + callsLate, 97 + at);
        await nameThePrices(installation);
      }),
    );
  },
  600_000 + 5 * patienceMs,
);

const year = "start_date=2025-10-01&end_date=2026-10-31";
const zones = ["UTC", "Asia/Kolkata", "America/New_York", "Europe/Berlin"];
const dimensions = [
  "project",
  "user",
  "provider",
  "model",
  "service_tier",
  "region",
  "cost_status",
  "usage_status",
  "hour",
  "day",
  "week",
  "month",
  "tag:team",
];
const filters = [
  "provider=acme",
  "model=gpt-4o,late",
  "user_id=user-3,user-5&project_id=chat",
  "cost_status=void",
  "cost_status=unpriced",
  "usage_status=estimated,partial",
  "tags=team:moved",
  `tags=${encodeURIComponent("team:=1+1")}`,
  "currency=EUR",
  "service_tier=batch&region=eu",
];

describe("both stores answer with the same bytes", { timeout: patienceMs }, () => {
  test.each(zones)("sums by calendars of %s, also where clocks change", async (zone) => {
    for (const groupBy of ["day", "week", "month", "day,provider", "month,model,service_tier", "week,tag:team"]) {
      await same((on) => get(on, `/costs/aggregate?${year}&timezone=${zone}&group_by=${groupBy}`, 1));
    }
    for (const days of [
      "2025-10-25&end_date=2025-10-27",
      "2025-11-01&end_date=2025-11-03",
      "2026-03-07&end_date=2026-03-09",
      "2026-03-28T22:30:00Z&end_date=2026-03-29T23:17:11.123Z",
    ]) {
      await same((on) => get(on, `/costs/aggregate?start_date=${days}&timezone=${zone}&group_by=hour,provider`));
      await same((on) => get(on, `/costs/summary?start_date=${days}&timezone=${zone}`, 1));
    }
  });

  test("sums by every dimension and every two of them", async () => {
    for (const [at, one] of dimensions.entries()) {
      for (const other of dimensions.slice(at)) {
        const groupBy = one === other ? one : `${one},${other}`;
        // The whole year by hour would be too many rows.
        const range = groupBy.includes("hour") ? "start_date=2026-03-03T05:20:00Z&end_date=2026-03-09T18:33:01Z" : year;
        await same((on) => get(on, `/costs/aggregate?${range}&group_by=${groupBy}`, at));
      }
    }
  });

  test.each(filters)("sums, summaries and lists of %s", async (filter) => {
    await same((on) => get(on, `/costs/aggregate?${year}&${filter}&group_by=month,model`));
    await same((on) => get(on, `/costs/summary?${year}&${filter}`));
    for (const order of ["-total_cost", "total_tokens,-occurred_at"]) {
      await same((on) => get(on, `/costs?${year}&${filter}&order_by=${order}&limit=300`, 1));
    }
    await same((on) => get(on, `/usage?${year}&${filter}&limit=300`));
  });

  // Where no index has the order each page sorts all records, so of a million the first pages alone are walked; the stream has all.
  test.each([
    ["occurred_at", 1_000, Number.POSITIVE_INFINITY],
    ["-total_cost", 997, 30],
    ["total_tokens", 1_000, 30],
  ])("pages ordered by %s, each from another server than the one before", async (order, limit, pagesMax) => {
    let cursors = new Map<Installation, string | null>();
    let listed = 0;
    for (let pages = 0; pages < pagesMax; pages += 1) {
      if (pages > 0 && [...cursors.values()].every((cursor) => cursor === null)) break;
      const next = new Map<Installation, string | null>();
      const page = await same(async (on) => {
        const cursor = cursors.get(on);
        const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
        const text = await get(on, `/costs?${year}&order_by=${order}&limit=${limit}${after}`, pages);
        const { pagination } = JSON.parse(text) as { pagination: { next_cursor: string | null } };
        next.set(on, pagination.next_cursor);
        return text;
      });
      listed += page.match(/"occurred_at":/g)?.length ?? 0;
      cursors = next;
    }
    // Voided records are listed only where their status is asked for.
    expect(listed).toBe(Math.min(callsInTime + callsLate - 60, pagesMax * limit));
  });

  test("the stream of all costs", async () => {
    for (const order of ["", "&order_by=-total_cost"]) {
      const lines = await sameLines((on) => answerOf(on, 1, `/costs/stream?${year}${order}`, undefined, "GET"));
      expect(lines).toBe(callsInTime + callsLate - 60);
    }
  });

  test.each(["csv", "json", "jsonl"])("exports as %s", async (format) => {
    const fields = [
      "id",
      "provider",
      "model",
      "occurred_at",
      "tokens",
      "cost",
      "currency",
      "cost_status",
      "unpriced_reason",
      "price_version",
      "corrected",
      "tags",
      "metadata",
    ];
    for (const what of [
      { include_fields: fields },
      { group_by: ["month", "project", "model"], timezone: "Asia/Kolkata" },
    ]) {
      const asked = { format, start_date: "2025-10-01", end_date: "2026-10-31", ...what };
      await sameLines(async (on) => {
        const made = JSON.parse(await send(on, 0, "/exports", asked)) as { data: { download_url: string } };
        return answerOf(on, 1, made.data.download_url.replace(/^.*\/api\/v1/, ""), undefined, "GET");
      });
    }
  });

  test("explanations, of corrected records too", async () => {
    for (let n = 0; n < 200; n += 1) {
      const of = [n * 59 + 3, n * 199, n * 193 + 1][n < 60 ? n % 3 : 0] ?? 0;
      const explanation = await same((on) => get(on, `/usage/${pathOf(of)}/explain`, n));
      expect(explanation).toContain('"verified":true');
    }
  });
});
