import type { KeptQuantityLimits } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Caller } from "../http/route.ts";
import { openTestedAt, type TestedStoreAt } from "../store/opened-fixture.ts";
import { storedCounts } from "./quantity-counts.sql.ts";
import { QuantityCounts, type SharedCounts } from "./quantity-counts.ts";
import { createQuantityLimits, type Quantities, type QuantityLimits } from "./quantity-limits.ts";

const time = { nowMs: Date.UTC(2026, 10, 21, 12) };
let opened: TestedStoreAt;
beforeAll(async () => {
  opened = await openTestedAt(() => time.nowMs);
});
afterAll(() => opened.close());

const picos = 10n ** 12n;
const nobodyElse = { key: {}, organization: {} };

interface Process {
  readonly limits: QuantityLimits;
  readonly counts: QuantityCounts;
}

function startProcess(
  organization: KeptQuantityLimits | undefined,
  installation: { readonly key: KeptQuantityLimits; readonly organization: KeptQuantityLimits } = nobodyElse,
  shared: SharedCounts = storedCounts(opened.store),
): Process {
  const counts = new QuantityCounts({ shared, clock: () => time.nowMs, now: () => time.nowMs });
  const limits = createQuantityLimits({
    counts,
    installation,
    ofOrganization: () => organization,
    now: () => time.nowMs,
  });
  return { limits, counts };
}

const callerOf = (organizationId: string, id: string, limits?: KeptQuantityLimits): Caller => ({
  organizationId,
  principal: { kind: "key", id, name: id },
  permissions: new Set(),
  ...(limits === undefined ? {} : { limits }),
});

const ask = async ({ limits }: Process, caller: Caller, asked: Quantities): Promise<string> => {
  const answer = await limits.admitQuantities(caller, asked, time.nowMs);
  if (answer.kind === "unmeasured") return `${answer.limit}: no ${answer.missing}`;
  return answer.kind === "admitted" ? "admitted" : answer.limit;
};

const refusalOf = async ({ limits }: Process, caller: Caller, asked: Quantities) => {
  const answer = await limits.admitQuantities(caller, asked, time.nowMs);
  return answer.kind === "refused" ? answer.refusal : undefined;
};

describe("one process", () => {
  test("admits exactly what fits, equality included, and says when there is room again", async () => {
    const process = startProcess(undefined);
    const caller = callerOf("one", "key_1", { tokens_per_minute: 100 });
    expect(await ask(process, caller, { tokens: 60n })).toBe("admitted");
    expect(await ask(process, caller, { tokens: 40n })).toBe("admitted");
    const refusal = await refusalOf(process, caller, { tokens: 1n });
    expect(refusal?.code).toBe("RATE_LIMITED");
    expect(refusal?.details).toEqual({
      limit: "key-tokens-per-minute",
      allowed: "100",
      requested: "1",
      unit: "tokens",
      retry_after_seconds: 65,
    });
    time.nowMs += 65_000;
    expect(await ask(process, caller, { tokens: 100n })).toBe("admitted");
  });

  test("takes nothing from any limit where one of them refuses, and names the one that takes longest", async () => {
    const process = startProcess({ cost_per_day: "1", currency: "USD" });
    const caller = callerOf("two", "key_1", { tokens_per_minute: 10, tokens_per_hour: 15 });
    expect(await ask(process, caller, { tokens: 10n, picos: picos / 2n, currency: "USD" })).toBe("admitted");
    expect(await ask(process, caller, { tokens: 8n })).toBe("key-tokens-per-hour");
    expect(await ask(process, caller, { tokens: 8n, picos, currency: "USD" })).toBe("organization-cost-per-day");
    expect(await ask(process, callerOf("two", "key_2"), { picos: picos / 2n, currency: "USD" })).toBe("admitted");
  });

  test("counts money of the limit's currency alone, to the last digit", async () => {
    const process = startProcess(undefined);
    const caller = callerOf("three", "key_1", { cost_per_hour: "0.000000000003", currency: "EUR" });
    expect(await ask(process, caller, { picos: 10n * picos, currency: "USD" })).toBe("admitted");
    expect(await ask(process, caller, { picos: 4n, currency: "EUR" })).toBe("key-cost-per-hour");
    expect(await ask(process, caller, { picos: 3n, currency: "EUR" })).toBe("admitted");
    expect(await ask(process, caller, { picos: 1n, currency: "EUR" })).toBe("key-cost-per-hour");
  });

  test("lets nobody past a limit by leaving out what it counts", async () => {
    const process = startProcess({ cost_per_day: "1", currency: "USD" });
    const caller = callerOf("eleven", "key_1", { tokens_per_minute: 100 });
    const money = { picos, currency: "USD" };
    expect(await ask(process, caller, money)).toBe("key-tokens-per-minute: no tokens");
    expect(await ask(process, caller, { tokens: 1n })).toBe("organization-cost-per-day: no price");
    // Nothing was counted for those.
    expect(await ask(process, caller, { ...money, tokens: 100n })).toBe("admitted");
    time.nowMs += 65_000;
    for (const asked of [{}, { tokens: 0n, picos: 0n, currency: "USD" }, { tokens: 1n, picos: 1n, currency: "EUR" }]) {
      expect(await ask(process, caller, asked)).toBe("organization-cost-per-day");
    }
    expect((await refusalOf(process, caller, {}))?.details).toMatchObject({ allowed: "1", requested: "0" });
    const none = callerOf("eleven", "key_2", { tokens_per_minute: 0 });
    expect(await ask(startProcess(undefined), none, { tokens: 0n })).toBe("key-tokens-per-minute");
  });

  test("has the lower of two limits of the same, of the caller and of the installation", async () => {
    const process = startProcess(
      { tokens_per_day: 50 },
      { key: { tokens_per_day: 20 }, organization: { tokens_per_day: 60 } },
    );
    const caller = callerOf("four", "key_1", { tokens_per_day: 30 });
    expect(await process.limits.standingOf(caller, time.nowMs)).toMatchObject([
      { name: "key-tokens-per-day", amount: "20", spent: "0", remaining: "20", frees_at: null },
      { name: "organization-tokens-per-day", amount: "50", currency: null },
    ]);
    expect(await ask(process, callerOf("four", "key_1"), { tokens: 21n })).toBe("key-tokens-per-day");
  });

  test("gives back what a reservation did not use, and counts what was recorded whatever the limit says", async () => {
    const process = startProcess(undefined);
    const caller = callerOf("five", "key_1", { tokens_per_minute: 100, cost_per_day: "1", currency: "USD" });
    const answer = await process.limits.admitQuantities(caller, { tokens: 90n, picos, currency: "USD" }, time.nowMs);
    if (answer.kind !== "admitted" || answer.hold === undefined) throw new Error("it was not admitted");
    process.limits.giveBack(answer.hold);
    const count = await process.limits.counterOf(caller);
    const sums = { tokens: 150n, costs: new Map([["USD", 2n * picos]]) };
    count?.({ minute: sums, hour: sums, day: sums });
    expect(await process.limits.standingOf(caller, time.nowMs)).toMatchObject([
      { name: "key-tokens-per-minute", spent: "150", remaining: "-50", unit: "tokens" },
      { name: "key-cost-per-day", spent: "2", remaining: "-1", unit: "money", currency: "USD" },
    ]);
    expect(await ask(process, caller, { tokens: 1n })).toBe("key-cost-per-day");
  });

  test("counts nothing of whom nothing limits", async () => {
    const process = startProcess(undefined);
    expect(process.limits.counterOf(callerOf("six", "key_1"))).toBeUndefined();
    expect(await process.limits.admitQuantities(callerOf("six", "key_1"), { tokens: 1n }, time.nowMs)).toEqual({
      kind: "admitted",
      hold: undefined,
    });
  });
});

describe("several processes", () => {
  const limits = { tokens_per_hour: 100 };

  test("know within a second what each of them counted, and that once", async () => {
    const [one, other] = [startProcess(limits), startProcess(limits)];
    const caller = callerOf("seven", "key_1");
    expect(await ask(one, caller, { tokens: 70n })).toBe("admitted");
    expect(await ask(other, caller, { tokens: 10n })).toBe("admitted");
    await one.counts.flush();
    await other.counts.flush();
    time.nowMs += 1_000;
    expect(await ask(other, caller, { tokens: 21n })).toBe("organization-tokens-per-hour");
    expect(await ask(other, caller, { tokens: 20n })).toBe("admitted");
    await other.counts.flush();
    const later = startProcess(limits);
    expect(await later.limits.standingOf(caller, time.nowMs)).toMatchObject([{ spent: "100", remaining: "0" }]);
  });

  test("see nothing of another organization's, and what has left its window goes from the store", async () => {
    const process = startProcess(limits);
    expect(await ask(process, callerOf("eight", "key_1"), { tokens: 100n })).toBe("admitted");
    await process.counts.flush();
    time.nowMs += 2 * 3_600_000;
    expect(await ask(process, callerOf("eight", "key_1"), { tokens: 1n })).toBe("admitted");
    await process.counts.flush();
    const rows = await opened.rows("SELECT amount FROM quantity_counts WHERE organization_id = 'eight'");
    expect(rows).toEqual([{ amount: "1" }]);
  });

  test("go on by what they know while the store is away, and send it when it is back", async () => {
    const stored = storedCounts(opened.store);
    const state = { isAway: true };
    const shared: SharedCounts = {
      exchange: (...asked) => (state.isAway ? Promise.reject(new Error("away")) : stored.exchange(...asked)),
    };
    const process = startProcess(limits, nobodyElse, shared);
    const caller = callerOf("nine", "key_1");
    expect(await ask(process, caller, { tokens: 60n })).toBe("admitted");
    await process.counts.flush();
    expect(await ask(process, caller, { tokens: 60n })).toBe("organization-tokens-per-hour");
    state.isAway = false;
    await process.counts.flush();
    expect(await startProcess(limits).limits.standingOf(caller, time.nowMs)).toMatchObject([{ spent: "60" }]);
  });

  test("never admit more than the limit of those who ask one process at the same time", async () => {
    const process = startProcess(limits);
    const caller = callerOf("ten", "key_1");
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask(process, caller, { tokens: 7n })));
    expect(answers.filter((answer) => answer === "admitted")).toHaveLength(14);
  });
});
