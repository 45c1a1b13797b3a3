import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { loadConfig } from "../config.ts";
import { startServer } from "../start-server.ts";
import { newDatabase } from "../store/database-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-limits-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a server limits as it is configured, and counts what it refused", async () => {
  const adminKey = `sk_test_${"l".repeat(43)}`;
  const config = loadConfig({
    environment: {
      ...(await newDatabase(folder)),
      COST_OPS_ADMIN_KEY: adminKey,
      LOG_LEVEL: "silent",
      SERVER_PORT: "0",
      RATE_LIMIT_WRITES: "1",
      RATE_LIMIT_FAILED_AUTH: "1",
    },
    workingFolder: folder,
    homeFolder: folder,
  });
  const server = await startServer(config);
  try {
    const record = (key: string) =>
      fetch(`${server.url}/api/v1/usage`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ provider: "openai", model: "gpt-4o", input_tokens: 1, output_tokens: 1 }),
      });
    const guess = `sk_test_${"g".repeat(43)}`;
    const statuses = [];
    for (const key of [guess, guess, adminKey, adminKey]) statuses.push((await record(key)).status);
    expect(statuses).toEqual([401, 429, 201, 429]);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toContain('cost_ops_rate_limited_total{limit="failed-auth"} 1');
    expect(metrics).toContain('cost_ops_rate_limited_total{limit="key-writes"} 1');
  } finally {
    await server.close();
  }
});
