import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import pg from "pg";
import { migratePostgres } from "../postgres/migrate.ts";

/** A folder for one test's or benchmark's database; `remove` deletes it. */
export function temporaryFolder(): { readonly path: string; readonly file: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "llm-cost-ops-"));
  return {
    path,
    file: join(path, "ledger.db"),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

interface FixturePrice {
  readonly provider: string;
  readonly model: string;
  readonly input: string;
  readonly cacheRead: string;
  readonly output: string;
}

/** Prices for tests: round numbers a million tokens, in force since ever. */
export const fixturePrices: readonly FixturePrice[] = [
  { provider: "openai", model: "gpt-4o", input: "2.5", cacheRead: "1.25", output: "10" },
  { provider: "openai", model: "gpt-4o-mini", input: "0.15", cacheRead: "0.075", output: "0.6" },
  { provider: "anthropic", model: "claude-sonnet-4-5", input: "3", cacheRead: "0.3", output: "15" },
  { provider: "google", model: "gemini-2.5-pro", input: "1.25", cacheRead: "0.125", output: "10" },
];

const versionId = ({ provider, model }: FixturePrice): string => `${provider}/${model}@fixture`;

function priceBody(price: FixturePrice): string {
  const rates = [
    { kind: "input", price: price.input, per: 1_000_000 },
    { kind: "cache_read", price: price.cacheRead, per: 1_000_000 },
    { kind: "output", price: price.output, per: 1_000_000 },
  ];
  const multipliers = [{ serviceTier: "batch", factor: "0.5" }];
  return JSON.stringify({ tierMode: "whole_request", contextBasis: "all_input", rates, multipliers });
}

/** Puts prices into the catalogue; each call is a change of the price book. */
export function seedPrices(db: DatabaseSync, prices: readonly FixturePrice[] = fixturePrices): void {
  const model = db.prepare("INSERT OR IGNORE INTO models VALUES ('', ?, ?, NULL)");
  const version = db.prepare("INSERT INTO price_versions VALUES ('', ?, ?, ?, 'fixture', 'USD', NULL, NULL, ?, 0)");
  for (const price of prices) {
    model.run(price.provider, price.model);
    version.run(versionId(price), price.provider, price.model, priceBody(price));
  }
  db.exec("UPDATE settings SET value = value + 1 WHERE key = 'price_book_revision'");
}

/** The same on PostgreSQL, by the owner of the database at this address, which is brought up to date first. */
export async function seedPostgresPrices(url: string, prices: readonly FixturePrice[] = fixturePrices): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await migratePostgres(client);
  await client.query("BEGIN; SET LOCAL cost_ops.scope = 'installation'");
  for (const price of prices) {
    const { provider, model } = price;
    await client.query("INSERT INTO models VALUES ('', $1, $2, NULL) ON CONFLICT DO NOTHING", [provider, model]);
    await client.query("INSERT INTO price_versions VALUES ('', $1, $2, $3, 'fixture', 'USD', NULL, NULL, $4, 0)", [
      versionId(price),
      provider,
      model,
      priceBody(price),
    ]);
  }
  await client.query("UPDATE settings SET value = value + 1 WHERE key = 'price_book_revision'");
  await client.query("COMMIT");
  await client.end();
}
