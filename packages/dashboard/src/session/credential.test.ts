import { expect, test } from "vitest";
import { Credential } from "./credential.ts";

const origin = "http://costs.test";
const whoami = {
  kind: "user",
  id: "usr_1",
  name: "ada@example.com",
  organization_id: "acme",
  timezone: "UTC",
  permissions: ["costs:read"],
  limited_to: {},
  session_id: "ses_1",
  second_factor: false,
  organizations: [],
};

/** A server with sessions whose tokens the test ends. */
function server(who: object = whoami) {
  const state = { token: 1, cookie: true, refreshes: 0, seen: [] as string[], down: false, refreshStatus: 200 };
  const json = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status });
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const path = new URL(String(input)).pathname;
    const authorization = new Headers(init?.headers).get("authorization");
    state.seen.push(`${path} ${authorization ?? "-"}`);
    if (state.down) throw new TypeError("connection refused");
    if (path === "/ready") return json(200, { status: "ready" });
    const unauthorized = () => json(401, { error: { code: "AUTH_001", message: "no", request_id: "r" } });
    if (path.endsWith("/browser/refresh") || path.endsWith("/browser/login")) {
      state.refreshes += 1;
      // Long enough for others to come meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 5));
      if (state.refreshStatus !== 200) {
        return json(state.refreshStatus, { error: { code: "AUTH_002", message: "not from here", request_id: "r" } });
      }
      if (!state.cookie) return unauthorized();
      state.token += 1;
      return json(200, { data: { access_token: `token${state.token}`, expires_in: 900, session: {}, user: {} } });
    }
    if (authorization !== `Bearer token${state.token}` && authorization !== "Bearer key") return unauthorized();
    if (path.endsWith("/logout")) {
      state.cookie = false;
      return new Response(null, { status: 204 });
    }
    return json(200, { data: who });
  };
  return { state, fetch };
}

test("a page that is opened again goes on with the cookie's session", async () => {
  const { fetch } = server();
  const credential = new Credential(origin, fetch);
  await credential.restore();
  expect(credential.state()).toMatchObject({ kind: "signed_in", whoami: { name: "ada@example.com" } });
});

test("without a cookie somebody has to sign in, and no token is sent along", async () => {
  const { state, fetch } = server();
  state.cookie = false;
  const credential = new Credential(origin, fetch);
  await credential.restore();
  expect(credential.state()).toEqual({ kind: "signed_out" });
  expect(state.seen).toEqual(["/api/v1/auth/browser/refresh -"]);
});

test("a token that is over is replaced once for all who wait, and they are answered", async () => {
  const { state, fetch } = server();
  const credential = new Credential(origin, fetch);
  await credential.restore();
  state.token = 50;
  state.refreshes = 0;
  const answers = await Promise.all(Array.from({ length: 5 }, () => credential.client.auth.whoami()));
  expect(answers).toHaveLength(5);
  expect(state.refreshes).toBe(1);
});

test("a session that has ended leads to signing in, and says why", async () => {
  const { state, fetch } = server();
  const credential = new Credential(origin, fetch);
  await credential.restore();
  state.token = 50;
  state.cookie = false;
  await expect(credential.client.auth.whoami()).rejects.toMatchObject({ statusCode: 401 });
  expect(credential.state()).toEqual({ kind: "signed_out", because: "expired" });
});

test("a token near its end is replaced before it is used", async () => {
  const { state, fetch } = server();
  let nowMs = 0;
  const credential = new Credential(origin, fetch, () => nowMs);
  await credential.restore();
  nowMs = 880_000;
  await credential.client.auth.whoami();
  expect(state.seen.slice(-2)).toEqual(["/api/v1/auth/browser/refresh -", "/api/v1/auth/whoami Bearer token3"]);
});

test("a key is used as it is and never refreshed; a wrong one leaves nothing behind", async () => {
  const { state, fetch } = server();
  state.cookie = false;
  const credential = new Credential(origin, fetch);
  await credential.restore();
  state.refreshes = 0;
  await expect(credential.enterKey("wrong")).rejects.toMatchObject({ statusCode: 401 });
  expect(credential.state().kind).toBe("signed_out");
  await credential.enterKey(" key ");
  expect(credential.state()).toMatchObject({ kind: "signed_in", by: "key" });
  expect(state.refreshes).toBe(0);
});

test.each([
  [403, 1],
  [429, 2],
  [500, 2],
])("an answer of %i to who is signed in is told, and asking again finds the session", async (status, asked) => {
  const { state, fetch } = server();
  state.refreshStatus = status;
  const credential = new Credential(origin, fetch);
  await credential.restore();
  expect(credential.state()).toMatchObject({ kind: "failed", error: { statusCode: status, message: "not from here" } });
  expect(state.seen).toHaveLength(asked);
  state.refreshStatus = 200;
  await credential.restore();
  expect(credential.state().kind).toBe("signed_in");
});

test("while the server is away nobody is told who is signed in, and once it is back they are", async () => {
  const { state, fetch } = server();
  state.down = true;
  const credential = new Credential(origin, fetch);
  const back = new Promise<void>((resolve) =>
    credential.reachability.subscribe(() => credential.reachability.isAway() || resolve()),
  );
  await credential.restore();
  expect([credential.state().kind, credential.reachability.isAway()]).toEqual(["unknown", true]);
  state.down = false;
  await back;
  await Promise.all([credential.restore(), credential.restore()]);
  expect(credential.state().kind).toBe("signed_in");
  expect(state.refreshes).toBe(1);
  expect(state.seen.filter((each) => each.includes("whoami"))).toHaveLength(1);
});

test("a session that the server could not end goes on, and one that it had ended is left", async () => {
  const { state, fetch } = server();
  const credential = new Credential(origin, fetch);
  await credential.restore();
  state.down = true;
  await expect(credential.signOut()).rejects.toMatchObject({ code: "NETWORK_ERROR" });
  expect(credential.state().kind).toBe("signed_in");
  state.down = false;
  await credential.signOut();
  expect([credential.state(), state.cookie]).toEqual([{ kind: "signed_out" }, false]);
  const ended = server();
  const other = new Credential(origin, ended.fetch);
  await other.restore();
  ended.state.token += 1;
  ended.state.cookie = false;
  await other.signOut();
  expect(other.state()).toEqual({ kind: "signed_out" });
});

test("a server that is away is asked until it is back", async () => {
  const { state, fetch } = server();
  const credential = new Credential(origin, fetch);
  await credential.restore();
  state.down = true;
  await expect(credential.client.auth.whoami({ maxRetries: 0 })).rejects.toMatchObject({ code: "NETWORK_ERROR" });
  expect(credential.reachability.isAway()).toBe(true);
  state.down = false;
  await new Promise<void>((resolve) => credential.reachability.subscribe(resolve));
  expect(credential.reachability.isAway()).toBe(false);
});

test("a session of one of several organizations leads back into the same, and another is entered on request", async () => {
  const acme = { id: "acme", name: "Acme" };
  const umbrella = { id: "umbrella", name: "Umbrella" };
  const { state, fetch } = server({ ...whoami, organizations: [umbrella, acme] });
  const credential = new Credential(origin, fetch);
  await credential.restore();
  state.token += 1;
  state.cookie = false;
  await expect(credential.client.auth.whoami()).rejects.toThrow();
  expect(credential.state()).toEqual({ kind: "signed_out", because: "expired", organization: acme });
  await credential.signOut(umbrella);
  expect(credential.state()).toEqual({ kind: "signed_out", organization: umbrella });
});
