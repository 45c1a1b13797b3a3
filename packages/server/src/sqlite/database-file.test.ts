import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Composition, compose } from "../compose.ts";
import { loadConfig } from "../config.ts";
import { createLogger } from "../http/request-log.ts";

let folder: string;
let file: string;
let server: Composition;
let url: string;
let authorization: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "cost-ops-file-"));
  mkdirSync(join(folder, "away"));
  const config = loadConfig({ environment: {}, workingFolder: folder, homeFolder: folder });
  file = String(config.database);
  server = await compose(config, { clock: Date.now, logger: createLogger("silent") });
  url = await server.app.fastify.listen({ port: 0, host: "127.0.0.1" });
  authorization = `Bearer ${server.firstKey?.reveal()}`;
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const call = async (path: string, body?: object): Promise<{ status: number; text: string }> => {
  const response = await fetch(`${url}${path}`, {
    headers: { authorization, "content-type": "application/json" },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
};
const usage = (id: string, pad = 0) => ({
  id,
  provider: "openai",
  model: "gpt-4o",
  input_tokens: 5,
  output_tokens: 5,
  metadata: { pad: "x".repeat(pad) },
});
const record = (id: string, pad?: number) => call("/api/v1/usage", usage(id, pad));
const statusOf = async (path: string): Promise<number> => (await call(path)).status;

/** So large that another thread, with a connection of its own, prepares it. */
const recordMany = (of: string) =>
  call(
    "/api/v1/usage/batch",
    Array.from({ length: 20 }, (_, index) => usage(`${of}-${index}`, 2_000)),
  );

async function expectRefusal(words: string): Promise<void> {
  const refused = [
    await record("while-away"),
    await recordMany("while-away"),
    await call("/api/v1/api-keys", { name: "made while away" }),
    await call("/health"),
    await call("/ready"),
  ];
  for (const { status, text } of refused) {
    expect([status, text]).toEqual([503, expect.stringContaining(words)]);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "UNAVAILABLE" } });
  }
}

describe("a database file under a running server", () => {
  test("that was moved away is written to no more, and again when it is back, without a restart", async () => {
    expect((await record("before")).status).toBe(201);
    expect((await recordMany("before")).status).toBe(200);
    expect([await statusOf("/health"), await statusOf("/ready")]).toEqual([200, 200]);
    const away = join(folder, "away", "database");
    renameSync(file, away);
    await expectRefusal("the database file was moved or deleted: put it back");
    renameSync(away, file);
    expect((await record("after")).status).toBe(201);
    expect([await statusOf("/health"), await statusOf("/ready")]).toEqual([200, 200]);
    expect(await statusOf("/api/v1/usage/before")).toBe(200);
    expect(await statusOf("/api/v1/usage/while-away")).toBe(404);
  });

  test("that was moved away before a thread opened it stops neither the server nor, once it is back, that thread", async () => {
    const away = join(folder, "away", "database");
    renameSync(file, away);
    expect(await recordMany("first")).toMatchObject({ status: 503, text: expect.stringContaining("UNAVAILABLE") });
    renameSync(away, file);
    await expect.poll(async () => (await recordMany("first")).status, { timeout: 20_000, interval: 200 }).toBe(200);
  });

  test("that was deleted is written to no more", async () => {
    await recordMany("before");
    rmSync(file);
    await expectRefusal("the database file was moved or deleted: put it back");
  });

  test("that was replaced by a copy is written to no more, and the restart is named that helps", async () => {
    await recordMany("before");
    const copy = join(folder, "away", "copy");
    copyFileSync(file, copy);
    renameSync(copy, file);
    await expectRefusal("another is in its place: restart the server");
  });

  test("whose write-ahead file was deleted is written to no more", async () => {
    await recordMany("before");
    rmSync(`${file}-wal`);
    await expectRefusal("write-ahead file was moved or deleted");
  });
});
