import { randomBytes } from "node:crypto";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newDatabaseWithSchema } from "../../server/src/store/database-fixture.ts";
import { workplaceOn } from "./cost-ops.ts";

const place = await workplaceOn(newDatabaseWithSchema);
const secretKey = randomBytes(32).toString("base64");
const adminKey = `sk_live_${randomBytes(40).toString("hex")}`;
beforeAll(async () => {
  await place.ok(["init"]);
  writeFileSync(join(place.folder, "admin.key"), adminKey, { mode: 0o600 });
});
afterAll(() => place.remove());

const unsafe = async (env: Readonly<Record<string, string>>): Promise<readonly (number | string | null)[]> => {
  const { code, stdout } = await place.run(["doctor", "-o", "json"], { env });
  const { unsafe } = JSON.parse(stdout) as { unsafe: { severity: string; message: string }[] };
  return [code, ...unsafe.map(({ severity, message }) => `${severity}: ${message}`)];
};

test("a server that is exposed as it should be has nothing to say about it", async () => {
  const env = {
    SERVER_HOST: "0.0.0.0",
    TRUST_PROXY: "true",
    COST_OPS_SECRET_KEY: secretKey,
    COST_OPS_ADMIN_KEY_FILE: "admin.key",
  };
  expect(await unsafe(env)).toEqual([0]);
});

test("what may be meant so is a warning: exit code 0, and no key is shown", async () => {
  const env = {
    COST_OPS_SECRET_KEY: "change-me",
    COST_OPS_ADMIN_KEY: adminKey,
    REDIS_URL: "redis://:hidden@redis.example.org",
    LOG_LEVEL: "debug",
  };
  const [code, ...said] = await unsafe(env);
  expect(code).toBe(0);
  expect(said).toEqual([
    expect.stringMatching(/^warning: COST_OPS_SECRET_KEY must be 32 bytes of chance/),
    expect.stringMatching(/^warning: COST_OPS_ADMIN_KEY is in the environment.*COST_OPS_ADMIN_KEY_FILE/),
    expect.stringMatching(/^warning: REDIS_URL leads over the network to redis\.example\.org without TLS/),
    expect.stringMatching(/^warning: LOG_LEVEL is debug/),
  ]);
  expect(said.join()).not.toContain(adminKey);
  expect(await unsafe({})).toEqual([0, expect.stringMatching(/^warning: COST_OPS_SECRET_KEY is not set/)]);
});

test("what keeps a server from starting is a problem: exit code 1", async () => {
  const env = { SERVER_HOST: "0.0.0.0", COST_OPS_SECRET_KEY: "change-me", TLS_CERT_PATH: "none.pem" };
  expect(await unsafe(env)).toEqual([
    1,
    expect.stringMatching(/^problem: TLS_CERT_PATH needs TLS_KEY_PATH/),
    expect.stringMatching(/^problem: SERVER_HOST .* COST_OPS_SECRET_KEY must be 32 bytes/),
  ]);
  const [, ...missing] = await unsafe({ SERVER_HOST: "::", TLS_CERT_PATH: "none.pem", TLS_KEY_PATH: "none.key" });
  expect(missing.join("\n")).toMatch(/takes a secret key.*\n.*none\.pem\) cannot be read: ENOENT/);
});

test("another secret key than the one that sealed the trail's signing key is told before a checkpoint is wanted", async () => {
  await place.ok(["audit", "checkpoint"], { env: { COST_OPS_SECRET_KEY: secretKey } });
  const another = randomBytes(32).toString("base64");
  expect(await unsafe({ COST_OPS_SECRET_KEY: secretKey })).toEqual([0]);
  expect(await unsafe({ COST_OPS_SECRET_KEY: another })).toEqual([
    0,
    expect.stringMatching(/^warning: .*cannot be opened: COST_OPS_SECRET_KEY is another one\. Second factors/),
  ]);
  const [, , forgotten] = await unsafe({});
  expect(forgotten).toMatch(/cannot be opened: COST_OPS_SECRET_KEY is not set/);
});

test("a database file that others may read is a problem, and the text says what to do", async () => {
  const database = ["--database", "sqlite:open.db"];
  await place.ok(["init", ...database]);
  chmodSync(join(place.folder, "open.db"), 0o644);
  const { code, stdout } = await place.run(["doctor", ...database], { env: { COST_OPS_SECRET_KEY: secretKey } });
  expect([code, stdout]).toEqual([1, expect.stringMatching(/open\.db can be read by others.*chmod 600/)]);
});
