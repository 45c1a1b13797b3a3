/** Backup and restore of an installation on PostgreSQL, as processes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type PostgresUnderTest, startPostgres } from "../../server/src/postgres/postgres-fixture.ts";
import { workplace } from "./cost-ops.ts";
import { asJsonl, sampleLog } from "./sample-log.ts";
import { writeSteadily } from "./steady-writer.ts";

const program = fileURLToPath(new URL("../bin/cost-ops.mjs", import.meta.url));
const place = workplace();
let server: PostgresUnderTest;
let env: { readonly DATABASE_URL: string };
let key: string;

beforeAll(async () => {
  server = await startPostgres();
  env = { DATABASE_URL: await server.database() };
  key = (await place.ok(["init"], { env })).trim();
  writeFileSync(join(place.folder, "log.jsonl"), asJsonl(sampleLog()));
  await place.ok(["import", "log.jsonl"], { env });
}, 120_000);
afterAll(async () => {
  await server.stop();
  place.remove();
});

const recordsIn = async (url: string): Promise<number> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ records: string }>("SELECT count(*) AS records FROM records");
  await client.end();
  return Number(rows[0]?.records);
};

test("init makes the tables and the first key, once", async () => {
  expect(key).toMatch(/^sk_live_/);
  const again = await place.run(["init"], { env });
  expect(again).toMatchObject({ code: 0, stdout: "", stderr: expect.stringMatching(/is up to date/) });
  const first = await place.run(["init"], { env: { DATABASE_URL: await server.database() } });
  expect(first).toMatchObject({ code: 0, stderr: expect.stringMatching(/was made, with schema \d+/) });
});

test("a backup beside a working server has all that was acknowledged before it, and its sums agree", async () => {
  const running = place.start(["server", "--port", "0", "--log-level", "silent"], { env });
  const [, url = ""] = await running.said(/listens on (http:\/\/\S+)/);
  const writer = writeSteadily(url, key);
  await writer.reach(400);
  const before = [...writer.acknowledged];
  await place.ok(["backup", "busy.archive"], { env });
  const after = writer.acknowledged.length;
  await writer.stop();
  expect((await running.stop("SIGTERM")).code).toBe(0);
  expect(after).toBeGreaterThan(before.length);
  const calm = ["--database", "sqlite:calm.db"];
  await place.ok(["restore", "busy.archive", ...calm]);
  const db = new DatabaseSync(join(place.folder, "calm.db"), { readOnly: true });
  const found = new Set(
    db
      .prepare("SELECT lower(hex(id)) AS id FROM records")
      .all()
      .map(({ id }) => String(id)),
  );
  db.close();
  expect(before.filter((id) => !found.has(id.replaceAll("-", "")))).toEqual([]);
  expect(await place.ok(["doctor", ...calm])).toMatch(/Everything agrees/);
}, 120_000);

test("a restore that is killed leaves the old installation", async () => {
  await place.ok(["backup", "old.archive"], { env });
  const target = await server.database();
  await place.ok(["restore", "old.archive"], { env: { DATABASE_URL: target } });
  const records = await recordsIn(target);
  expect(records).toBeGreaterThan(0);
  const bytes = readFileSync(join(place.folder, "old.archive"));
  const restoring = spawn(process.execPath, [program, "restore", "-", "--replace"], {
    cwd: place.folder,
    env: { PATH: process.env["PATH"], HOME: place.folder, DATABASE_URL: target },
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(restoring, "close");
  // What it had not read yet when it was killed.
  restoring.stdin.on("error", () => undefined);
  restoring.stdin.write(bytes.subarray(0, Math.floor(bytes.length * 0.9)));
  const watcher = new pg.Client({ connectionString: target });
  await watcher.connect();
  // Once it holds the tables, it has emptied them or is about to.
  const isHeld = async (): Promise<boolean> => {
    const { rows } = await watcher.query(
      "SELECT 1 FROM pg_locks WHERE relation = 'records'::regclass AND mode = 'AccessExclusiveLock' AND granted",
    );
    return rows.length > 0;
  };
  while (!(await isHeld())) await wait(10);
  restoring.kill("SIGKILL");
  await ended;
  while (await isHeld()) await wait(10);
  await watcher.end();
  expect(await recordsIn(target)).toBe(records);
  expect(await place.ok(["doctor"], { env: { DATABASE_URL: target } })).toMatch(/Everything agrees/);
}, 120_000);
