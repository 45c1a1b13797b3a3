/** The audit trail from a terminal: who did what, and what the exit code says of tampering. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { workplace } from "./cost-ops.ts";

const place = workplace();
const file = (name: string): string => join(place.folder, name);

function tamper(sql: string): void {
  const db = new DatabaseSync(file("cost-ops.db"));
  db.exec(sql);
  db.close();
}

beforeAll(async () => {
  await place.ok(["init"]);
  await place.ok(["auth", "create-api-key", "--name", "second"]);
});
afterAll(() => place.remove());

interface Entry {
  readonly seq: number;
  readonly action: string;
  readonly actor_kind: string;
}

test("tells what commands did, newest first, and as a file, oldest first", async () => {
  const { data } = JSON.parse(await place.ok(["audit", "list", "-o", "json"])) as { data: readonly Entry[] };
  expect(data.map(({ action }) => action)).toEqual(["apiKeys.create", "apiKeys.create", "catalogue.apply"]);
  expect(data[0]).toMatchObject({ actor_kind: "command", after: { name: "second" } });
  const lines = (await place.ok(["audit", "export"])).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(data.toReversed());
  await place.ok(["audit", "export", "--format", "csv", "--action", "apiKeys.create", "--out", "keys.csv"]);
  expect(readFileSync(file("keys.csv"), "utf8").trim().split("\r\n")).toHaveLength(3);
});

test("an export can be checked with the program of the guide, which knows nothing of this one", async () => {
  const guide = readFileSync(new URL("../../../docs/guides/audit-trail.md", import.meta.url), "utf8");
  writeFileSync(file("check.mjs"), /```js\n(.*?)```/s.exec(guide)?.[1] ?? "");
  await place.ok(["audit", "export", "--out", "audit.jsonl"]);
  const check = () =>
    spawnSync(process.execPath, ["check.mjs", "audit.jsonl"], { cwd: place.folder, encoding: "utf8" });
  expect(check().stdout).toContain("3 entries fit");
  writeFileSync(file("audit.jsonl"), readFileSync(file("audit.jsonl"), "utf8").replace("second", "third"));
  expect(check().stderr).toContain("entry 3 does not fit");
});

test("a checkpoint that was kept tells that the trail was cut, where nothing in the database can; exit code 5", async () => {
  writeFileSync(file("kept.json"), await place.ok(["audit", "checkpoint"]));
  expect(await place.ok(["audit", "verify", "--checkpoint", "kept.json"])).toContain("✓");
  tamper("DELETE FROM audit_checkpoints; DELETE FROM audit_entries WHERE seq = 3");
  expect(await place.run(["audit", "verify"])).toMatchObject({ code: 0 });
  const cut = await place.run(["audit", "verify", "--checkpoint", "kept.json"]);
  expect(cut).toMatchObject({ code: 5, stdout: expect.stringMatching(/Entry 3 is not there.*cut off/) });
  tamper("UPDATE audit_entries SET action = 'x' WHERE seq = 2");
  const changed = await place.run(["audit", "verify", "-o", "json"]);
  expect([changed.code, JSON.parse(changed.stdout)]).toMatchObject([5, { valid: false, problem: { seq: 2 } }]);
});

test("a file that is no checkpoint is a mistake of usage", async () => {
  writeFileSync(file("broken.json"), "{");
  writeFileSync(file("other.json"), '{"format":"other"}');
  for (const name of ["broken.json", "other.json", "missing.json"]) {
    expect(await place.run(["audit", "verify", "--checkpoint", name])).toMatchObject({ code: 2, stdout: "" });
  }
});

test("doctor says that the signing key lies open, until a secret key seals it with the next checkpoint", async () => {
  const open = await place.run(["doctor"]);
  expect(open.stdout).toContain("The key that signs audit checkpoints lies open in the database");
  const env = { COST_OPS_SECRET_KEY: "s0Jw8mVx1Lq7Rz4Tn6Yb3Kd9Hf2Gp5CaEuQiWoXsMtA" };
  await place.ok(["audit", "checkpoint"], { env });
  expect((await place.run(["doctor"], { env })).stdout).not.toContain("lies open");
});
