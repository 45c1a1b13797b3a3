import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { loadConfig } from "./config.ts";
import { exposureProblems, isLoopback, redisProblem } from "./exposure.ts";

const key = randomBytes(32).toString("base64url");
const problems = (environment: Record<string, string>): readonly string[] =>
  exposureProblems(loadConfig({ environment, workingFolder: "/nowhere", homeFolder: "/nowhere" }));

test.each([
  ["127.0.0.1", true],
  ["127.255.3.4", true],
  ["::1", true],
  ["0:0:0:0:0:0:0:1", true],
  ["localhost", true],
  ["LOCALHOST", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["127.0.0.1.example.org", false],
  ["localhost.example.org", false],
  ["128.0.0.1", false],
])("%s is loopback: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

test("on loopback nothing is asked for", () => {
  expect(problems({})).toEqual([]);
  expect(problems({ SERVER_HOST: "localhost", COST_OPS_SECRET_KEY: "weak" })).toEqual([]);
});

test("beyond loopback TLS or a proxy and a secret key are asked for, all at once", () => {
  const [plain, keyless, ...others] = problems({ SERVER_HOST: "0.0.0.0" });
  expect(plain).toMatch(/^SERVER_HOST \("0\.0\.0\.0"\) lets other machines connect.*TLS_CERT_PATH.*TRUST_PROXY=true/);
  expect(keyless).toMatch(/COST_OPS_SECRET_KEY_FILE/);
  expect(others).toEqual([]);
});

test("a weak key is refused and never shown", () => {
  const weak = "change-me-".repeat(6);
  const [problem, ...others] = problems({ SERVER_HOST: "::", TRUST_PROXY: "true", COST_OPS_SECRET_KEY: weak });
  expect(problem).toMatch(/COST_OPS_SECRET_KEY contains a word/);
  expect(problem).not.toContain("change-me-");
  expect(others).toEqual([]);
});

test.each([{ TRUST_PROXY: "true" }, { TLS_CERT_PATH: "a.pem", TLS_KEY_PATH: "b.pem" }])(
  "with a secret key and %j a server may be exposed",
  (protection) => {
    expect(problems({ SERVER_HOST: "0.0.0.0", COST_OPS_SECRET_KEY: key, ...protection })).toEqual([]);
  },
);

test.each([
  ["TLS_CERT_PATH", "TLS_KEY_PATH"],
  ["TLS_KEY_PATH", "TLS_CERT_PATH"],
])("%s without %s is half a setting, on loopback too", (given, missing) => {
  expect(problems({ [given]: "x.pem" })).toEqual([
    `${given} needs ${missing} beside it: TLS takes a certificate and its key.`,
  ]);
});

test.each([
  ["redis://127.0.0.1:6379", undefined],
  ["redis://:secret@[::1]:6379/2", undefined],
  ["rediss://:secret@redis.example.org", undefined],
  ["redis://:secret@redis.example.org", /^REDIS_URL leads .* to redis\.example\.org without TLS, and its password/],
  ["redis://10.0.0.7:6379", /^REDIS_URL leads .* to 10\.0\.0\.7 without TLS, and anybody/],
])("the way to %s is judged", (redisUrl, expected) => {
  const found = redisProblem(loadConfig({ environment: { REDIS_URL: redisUrl }, workingFolder: "/nowhere" }));
  if (expected === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(expected);
  expect(found ?? "").not.toContain("secret");
});
