import { PricingInput } from "@llm-cost-ops/contract";
import { afterAll, expect, test } from "vitest";
import { sharedPostgres } from "../postgres/shared-postgres-fixture.ts";
import type { Store } from "../store/operation.ts";
import { checkLedgerOperation } from "../usage/check-ledger.sql.ts";
import { explainUsage, updateLabels, voidRecord } from "../usage/operations.sql.ts";
import { batchOf, postgresWithLedger, sqliteWithLedger } from "../usage/store-with-ledger-fixture.ts";
import { catalogueFromFile } from "./catalogue/from-file.ts";
import { createPriceBook } from "./price-book.sql.ts";
import { priceWaiting } from "./price-waiting.sql.ts";
import { describeRepricing } from "./repricing.contract.ts";
import { advanceStep, beginStep } from "./repricing.sql.ts";
import { createRepricings } from "./repricings.ts";

const server = sharedPostgres();
afterAll(() => server.drop());

describeRepricing("SQLite", async (now) => sqliteWithLedger(now));
describeRepricing("PostgreSQL", async (now) => postgresWithLedger(await server.databaseWithSchema(), now));

const organizationId = "default";
const price = (model: string, input: number) => ({
  model,
  prices: [{ input_price_per_million: input, output_price_per_million: 0 }],
});
const call = (id: string, model: string, hour: number) => ({
  id,
  provider: "openai",
  model,
  input_tokens: 1_000,
  output_tokens: 0,
  user_id: `user-${hour % 2}`,
  timestamp: new Date(Date.UTC(2026, 3, 30, hour)).toISOString(),
});

/** Goes on with a repricing until it is done, as a request and a job of another process do at once. */
async function finish(store: Store, id: string): Promise<void> {
  for (;;) if ((await store.run(advanceStep, { organizationId, id })).finished) return;
}

test("processes that void, reprice, price, relabel and record at once correct each record as one of them would", async () => {
  const url = await server.databaseWithSchema();
  const now = () => Date.UTC(2026, 5, 1);
  const [one, two] = await Promise.all([postgresWithLedger(url, now), postgresWithLedger(url, now)]);
  const book = createPriceBook(one.store);
  const content = {
    format: "llm-cost-ops-catalogue",
    version: 1,
    providers: [{ id: "openai", models: [price("a", 4)] }],
  };
  await book.applyCatalogue({ ...catalogueFromFile(content), source: "file" });
  // More than one batch of a repricing, in two months.
  const calls = Array.from({ length: 700 }, (_, n) => call(`c-${n}`, n % 10 === 9 ? "later" : "a", n % 48));
  await one.ledger.append(organizationId, batchOf(calls));
  const terms = { provider: "openai", input_price_per_million: 1 };
  await book.create(organizationId, PricingInput.parse({ ...terms, model: "a" }));
  await book.create(organizationId, PricingInput.parse({ ...terms, model: "later" }));
  const scope = { fromMs: null, toMs: null, provider: null, model: "a" };
  const { id } = await createRepricings(one.store, now).create(organizationId, scope, "me", null);
  await one.store.run(beginStep, { organizationId, id, step: "apply" });

  const voided = Array.from({ length: 24 }, (_, n) => `c-${n * 29}`);
  const labelled = Array.from({ length: 24 }, (_, n) => `c-${n * 28 + 1}`);
  await Promise.all(
    [one, two].flatMap(({ store, ledger }, which) => [
      finish(store, id),
      store.run(priceWaiting, { organizationId }),
      ...voided.map((record) => store.run(voidRecord, { organizationId, id: record })),
      ...labelled.map((record) => store.run(updateLabels, { organizationId, id: record, tags: { team: record } })),
      ...Array.from({ length: 10 }, (_, round) =>
        ledger.append(
          organizationId,
          batchOf(Array.from({ length: 48 }, (_, hour) => call(`new-${which}-${round}-${hour}`, "a", 47 - hour))),
        ),
      ),
    ]),
  );
  await Promise.all([finish(one.store, id), two.store.run(beginStep, { organizationId, id, step: "undo" })]);
  await Promise.all([
    finish(one.store, id),
    finish(two.store, id),
    two.store.run(voidRecord, { organizationId, id: "c-5" }),
  ]);

  expect(await one.store.run(checkLedgerOperation, {})).toMatchObject({ differences: 0, reported: [] });
  for (const { id: record, model } of calls) {
    const proof = await one.store.run(explainUsage, { organizationId, id: record });
    const reasons = proof.corrections.map(({ reason }) => reason);
    const isVoid = voided.includes(record) || record === "c-5";
    expect(proof.verified).toBe(true);
    expect(reasons.filter((reason) => reason === "void")).toHaveLength(isVoid ? 1 : 0);
    if (isVoid) {
      expect(proof.record.cost_status).toBe("void");
      expect(reasons.at(-1)).toBe("void");
    } else if (model === "later") {
      expect([reasons, proof.total_cost]).toEqual([["late_price"], "0.001"]);
    } else {
      expect([reasons, proof.total_cost]).toEqual([["reprice", "reprice_undo"], "0.004"]);
    }
    if (labelled.includes(record)) expect(proof.record.tags).toEqual({ team: record });
  }
  await Promise.all([one.close(), two.close()]);
});
