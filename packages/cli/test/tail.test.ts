/** What is recorded, as it happens: on a server and on the database of this folder. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { type Started, workplaceOn } from "./cost-ops.ts";

const place = await workplaceOn(newDatabaseWithSchema);
let server: Started;
let remote: Record<string, string>;

beforeAll(async () => {
  const key = (await place.ok(["init"])).trim();
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  remote = { COST_OPS_API_URL: url, COST_OPS_API_KEY: key };
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

let calls = 0;
const record = async (own: readonly string[] = []): Promise<void> => {
  calls += 1;
  const tokens = ["--input-tokens", "1000", "--output-tokens", "500"];
  await place.ok(["ingest", "--id", `call-${calls}`, "--provider", "openai", "--model", "gpt-4o", ...tokens, ...own], {
    env: remote,
  });
};
/** Records until the command has seen something: when it listens is known to nobody else. */
async function recordUntil(said: Promise<unknown>, own: readonly string[] = []): Promise<void> {
  let isSaid = false;
  const seen = said.then(() => {
    isSaid = true;
  });
  while (!isSaid) await record(own);
  await seen;
}

describe.each(["over HTTP", "on the local database"])("tail %s", (where) => {
  const env = () => (where === "over HTTP" ? { env: remote } : {});

  test("writes one line a call, and ends in order at Ctrl-C", async () => {
    const tail = place.start(["tail", "--project", "web"], env());
    await recordUntil(tail.said(/gpt-4o/), ["--project", "web"]);
    const { code, stdout, stderr } = await tail.stop("SIGINT");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")[0]).toMatch(/^\d\d:\d\d:\d\dZ {2}openai\/gpt-4o +1,000 → 500 +\$0\.0075 +success$/);
  });

  test("writes one document a line for programs", async () => {
    const tail = place.runAlone(["tail", "--events", "costs", "--limit", "2", "-o", "json"], env());
    await recordUntil(tail);
    const { code, stdout } = await tail;
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events).toMatchObject([
      { type: "cost.created", data: { total_cost: "0.0075", currency: "USD" } },
      { type: "cost.created", data: { model: "gpt-4o" } },
    ]);
  });
});

test("tail refuses a form that has no lines, and a key that may not see it", async () => {
  expect(await place.run(["tail", "-o", "yaml"], { env: remote })).toMatchObject({ code: 2 });
  expect(await place.run(["tail"], { env: { ...remote, COST_OPS_API_KEY: "sk_none" } })).toMatchObject({ code: 3 });
});
