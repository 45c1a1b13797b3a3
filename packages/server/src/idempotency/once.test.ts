import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ProviderInput, permissions } from "@llm-cost-ops/contract";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ListeningApp, listen, testKey } from "../http/app-fixture.ts";
import type { Caller } from "../http/route.ts";
import { Refusal, unknownOutcome } from "../refusal.ts";
import { openTested, type TestedStore } from "../store/opened-fixture.ts";
import { usageRoutes } from "../usage/routes.ts";
import { type Attempts, keptMs, leaseMs } from "./attempts.ts";
import { storedAttempts } from "./idempotency.sql.ts";
import { createOnce } from "./once.ts";

let opened: TestedStore;
let app: ListeningApp;
let nowMs: number;
let runs: number;
/** What the operation under test does. */
let work: (run: number) => Promise<unknown>;
/** Lines that an import answers, and whether it fails after them. */
let lines: () => AsyncGenerator<string>;
/** Called before an answer is kept or a key given back. */
let keeping: () => void;

const other = "sk_test_other";
const everything = new Set(permissions);
const callerOf = (header: string | undefined): Caller => {
  if (header === `Bearer ${testKey}`)
    return { organizationId: "default", principal: { kind: "key", id: "key_1", name: "key" }, permissions: everything };
  if (header === "Bearer second")
    return { organizationId: "default", principal: { kind: "key", id: "key_2", name: "key" }, permissions: everything };
  if (header === `Bearer ${other}`)
    return { organizationId: "beta", principal: { kind: "key", id: "key_3", name: "key" }, permissions: everything };
  throw new Refusal("AUTH_001", "no");
};

beforeEach(async () => {
  opened = await openTested();
  nowMs = Date.parse("2026-01-15T10:00:00Z");
  runs = 0;
  work = async (run) => ({ json: { run } });
  lines = async function* () {
    yield '{"type":"progress"}\n';
    yield '{"type":"report"}\n';
  };
  keeping = () => undefined;
  const stored = storedAttempts(opened.store);
  const attempts: Attempts = {
    ...stored,
    finish: async (...args) => {
      keeping();
      return stored.finish(...args);
    },
    release: async (attempt) => {
      keeping();
      return stored.release(attempt);
    },
  };
  const counted = async (): Promise<unknown> => {
    runs += 1;
    return work(runs);
  };
  app = await listen(
    {
      ...(usageRoutes(opened) as object),
      "providers.create": { body: "json", handle: counted },
      "aliases.create": { body: "json", handle: counted },
      "apiKeys.create": { body: "json", handle: counted },
      "pricing.update": { body: "json", handle: counted },
      "aliases.delete": { body: "json", handle: counted },
      "imports.create": {
        body: "stream",
        handle: async ({ stream }: { stream: Readable }) => {
          runs += 1;
          for await (const _ of stream);
          return { contentType: "application/x-ndjson", chunks: lines() };
        },
      },
    },
    {
      authenticator: { authenticate: callerOf },
      once: createOnce({ attempts, clock: () => nowMs }),
    },
  );
});
afterEach(async () => {
  await app.fastify.close();
  await opened.close();
});

interface Heard {
  readonly status: number;
  readonly type: string | null;
  readonly isReplayed: boolean;
  readonly text: string;
  readonly code: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly retryAfter: string | null;
}

async function hear(response: Response): Promise<Heard> {
  const text = await response.text();
  const error = text.startsWith('{"error"')
    ? (JSON.parse(text) as { error: { code: string; details?: Record<string, unknown> } }).error
    : undefined;
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    isReplayed: response.headers.get("idempotent-replayed") === "true",
    text,
    code: error?.code,
    details: error?.details,
    retryAfter: response.headers.get("retry-after"),
  };
}

interface About {
  readonly key?: string | undefined;
  readonly as?: string;
  readonly type?: string;
  readonly method?: string;
  readonly url?: string;
}

async function send(
  path: string,
  body: unknown,
  { key = "k", as = testKey, type = "application/json", method = "POST", url = app.url }: About = {},
): Promise<Heard> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${as}`, "content-type": type, ...(key === "" ? {} : { "idempotency-key": key }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return hear(response);
}

const provider = ProviderInput.parse({ id: "acme", name: "Acme" });
const call = { provider: "openai", model: "gpt-4o", input_tokens: 1_000, occurred_at: "2026-01-15T10:00:00Z" };

describe("a request with an Idempotency-Key", () => {
  it("runs once, and its repetition gets status, type and body of the first answer", async () => {
    const first = await send("/pricing/providers", provider);
    const second = await send("/pricing/providers", provider);
    expect(first).toMatchObject({ status: 201, isReplayed: false, text: '{"run":1}' });
    expect(second).toEqual({ ...first, isReplayed: true });
    expect(runs).toBe(1);
  });

  it("runs every time without the header", async () => {
    await send("/pricing/providers", provider, { key: "" });
    expect(await send("/pricing/providers", provider, { key: "" })).toMatchObject({ text: '{"run":2}' });
  });

  it("is refused with IDEMPOTENCY_001 for another body, another query and another operation", async () => {
    await send("/pricing/providers", provider);
    const refused = { status: 422, code: "IDEMPOTENCY_001", isReplayed: false };
    expect(await send("/pricing/providers", { ...provider, name: "Other" })).toMatchObject(refused);
    expect(await send("/pricing/aliases", provider)).toMatchObject(refused);
    await send("/usage?require_price=true", call, { key: "q" });
    expect(await send("/usage", call, { key: "q" })).toMatchObject(refused);
    expect(runs).toBe(1);
  });

  it("is refused with INVALID_REQUEST where the header is empty or too long", async () => {
    const refused = { status: 400, code: "INVALID_REQUEST" };
    expect(await send("/pricing/providers", provider, { key: "x".repeat(256) })).toMatchObject(refused);
    expect(await send("/pricing/providers", provider, { key: " " })).toMatchObject(refused);
    expect(await send("/pricing/providers", provider, { key: "x".repeat(255) })).toMatchObject({ status: 201 });
  });

  it("runs once of two hundred at once; the others get 409 with Retry-After, or the answer", async () => {
    const started = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    work = async (run) => {
      started.resolve();
      await mayEnd.promise;
      return { json: { run } };
    };
    const all = Array.from({ length: 200 }, () => send("/pricing/providers", provider));
    await started.promise;
    const late = await send("/pricing/providers", provider);
    expect(late).toMatchObject({
      status: 409,
      code: "IDEMPOTENCY_002",
      retryAfter: "1",
      details: { outcome: "in_flight" },
    });
    mayEnd.resolve();
    const heard = await Promise.all(all);
    expect(runs).toBe(1);
    expect(heard.filter(({ status, isReplayed }) => status === 201 && !isReplayed)).toHaveLength(1);
    expect(heard.filter(({ status, code }) => status !== 201 && code !== "IDEMPOTENCY_002")).toEqual([]);
    expect(await send("/pricing/providers", provider)).toMatchObject({ status: 201, isReplayed: true });
  });

  it("keeps refusals of the request itself, request id and all", async () => {
    const first = await send("/pricing/providers", { name: 3 });
    expect(first).toMatchObject({ status: 422, code: "VALIDATION_ERROR", isReplayed: false });
    expect(await send("/pricing/providers", { name: 3 })).toEqual({ ...first, isReplayed: true });
  });

  it.each(["AUTH_002", "BUDGET_EXCEEDED", "RATE_LIMITED", "UNAVAILABLE"] as const)(
    "gives the key back after %s",
    async (code) => {
      work = async (run) => {
        if (run === 1) throw new Refusal(code, "not now");
        return { json: { run } };
      };
      expect(await send("/pricing/providers", provider)).toMatchObject({ code });
      expect(await send("/pricing/providers", provider)).toMatchObject({ status: 201, text: '{"run":2}' });
    },
  );

  it("gives the key back after a defect", async () => {
    work = async (run) => {
      if (run === 1) throw new Error("a defect");
      return { json: { run } };
    };
    expect(await send("/pricing/providers", provider)).toMatchObject({ status: 500 });
    expect(await send("/pricing/providers", provider)).toMatchObject({ status: 201, isReplayed: false });
  });

  it("stays taken where it is not known whether the work was done, which then is not done twice", async () => {
    work = async () => {
      throw new Refusal("UNAVAILABLE", "the commit's answer was lost", { details: unknownOutcome });
    };
    expect(await send("/pricing/providers", provider)).toMatchObject({ status: 503, details: { outcome: "unknown" } });
    expect(await send("/pricing/providers", provider)).toMatchObject({
      status: 409,
      details: { outcome: "in_flight" },
    });
    nowMs += leaseMs;
    expect(await send("/pricing/providers", provider)).toMatchObject({ status: 409, details: { outcome: "unknown" } });
    expect(runs).toBe(1);
  });

  it("has nothing to do with the same key of another organization", async () => {
    await send("/pricing/providers", provider);
    const theirs = await send("/pricing/providers", { ...provider, name: "Theirs" }, { as: other });
    expect(theirs).toMatchObject({ status: 201, isReplayed: false, text: '{"run":2}' });
  });

  it("is forgotten after 24 hours, and expired keys are deleted by later ones", async () => {
    for (let at = 0; at < 40; at += 1) await send("/pricing/providers", provider, { key: `old-${at}` });
    nowMs += keptMs - 1;
    expect(await send("/pricing/providers", provider, { key: "old-39" })).toMatchObject({ isReplayed: true });
    nowMs += 1;
    expect(await send("/pricing/providers", provider, { key: "old-39" })).toMatchObject({ isReplayed: false });
    for (let at = 0; at < 3; at += 1) await send("/pricing/providers", provider, { key: `new-${at}` });
    expect(await opened.rows("SELECT count(*) AS kept FROM idempotency_keys")).toEqual([{ kept: 4 }]);
  });

  it("means nothing on PUT and DELETE", async () => {
    const path = "/pricing/aliases/openai/mine";
    const deleted = () =>
      fetch(`${app.url}/api/v1${path}`, {
        method: "DELETE",
        headers: { authorization: `Bearer ${testKey}`, "idempotency-key": "k" },
      });
    await deleted();
    expect((await deleted()).headers.get("idempotent-replayed")).toBeNull();
    expect(runs).toBe(2);
    await send("/pricing/some", {}, { method: "PUT" });
    expect(await opened.rows("SELECT count(*) AS kept FROM idempotency_keys")).toEqual([{ kept: 0 }]);
  });

  it("keeps long answers", async () => {
    const text = Array.from({ length: 20_000 }, (_, at) => `record ${at}`).join(",");
    work = async () => ({ json: { text } });
    const first = await send("/pricing/providers", provider);
    expect((await send("/pricing/providers", provider)).text).toBe(first.text);
  });
});

describe("an answer that holds a secret", () => {
  it("is given again to the credential that asked, to no other, and is not readable in the database", async () => {
    const secret = "sk_live_shown_once";
    work = async () => ({ json: { key: secret } });
    const first = await send("/api-keys", { name: "ci" });
    expect(first.text).toContain(secret);
    expect(await send("/api-keys", { name: "ci" })).toEqual({ ...first, isReplayed: true });
    expect(await send("/api-keys", { name: "ci" }, { as: "second" })).toMatchObject({
      status: 409,
      code: "IDEMPOTENCY_002",
      details: { outcome: "done" },
    });
    const kept = (await opened.rows("SELECT answer FROM idempotency_keys")) as { answer: Uint8Array }[];
    expect(Buffer.from(kept[0]?.answer ?? []).includes(secret)).toBe(false);
    expect(runs).toBe(1);
  });
});

describe("recorded usage", () => {
  it("is answered as the first time, and counts once", async () => {
    const first = await send("/usage", call);
    expect(first).toMatchObject({ status: 201, isReplayed: false });
    expect(await send("/usage", call)).toEqual({ ...first, isReplayed: true });
    const batch = await send("/usage/batch", { records: [call, call] }, { key: "b" });
    const again = await send("/usage/batch", { records: [call, call] }, { key: "b" });
    expect(again).toEqual({ ...batch, isReplayed: true });
    expect(again.text).toContain('"recorded":2');
    expect(await opened.rows("SELECT count(*) AS records FROM records")).toEqual([{ records: 3 }]);
  });
});

describe("a streamed request", () => {
  const csv = { type: "text/csv" };

  it("is compared as it passes, and its streamed answer is repeated", async () => {
    const first = await send("/imports", "a,b\n1,2\n", csv);
    expect(first).toMatchObject({ isReplayed: false, text: '{"type":"progress"}\n{"type":"report"}\n' });
    expect(await send("/imports", "a,b\n1,2\n", csv)).toEqual({ ...first, isReplayed: true });
    expect(await send("/imports", "a,b\n1,3\n", csv)).toMatchObject({ status: 422, code: "IDEMPOTENCY_001" });
    expect(runs).toBe(1);
  });

  it("is not repeated where its answer was too long to keep, and says so", async () => {
    lines = async function* () {
      for (let at = 0; at < 20; at += 1) yield `${"x".repeat(100_000)}\n`;
    };
    expect(await send("/imports", "a", csv)).toMatchObject({ isReplayed: false });
    expect(await send("/imports", "a", csv)).toMatchObject({
      status: 409,
      code: "IDEMPOTENCY_002",
      details: { outcome: "done" },
    });
    expect(runs).toBe(1);
  });

  it("gives its key back where the answer broke off", async () => {
    const whole = lines;
    lines = async function* () {
      yield "x\n";
      throw new Error("broke off");
    };
    await expect(send("/imports", "a", csv)).rejects.toThrow();
    lines = whole;
    expect(await send("/imports", "a", csv)).toMatchObject({
      isReplayed: false,
      text: expect.stringContaining("report"),
    });
  });
});

describe("where the database goes away before the answer is kept", () => {
  const away = (): never => {
    throw new Refusal("UNAVAILABLE", "nothing was written: the database cannot be reached");
  };

  it("what was done is answered as that, and its key stays taken", async () => {
    keeping = away;
    expect(await send("/pricing/providers", provider)).toMatchObject({ status: 201, isReplayed: false });
    const imported = await send("/imports", "a", { key: "i", type: "text/csv" });
    expect(imported.text).toContain("report");
    keeping = () => undefined;
    nowMs += leaseMs;
    expect(await send("/pricing/providers", provider)).toMatchObject({ status: 409, details: { outcome: "unknown" } });
    expect(runs).toBe(2);
  });

  it("a failure is answered with its own reason", async () => {
    keeping = away;
    work = async () => {
      throw new Refusal("UNAVAILABLE", "it is not known whether this was written", { details: unknownOutcome });
    };
    expect((await send("/pricing/providers", provider)).text).toContain("it is not known");
    work = async () => {
      throw new Refusal("CONFLICT", "there is one already");
    };
    expect(await send("/pricing/providers", provider, { key: "c" })).toMatchObject({ status: 409, code: "CONFLICT" });
  });
});

describe("after a kill in the middle of a request", () => {
  /** Sends the request to a process of its own, and kills that without warning once it works on it. */
  async function killInFlight(path: string, body: unknown): Promise<void> {
    const child = spawn(
      process.execPath,
      [
        "--conditions=source",
        fileURLToPath(new URL("./crash-fixture.ts", import.meta.url)),
        opened.database.DATABASE_URL,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const exited = new Promise((resolve) => child.once("exit", (_, signal) => resolve(signal)));
    let sent: Promise<unknown> = Promise.resolve();
    for await (const line of createInterface({ input: child.stdout })) {
      if (line === "working") child.kill("SIGKILL");
      else sent = expect(send(path, body, { url: line })).rejects.toThrow();
    }
    expect(await exited).toBe("SIGKILL");
    await sent;
    nowMs = Date.now();
  }

  it("usage runs again once the lease is over, and counts once", { timeout: 60_000 }, async () => {
    await killInFlight("/usage", call);
    const waiting = { status: 409, code: "IDEMPOTENCY_002", details: { outcome: "in_flight" } };
    expect(await send("/usage", call)).toMatchObject(waiting);
    nowMs += leaseMs;
    const second = await send("/usage", call);
    expect(second).toMatchObject({ status: 201 });
    expect(await send("/usage", call)).toEqual({ ...second, isReplayed: true });
    expect(await opened.rows("SELECT count(*) AS records FROM records")).toEqual([{ records: 1 }]);
  });

  it("other work does not run again: its outcome is said to be unknown until the key expires", {
    timeout: 60_000,
  }, async () => {
    await killInFlight("/pricing/providers", provider);
    const started = nowMs;
    nowMs += leaseMs;
    const unknown = { status: 409, code: "IDEMPOTENCY_002", retryAfter: null, details: { outcome: "unknown" } };
    expect(await send("/pricing/providers", provider)).toMatchObject(unknown);
    nowMs = started + keptMs - 5 * leaseMs;
    expect(await send("/pricing/providers", provider)).toMatchObject(unknown);
    expect(runs).toBe(0);
    nowMs = started + keptMs;
    expect(await send("/pricing/providers", provider)).toMatchObject({ status: 201, isReplayed: false });
  });
});
