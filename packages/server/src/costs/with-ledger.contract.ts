import { formatMoney, parseMoney } from "@llm-cost-ops/core";
import { describe, expect, test } from "vitest";
import type { Store } from "../store/operation.ts";
import type { Ledger } from "../usage/ledger.ts";
import { updateLabels, voidRecord } from "../usage/operations.sql.ts";
import { always, type RecordFilter } from "./cost-filter.ts";
import type { CostQuery } from "./cost-query.ts";
import { readOrder } from "./list-order.ts";
import { tagCandidates } from "./tag-term.ts";

export interface WrittenLedger {
  readonly ledger: Ledger;
  readonly query: CostQuery;
  readonly store: Store;
}

const calls = Array.from({ length: 200 }, (_, n) => ({
  id: `call-${n}`,
  provider: n % 3 === 0 ? "anthropic" : "openai",
  model: n % 3 === 0 ? "claude-sonnet-4-5" : n % 7 === 0 ? "nobody-prices-this" : "gpt-4o-mini",
  input_tokens: 1_000 + n,
  output_tokens: 10 + n,
  cached_tokens: n,
  user_id: n % 4 === 0 ? null : `user-${n % 5}`,
  tags: { team: n % 2 === 0 ? "web" : "ml" },
  occurred_at: new Date(Date.UTC(2026, 10, 1) + n * 3_333_333).toISOString(),
}));

const everything = { period: { ...always, zone: "UTC" }, filter: { dimensions: {}, tags: [] } as RecordFilter };

/** What the answers over a ledger's own records must be on every store. `open` gives an empty ledger with prices. */
export function describeWrittenLedger(name: string, open: () => Promise<WrittenLedger>): void {
  describe(`answers over what the ledger wrote on ${name}`, () => {
    test("lists, sums by every dimension and users agree after voiding and relabelling", async () => {
      const { ledger, query, store } = await open();
      const bytes = new TextEncoder().encode(JSON.stringify(calls));
      await ledger.append("default", { shape: "batch", entry: "usage", bytes, source: "api", requirePrice: false });

      const check = async (): Promise<{ requests: number; cost: string }> => {
        const { items } = await query.listCosts("default", {
          ...everything,
          order: readOrder(["total_cost"]),
          limit: 1_000,
        });
        const cost = formatMoney(
          items.reduce((sum, { total_cost }) => sum + (parseMoney(total_cost ?? "0") ?? 0n), 0n),
        );
        for (const groupBy of [
          [],
          ["user"],
          ["model", "day"],
          ["tag:team", "user"],
          ["hour", "cost_status"],
        ] as const) {
          for (const zone of ["UTC", "Asia/Kolkata"]) {
            const { rows, totals } = await query.aggregate("default", {
              ...everything,
              period: { ...always, zone },
              groupBy,
              metrics: ["sum", "count", "avg"],
            });
            const usd = totals.find(({ currency }) => currency === "USD");
            expect(usd?.total_cost).toBe(cost);
            expect(totals.reduce((sum, { total_requests = 0 }) => sum + total_requests, 0)).toBe(items.length);
            expect(rows.reduce((sum, { total_requests = 0 }) => sum + total_requests, 0)).toBe(items.length);
          }
        }
        return { requests: items.length, cost };
      };

      const before = await check();
      expect(before.requests).toBe(200);
      for (const id of ["call-0", "call-1", "call-7", "call-8"]) {
        await store.run(voidRecord, { organizationId: "default", id });
      }
      await store.run(updateLabels, {
        organizationId: "default",
        id: "call-2",
        tags: { team: "art:school" },
      });
      const after = await check();
      expect(after.requests).toBe(196);
      expect(after.cost).not.toBe(before.cost);

      const art = { ...everything, filter: { dimensions: {}, tags: [tagCandidates("team:art:school")] } };
      const found = await query.listCosts("default", { ...art, order: readOrder(undefined), limit: 10 });
      expect(found.items.map(({ id }) => id)).toEqual(["call-2"]);
      const voided = { ...everything, filter: { dimensions: { cost_status: ["void"] }, tags: [] } };
      const gone = await query.listCosts("default", { ...voided, order: readOrder(["occurred_at"]), limit: 10 });
      expect(gone.items.map(({ id, total_cost }) => [id, total_cost === null ? null : Number(total_cost)])).toEqual([
        ["call-0", 0],
        ["call-1", 0],
        ["call-7", null],
        ["call-8", 0],
      ]);
    });
  });
}
