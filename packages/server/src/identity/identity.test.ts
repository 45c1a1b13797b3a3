import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Composition, compose } from "../compose.ts";
import { loadConfig } from "../config.ts";
import { speak } from "../http/app-fixture.ts";
import { createLogger } from "../http/request-log.ts";
import { Secret } from "../secret.ts";
import { newDatabase } from "../store/database-fixture.ts";
import { bearerCredential, hashKey, keyPattern, makeKey, shownPart } from "./credential.ts";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-identity-"));
const world = { clock: Date.now, logger: createLogger("silent") };
const database = await newDatabase(folder);
const configured = (environment: Record<string, string> = {}) =>
  loadConfig({ environment: { ...database, ...environment }, workingFolder: folder, homeFolder: folder });

let server: Composition;
let url: string;
let key: string;
beforeAll(async () => {
  server = await compose(configured(), world);
  url = await server.app.fastify.listen({ port: 0, host: "127.0.0.1" });
  key = server.firstKey?.reveal() ?? "";
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const call = (path: string, authorization: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}/api/v1${path}`, { ...init, headers: { authorization, "content-type": "application/json" } });
interface Key {
  readonly id: string;
  readonly key: string;
  readonly prefix: string;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
}
const dataOf = async <T>(response: Response): Promise<T> => ((await response.json()) as { data: T }).data;
const makeNew = async (name: string): Promise<Key> =>
  dataOf<Key>(await call("/api-keys", `Bearer ${key}`, { method: "POST", body: JSON.stringify({ name }) }));

describe("keys", () => {
  test("are made of 256 random bits behind their prefix, and only that prefix and four characters are shown", () => {
    fc.assert(
      fc.property(fc.constantFrom("sk_live_", "sk_test_", "a_"), (prefix) => {
        const made = makeKey(prefix);
        expect(made).toMatch(keyPattern);
        expect(made.length).toBe(prefix.length + 43);
        expect(shownPart(made, prefix)).toBe(made.slice(0, prefix.length + 4));
        expect(bearerCredential(`Bearer ${made}`)).toEqual({ kind: "key", text: made });
        expect(hashKey(made)).toMatch(/^[0-9a-f]{64}$/);
      }),
    );
    expect(new Set(Array.from({ length: 1_000 }, () => makeKey("sk_"))).size).toBe(1_000);
  });
});

const other = makeKey("sk_live_");
const refused: readonly (readonly [string, string])[] = [
  ["an empty header", ""],
  ["a scheme alone", "Bearer"],
  ["a scheme and a space", "Bearer "],
  ["a key without a scheme", "KEY"],
  ["another scheme", "Basic KEY"],
  ["another scheme that carries it", "Digest username=KEY"],
  ["a longer scheme", "BearerKEY"],
  ["an unknown key", `Bearer ${other}`],
  ["a key cut short", "Bearer KEYCUT"],
  ["a key with one more character", "Bearer KEYx"],
  ["a key with another case", "Bearer KEYLOWER"],
  ["the shown part", "Bearer KEYSHOWN"],
  ["the hash of the key", "Bearer KEYHASH"],
  ["a key in quotes", 'Bearer "KEY"'],
  ["two keys", "Bearer KEY KEY"],
  ["two keys with a comma", "Bearer KEY, Bearer KEY"],
  ["a key and a parameter", "Bearer KEY; x=1"],
  ["a tab for the space", "Bearer\tKEY"],
  ["a NUL escape", "Bearer %00KEY"],
  ["a wildcard", "Bearer *"],
  ["SQL", "Bearer ' OR 1=1 --"],
  ["a path", "Bearer ../../etc/passwd"],
  ["letters beyond ASCII", "Bearer s\u00ebcret"],
  ["a huge key", `Bearer ${"k".repeat(8_000)}`],
  ["null", "Bearer null"],
  ["undefined", "Bearer undefined"],
];

const filled = (header: string): string =>
  header
    .replaceAll("KEYCUT", key.slice(0, -1))
    .replaceAll("KEYLOWER", key.toLowerCase())
    .replaceAll("KEYSHOWN", key.slice(0, 12))
    .replaceAll("KEYHASH", hashKey(key))
    .replaceAll("KEY", key);

describe("a forged or malformed credential opens nothing", () => {
  test.each(refused)("%s", async (_name, header) => {
    const request = `GET /api/v1/api-keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: ${filled(header)}\r\n\r\n`;
    const heard = await speak(Number(new URL(url).port), request);
    expect(heard).toMatch(/^HTTP\/1\.1 401 [\s\S]*www-authenticate: Bearer[\s\S]*"AUTH_001"/i);
    expect(heard).not.toContain(key);
  });

  test.each([
    ["the right one first", () => [`Bearer ${key}`, `Bearer ${other}`]],
    ["the right one last", () => [`Bearer ${other}`, `Bearer ${key}`]],
    ["the right one twice", () => [`Bearer ${key}`, `Bearer ${key}`]],
  ])("two headers, %s", async (_name, headers) => {
    const lines = headers().map((header) => `Authorization: ${header}\r\n`);
    const request = `GET /api/v1/api-keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines.join("")}\r\n`;
    expect(await speak(Number(new URL(url).port), request)).toMatch(/^HTTP\/1\.1 401 /);
  });

  test("a control character in the header never reaches the server's code", async () => {
    const request = `GET /api/v1/api-keys HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${key}\u0001\r\n\r\n`;
    expect(await speak(Number(new URL(url).port), request)).toMatch(/^HTTP\/1\.1 400 /);
  });

  test("a key in the query or a cookie is none", async () => {
    const response = await fetch(`${url}/api/v1/api-keys?api_key=${key}`, { headers: { cookie: `key=${key}` } });
    expect(response.status).toBe(401);
  });
});

describe("a real key", () => {
  test("works with the scheme in any case, and several spaces", async () => {
    for (const scheme of ["Bearer", "bearer", "BEARER", "Bearer  "]) {
      expect((await call("/api-keys", `${scheme} ${key}`)).status).toBe(200);
    }
  });

  test("is shown once, listed without its secret, works at once and ends at once", async () => {
    const made = await makeNew("second");
    expect(made.prefix).toBe(made.key.slice(0, 12));
    expect((await call("/api-keys", `Bearer ${made.key}`)).status).toBe(200);
    const listed = await (await call("/api-keys", `Bearer ${key}`)).text();
    expect(listed).toContain(made.id);
    expect(listed).not.toContain(made.key);
    const revoked = await call(`/api-keys/${made.id}`, `Bearer ${key}`, { method: "DELETE" });
    expect((await dataOf<Key>(revoked)).revoked_at).not.toBeNull();
    expect((await call("/api-keys", `Bearer ${made.key}`)).status).toBe(401);
    const again = await call(`/api-keys/${made.id}`, `Bearer ${key}`, { method: "DELETE" });
    expect(again.status).toBe(200);
  });

  test("that is the last active one cannot be revoked; one that is not there is not found", async () => {
    const keys = await dataOf<Key[]>(await call("/api-keys", `Bearer ${key}`));
    const active = keys.filter((each) => each.revoked_at === null);
    expect(active.length).toBe(1);
    const refusal = await call(`/api-keys/${active[0]?.id}`, `Bearer ${key}`, { method: "DELETE" });
    expect(refusal.status).toBe(409);
    expect(await refusal.text()).toContain('"CONFLICT"');
    expect((await call("/api-keys/key_none", `Bearer ${key}`, { method: "DELETE" })).status).toBe(404);
  });

  test("shows when it was used last", async () => {
    await expect
      .poll(
        async () => {
          const keys = await dataOf<Key[]>(await call("/api-keys", `Bearer ${key}`));
          return keys.some((each) => each.last_used_at !== null);
        },
        { timeout: 5_000 },
      )
      .toBe(true);
  });

  test("revoked in another process ends here within a second or so; one made there works here at once", async () => {
    const elsewhere = await compose(configured(), world);
    try {
      expect(elsewhere.firstKey).toBeUndefined();
      const there = elsewhere.local();
      const headers = { authorization: `Bearer ${there.apiKey}`, "content-type": "application/json" };
      const create = await there.fetch("http://in-process/api/v1/api-keys", {
        method: "POST",
        headers,
        body: '{"name":"n"}',
      });
      const made = await dataOf<Key>(create);
      expect((await call("/api-keys", `Bearer ${made.key}`)).status).toBe(200);
      await there.fetch(`http://in-process/api/v1/api-keys/${made.id}`, { method: "DELETE", headers });
      await expect
        .poll(async () => (await call("/api-keys", `Bearer ${made.key}`)).status, { timeout: 2_500, interval: 100 })
        .toBe(401);
      expect((await call("/api-keys", `Bearer ${there.apiKey}`)).status).toBe(401);
    } finally {
      await elsewhere.close();
    }
  });
});

describe("the first key", () => {
  test("may be given, is then accepted and not shown, and a new one is added beside the old", async () => {
    const given = makeKey("sk_test_");
    const environment = { ...(await newDatabase(join(folder, "given"))), COST_OPS_ADMIN_KEY: given };
    for (const start of ["first", "second"]) {
      const composition = await compose(configured(environment), world);
      const headers = { authorization: `Bearer ${given}` };
      const response = await composition.local().fetch("http://in-process/api/v1/api-keys", { headers });
      expect([start, composition.firstKey, response.status]).toEqual([start, undefined, 200]);
      expect(await dataOf<Key[]>(response)).toHaveLength(1);
      await composition.close();
    }
    const next = { ...environment, COST_OPS_ADMIN_KEY: makeKey("sk_test_") };
    const composition = await compose(configured(next), world);
    const { fetch: ask, apiKey } = composition.local();
    const keys = await dataOf<Key[]>(
      await ask("http://in-process/api/v1/api-keys", { headers: { authorization: `Bearer ${apiKey}` } }),
    );
    expect(keys).toHaveLength(2);
    await composition.close();
  });

  test("is a secret that does not print", () => {
    expect(`${new Secret("x")}`).toBe("***");
  });
});
