/** Backup, restore and the move between databases, as processes: beside a server that works, on full disks, killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { workplace } from "./cost-ops.ts";
import { asJsonl, sampleLog } from "./sample-log.ts";
import { writeSteadily } from "./steady-writer.ts";

const program = fileURLToPath(new URL("../bin/cost-ops.mjs", import.meta.url));
const place = workplace();
const inPlace = (name: string): string => join(place.folder, name);
const at = (name: string): readonly string[] => ["--database", `sqlite:${name}`];
const leftOvers = (pattern: RegExp): string[] => readdirSync(place.folder).filter((name) => pattern.test(name));
let key: string;

beforeAll(async () => {
  key = (await place.ok(["init"])).trim();
  writeFileSync(inPlace("log.jsonl"), asJsonl(sampleLog()));
  await place.ok(["import", "log.jsonl"]);
});
afterAll(() => place.remove());

/** A run whose disk has so much room, or whose stdin is held open. */
function launch(command: string, args: readonly string[]): ChildProcess {
  const child = spawn("bash", ["-c", `${command} exec "$0" "$@"`, process.execPath, program, ...args], {
    cwd: place.folder,
    env: { PATH: process.env["PATH"], HOME: place.folder },
    stdio: ["pipe", "ignore", "pipe"],
  });
  // What it had not read yet when it ended.
  child.stdin?.on("error", () => undefined);
  return child;
}

const recordsOf = (name: string): number => {
  const db = new DatabaseSync(inPlace(name), { readOnly: true });
  const { records } = db.prepare("SELECT count(*) AS records FROM records").get() as { records: number };
  db.close();
  return records;
};

test("what is saved comes back, and adds up", async () => {
  const saved = JSON.parse(await place.ok(["backup", "whole.archive", "-o", "json"])) as { records: number };
  expect(saved).toMatchObject({ records: recordsOf("cost-ops.db"), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
  expect(statSync(inPlace("whole.archive")).mode & 0o777).toBe(0o600);
  expect(await place.ok(["restore", "--check", "whole.archive"])).toMatch(/The archive is whole/);
  await place.ok(["restore", "whole.archive", ...at("copy.db")]);
  expect(statSync(inPlace("copy.db")).mode & 0o777).toBe(0o600);
  expect(await place.ok(["doctor", "--integrity", ...at("copy.db")])).toMatch(/Everything agrees/);
  const question = ["query", "--range", "all", "-g", "model", "-o", "json"];
  expect(await place.ok([...question, ...at("copy.db")])).toBe(await place.ok(question));
});

test("a backup beside a working server has all that was acknowledged before it, and its sums agree", async () => {
  const server = place.start(["server", "--port", "0", "--log-level", "silent", ...at("busy.db")], {
    env: { COST_OPS_ADMIN_KEY: key },
  });
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  const writer = writeSteadily(url, key);
  await writer.reach(400);
  const before = [...writer.acknowledged];
  await place.ok(["backup", "busy.archive", ...at("busy.db")]);
  const after = writer.acknowledged.length;
  await writer.stop();
  expect((await server.stop("SIGTERM")).code).toBe(0);
  await place.ok(["restore", "busy.archive", ...at("calm.db")]);
  const db = new DatabaseSync(inPlace("calm.db"), { readOnly: true });
  const found = new Set(
    db
      .prepare("SELECT lower(hex(id)) AS id FROM records")
      .all()
      .map(({ id }) => String(id)),
  );
  db.close();
  expect(before.filter((id) => !found.has(id.replaceAll("-", "")))).toEqual([]);
  // The server went on meanwhile.
  expect(after).toBeGreaterThan(before.length);
  expect(await place.ok(["doctor", "--integrity", ...at("calm.db")])).toMatch(/Everything agrees/);
});

test("a restore that is killed leaves the old database, and the next one clears up after it", async () => {
  await place.ok(["backup", "old.archive"]);
  await place.ok(["restore", "old.archive", ...at("killed.db")]);
  const bytes = readFileSync(inPlace("old.archive"));
  for (const database of ["killed.db", "never.db"]) {
    const restoring = launch("", ["restore", "-", "--replace", ...at(database)]);
    const ended = once(restoring, "close");
    restoring.stdin?.write(bytes.subarray(0, Math.floor(bytes.length * 0.9)));
    while (leftOvers(/\.restoring-/).length === 0) await wait(10);
    restoring.kill("SIGKILL");
    expect((await ended)[1]).toBe("SIGKILL");
    expect(leftOvers(/\.restoring-/)).not.toEqual([]);
    expect(existsSync(inPlace(database))).toBe(database === "killed.db");
    if (database === "killed.db") expect(recordsOf(database)).toBe(recordsOf("cost-ops.db"));
    await place.ok(["restore", "old.archive", "--replace", ...at(database)]);
    expect(leftOvers(/\.restoring-/)).toEqual([]);
    expect(recordsOf(database)).toBe(recordsOf("cost-ops.db"));
  }
});

test("Ctrl-C ends a restore that waits for its archive, and nothing is left of it", async () => {
  await place.ok(["backup", "slow.archive"]);
  const bytes = readFileSync(inPlace("slow.archive"));
  const restoring = launch("", ["restore", "-", ...at("stopped.db")]);
  const ended = once(restoring, "close");
  restoring.stdin?.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
  while (leftOvers(/^stopped\.db\.restoring-/).length === 0) await wait(10);
  restoring.kill("SIGINT");
  expect((await ended)[0]).toBe(130);
  expect(leftOvers(/^stopped/)).toEqual([]);
});

test("a full disk leaves no half file, and what was there", async () => {
  await place.ok(["backup", "full.archive"]);
  const whole = readFileSync(inPlace("full.archive"));
  const run = async (...args: readonly string[]): Promise<readonly [number, string]> => {
    const child = launch("ulimit -f 40;", args);
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const [code] = (await once(child, "close")) as [number];
    return [code, said];
  };
  const [code, said] = await run("backup", "full.archive");
  expect([code, said]).toEqual([1, expect.stringMatching(/too large|no space/i)]);
  expect(said).not.toMatch(/\n\s+at /);
  expect(readFileSync(inPlace("full.archive")).equals(whole)).toBe(true);
  expect(leftOvers(/\.part$/)).toEqual([]);
  const restored = await run("restore", "full.archive", ...at("full.db"));
  expect(restored).toEqual([5, expect.stringMatching(/full\.db: the (storage failed|disk is full)/)]);
  expect(leftOvers(/^full\.db/)).toEqual([]);
});

test("a move compares both sides line by line", async () => {
  const moved = await place.run(["migrate-store", "sqlite:cost-ops.db", "sqlite:moved.db"]);
  expect(moved).toMatchObject({ code: 0, stderr: expect.stringMatching(/Both agree.*sqlite:\S+moved\.db/) });
  expect(moved.stdout).toMatch(/^records +cost +USD +[\d.]+ +[\d.]+ +✓$/m);
  expect(moved.stdout).toMatch(/^records +saved +USD +[\d.]+ +[\d.]+ +✓$/m);
  expect(moved.stdout).not.toMatch(/✗/);
});

test.each([
  [1, ["restore", "log.jsonl", ...at("x.db")], /no archive of cost-ops backup/],
  [1, ["restore", "whole.archive"], /is not empty \(\w+: \d+\)/],
  [1, ["migrate-store", "sqlite:cost-ops.db", "sqlite:./cost-ops.db"], /the same database/],
  [2, ["restore", "missing.archive"], /missing\.archive cannot be read: there is no such file/],
  [2, ["restore", "whole.archive", "--check", "--replace"], /--check changes nothing/],
  [2, ["backup", "x.archive", "--api-url", "http://127.0.0.1:1"], /does not go with --api-url/],
  [2, ["migrate-store", "cost-ops.db", "sqlite:x.db"], /<from> must be sqlite:/],
  [2, ["migrate-store", "postgresql://ana:hidden@/x", "sqlite:x.db"], /<from> must be like postgresql:/],
  [5, ["backup", "x.archive", ...at("missing.db")], /there is no database at .*missing\.db/],
  [5, ["backup", "x.archive", "--database", "postgresql://ana:hidden@127.0.0.1:1/x"], /PostgreSQL: .*be reached/],
] as const)("%i for %j", async (code, args, says) => {
  const outcome = await place.run(args);
  expect(outcome).toMatchObject({ code, stdout: "", stderr: expect.stringMatching(new RegExp(says, "i")) });
  expect(outcome.stderr).not.toMatch(/\n\s+at |hidden/);
  expect(leftOvers(/^x\./)).toEqual([]);
});
