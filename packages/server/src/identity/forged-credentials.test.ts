import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Composition, compose } from "../compose.ts";
import { loadConfig } from "../config.ts";
import { speak } from "../http/app-fixture.ts";
import { createLogger } from "../http/request-log.ts";
import { newDatabase } from "../store/database-fixture.ts";
import { hashKey, makeKey } from "./credential.ts";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-forged-"));
const hourMs = 3_600_000;
let aheadMs = 0;
let server: Composition;
let url: string;
let key: string;
let expired: string;
let revoked: string;
let rotatedOut: string;
let rotatedAtOnce: string;

beforeAll(async () => {
  const config = loadConfig({
    environment: { ...(await newDatabase(folder)), RATE_LIMIT_FAILED_AUTH: "100000" },
    workingFolder: folder,
    homeFolder: folder,
  });
  server = await compose(config, { clock: () => Date.now() + aheadMs, logger: createLogger("silent") });
  url = await server.app.fastify.listen({ port: 0, host: "127.0.0.1" });
  key = server.firstKey?.reveal() ?? "";
  const ask = async (method: string, path: string, body: object): Promise<{ id: string; key: string }> => {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const response = await fetch(`${url}/api/v1/api-keys${path}`, { method, headers, body: JSON.stringify(body) });
    expect(response.status).toBeLessThan(300);
    return ((await response.json()) as { data: { id: string; key: string } }).data;
  };
  const make = (more: object = {}) => ask("POST", "", { name: "doomed", ...more });
  const made = await Promise.all([
    make({ expires_at: new Date(Date.now() + hourMs).toISOString() }),
    make(),
    make(),
    make(),
  ]);
  // Each was good, and is remembered as that.
  for (const one of made) expect(await statusOf(`Bearer ${one.key}`)).toBe(200);
  [expired, revoked, rotatedOut, rotatedAtOnce] = made.map((one) => one.key) as [string, string, string, string];
  await ask("DELETE", `/${made[1].id}`, {});
  await ask("POST", `/${made[2].id}/rotate`, { overlap_seconds: 3_600 });
  await ask("POST", `/${made[3].id}/rotate`, { overlap_seconds: 0 });
  expect(await statusOf(`Bearer ${rotatedOut}`)).toBe(200);
  aheadMs = 2 * hourMs;
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const statusOf = async (authorization: string): Promise<number> =>
  (await fetch(`${url}/api/v1/api-keys`, { headers: { authorization } })).status;

const base64url = (value: object | string): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const claims = { sub: "admin", organization_id: "default", exp: 4_102_444_800 };

function token(header: object, secret?: string): string {
  const signed = `${base64url(header)}.${base64url(claims)}`;
  return `${signed}.${secret === undefined ? "" : createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** The key with the character at this place from its end made another. */
function flipped(fromEnd: number): string {
  const at = key.length - 1 - fromEnd;
  return `${key.slice(0, at)}${key[at] === "a" ? "b" : "a"}${key.slice(at + 1)}`;
}

const swapped = (text: string): string =>
  text.replace(/[A-Za-z]/g, (one) => (one === one.toLowerCase() ? one.toUpperCase() : one.toLowerCase()));
const secretOf = (of: string): string => of.slice("sk_live_".length);

/** Each gives the header's value; null is no header at all, a list is several headers. */
const forged: readonly (readonly [string, () => string | readonly string[] | null])[] = [
  ["nothing", () => null],
  ["an empty header", () => ""],
  ["a space", () => " "],
  ["a scheme alone", () => "Bearer"],
  ["a scheme without a key", () => "Bearer "],
  ["a key without a scheme", () => key],
  ["Basic with the key", () => `Basic ${key}`],
  ["Basic with the key as user", () => `Basic ${Buffer.from(`${key}:`).toString("base64")}`],
  ["Basic with the key as password", () => `Basic ${Buffer.from(`admin:${key}`).toString("base64")}`],
  ["Digest", () => `Digest username="${key}", response="${hashKey(key)}"`],
  ["Token", () => `Token ${key}`],
  ["the scheme grown into the key", () => `Bearer${key}`],
  ["the scheme twice", () => `Bearer Bearer ${key}`],
  ["a colon after the scheme", () => `Bearer: ${key}`],
  ["two headers, the right one first", () => [`Bearer ${key}`, `Bearer ${makeKey("sk_live_")}`]],
  ["two headers, the right one last", () => [`Bearer ${makeKey("sk_live_")}`, `Bearer ${key}`]],
  ["two headers, the right one twice", () => [`Bearer ${key}`, `Bearer ${key}`]],
  ["two headers, one empty", () => ["", `Bearer ${key}`]],
  ["a comma list", () => `Bearer ${key},${key}`],
  ["a comma list of schemes", () => `Bearer ${key}, Bearer ${key}`],
  ["a comma at the end", () => `Bearer ${key},`],
  ["two keys", () => `Bearer ${key} ${key}`],
  ["a tab for the space", () => `Bearer\t${key}`],
  ["a tab after the space", () => `Bearer \t${key}`],
  ["a parameter behind", () => `Bearer ${key}; charset=utf-8`],
  ["quotes around", () => `Bearer "${key}"`],
  ["angle brackets around", () => `Bearer <${key}>`],
  ["an unknown key", () => `Bearer ${makeKey("sk_live_")}`],
  ["a twin cut by one character", () => `Bearer ${key.slice(0, -1)}`],
  ["a twin cut to half", () => `Bearer ${key.slice(0, key.length >> 1)}`],
  ["a twin cut at the front", () => `Bearer ${key.slice(1)}`],
  ["a twin with one character more", () => `Bearer ${key}0`],
  ["the last character flipped", () => `Bearer ${flipped(0)}`],
  ["the middle character flipped", () => `Bearer ${flipped(20)}`],
  ["two characters swapped round", () => `Bearer ${secretOf(key).split("").reverse().join("")}`],
  ["padding", () => `Bearer ${key}=`],
  ["two characters of padding", () => `Bearer ${key}==`],
  ["lower case", () => `Bearer ${key.toLowerCase()}`],
  ["upper case", () => `Bearer ${key.toUpperCase()}`],
  ["case swapped", () => `Bearer ${swapped(key)}`],
  ["the prefix of a test key", () => `Bearer sk_test_${secretOf(key)}`],
  ["the prefix of the process's own key", () => `Bearer sk_process_${secretOf(key)}`],
  ["no prefix", () => `Bearer ${secretOf(key)}`],
  ["the shown part", () => `Bearer ${key.slice(0, 12)}`],
  ["its hash", () => `Bearer ${hashKey(key)}`],
  ["the key in base64", () => `Bearer ${base64url(key)}`],
  ["a Cyrillic twin", () => `Bearer ${key.replace("s", "\u0455")}`],
  ["a full-width twin", () => `Bearer ${key.replace("k", "\uff4b")}`],
  ["a Kelvin sign for the k", () => `Bearer ${key.replace("k", "\u212a")}`],
  ["a zero-width space within", () => `Bearer ${key.slice(0, 8)}\u200b${key.slice(8)}`],
  ["a no-break space for the space", () => `Bearer\u00a0${key}`],
  ["a byte order mark before it", () => `Bearer \ufeff${key}`],
  ["a NUL in percent behind", () => `Bearer ${key}%00`],
  ["a NUL in percent before", () => `Bearer %00${key}`],
  ["percent encoding of a character", () => `Bearer %73${key.slice(1)}`],
  ["a line break in percent", () => `Bearer ${key}%0d%0aX: y`],
  ["160 characters", () => `Bearer ${"k".repeat(160)}`],
  ["a very long key", () => `Bearer ${key}${"k".repeat(8_000)}`],
  ["many spaces", () => `Bearer${" ".repeat(4_000)}${key}`],
  ["a token with algorithm none", () => `Bearer ${token({ alg: "none", typ: "JWT" })}`],
  ["a token with algorithm NoNe", () => `Bearer ${token({ alg: "NoNe", typ: "JWT" })}`],
  ["a token signed with an empty secret", () => `Bearer ${token({ alg: "HS256", typ: "JWT" }, "")}`],
  ["a token signed with the key's hash", () => `Bearer ${token({ alg: "HS256", typ: "JWT" }, hashKey(key))}`],
  ["a token signed with the key's shown part", () => `Bearer ${token({ alg: "HS256" }, key.slice(0, 12))}`],
  [
    "a token that takes HS256 for RS256",
    () => `Bearer ${token({ alg: "RS256", kid: "1" }, "-----BEGIN PUBLIC KEY-----")}`,
  ],
  ["a token with a path as key id", () => `Bearer ${token({ alg: "HS256", kid: "../../dev/null" }, "")}`],
  ["a token with SQL as key id", () => `Bearer ${token({ alg: "HS256", kid: "' OR 1=1 --" }, "x")}`],
  ["a token that brings its own key", () => `Bearer ${token({ alg: "HS256", jwk: { kty: "oct", k: "eA" } }, "x")}`],
  ["a token of dots", () => "Bearer .."],
  ["SQL", () => "Bearer ' OR '1'='1"],
  ["a wildcard", () => "Bearer *"],
  ["a pattern of SQL", () => "Bearer sk_live_%"],
  ["JSON", () => 'Bearer {"$ne":null}'],
  ["null", () => "Bearer null"],
  ["undefined", () => "Bearer undefined"],
  ["a property of every object", () => "Bearer __proto__"],
  ["an expired key", () => `Bearer ${expired}`],
  ["a revoked key", () => `Bearer ${revoked}`],
  ["a rotated key after its overlap", () => `Bearer ${rotatedOut}`],
  ["a key that was rotated without overlap", () => `Bearer ${rotatedAtOnce}`],
];

async function heard(path: string, headers: readonly string[]): Promise<string> {
  const lines = headers.map((line) => `${Buffer.from(line, "utf8").toString("latin1")}\r\n`).join("");
  return speak(Number(new URL(url).port), `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n`);
}

function expectRefused(answer: string): void {
  expect(answer).toMatch(/^HTTP\/1\.1 401 [\s\S]*www-authenticate: Bearer[\s\S]*"AUTH_001"/i);
  expect(answer).not.toContain(key);
}

describe("a forged credential is refused with 401 AUTH_001", () => {
  test("the table has at least forty", () => {
    expect(new Set(forged.map(([name]) => name)).size).toBe(forged.length);
    expect(forged.length).toBeGreaterThanOrEqual(40);
  });

  test.each(forged)("%s", async (_name, make) => {
    const made = make();
    const values = made === null ? [] : typeof made === "string" ? [made] : made;
    expectRefused(
      await heard(
        "/api/v1/api-keys",
        values.map((value) => `Authorization: ${value}`),
      ),
    );
  });

  test.each([
    ["in the query", () => `?api_key=${key}`, () => []],
    ["in the query, as an access token", () => `?access_token=${key}`, () => []],
    ["in the query, as a header", () => `?authorization=Bearer%20${key}`, () => []],
    ["in a cookie", () => "", () => [`Cookie: authorization=Bearer ${key}`]],
    ["in X-Api-Key", () => "", () => [`X-Api-Key: ${key}`]],
    ["in Proxy-Authorization", () => "", () => [`Proxy-Authorization: Bearer ${key}`]],
    ["in X-Authorization", () => "", () => [`X-Authorization: Bearer ${key}`]],
  ])("a real key %s", async (_name, query, headers) => {
    expectRefused(await heard(`/api/v1/api-keys${query()}`, headers()));
  });

  test("while the real one goes on working", async () => {
    expect(await statusOf(`Bearer ${key}`)).toBe(200);
  });
});
