/** Reservations from the terminal, against a server: what is reserved, settled, released, refused and approved. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { type Started, workplaceOn } from "./cost-ops.ts";

const place = await workplaceOn(newDatabaseWithSchema);
let server: Started;
let remote: { readonly env: Record<string, string> };

beforeAll(async () => {
  const key = (await place.ok(["init"])).trim();
  server = place.start(["server", "--port", "0", "--log-level", "warn"]);
  const [, url = ""] = await server.said(/listens on (http:\/\/\S+)/);
  remote = { env: { COST_OPS_API_URL: url, COST_OPS_API_KEY: key } };
});
afterAll(async () => {
  await server.stop("SIGTERM");
  place.remove();
});

const budget = (...args: readonly string[]) => place.run(["budget", ...args], remote);
const said = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await budget(...args);
  expect([code, stderr]).toEqual([0, expect.any(String)]);
  return stdout.trim();
};
// By the catalogue 1,000 input and 500 output tokens of gpt-4o cost 0.0075 dollars.
const call = ["--model", "gpt-4o", "--input-tokens", "1000", "--max-output-tokens", "500"];

test("a reservation is made, settled and released, and exits with 6 where there is no room", async () => {
  await said("create", "--name", "app", "--amount", "0.0151", "--tag", "app:a", "--hard");
  const first = await said("reserve", ...call, "--tag", "app:a");
  const second = await said("reserve", ...call, "--tag", "app:a");
  expect(first).toMatch(/^rsv_/);
  // 0.015 of 0.0151 are reserved, 99.33 %, and nothing is spent.
  for (const [failOver, code] of [
    ["99.33", 6],
    ["99.34%", 0],
  ] as const) {
    const checked = await budget("check", "--budget", "app", "--fail-over", failOver);
    expect([checked.code, checked.stdout]).toEqual([code, expect.stringContaining("99.33 %")]);
  }
  const refused = await budget("reserve", ...call, "--tag", "app:a");
  expect([refused.code, refused.stdout]).toEqual([6, ""]);
  expect(refused.stderr).toContain('The budget "app" has no room for this.');
  expect(await said("settle", first, "--input-tokens", "1000", "--output-tokens", "0")).toMatch(
    /^Recorded as rsv-\S+, \$0\.0025\. The reservation is settled\.$/,
  );
  const released = await budget("release", second);
  expect([released.code, released.stderr]).toEqual([0, "The reservation is released.\n"]);
  const third = await said("reserve", "--amount", "0.0126", "--tag", "app:a");
  expect(JSON.parse(await said("settle", third, "--cost", "0.01", "-o", "json"))).toMatchObject({
    reservation: "settled",
    record: { total_cost: "0.01", tags: { app: "a" } },
  });
  expect((await budget("settle", "rsv_nobodys")).code).toBe(4);
});

test("what needs approval is listed, approved and then reserved", async () => {
  await said("create", "--name", "asks", "--amount", "0", "--tag", "app:b", "--hard", "--at-limit", "approve");
  const asked = ["reserve", "--amount", "0.5", "--tag", "app:b"];
  expect((await budget(...asked)).code).toBe(6);
  const { data } = JSON.parse(await said("approvals", "--state", "pending", "-o", "json"));
  expect(data).toMatchObject([{ budget_name: "asks", requested: "0.5", state: "pending" }]);
  expect(await said("approve", data[0].id)).toBe("The request is approved.");
  const { code, stderr } = await budget(...asked, "--approval", data[0].id);
  expect([code, stderr]).toEqual([0, "It goes beyond a budget.\n"]);
  expect(await said("approvals")).toMatch(/used/);
});
