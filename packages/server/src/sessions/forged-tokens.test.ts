import { createHmac, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { speak } from "../http/app-fixture.ts";
import { type PeopleServer, startPeopleServer, type TokensOnWire } from "../users/people-fixture.ts";
import { deriveTokenKeys } from "./token-keys.ts";

const secretKey = "kJ8s0dfgQ1mZxY7vLr3TnWb5HcUe2aPo9iKqR4tE6yU=";
const password = "a quiet harbour at dawn";
const keys = deriveTokenKeys(secretKey);
const otherKeys = deriveTokenKeys("another installation's key");
const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
const edwards = generateKeyPairSync("ed25519");

let people: PeopleServer;
let mine: TokensOnWire;
let signedOut: TokensOnWire;
let removed: TokensOnWire;
let rotated: TokensOnWire;
let session: { readonly userId: string; readonly id: string };

beforeAll(async () => {
  people = await startPeopleServer({ COST_OPS_SECRET_KEY: secretKey });
  const userId = await people.makeUser("ada@example.com", password);
  mine = await people.login("ada@example.com", password);
  signedOut = await people.login("ada@example.com", password);
  removed = await people.login("ada@example.com", password);
  rotated = await people.login("ada@example.com", password);
  session = { userId, id: mine.session.id };
  for (const { access_token } of [mine, signedOut, removed, rotated]) {
    // Each was good, and is remembered as that.
    expect(await people.statusOf(access_token)).toBe(200);
  }
  expect((await people.ask(signedOut.access_token, "POST", "/auth/logout")).status).toBe(204);
  expect((await people.ask(mine.access_token, "DELETE", `/auth/sessions/${removed.session.id}`)).status).toBe(204);
  await people.ask(undefined, "POST", "/auth/refresh", { refresh_token: rotated.refresh_token });
});
afterAll(() => people.close());

const encoded = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const nowSeconds = (): number => Math.floor(Date.now() / 1_000);

/** The claims of a token that would be taken. */
const claims = () => ({
  sid: session.id,
  org: "default",
  iss: "llm-cost-ops",
  aud: "llm-cost-ops-api",
  sub: session.userId,
  iat: nowSeconds(),
  nbf: nowSeconds(),
  exp: nowSeconds() + 900,
});
const header = { alg: "HS256", kid: keys.keyId, typ: "at+jwt" };

interface Forgery {
  readonly header?: object;
  readonly claims?: object | string;
  /** Absent: the key that the server signs with, as if a thief had it; so that nothing but the oddity decides. */
  readonly key?: Uint8Array | string;
  readonly hash?: "sha256" | "sha384" | "sha512";
}

const without = (...names: readonly string[]): object =>
  Object.fromEntries(Object.entries(claims()).filter(([name]) => !names.includes(name)));

function forge({
  header: head = header,
  claims: body = claims(),
  key = keys.signing,
  hash = "sha256",
}: Forgery): string {
  const signed = `${encoded(head)}.${encoded(body)}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest("base64url")}`;
}

const withHeader = (over: object, key?: Uint8Array | string): string =>
  forge({ header: { ...header, ...over }, ...(key === undefined ? {} : { key }) });
const withClaims = (over: object): string => forge({ claims: { ...claims(), ...over } });
const parts = (): [string, string, string] => mine.access_token.split(".") as [string, string, string];

/** A real token, its parts changed by hand. */
const remade = (change: (all: [string, string, string]) => readonly string[]): string => change(parts()).join(".");

/** The last character of the signature carries two bits that mean nothing: another spelling of the same bytes. */
function respelled(): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = mine.access_token.at(-1) as string;
  return mine.access_token.slice(0, -1) + alphabet[alphabet.indexOf(last) ^ 1];
}

const asymmetric = (alg: string): string => {
  const signed = `${encoded({ ...header, alg })}.${encoded(claims())}`;
  const signature =
    alg === "EdDSA"
      ? sign(null, Buffer.from(signed), edwards.privateKey)
      : sign("sha256", Buffer.from(signed), pair.privateKey);
  return `${signed}.${signature.toString("base64url")}`;
};

/** Each gives what stands behind `Bearer `, or whole headers. */
const forged: readonly (readonly [string, () => string | readonly string[]])[] = [
  ["no algorithm and no signature", () => `${encoded({ ...header, alg: "none" })}.${encoded(claims())}.`],
  ["no algorithm and a signature", () => withHeader({ alg: "none" })],
  ["the algorithm NONE", () => withHeader({ alg: "NONE" })],
  ["no alg at all", () => forge({ header: { kid: header.kid, typ: header.typ } })],
  ["alg in lower case", () => withHeader({ alg: "hs256" })],
  ["alg as a list", () => withHeader({ alg: ["HS256"] })],
  ["alg null", () => withHeader({ alg: null })],
  ["HS384 with the right key", () => forge({ header: { ...header, alg: "HS384" }, hash: "sha384" })],
  ["HS512 with the right key", () => forge({ header: { ...header, alg: "HS512" }, hash: "sha512" })],
  ["HS512 cut to the length of HS256", () => withHeader({ alg: "HS512" })],
  ["RS256 by somebody's own key", () => asymmetric("RS256")],
  ["EdDSA by somebody's own key", () => asymmetric("EdDSA")],
  [
    "RS256 for an HMAC with a public key",
    () =>
      withHeader({ alg: "RS256" }, createPublicKey(pair.privateKey).export({ type: "spki", format: "pem" }) as string),
  ],
  ["an empty key", () => forge({ key: "" })],
  ["the secret key itself", () => forge({ key: secretKey })],
  ["the secret key's bytes", () => forge({ key: Buffer.from(secretKey, "base64") })],
  ["the key of refresh tokens", () => forge({ key: keys.succession })],
  ["another installation's key", () => forge({ key: otherKeys.signing })],
  ["another installation's key and its id", () => withHeader({ kid: otherKeys.keyId }, otherKeys.signing)],
  ["a key of chance", () => forge({ key: randomBytes(32) })],
  ["no key id", () => forge({ header: { alg: header.alg, typ: header.typ } })],
  ["an empty key id", () => withHeader({ kid: "" })],
  ["a path as key id", () => withHeader({ kid: "../../../../dev/null" }, "")],
  ["SQL as key id", () => withHeader({ kid: "x' UNION SELECT 'key' --" }, "key")],
  ["an address as key id", () => withHeader({ kid: "http://127.0.0.1:1/key" }, "")],
  ["a command as key id", () => withHeader({ kid: "|/bin/true" })],
  ["a property of every object as key id", () => withHeader({ kid: "__proto__" })],
  ["a key id as an object", () => withHeader({ kid: { id: header.kid } })],
  ["a key of its own in jwk", () => withHeader({ jwk: { kty: "oct", k: encoded("own key") } }, "own key")],
  ["an address of keys in jku", () => withHeader({ jku: "http://127.0.0.1:1/keys" })],
  ["an address of a certificate in x5u", () => withHeader({ x5u: "http://127.0.0.1:1/cert" })],
  ["a certificate in x5c", () => withHeader({ x5c: ["MIIB"] })],
  ["an unknown critical extension", () => withHeader({ crit: ["exp"], exp: 1 })],
  ["an empty crit", () => withHeader({ crit: [] })],
  ["a payload that is not encoded", () => withHeader({ b64: false, crit: ["b64"] })],
  ["b64 without crit", () => withHeader({ b64: false })],
  ["a header with one name more", () => withHeader({ zip: "DEF" })],
  ["the type JWT", () => withHeader({ typ: "JWT" })],
  ["the type of a refresh token", () => withHeader({ typ: "rt+jwt" })],
  ["no type", () => forge({ header: { alg: header.alg, kid: header.kid } })],
  ["another issuer", () => withClaims({ iss: "https://evil.example" })],
  ["an issuer with a slash more", () => withClaims({ iss: "llm-cost-ops/" })],
  ["no issuer", () => forge({ claims: without("iss") })],
  ["another audience", () => withClaims({ aud: "somebody-else" })],
  ["the right audience among others", () => withClaims({ aud: ["llm-cost-ops-api", "somebody-else"] })],
  ["no audience", () => forge({ claims: without("aud") })],
  ["expired", () => withClaims({ iat: nowSeconds() - 2_000, nbf: nowSeconds() - 2_000, exp: nowSeconds() - 1_100 })],
  [
    "expired a moment ago",
    () => withClaims({ iat: nowSeconds() - 910, nbf: nowSeconds() - 910, exp: nowSeconds() - 10 }),
  ],
  ["not yet valid", () => withClaims({ nbf: nowSeconds() + 60 })],
  ["issued in the future", () => withClaims({ iat: nowSeconds() + 60 })],
  ["issued long ago, with a late end", () => withClaims({ iat: nowSeconds() - 5_000, exp: nowSeconds() + 900 })],
  ["no end", () => forge({ claims: without("exp") })],
  ["no beginning", () => forge({ claims: without("nbf") })],
  ["no instant of issue", () => forge({ claims: without("iat") })],
  ["an end in words", () => withClaims({ exp: "tomorrow" })],
  ["an end as text", () => withClaims({ exp: String(nowSeconds() + 900) })],
  ["an infinite end", () => forge({ claims: JSON.stringify(claims()).replace(/"exp":\d+/, '"exp":1e999') })],
  ["no subject", () => forge({ claims: without("sub") })],
  ["no session", () => forge({ claims: without("sid") })],
  ["a session that is none", () => withClaims({ sid: "ses_none" })],
  ["a session as an object", () => withClaims({ sid: { $ne: null } })],
  ["a session as SQL", () => withClaims({ sid: "' OR '1'='1" })],
  ["another user's session", () => withClaims({ sub: "usr_other" })],
  ["the session in another organization", () => withClaims({ org: "org-other" })],
  ["no organization", () => forge({ claims: without("org") })],
  ["claims that are a list", () => forge({ claims: [claims()] })],
  ["claims that are null", () => forge({ claims: "null" })],
  ["claims that are no JSON", () => forge({ claims: "{" })],
  ["claims that are nothing", () => `${encoded(header)}..${parts()[2]}`],
  [
    "a changed payload",
    () => remade(([head, , signature]) => [head, encoded({ ...claims(), sub: "usr_root" }), signature]),
  ],
  [
    "a payload of another token",
    () => remade(([head, , signature]) => [head, rotated.access_token.split(".")[1] ?? "", signature]),
  ],
  ["a changed header", () => remade(([, body, signature]) => [encoded({ ...header, typ: "JWT" }), body, signature])],
  [
    "a signature of another token",
    () => remade(([head, body]) => [head, body, rotated.access_token.split(".")[2] ?? ""]),
  ],
  ["a signature cut by one character", () => mine.access_token.slice(0, -1)],
  ["a signature cut to half", () => mine.access_token.slice(0, -22)],
  ["no signature", () => remade(([head, body]) => [head, body, ""])],
  ["no signature and no dot", () => remade(([head, body]) => [head, body])],
  ["a signature of zeros", () => remade(([head, body]) => [head, body, "A".repeat(43)])],
  ["a twin with one character more", () => `${mine.access_token}A`],
  ["another spelling of the same signature", respelled],
  ["padding", () => `${mine.access_token}=`],
  [
    "the alphabet of plain base64",
    () => remade(([head, body, signature]) => [head, body, `${signature.slice(0, -1)}+`]),
  ],
  ["a space within", () => remade(([head, body, signature]) => [head, ` ${body}`, signature])],
  ["a fourth part", () => `${mine.access_token}.${parts()[2]}`],
  [
    "five parts, as of an encrypted token",
    () => `${encoded({ alg: "dir", enc: "A256GCM" })}..${encoded("iv")}.${encoded("text")}.${encoded("tag")}`,
  ],
  ["an encrypted header in three parts", () => withHeader({ alg: "dir", enc: "A256GCM" })],
  ["dots alone", () => ".."],
  ["a huge payload", () => withClaims({ pad: "x".repeat(1_900) })],
  ["a payload beyond every limit", () => withClaims({ pad: "x".repeat(9_000) })],
  ["a deep payload", () => forge({ claims: `${"[".repeat(1_200)}${"]".repeat(1_200)}` })],
  ["the refresh token", () => mine.refresh_token],
  [
    "the refresh token as a payload",
    () => remade(([head, , signature]) => [head, encoded(mine.refresh_token), signature]),
  ],
  ["the session's id", () => mine.session.id],
  ["a token of a session that was signed out", () => signedOut.access_token],
  ["a token of a session that was revoked", () => removed.access_token],
  ["two headers, the right one first", () => [mine.access_token, forge({ key: "" })]],
  ["two headers, the right one last", () => [forge({ key: "" }), mine.access_token]],
  ["two headers, the right one twice", () => [mine.access_token, mine.access_token]],
  ["two tokens in one header", () => `${mine.access_token},${mine.access_token}`],
];

const heard = (headers: readonly string[]): Promise<string> => {
  const lines = headers.map((value) => `Authorization: Bearer ${value}\r\n`).join("");
  const request = `GET /api/v1/costs/summary HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n`;
  return speak(Number(new URL(people.url).port), request);
};

describe("a forged token is refused with 401 AUTH_001", () => {
  test("the table has at least forty", () => {
    expect(new Set(forged.map(([name]) => name)).size).toBe(forged.length);
    expect(forged.length).toBeGreaterThanOrEqual(40);
  });

  test.each(forged)("%s", async (_name, make) => {
    const made = make();
    const answer = await heard(typeof made === "string" ? [made] : made);
    expect(answer).toMatch(/^HTTP\/1\.1 401 [\s\S]*www-authenticate: Bearer[\s\S]*"AUTH_001"/i);
    expect(answer).not.toContain(mine.session.id);
  });

  test("while one that is made the same way and right is taken, and the real one goes on working", async () => {
    expect(await people.statusOf(forge({}))).toBe(200);
    expect(await people.statusOf(mine.access_token)).toBe(200);
  });
});

test("a token is taken nowhere but in its header", async () => {
  const path = `/costs/summary?access_token=${mine.access_token}`;
  expect((await people.ask(undefined, "GET", path)).status).toBe(401);
});

test("a token of a key that was replaced ends, and its session gets a new one by refreshing", async () => {
  const restarted = await startPeopleServer(
    { COST_OPS_SECRET_KEY: "Zb3kQy8WnV5xT1sRp7LmJd0hGf2cXa9eUo6iKqB4tN8=" },
    people.folder,
  );
  expect(await restarted.statusOf(mine.access_token)).toBe(401);
  const next = await restarted.ask(undefined, "POST", "/auth/refresh", { refresh_token: mine.refresh_token });
  expect(await restarted.statusOf(String(next.data["access_token"]))).toBe(200);
  await restarted.server.close();
});
