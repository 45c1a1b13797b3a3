import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { openWriter } from "../../packages/server/src/sqlite/connection.ts";
import { connectionOf } from "../../packages/server/src/sqlite/store-connection.ts";
import { checkLedger } from "../../packages/server/src/usage/check-ledger.sql.ts";
import { seedPrices, temporaryFolder } from "../../packages/server/src/usage/ledger-fixture.ts";

const rounds = 12;
const child = fileURLToPath(new URL("./kill-9-child.ts", import.meta.url));
const folder = temporaryFolder();
afterEach(folder.remove);

/** Starts a writer on the file, kills it without warning `afterMs` after it began, and returns what it acknowledged. */
async function writeUntilKilled(round: number, afterMs: number): Promise<string[]> {
  const running = spawn(process.execPath, ["--conditions=source", child, folder.file, String(round)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise((resolve) => running.once("exit", (_, signal) => resolve(signal)));
  const acknowledged: string[] = [];
  let killed = false;
  // A line without its end may be cut off by the kill; an id that is cut off was acknowledged all the same, but cannot
  // be told from another, so it is left out.
  for await (const line of createInterface({ input: running.stdout })) {
    if (line === "started") {
      setTimeout(() => {
        killed = running.kill("SIGKILL");
      }, afterMs);
    } else if (line !== "") acknowledged.push(line);
  }
  expect(await exited).toBe("SIGKILL");
  expect(killed).toBe(true);
  return acknowledged;
}

it(`loses nothing acknowledged and doubles nothing when it is killed ${rounds} times under load`, {
  timeout: 180_000,
}, async () => {
  const first = openWriter(folder.file);
  seedPrices(first);
  first.close();
  const acknowledged: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const ids = await writeUntilKilled(round, 60 + ((round * 97) % 400));
    acknowledged.push(...ids.slice(0, -1));
  }
  const db = openWriter(folder.file);
  const rows = db.prepare("SELECT external_id AS id, count(*) AS times FROM records GROUP BY external_id").all();
  const times = new Map(rows.map((row) => [row["id"], row["times"]]));
  expect(new Set(times.values())).toEqual(new Set([1]));
  const missing = acknowledged.filter((id) => !times.has(id));
  expect(missing).toEqual([]);
  expect(new Set(acknowledged).size).toBeGreaterThan(rounds * 10);
  const check = await checkLedger(connectionOf({ db, now: Date.now, state: new Map() }), { integrity: true });
  expect(check).toMatchObject({ differences: 0, reported: [], records: rows.length });
  db.close();
});
