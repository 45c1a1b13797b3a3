import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { half, json, refusal, reset, ScriptedServer, type Step, silence, text } from "../test/scripted-server.ts";
import {
  AbortedError,
  APIError,
  AuthenticationError,
  ConflictError,
  CostOpsError,
  NetworkError,
  NotFoundError,
  RateLimitError,
  TimeoutError,
  ValidationError,
} from "./errors.ts";
import { type ClientOptions, resolveSettings } from "./options.ts";
import { Transport } from "./transport.ts";

let server: ScriptedServer;
beforeAll(async () => {
  server = await ScriptedServer.start();
});
afterAll(() => server.stop());

const waits: number[] = [];
function transport(options: ClientOptions = {}): Transport {
  waits.length = 0;
  let time = Date.parse("2026-01-01T00:00:00Z");
  const settings = resolveSettings({ apiKey: "sk-secret", baseURL: server.url, timeout: 2_000, ...options }, {});
  return new Transport(settings, () => "made-id", {
    now: () => time,
    random: () => 0.5,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      waits.push(ms);
      time += ms;
    },
  });
}
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "no failure",
    (error: unknown) => error,
  );

describe("a repeatable request", () => {
  test.each([
    ["a reset connection", reset],
    ["half a body", half('{"data":{"id":')],
    ["503 of a proxy", text(503, "<html>busy</html>")],
    ["429", refusal(429, "RATE_LIMITED")],
    ["an answer that is not JSON", text(200, "<html>welcome</html>", "text/html")],
  ])("survives %s", async (_name, fault) => {
    server.script(fault, fault, json(200, { data: { id: "a" } }));
    await expect(transport().json({ operation: "usage.get", params: { id: "a" } })).resolves.toEqual({
      data: { id: "a" },
    });
    expect(server.arrived).toHaveLength(3);
    expect(waits).toEqual([250, 500]);
  });

  test("sends the same body and id each time", async () => {
    server.script(reset, refusal(500, "INTERNAL_ERROR"), json(201, { data: {} }));
    await transport().json({ operation: "usage.create", body: '{"id":"one"}' });
    expect(server.arrived.map(({ body }) => body)).toEqual(Array(3).fill('{"id":"one"}'));
  });

  test("gives up after maxRetries with the last failure", async () => {
    server.script(refusal(500, "INTERNAL_ERROR"));
    const failure = await failureOf(transport({ retry: { maxRetries: 2 } }).json({ operation: "usage.list" }));
    expect(failure).toBeInstanceOf(APIError);
    expect(failure).toMatchObject({ statusCode: 500, code: "INTERNAL_ERROR", requestId: "req-1" });
    expect(server.arrived).toHaveLength(3);
  });

  test("waits as long as Retry-After says, as seconds and as a date", async () => {
    server.script(
      refusal(429, "RATE_LIMITED", {}, { "retry-after": "3" }),
      refusal(503, "UNAVAILABLE", {}, { "retry-after": "Thu, 01 Jan 2026 00:00:13 GMT" }),
      json(200, {}),
    );
    await transport().json({ operation: "usage.list" });
    expect(waits).toEqual([3_000, 10_000]);
  });

  test("does not wait beyond the total, and says how long the server asked for", async () => {
    server.script(refusal(429, "RATE_LIMITED", {}, { "retry-after": "3600" }));
    const failure = await failureOf(transport().json({ operation: "usage.list" }));
    expect(failure).toBeInstanceOf(RateLimitError);
    expect(failure).toMatchObject({ retryAfter: 3_600, statusCode: 429 });
    expect(server.arrived).toHaveLength(1);
  });
});

const apply = { operation: "repricings.apply", params: { id: "r" } } as const;
const unkeyed = [
  ["pricing.update", { id: "p" }],
  ["teams.delete", { id: "t" }],
  ["auth.login", {}],
] as const;

/** A server that runs a request once for each key, as ours does; `loss` takes the answer's place. */
function answeringOnce() {
  const records: string[] = [];
  const answers = new Map<unknown, Step>();
  const step = (...[response, request, loss]: [...Parameters<Step>, Step?]): void | Promise<void> => {
    const key = request.headers["idempotency-key"];
    const known = answers.get(key);
    const answer = known ?? json(201, { data: { id: `record-${records.push(request.body)}` } });
    answers.set(key, answer);
    return (loss ?? answer)(response, request);
  };
  return { records, step };
}

describe("a request that must happen once", () => {
  test.each([
    ["a reset connection", reset, NetworkError],
    ["half a body", half('{"data":'), NetworkError],
    ["500", refusal(500, "INTERNAL_ERROR"), APIError],
    ["502", text(502, "<html>no answer</html>"), APIError],
  ])(
    "is not repeated after %s where no key tells the server that it is the second time",
    async (_name, fault, kind) => {
      for (const [operation, params] of unkeyed) {
        server.script(fault, json(200, {}));
        expect(await failureOf(transport().json({ operation, params, body: "{}" }))).toBeInstanceOf(kind);
        expect(server.arrived).toHaveLength(1);
      }
    },
  );

  test("is not repeated after a failure that the server answers itself", async () => {
    server.script(refusal(500, "INTERNAL_ERROR"), json(200, {}));
    expect(await failureOf(transport().json(apply))).toMatchObject({ statusCode: 500 });
    expect(server.arrived).toHaveLength(1);
  });

  test.each([
    ["a reset connection", reset],
    ["half a body", half('{"data":')],
    ["an attempt that took too long", silence],
    ["502", text(502, "<html>no answer</html>")],
    ["503 of a proxy", text(503, "<html>busy</html>")],
    ["504", text(504, "<html>too late</html>")],
  ])("is repeated under its key where the answer was lost to %s: one record, one answer", async (_name, loss) => {
    const { records, step } = answeringOnce();
    // Carried out, but nobody hears of it.
    const unheard: Step = (response, request) => step(response, request, loss);
    server.script(unheard, unheard, step);
    const answer = await transport({ timeout: 200 }).json({ operation: "projects.create", body: '{"name":"search"}' });
    expect(answer).toEqual({ data: { id: "record-1" } });
    expect(records).toEqual(['{"name":"search"}']);
    expect(server.arrived.map(({ headers }) => headers["idempotency-key"])).toEqual(Array(3).fill("made-id"));
    expect(waits).toEqual([250, 500]);
  });

  test("waits for its first attempt, which still runs, as long as the server says", async () => {
    const inFlight = refusal(
      409,
      "IDEMPOTENCY_002",
      { details: { outcome: "in_flight", retry_after_seconds: 2 } },
      { "retry-after": "2" },
    );
    server.script(silence, inFlight, inFlight, json(200, { data: { id: "r" } }));
    expect(await transport({ timeout: 50 }).json(apply)).toEqual({ data: { id: "r" } });
    expect(waits).toEqual([250, 2_000, 2_000]);

    server.script(silence, inFlight);
    const failure = await failureOf(transport({ timeout: 50 }).json(apply));
    expect(failure).toBeInstanceOf(ConflictError);
    expect(server.arrived).toHaveLength(4);
  });

  test.each(["unknown", "done"])("is not sent again where its key says: %s", async (outcome) => {
    server.script(reset, refusal(409, "IDEMPOTENCY_002", { details: { outcome } }), json(200, {}));
    expect(await failureOf(transport().json(apply))).toMatchObject({ code: "IDEMPOTENCY_002", details: { outcome } });
    expect(server.arrived).toHaveLength(2);
  });

  test("a lost answer counts against the attempts and the total time", async () => {
    server.script(reset);
    expect(await failureOf(transport({ maxRetries: 1 }).json(apply))).toBeInstanceOf(NetworkError);
    expect(server.arrived).toHaveLength(2);
    server.script(reset);
    expect(await failureOf(transport({ retry: { totalMs: 300 } }).json(apply))).toBeInstanceOf(NetworkError);
    expect(server.arrived).toHaveLength(2);
  });

  test("is repeated where the server did nothing, under the same idempotency key", async () => {
    server.script(refusal(429, "RATE_LIMITED"), refusal(503, "UNAVAILABLE"), json(200, {}));
    await transport().json({ operation: "repricings.apply", params: { id: "r" } });
    expect(server.arrived.map(({ headers }) => headers["idempotency-key"])).toEqual(Array(3).fill("made-id"));
  });

  test("is repeated where no connection was made", async () => {
    const gone = await ScriptedServer.start();
    const { url } = gone;
    await gone.stop();
    const failure = await failureOf(
      transport({ baseURL: url, maxRetries: 2 }).json({ operation: "repricings.apply", params: { id: "r" } }),
    );
    expect(failure).toBeInstanceOf(NetworkError);
    expect(failure).toMatchObject({ statusCode: 0, unsent: true });
    expect(String(failure)).toContain("ECONNREFUSED");
    expect(waits).toHaveLength(2);
  });

  test("is never repeated where its body can be read once only", async () => {
    server.script(refusal(429, "RATE_LIMITED"), json(200, {}));
    const failure = await failureOf(
      transport().json({ operation: "imports.create", body: new Blob(["x"]).stream(), replayable: false }),
    );
    expect(failure).toBeInstanceOf(RateLimitError);
    expect(server.arrived).toHaveLength(1);
  });
});

describe("time limits and aborts", () => {
  test("an attempt without answer ends with TimeoutError, which is a NetworkError", async () => {
    server.script(silence);
    const failure = await failureOf(transport({ timeout: 50, maxRetries: 1 }).json({ operation: "usage.list" }));
    expect(failure).toBeInstanceOf(TimeoutError);
    expect(failure).toBeInstanceOf(NetworkError);
    expect(failure).toMatchObject({ code: "TIMEOUT", statusCode: 0 });
    expect(server.arrived).toHaveLength(2);
  });

  test("a body that stalls ends with TimeoutError", async () => {
    server.script((response) => void response.writeHead(200, { "content-length": "100" }).write("{"));
    const failure = await failureOf(transport({ timeout: 50, maxRetries: 0 }).json({ operation: "usage.list" }));
    expect(failure).toBeInstanceOf(TimeoutError);
  });

  test("a stream may take longer than the limit as long as something arrives, and ends where nothing does", async () => {
    server.script((response) => {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      let sent = 0;
      const timer = setInterval(() => {
        if (sent++ < 6) response.write("x");
        else clearInterval(timer);
      }, 40);
    });
    const { chunks } = await transport({ timeout: 150 }).open({ operation: "costs.stream" });
    const received: string[] = [];
    const failure = await failureOf(
      (async () => {
        for await (const chunk of chunks) received.push(new TextDecoder().decode(chunk));
      })(),
    );
    expect(received.join("")).toBe("xxxxxx");
    expect(failure).toBeInstanceOf(TimeoutError);
  });

  test("the caller's signal ends a running request, a wait between attempts, and one that has not begun", async () => {
    server.script(silence);
    const running = new AbortController();
    const work = failureOf(transport().json({ operation: "usage.list", options: { signal: running.signal } }));
    setTimeout(() => running.abort("enough"), 30);
    expect(await work).toMatchObject({ name: "AbortedError", code: "ABORTED", cause: "enough" });

    const waiting = new AbortController();
    server.script((response, request) => {
      waiting.abort("enough");
      return refusal(500, "INTERNAL_ERROR")(response, request);
    });
    const early = await failureOf(transport().json({ operation: "usage.list", options: { signal: waiting.signal } }));
    expect(early).toBeInstanceOf(AbortedError);

    server.script(json(200, {}));
    const late = await failureOf(transport({ signal: AbortSignal.abort("never") }).json({ operation: "usage.list" }));
    expect(late).toBeInstanceOf(AbortedError);
    expect(server.arrived).toHaveLength(0);
  });

  test("a custom fetch that ignores signals cannot hold a request beyond its limit", async () => {
    const stuck = transport({ timeout: 30, maxRetries: 0, fetch: () => new Promise(() => undefined) });
    expect(await failureOf(stuck.json({ operation: "usage.list" }))).toBeInstanceOf(TimeoutError);
  });
});

describe("refusals", () => {
  test.each([
    [400, "INVALID_REQUEST", ValidationError],
    [401, "AUTH_001", AuthenticationError],
    [403, "AUTH_002", AuthenticationError],
    [404, "NOT_FOUND", NotFoundError],
    [409, "USAGE_002", ConflictError],
    [413, "PAYLOAD_TOO_LARGE", APIError],
    [422, "COST_001", ValidationError],
    [429, "RATE_LIMITED", RateLimitError],
    [500, "INTERNAL_ERROR", APIError],
  ])("%d %s has its class, status, code, request id and body", async (status, code, kind) => {
    server.script(refusal(status, code, { details: { limit: 1 } }));
    const failure = await failureOf(transport({ maxRetries: 0 }).json({ operation: "usage.list" }));
    expect(failure).toBeInstanceOf(kind);
    expect(failure).toBeInstanceOf(APIError);
    expect(failure).toBeInstanceOf(CostOpsError);
    expect(failure).toMatchObject({
      name: kind.name,
      statusCode: status,
      code,
      message: `refused: ${code}`,
      requestId: "req-1",
      details: { limit: 1 },
      response: { error: { code } },
    });
  });

  test("a validation error names each field, as a map and as a list", async () => {
    server.script(refusal(422, "VALIDATION_ERROR", { field_errors: { prompt_tokens: "must be a whole number" } }));
    const failure = await failureOf(transport().json({ operation: "usage.create", body: "{}" }));
    expect(failure).toMatchObject({
      fieldErrors: { promptTokens: "must be a whole number" },
      errors: [{ field: "promptTokens", message: "must be a whole number" }],
    });
  });

  test("without a key a 401 says where one can be given", async () => {
    server.script(refusal(401, "AUTH_001"));
    const failure = await failureOf(transport({ apiKey: undefined }).json({ operation: "usage.list" }));
    expect(String(failure)).toContain("LLM_COST_OPS_API_KEY");
    expect(server.arrived[0]?.headers.authorization).toBeUndefined();
  });

  test("a redirect is not followed, so that the key goes nowhere else", async () => {
    server.script(json(301, {}, { location: "https://elsewhere.example/" }));
    const failure = await failureOf(transport().json({ operation: "usage.list" }));
    expect(failure).toMatchObject({ statusCode: 301 });
    expect(String(failure)).toContain("https://elsewhere.example/");
    expect(server.arrived).toHaveLength(1);
  });

  test("a page of a proxy is an error with its status and beginning", async () => {
    server.script(text(413, `<html>${"x".repeat(10_000)}`));
    const failure = (await failureOf(transport().json({ operation: "usage.list" }))) as APIError;
    expect(failure).toMatchObject({ statusCode: 413, code: "HTTP_413" });
    expect(failure.message.length).toBeLessThanOrEqual(500);
  });
});

describe("middleware, headers and the log", () => {
  test("middleware stands around each attempt, the first outermost, and may change the request", async () => {
    server.script(refusal(500, "INTERNAL_ERROR"), json(200, {}));
    const heard: string[] = [];
    await transport({
      middleware: [
        async (request, next) => {
          heard.push(`> ${request.method} ${request.operation} ${request.attempt}`);
          const response = await next(request);
          heard.push(`< ${response.status}`);
          return response;
        },
        (request, next) => next({ ...request, headers: { ...request.headers, "x-team": "search" } }),
      ],
    }).json({ operation: "usage.list" });
    expect(heard).toEqual(["> GET usage.list 1", "< 500", "> GET usage.list 2", "< 200"]);
    expect(server.arrived[1]?.headers["x-team"]).toBe("search");
  });

  test("a middleware may retry by itself, and its own error passes unchanged", async () => {
    server.script(reset, json(200, { ok: true }));
    const again = transport({
      maxRetries: 0,
      middleware: [(request, next) => next(request).catch(() => next(request))],
    });
    await expect(again.json({ operation: "repricings.apply", params: { id: "r" } })).resolves.toEqual({ ok: true });

    const mine = new Error("mine");
    const broken = transport({ middleware: [() => Promise.reject(mine)] });
    expect(await failureOf(broken.json({ operation: "usage.list" }))).toBe(mine);
  });

  test("headers of the client and of one request are sent, the latter first", async () => {
    server.script(json(200, {}));
    await transport({ headers: { "X-A": "client", "X-B": "client" } }).json({
      operation: "usage.list",
      options: { headers: { "x-b": "request" } },
    });
    expect(server.arrived[0]?.headers).toMatchObject({
      "x-a": "client",
      "x-b": "request",
      authorization: "Bearer sk-secret",
      "user-agent": expect.stringContaining("llm-cost-ops-sdk/"),
    });
  });

  test("an illegal header is refused before anything is sent", async () => {
    server.script(json(200, {}));
    const failure = await failureOf(transport({ apiKey: "line\nbreak" }).json({ operation: "usage.list" }));
    expect(failure).toBeInstanceOf(TypeError);
    expect(server.arrived).toHaveLength(0);
  });

  test("the log tells every attempt and never a key, a header or a body", async () => {
    server.script(refusal(500, "INTERNAL_ERROR"), json(200, { data: { secret: "answer" } }));
    const lines: string[] = [];
    const hear =
      (level: string) =>
      (message: string, ...facts: unknown[]) =>
        lines.push(`${level} ${message} ${JSON.stringify(facts)}`);
    await transport({
      debug: true,
      logger: { debug: hear("debug"), info: hear("info"), warn: hear("warn"), error: hear("error") },
    }).json({
      operation: "usage.create",
      body: '{"metadata":"secret prompt"}',
      options: { headers: { "x-own": "secret" } },
    });
    expect(lines.filter((line) => line.startsWith("debug request"))).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
    expect(lines.join("\n")).not.toContain("secret");
  });

  test("without debug a logger hears of retries only", async () => {
    server.script(refusal(500, "INTERNAL_ERROR"), json(200, {}));
    const heard: string[] = [];
    await transport({ logger: { debug: () => heard.push("debug"), warn: () => heard.push("warn") } }).json({
      operation: "usage.list",
    });
    expect(heard).toEqual(["warn"]);
  });
});
