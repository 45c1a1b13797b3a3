import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Permission, permissions } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Composition, compose } from "../compose.ts";
import { loadConfig } from "../config.ts";
import { createLogger } from "../http/request-log.ts";
import { newDatabase } from "../store/database-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "cost-ops-scopes-"));
let aheadMs = 0;
let server: Composition;
let url: string;
let admin: string;
beforeAll(async () => {
  const config = loadConfig({ environment: await newDatabase(folder), workingFolder: folder, homeFolder: folder });
  server = await compose(config, { clock: () => Date.now() + aheadMs, logger: createLogger("silent") });
  url = await server.app.fastify.listen({ port: 0, host: "127.0.0.1" });
  admin = server.firstKey?.reveal() ?? "";
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

interface Key {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly scopes: readonly Permission[];
  readonly project_id: string | null;
  readonly environment: string;
  readonly prefix: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly rotated_from: string | null;
}

async function call(key: string, method: string, path: string, body?: unknown, type = "application/json") {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { "content-type": type }) },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const json = (await response.json()) as { data: never; error?: { code: string; message: string } };
  return { status: response.status, json, code: json.error?.code };
}
const keys = "/api/v1/api-keys";
const make = async (by: string, more: object): Promise<Key> => {
  const { status, json } = await call(by, "POST", keys, { name: "made", ...more });
  expect(status).toBe(201);
  return json.data;
};
const usage = (more: object) => ({ provider: "openai", model: "gpt-4o", input_tokens: 10, output_tokens: 5, ...more });

describe("a key of scopes", () => {
  test("may do what they name and nothing else, and shows them", async () => {
    const { key, scopes } = await make(admin, { scopes: ["usage:write"] });
    expect(scopes).toEqual(["usage:write"]);
    expect((await call(key, "POST", "/api/v1/usage", usage({ id: "scoped" }))).status).toBe(201);
    for (const path of ["/api/v1/usage", "/api/v1/costs", keys, "/api/v1/pricing"]) {
      expect(await call(key, "GET", path)).toMatchObject({ status: 403, code: "AUTH_002" });
    }
    expect((await call(key, "GET", "/api/v1/usage")).json.error?.message).toContain("usage:read");
  });

  test("makes keys of its own scopes where none are named, and never of more", async () => {
    const maker = await make(admin, { scopes: ["keys:write", "usage:read"] });
    expect((await make(maker.key, {})).scopes).toEqual(["usage:read", "keys:write"]);
    expect((await make(maker.key, { scopes: ["usage:read"] })).scopes).toEqual(["usage:read"]);
    const beyond = await call(maker.key, "POST", keys, { name: "n", scopes: ["usage:read", "costs:read"] });
    expect(beyond).toMatchObject({ status: 403, code: "AUTH_002" });
    expect(beyond.json.error?.message).toContain("costs:read");
    expect((await make(admin, {})).scopes).toEqual(permissions);
  });

  test("can neither rotate nor revoke a key that may do more", async () => {
    const maker = await make(admin, { scopes: ["keys:write"] });
    const greater = await make(admin, {});
    expect(await call(maker.key, "POST", `${keys}/${greater.id}/rotate`, {})).toMatchObject({ status: 403 });
    expect(await call(maker.key, "DELETE", `${keys}/${greater.id}`)).toMatchObject({ status: 403, code: "AUTH_002" });
    const lesser = await make(admin, { scopes: ["keys:write"] });
    expect((await call(maker.key, "DELETE", `${keys}/${lesser.id}`)).status).toBe(200);
    expect((await call(greater.key, "GET", keys)).status).toBe(200);
  });

  test("is refused where a scope is unknown, none is named or the end has passed", async () => {
    for (const wrong of [{ scopes: ["all"] }, { scopes: [] }, { expires_at: "2020-01-01" }, { expires_at: "soon" }]) {
      expect([wrong, (await call(admin, "POST", keys, { name: "n", ...wrong })).status]).toEqual([wrong, 422]);
    }
  });
});

test("exports give costs to those alone who may read costs, and the refusal names what is missing", async () => {
  const { key } = await make(admin, { scopes: ["exports:read", "exports:write"] });
  const made = (await call(admin, "POST", "/api/v1/exports", { format: "jsonl" })).json.data as { id: string };
  const path = `/api/v1/exports/${made.id}`;
  const refusals = [
    await call(key, "POST", "/api/v1/exports", { format: "csv" }),
    await call(key, "GET", "/api/v1/exports"),
    await call(key, "GET", path),
    await call(key, "GET", `${path}/download`),
  ];
  for (const { status, code, json } of refusals) {
    expect([status, code]).toEqual([403, "AUTH_002"]);
    expect(json.error?.message).toBe("This needs the permission costs:read, which the credential does not have.");
  }
  const none = await make(admin, { scopes: ["usage:write"] });
  expect((await call(none.key, "GET", path)).json.error?.message).toContain("permissions exports:read and costs:read,");
  const both = await make(admin, { scopes: ["exports:read", "costs:read"] });
  expect((await call(both.key, "GET", path)).status).toBe(200);
});

describe("a key of a project", () => {
  test("gives it to records that name none, refuses those that name another, and makes keys of it alone", async () => {
    const { key, project_id } = await make(admin, { project_id: "checkout" });
    expect(project_id).toBe("checkout");
    const projectOf = async (id: string) =>
      ((await call(admin, "GET", `/api/v1/usage/${id}`)).json.data as { project_id: string }).project_id;
    expect((await call(key, "POST", "/api/v1/usage", usage({ id: "none" }))).status).toBe(201);
    expect((await call(key, "POST", "/api/v1/usage", usage({ id: "same", project_id: "checkout" }))).status).toBe(201);
    expect([await projectOf("none"), await projectOf("same")]).toEqual(["checkout", "checkout"]);
    expect(await call(key, "POST", "/api/v1/usage", usage({ id: "other", project_id: "search" }))).toMatchObject({
      status: 403,
      code: "AUTH_002",
    });
    expect((await call(admin, "GET", "/api/v1/usage/other")).status).toBe(404);
    expect((await make(key, {})).project_id).toBe("checkout");
    expect((await call(key, "POST", keys, { name: "n", project_id: "search" })).code).toBe("AUTH_002");
  });

  test("holds for batches of any size, reported costs, imports and spans", async () => {
    const { key } = await make(admin, { project_id: "batch" });
    const records = Array.from({ length: 400 }, (_, at) =>
      usage({ id: `batch-${at}`, ...(at === 7 ? { project_id: "search" } : {}) }),
    );
    const batch = await call(key, "POST", "/api/v1/usage/batch", { records });
    expect((batch.json as unknown as { summary: object }).summary).toMatchObject({ recorded: 399, rejected: 1 });
    const cost = { id: "cost-1", provider: "openai", cost: "1.5", currency: "USD", project_id: "search" };
    expect((await call(key, "POST", "/api/v1/costs", cost)).code).toBe("AUTH_002");
    const lines = [usage({ id: "line-1" }), usage({ id: "line-2", project_id: "search" })];
    const text = lines.map((line) => `${JSON.stringify({ ...line, occurred_at: "2026-01-01T00:00:00Z" })}\n`).join("");
    const report = await call(key, "POST", "/api/v1/imports?format=jsonl", text, "application/x-ndjson");
    expect(report).toMatchObject({ status: 200, json: { data: { recorded: 1, rejected: 1 } } });
    const attributes = Object.entries({ "gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o" })
      .map(([name, stringValue]): object => ({ key: name, value: { stringValue } }))
      .concat({ key: "gen_ai.usage.input_tokens", value: { intValue: "5" } });
    const span = {
      traceId: "5b8efff798038103d269b633813fc60c",
      spanId: "eee19b7ec3c1b174",
      name: "chat",
      startTimeUnixNano: "1767225600000000000",
      endTimeUnixNano: "1767225601000000000",
      attributes,
    };
    expect(
      (await call(key, "POST", "/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })).status,
    ).toBe(200);
    const list = await call(admin, "GET", "/api/v1/usage?project_id=batch&limit=1000");
    expect((list.json.data as unknown[]).length).toBe(399 + 1 + 1);
  });
});

describe("a key of a project, among other projects,", () => {
  let own: Key;
  let foreign: Key;
  beforeAll(async () => {
    own = await make(admin, { project_id: "inside" });
    foreign = await make(admin, { project_id: "outside" });
    for (const [key, id] of [
      [own.key, "inside-1"],
      [foreign.key, "outside-1"],
    ] as const) {
      expect(
        (await call(key, "POST", "/api/v1/usage", usage({ id, occurred_at: "2026-01-01T00:00:00Z" }))).status,
      ).toBe(201);
    }
  });
  const ids = async (path: string) =>
    ((await call(own.key, "GET", path)).json.data as { id: string }[]).map(({ id }) => id);

  test("reads, sums and streams the records of its own alone, whatever it asks for", async () => {
    expect(await ids("/api/v1/usage")).toEqual(["inside-1"]);
    expect(await ids("/api/v1/costs?project_id=inside,outside")).toEqual(["inside-1"]);
    expect(await ids("/api/v1/costs?project_id=outside")).toEqual([]);
    expect(await ids("/api/v1/costs?ids=outside-1")).toEqual([]);
    const sums = (await call(own.key, "GET", "/api/v1/costs/aggregate?start_date=2026-01-01&group_by=project_id")).json;
    expect(sums.data).toMatchObject([{ project: "inside", total_requests: 1 }]);
    const stream = await fetch(`${url}/api/v1/costs/stream`, { headers: { authorization: `Bearer ${own.key}` } });
    expect(
      (await stream.text())
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual(["inside-1"]);
  });

  test("finds, explains, labels and voids by their ids the records of its own alone", async () => {
    const paths = ["usage/ID", "usage/ID/explain", "costs/ID"].map(
      (path) => ["GET", `/api/v1/${path}`, undefined] as const,
    );
    await call(own.key, "POST", "/api/v1/usage", usage({ id: "inside-2" }));
    const changes = [
      ["PATCH", "/api/v1/costs/ID", { tags: { seen: "yes" } }],
      ["DELETE", "/api/v1/costs/ID", undefined],
    ] as const;
    for (const [method, path, body] of [...paths, ...changes]) {
      const answer = async (id: string) => {
        const { status, json } = await call(own.key, method, path.replace("ID", id), body);
        return { status, code: json.error?.code, message: json.error?.message.replaceAll(id, "ID") };
      };
      expect([method, path, await answer("outside-1")]).toEqual([method, path, await answer("outside-0")]);
      expect([method, path, (await answer("outside-1")).status]).toEqual([method, path, 404]);
      expect([method, path, (await answer("inside-2")).status]).toEqual([method, path, 200]);
    }
    expect((await call(admin, "GET", "/api/v1/costs/outside-1")).json.data).toMatchObject({
      tags: {},
      cost_status: "priced",
    });
  });

  test("may do what is about records and keys, and nothing that holds for the whole organization", async () => {
    expect(own.scopes).not.toContain("prices:read");
    expect((await call(own.key, "GET", "/api/v1/pricing")).code).toBe("AUTH_002");
    const more = await call(admin, "POST", keys, { name: "n", project_id: "inside", scopes: ["prices:read"] });
    expect(more).toMatchObject({ status: 422 });
  });

  test("sees, rotates and revokes the keys of its own alone", async () => {
    const listed = (await call(own.key, "GET", keys)).json.data as Key[];
    expect(listed.map(({ id }) => id)).toEqual([own.id]);
    expect((await call(own.key, "POST", `${keys}/${foreign.id}/rotate`, {})).code).toBe("NOT_FOUND");
    expect((await call(own.key, "DELETE", `${keys}/${foreign.id}`)).code).toBe("NOT_FOUND");
    expect((await call(own.key, "POST", `${keys}/${own.id}/rotate`, {})).status).toBe(201);
  });

  test("exports its own records, and sees the exports and imports of its own alone", async () => {
    const described = await call(admin, "POST", "/api/v1/exports", { format: "jsonl" });
    const { id } = described.json.data as { id: string };
    expect((await call(own.key, "GET", `/api/v1/exports/${id}`)).code).toBe("NOT_FOUND");
    expect((await call(own.key, "GET", `/api/v1/exports/${id}/download`)).code).toBe("NOT_FOUND");
    const mine = (await call(own.key, "POST", "/api/v1/exports", { format: "jsonl" })).json.data as {
      readonly id: string;
      readonly range: { readonly start: string };
    };
    expect(mine.range.start).toBe("2026-01-01T00:00:00.000Z");
    expect(await ids("/api/v1/exports")).toEqual([mine.id]);
    const file = await fetch(`${url}/api/v1/exports/${mine.id}/download`, {
      headers: { authorization: `Bearer ${own.key}` },
    });
    expect(
      (await file.text())
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).id),
    ).toEqual(["inside-1"]);
    expect(await ids("/api/v1/imports")).toEqual([]);
  });
});

describe("rotation", () => {
  test("makes a key of the same name, scopes and project; both work for the overlap, then the new one alone", async () => {
    const old = await make(admin, { name: "turning", scopes: ["keys:read"], project_id: "p" });
    const { status, json } = await call(admin, "POST", `${keys}/${old.id}/rotate`, { overlap_seconds: 600 });
    const made = json.data as Key;
    expect(status).toBe(201);
    expect(made).toMatchObject({ name: "turning", scopes: ["keys:read"], project_id: "p", rotated_from: old.id });
    expect(made.key).not.toBe(old.key);
    const states = async () => [(await call(old.key, "GET", keys)).status, (await call(made.key, "GET", keys)).status];
    expect(await states()).toEqual([200, 200]);
    aheadMs = 700_000;
    expect(await states()).toEqual([401, 200]);
    aheadMs = 0;
  });

  test("never lengthens a life, takes a day where nothing is said, and knows its bounds", async () => {
    const soon = new Date(Date.now() + 60_000).toISOString();
    const brief = await make(admin, { expires_at: soon });
    const plain = await make(admin, {});
    for (const { id } of [brief, plain]) await call(admin, "POST", `${keys}/${id}/rotate`, {});
    const listed = (await call(admin, "GET", keys)).json.data as Key[];
    expect(listed.find(({ id }) => id === brief.id)?.expires_at).toBe(soon);
    const lifeMs = Date.parse(listed.find(({ id }) => id === plain.id)?.expires_at ?? "") - Date.now();
    expect(Math.round(lifeMs / 3_600_000)).toBe(24);
    for (const overlap_seconds of [-1, 1.5, 30 * 86_400 + 1]) {
      expect((await call(admin, "POST", `${keys}/${plain.id}/rotate`, { overlap_seconds })).status).toBe(422);
    }
    await call(admin, "DELETE", `${keys}/${plain.id}`);
    expect((await call(admin, "POST", `${keys}/${plain.id}/rotate`, {})).code).toBe("CONFLICT");
    expect((await call(admin, "POST", `${keys}/key_none/rotate`, {})).code).toBe("NOT_FOUND");
  });
});

describe("a key that expires", () => {
  const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();

  test("makes keys that end with it where nothing is said, or sooner, and none that outlives it", async () => {
    const end = inMinutes(60);
    const maker = await make(admin, { expires_at: end });
    expect((await make(maker.key, {})).expires_at).toBe(end);
    expect((await make(maker.key, { expires_at: end })).expires_at).toBe(end);
    const sooner = inMinutes(30);
    expect((await make(maker.key, { expires_at: sooner })).expires_at).toBe(sooner);
    const beyond = await call(maker.key, "POST", keys, { name: "n", expires_at: inMinutes(61) });
    expect(beyond).toMatchObject({
      status: 403,
      code: "AUTH_002",
      json: { error: { field_errors: { expires_at: `must be no later than ${end}` } } },
    });
    const ofProject = await make(admin, { expires_at: end, project_id: "ending" });
    expect((await make(ofProject.key, {})).expires_at).toBe(end);
    expect((await call(ofProject.key, "POST", keys, { name: "n", expires_at: inMinutes(61) })).status).toBe(403);
  });

  test("hands its end on to the key that takes its place, however often it is rotated", async () => {
    const end = inMinutes(60);
    const first = await make(admin, { expires_at: end });
    const turn = async (by: string, { id }: Key) =>
      (await call(by, "POST", `${keys}/${id}/rotate`, {})).json.data as Key;
    const rotated = { overlap_seconds: 60 };
    const second = (await call(first.key, "POST", `${keys}/${first.id}/rotate`, rotated)).json.data as Key;
    expect(second.expires_at).toBe(end);
    expect((await turn(admin, second)).expires_at).toBe(end);
    // The first one ends within a minute by now, but not by what its maker said.
    expect((await turn(admin, first)).expires_at).toBe(end);
  });

  test("rotates none into one that outlives it, not even one that has no end or itself when it was rotated", async () => {
    const maker = await make(admin, { expires_at: inMinutes(60) });
    for (const { id } of [await make(admin, {}), await make(admin, { expires_at: inMinutes(61) })]) {
      const refused = await call(maker.key, "POST", `${keys}/${id}/rotate`, {});
      expect(refused).toMatchObject({
        status: 403,
        json: { error: { field_errors: { expires_at: expect.any(String) } } },
      });
      expect(((await call(admin, "GET", keys)).json.data as Key[]).filter((key) => key.rotated_from === id)).toEqual(
        [],
      );
    }
    const turned = await make(admin, {});
    await call(turned.key, "POST", `${keys}/${turned.id}/rotate`, { overlap_seconds: 600 });
    expect((await call(turned.key, "POST", `${keys}/${turned.id}/rotate`, {})).status).toBe(403);
    expect((await call(turned.key, "POST", keys, { name: "n", expires_at: inMinutes(60) })).status).toBe(403);
  });
});

test("test keys begin with sk_test_ and live ones with sk_live_, as lists show, and rotation keeps the kind", async () => {
  const live = await make(admin, {});
  const named = await make(admin, { environment: "live" });
  const trial = await make(admin, { environment: "test", scopes: ["keys:read"] });
  expect([live, named, trial].map(({ key, environment }) => [key.slice(0, 8), environment])).toEqual([
    ["sk_live_", "live"],
    ["sk_live_", "live"],
    ["sk_test_", "test"],
  ]);
  const turned = (await call(admin, "POST", `${keys}/${trial.id}/rotate`, {})).json.data as Key;
  expect(turned).toMatchObject({ environment: "test", prefix: turned.key.slice(0, 12) });
  expect(turned.key).toMatch(/^sk_test_/);
  const listed = (await call(turned.key, "GET", keys)).json.data as Key[];
  const kindOf = (id: string) => listed.find((key) => key.id === id)?.environment;
  expect([live, trial, turned].map(({ id }) => kindOf(id))).toEqual(["live", "test", "test"]);
  expect((await call(admin, "POST", keys, { name: "n", environment: "staging" })).status).toBe(422);
});

test("the last active key that may write keys stays, whatever other keys there are", async () => {
  const listed = (await call(admin, "GET", keys)).json.data as Key[];
  const own = listed.find(({ name }) => name === "administrator") as Key;
  for (const { id, revoked_at } of listed) {
    if (id !== own.id && revoked_at === null) expect((await call(admin, "DELETE", `${keys}/${id}`)).status).toBe(200);
  }
  const reader = await make(admin, { scopes: ["keys:read"] });
  expect((await call(admin, "DELETE", `${keys}/${own.id}`)).code).toBe("CONFLICT");
  expect((await call(admin, "DELETE", `${keys}/${reader.id}`)).status).toBe(200);
});
