import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";

const email = "ada@example.com";
const password = "a long sentence nobody guesses";
let here: PeopleServer;
beforeAll(async () => {
  here = await startPeopleServer();
  await here.makeUser(email, password);
});
afterAll(() => here.close());

const post = (path: string, headers: Record<string, string>, body?: unknown): Promise<Response> =>
  fetch(`${here.url}/api/v1/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const own = (): Record<string, string> => ({ origin: here.url, "sec-fetch-site": "same-origin" });
const signIn = (headers = own()): Promise<Response> => post("browser/login", headers, { email, password });
const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
/** The paths for which an answer ends the page's cookie. */
const endedAt = (response: Response): readonly string[] =>
  response.headers
    .getSetCookie()
    .map((cookie) => /^cost_ops_session_\d+=; Path=([^;]+); Max-Age=0; HttpOnly; SameSite=Strict$/.exec(cookie)?.[1])
    .filter((path) => path !== undefined);
/** Everywhere where a cookie can lie that a browser sends to the refresh. */
const reachable = [
  ...["/", "/api", "/api/", "/api/v1", "/api/v1/", "/api/v1/auth", "/api/v1/auth/"],
  ...["/api/v1/auth/browser", "/api/v1/auth/browser/", "/api/v1/auth/browser/refresh"],
];
const tokenOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { data: { access_token: string } }).data.access_token;

test("the refresh token is a cookie that no script, no other site and no other address sees", async () => {
  const response = await signIn();
  expect(response.status).toBe(200);
  const text = await response.text();
  expect(text).toContain("access_token");
  expect(text).not.toContain("refresh_token");
  const cookie = response.headers.getSetCookie()[0] ?? "";
  expect(cookie).toMatch(
    /^cost_ops_session_\d+=[\w-]{40,}; Path=\/api\/v1\/auth\/browser; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
  );
});

test("by TLS its name lets nobody but the host itself set it, and so one alone", async () => {
  const page = { origin: "https://costs.example.com", "sec-fetch-site": "same-origin" };
  const first = await signIn(page);
  expect(first.headers.getSetCookie()).toEqual([
    expect.stringMatching(
      /^__Host-cost_ops_session=[\w-]{40,}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure$/,
    ),
  ]);
  const plain = cookieOf(first).replace("__Host-", "");
  const tossed = await post("browser/refresh", { ...page, cookie: plain });
  expect([tossed.status, await tossed.json()]).toEqual([200, { data: null }]);
  const refreshed = await post("browser/refresh", { ...page, cookie: `${plain}; ${cookieOf(first)}` });
  expect(refreshed.status).toBe(200);
  const out = await post("logout", { ...page, authorization: `Bearer ${await tokenOf(refreshed)}` });
  const ended = ["__Host-cost_ops_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"];
  expect(out.headers.getSetCookie()).toEqual(ended);
  const late = await post("browser/refresh", { ...page, cookie: cookieOf(refreshed) });
  expect([late.status, late.headers.getSetCookie()]).toEqual([401, ended]);
});

test("of two cookies of the name none counts, since another port of the host may have set one: all end", async () => {
  const [mine, theirs] = [cookieOf(await signIn()), cookieOf(await signIn())];
  const name = mine.split("=")[0];
  for (const cookie of [`${theirs}; ${mine}`, `${mine}; ${theirs}`, `${name}=; ${mine}`, `${mine}; x=1;${mine}`]) {
    const response = await post("browser/refresh", { ...own(), cookie });
    expect([cookie, response.status]).toEqual([cookie, 401]);
    expect(((await response.json()) as { error: object }).error).toMatchObject({ code: "AUTH_001" });
    expect([...endedAt(response)].sort()).toEqual([...reachable].sort());
  }
  // Neither was looked at.
  for (const cookie of [mine, theirs]) {
    expect((await post("browser/refresh", { ...own(), cookie })).status).toBe(200);
  }
});

test("signing in leaves one cookie, and a cookie that is no good is asked about once", async () => {
  const first = await signIn();
  expect([...endedAt(first), "/api/v1/auth/browser"].sort()).toEqual([...reachable].sort());
  const late = await post("browser/refresh", { ...own(), cookie: `${cookieOf(first).split("=")[0]}=rt_over` });
  expect([late.status, [...endedAt(late)].sort()]).toEqual([401, [...reachable].sort()]);
});

test("a refresh replaces the cookie, and signing out ends the session and removes it", async () => {
  const first = await signIn();
  const refreshed = await post("browser/refresh", { ...own(), cookie: `other=1; ${cookieOf(first)}` });
  expect(refreshed.status).toBe(200);
  expect(cookieOf(refreshed)).not.toBe(cookieOf(first));
  const token = await tokenOf(refreshed);
  expect(await here.statusOf(token)).toBe(200);

  const out = await post("logout", { ...own(), authorization: `Bearer ${token}` });
  expect(out.status).toBe(204);
  expect([...endedAt(out)].sort()).toEqual([...reachable].sort());
  expect(await here.statusOf(token)).toBe(401);
  expect((await post("browser/refresh", { ...own(), cookie: cookieOf(refreshed) })).status).toBe(401);
});

describe("nobody but the server's own pages is given or takes a cookie", () => {
  // One for all: an account may be signed in to ten times at once.
  let cookie: string;
  beforeAll(async () => {
    cookie = cookieOf(await signIn());
  });

  const strangers: Readonly<Record<string, () => Record<string, string>>> = {
    "another site": () => ({ origin: "https://evil.example", "sec-fetch-site": "cross-site" }),
    "another site of the same domain": () => ({ origin: here.url, "sec-fetch-site": "same-site" }),
    "an old browser at another site": () => ({ origin: "https://evil.example" }),
    "another site that names its page": () => ({ referer: "https://evil.example/" }),
    "a sandboxed frame": () => ({ origin: "null", "sec-fetch-site": "cross-site" }),
    "no browser at all": () => ({}),
  };
  for (const [name, headers] of Object.entries(strangers)) {
    test(name, async () => {
      for (const response of [await signIn(headers()), await post("browser/refresh", { ...headers(), cookie })]) {
        expect(response.status).toBe(403);
        expect(response.headers.get("set-cookie")).toBeNull();
      }
      expect((await post("browser/refresh", { ...own(), cookie })).status).toBe(200);
    });
  }

  test("a page without TLS is known by its host", async () => {
    expect((await signIn({ origin: here.url })).status).toBe(200);
    expect((await signIn({ referer: `${here.url}/explore?by=model` })).status).toBe(200);
  });

  test("without a cookie nobody is signed in", async () => {
    const response = await post("browser/refresh", own());
    expect([response.status, await response.json()]).toEqual([200, { data: null }]);
    const forged = `${cookie.split("=")[0]}=abc`;
    expect((await post("browser/refresh", { ...own(), cookie: forged })).status).toBe(401);
  });
});
