import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import {
  ErrorBody,
  fullPath,
  limits,
  type Operation,
  operations,
  type Permission,
  permissions,
  permissionsOf,
} from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApp } from "./app.ts";
import {
  auth,
  get,
  json,
  type ListeningApp,
  listen,
  post,
  speak,
  stubRoutes,
  testKey,
  triedRoutes,
} from "./app-fixture.ts";

let app: ListeningApp;
beforeAll(async () => {
  app = await listen(triedRoutes);
});
afterAll(() => app.fastify.close());

const asKey = { kind: "key", id: "key_1", name: "key" } as const;

describe("requests that are fine", () => {
  test("a zipped body is read, and a JSON body without a type", async () => {
    const zipped = await fetch(
      `${app.url}/api/v1/costs`,
      post(gzipSync('{"cost":"1"}'), { ...json, "content-encoding": "gzip" }),
    );
    expect(await zipped.json()).toEqual({ body: { cost: "1" } });
    const untyped = await fetch(`${app.url}/api/v1/costs`, post(new TextEncoder().encode('{"cost":1}'), auth));
    expect(untyped.status).toBe(201);
  });

  test("lists in a query may be repeated or separated by commas", async () => {
    const response = await fetch(`${app.url}/api/v1/usage?model=a&model=b&provider=x,y&limit=5`, get);
    expect(await response.json()).toEqual({ query: { model: ["a", "b"], provider: ["x", "y"], limit: 5 } });
  });

  test("a body in thousands of tiny chunks arrives whole", async () => {
    const body = "x".repeat(5_000);
    const chunks = [...body].map((byte) => `1\r\n${byte}\r\n`).join("");
    const request = `POST /api/v1/usage HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${testKey}\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expect(await speak(app.port, `${request}${chunks}0\r\n\r\n`)).toContain('{"size":5000}');
  });

  test("a stream of any size is read with its zip undone", async () => {
    const size = limits.bodyBytes + 5;
    const response = await fetch(
      `${app.url}/api/v1/imports`,
      post(gzipSync(Buffer.alloc(size)), { ...auth, "content-encoding": "gzip" }),
    );
    expect(await response.json()).toEqual({ size });
  });

  test("an id is taken apart from its percent signs", async () => {
    const response = await fetch(`${app.url}/api/v1/usage/a%2Fb%20%C3%A9`, get);
    expect(await response.json()).toEqual({ id: "a/b é" });
  });

  test("chunks are streamed; a failure in the middle breaks the connection and is logged", async () => {
    const fine = await fetch(`${app.url}/api/v1/costs/stream`, get);
    expect(await fine.text()).toBe("1\n2\n");
    const broken = await fetch(`${app.url}/api/v1/costs/stream?model=late`, get);
    await expect(broken.text()).rejects.toThrow();
  });

  test("HEAD answers as GET does, without a body", async () => {
    for (const path of ["/health", "/api/v1/usage", "/api/v1/costs/stream"]) {
      const response = await fetch(app.url + path, { method: "HEAD", headers: auth });
      expect([path, response.status, await response.text()]).toEqual([path, 200, ""]);
    }
  });

  test("OPTIONS names the methods, and no foreign page is let in", async () => {
    const response = await fetch(`${app.url}/api/v1/usage`, {
      method: "OPTIONS",
      headers: { origin: "https://evil.example" },
    });
    expect([response.status, response.headers.get("allow")]).toEqual([204, "OPTIONS, POST, GET, HEAD"]);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("a sane request id is kept, another is replaced, and both are logged", async () => {
    const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
    const kept = await fetch(`${app.url}/health`, { headers: { "x-request-id": "req-1", traceparent } });
    expect(kept.headers.get("x-request-id")).toBe("req-1");
    expect(app.answered.at(-1)).toMatchObject({
      requestId: "req-1",
      traceId: "a".repeat(32),
      operation: "system.health",
    });
    const replaced = await fetch(`${app.url}/health`, { headers: { "x-request-id": "<script>" } });
    expect(replaced.headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("answers forbid sniffing, framing and caching", async () => {
    const { headers } = await fetch(`${app.url}/health`);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("cache-control")).toBe("no-store");
  });
});

const head = (method: string, path: string, more = ""): string =>
  `${method} ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;

describe("the wire", () => {
  test("pipelined requests are answered in order", async () => {
    const one = (id: string): string => head("GET", `/api/v1/usage/${id}`, `Authorization: Bearer ${testKey}\r\n`);
    const heard = await speak(app.port, one("a") + one("b") + one("c"), /"id":"c"/);
    expect([...heard.matchAll(/"id":"(\w)"/g)].map((match) => match[1])).toEqual(["a", "b", "c"]);
  });

  test.each([
    ["nonsense", "hello\r\n\r\n", 400],
    ["no host", "GET /health HTTP/1.1\r\n\r\n", 400],
    ["both lengths", head("POST", "/api/v1/usage", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400],
    ["two lengths", head("POST", "/api/v1/usage", "Content-Length: 3\r\nContent-Length: 4\r\n"), 400],
    ["a negative length", head("POST", "/api/v1/usage", "Content-Length: -1\r\n"), 400],
    [
      "a bad chunk",
      `${head("POST", "/api/v1/usage", `Authorization: Bearer ${testKey}\r\nTransfer-Encoding: chunked\r\n`)}zz\r\n`,
      400,
    ],
    ["huge headers", head("GET", "/health", `X-Large: ${"x".repeat(20_000)}\r\n`), 431],
    ["a control character in a header", head("GET", "/health", "X-Bad: a\u0001b\r\n"), 400],
  ])("%s is refused in the form of every error", async (_name, bytes, status) => {
    const heard = await speak(app.port, bytes);
    expect(heard.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    const body = JSON.parse(heard.slice(heard.indexOf("\r\n\r\n") + 4)) as unknown;
    expect(ErrorBody.parse(body).error.code).toBe("INVALID_REQUEST");
  });

  test("a sender of slow headers or a slow body is not waited for", async () => {
    const impatient = await listen(
      { "usage.create": { body: "bytes", handle: async () => ({ json: {} }) } },
      { bodyTimeoutMs: 200, headersTimeoutMs: 300 },
    );
    const slowHeaders = await speak(
      impatient.port,
      ["GET /health HTTP/1.1\r\nHost: x\r\n", ..."X: y".repeat(20)],
      undefined,
      100,
    );
    expect(slowHeaders).toMatch(/^HTTP\/1\.1 408/);
    const start = head("POST", "/api/v1/usage", `Authorization: Bearer ${testKey}\r\nContent-Length: 100\r\n`);
    const slowBody = await speak(impatient.port, [start, ..."{}".repeat(20)], undefined, 100);
    expect(slowBody).toMatch(/^HTTP\/1\.1 400[\s\S]*too slowly/);
    const unread = await speak(
      impatient.port,
      [head("POST", "/api/v1/usage", "Content-Length: 100\r\n"), ..."{}".repeat(20)],
      undefined,
      100,
    );
    expect(unread).toMatch(/^HTTP\/1\.1 401/);
    await impatient.fastify.close();
  });
});

describe("starting and stopping", () => {
  test("requests under way finish, new ones are refused, idle connections are closed", async () => {
    let finish: () => void = () => undefined;
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const stopping = await listen({
      "usage.get": {
        body: "json",
        handle: async () => {
          await new Promise<void>((resolve) => {
            finish = resolve;
            begin();
          });
          return { json: { done: true } };
        },
      },
    });
    const idle = connect(stopping.port, "127.0.0.1");
    idle.write(head("GET", "/live"));
    await once(idle, "data");
    idle.resume();
    const underWay = fetch(`${stopping.url}/api/v1/usage/1`, get);
    const busy = connect(stopping.port, "127.0.0.1");
    busy.write(head("GET", "/live"));
    await once(busy, "data");
    await begun;
    stopping.beginStopping();
    busy.write(head("GET", "/api/v1/usage/2", `Authorization: Bearer ${testKey}\r\n`));
    const [answer] = (await once(busy, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 503[\s\S]*retry-after: 1/i);
    const idleClosed = once(idle, "close");
    const closed = stopping.fastify.close();
    await idleClosed;
    finish();
    expect(await (await underWay).json()).toEqual({ done: true });
    await closed;
    await expect(fetch(`${stopping.url}/live`)).rejects.toThrow();
  });

  test("before the doors open only the probes answer", async () => {
    const parts = {
      routes: [stubRoutes()],
      authenticator: {
        authenticate: () => ({ organizationId: "a", principal: asKey, permissions: new Set<Permission>() }),
      },
      onAnswered: () => undefined,
    };
    const { fastify } = createApp(parts);
    expect((await fastify.inject("/api/v1/usage")).statusCode).toBe(503);
    expect((await fastify.inject("/live")).statusCode).toBe(200);
    await fastify.close();
  });

  test("an operation without a route, with two, or a route without operation stops the start", () => {
    const build =
      (routes: Parameters<typeof createApp>[0]["routes"]): (() => unknown) =>
      () =>
        createApp({
          routes,
          authenticator: {
            authenticate: () => ({ organizationId: "a", principal: asKey, permissions: new Set<Permission>() }),
          },
          onAnswered: () => undefined,
        });
    const { "usage.get": _left, ...rest } = stubRoutes();
    expect(build([rest])).toThrow("operations without a route: usage.get");
    expect(build([stubRoutes(), { "usage.get": { body: "json", handle: async () => ({}) } }])).toThrow("two routes");
    expect(build([stubRoutes({ "usage.gett": { body: "json", handle: async () => ({}) } })])).toThrow("no operation");
    expect(Object.keys(operations).length).toBeGreaterThan(40);
  });

  test("an operation that neither is public nor names a permission of the list stops the start", () => {
    const build =
      (doctored: object): (() => unknown) =>
      () =>
        createApp({
          routes: [stubRoutes()],
          operations: { ...operations, ...doctored } as NonNullable<Parameters<typeof createApp>[0]["operations"]>,
          authenticator: {
            authenticate: () => ({ organizationId: "a", principal: asKey, permissions: new Set<Permission>() }),
          },
          onAnswered: () => undefined,
        });
    const { permission: _left, ...without } = operations["usage.get"];
    expect(build({ "usage.get": without })).toThrow("operations without a permission: usage.get");
    expect(build({ "usage.get": { ...without, permission: "usage:everything" } })).toThrow("without a permission");
    expect(build({ "usage.get": { ...without, permission: "toString" } })).toThrow("without a permission");
    expect(build({ "usage.get": { ...without, access: "none" } })).toThrow("without a permission");
    expect(build({})).not.toThrow();
  });

  test("each operation is refused with 403 to a credential that has every permission but its own, which is named", async () => {
    let held: ReadonlySet<Permission> = new Set();
    const authenticate = () => ({ organizationId: "acme", principal: asKey, permissions: held });
    const guarded = await listen({}, { authenticator: { authenticate } });
    try {
      for (const [id, operation] of Object.entries<Operation>(operations)) {
        if (operation.access !== "key") continue;
        const path = fullPath(operation).replace(/:[A-Za-z]+/g, "x");
        for (const missing of permissionsOf(operation)) {
          held = new Set(permissions.filter((permission) => permission !== missing));
          const refused = await fetch(`${guarded.url}${path}`, { method: operation.method });
          const { code, message } = ((await refused.json()) as ErrorBody).error;
          expect([id, code, message.includes(`the permission ${missing},`)]).toEqual([id, "AUTH_002", true]);
        }
        held = new Set(permissionsOf(operation));
        const heard = await fetch(`${guarded.url}${path}`, { method: operation.method });
        expect([id, heard.status]).not.toEqual([id, 403]);
      }
    } finally {
      await guarded.fastify.close();
    }
  });
});
