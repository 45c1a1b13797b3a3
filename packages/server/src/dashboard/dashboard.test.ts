import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ListeningApp, listen } from "../http/app-fixture.ts";
import { openDashboard } from "./dashboard.ts";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-dashboard-"));
let app: ListeningApp;
beforeAll(async () => {
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, "assets"));
  write("index.html", '<meta nonce="__CSP_NONCE__"><title>Costs</title>');
  write("paths.json", JSON.stringify(["/", "/budgets", "/budgets/:id"]));
  write("secret.txt", "nobody's business");
  write("assets/index-abcdefgh.js", "let plain = 1;");
  write("assets/index-abcdefgh.js.br", "brotli");
  write("assets/index-abcdefgh.js.gz", "gzip");
  write("assets/icon.svg", "<svg/>");
  app = await listen({}, { dashboard: openDashboard(folder) });
});
afterAll(async () => {
  await app.fastify.close();
  rmSync(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${app.url}${path}`, { headers: { "accept-encoding": "identity", ...headers } });

test.each(["/", "/?period=7d", "/budgets", "/budgets/bud_1?tab=history"])("%s is the dashboard", async (path) => {
  const response = await get(path);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  expect(response.headers.get("cache-control")).toBe("no-cache");
  expect(await response.text()).toContain("<title>Costs</title>");
});

test("the policy lets nothing in from elsewhere and nothing run inline, and its nonce is another each time", async () => {
  const [first, second] = [await get("/"), await get("/")];
  const policy = first.headers.get("content-security-policy") ?? "";
  expect(policy).toMatch(/default-src 'self'; script-src 'self'; style-src 'self' 'nonce-([\w+/=]+)';/);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|https?:|\*/);
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1];
  expect(await first.text()).toContain(`nonce="${nonce}"`);
  expect(second.headers.get("content-security-policy")).not.toBe(policy);
  expect(first.headers.get("x-content-type-options")).toBe("nosniff");
  expect(first.headers.get("referrer-policy")).toBe("same-origin");
});

test("files whose names have a hash are kept for ever, others are asked for again", async () => {
  const script = await get("/assets/index-abcdefgh.js");
  expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
  expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
  expect(await script.text()).toBe("let plain = 1;");
  expect((await get("/assets/icon.svg")).headers.get("cache-control")).toBe("no-cache");
});

test.each([
  ["br, gzip", "br"],
  ["gzip", "gzip"],
  ["br;q=0, gzip", "gzip"],
  ["identity", null],
])("who accepts %s is given %s", async (accepted, encoding) => {
  const answer = await openDashboard(folder)?.answer("/assets/index-abcdefgh.js", accepted);
  expect(answer?.headers["content-encoding"] ?? null).toBe(encoding);
  expect(answer?.headers["vary"]).toBe("accept-encoding");
});

describe("nothing else is a page", () => {
  test.each([
    ...["/nonsense", "/budgets/a/b", "/api/v1/nonsense", "/v1/nonsense", "/paths.json", "/secret.txt", "/assets/"],
    ...["/assets/../secret.txt", "/assets/%2e%2e%2fsecret.txt", "/assets/index-abcdefgh.js.br", "//"],
  ])("%s", async (path) => {
    const answer = await openDashboard(folder)?.answer(path, undefined);
    expect(answer).toBeUndefined();
    const response = await get(path);
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toContain("application/json");
  });

  const visit = { accept: "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-mode": "navigate" };
  /** As a browser asks; `fetch` says by itself that it is none. */
  const visitTo = async (path: string, headers: Record<string, string> = visit, method = "GET") => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(`${app.url}${path}`, { headers, method }, resolve).on("error", reject).end();
    });
    const text = (await response.toArray()).join("");
    return {
      is: [response.statusCode, response.headers["content-type"]?.split(";")[0]],
      headers: response.headers,
      text,
    };
  };
  const asData = [404, "application/json"];

  test.each(["/nonsense", "/nonsense?of=days", "/budgets/a/b"])("who visits %s is shown the way on", async (path) => {
    const { is, headers, text } = await visitTo(path);
    expect(is).toEqual([404, "text/html"]);
    expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    expect(text).toContain("<title>Costs</title>");
    expect((await visitTo(path, visit, "POST")).is).toEqual(asData);
    expect((await visitTo(path, { ...visit, "sec-fetch-mode": "cors" })).is).toEqual(asData);
    expect((await visitTo(path, { accept: "*/*" })).is).toEqual(asData);
  });

  test.each([
    ...["/api/v1/nonsense", "/v1/nonsense", "/docs/nonsense", "/metrics/nonsense", "/paths.json", "/secret.txt"],
    ...["/assets/", "/assets/index-gone0000.js", "/assets/%2e%2e%2fsecret.txt", "/favicon.ico", "//"],
  ])("%s is no page for a visit either", async (path) => {
    expect((await visitTo(path)).is).toEqual(asData);
  });

  test("a page is asked for, never posted to", async () => {
    expect((await fetch(`${app.url}/`, { method: "POST" })).status).toBe(404);
    const head = await fetch(`${app.url}/`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });
});

test("a file that was replaced under a running server is not there, which is no failure", async () => {
  const write = (name: string): void => writeFileSync(join(folder, "assets", name), "let old = 1;");
  write("old-abcdefgh.js");
  write("old-abcdefgh.js.br");
  const running = await listen({}, { dashboard: openDashboard(folder) });
  for (const name of ["old-abcdefgh.js", "old-abcdefgh.js.br"]) rmSync(join(folder, "assets", name));
  for (const accepted of ["br", "identity"]) {
    const response = await fetch(`${running.url}/assets/old-abcdefgh.js`, { headers: { "accept-encoding": accepted } });
    expect([response.status, response.headers.get("cache-control")]).toEqual([404, "no-store"]);
  }
  expect(running.answered.map(({ status, error }) => [status, error])).toEqual([
    [404, undefined],
    [404, undefined],
  ]);
  await running.fastify.close();
});

test("without built files the address says how to build them", async () => {
  expect(openDashboard(join(folder, "nothing-here"))).toBeUndefined();
  const bare = await listen();
  const response = await fetch(bare.url);
  expect(response.status).toBe(404);
  expect(await response.text()).toContain("npm run setup");
  await bare.fastify.close();
});
