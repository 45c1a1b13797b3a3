import type { CostRecord, Totals, UsageRecord } from "@llm-cost-ops/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newDatabase } from "../store/database-fixture.ts";
import { type Answer, type PeopleServer, startPeopleServer } from "../users/people-fixture.ts";
import { temporaryFolder } from "./ledger-fixture.ts";

const folder = temporaryFolder();
let server: PeopleServer;
let limited: string;

const ask = (method: string, path: string, body?: unknown, as = server.adminKey): Promise<Answer> =>
  server.ask(as, method, path, body);
const must = async <T>(method: string, path: string, body?: unknown, as = server.adminKey): Promise<T> => {
  const { status, text, data } = await ask(method, path, body, as);
  if (status >= 300) throw new Error(`${method} ${path}: ${text}`);
  return data as unknown as T;
};
const textOf = async (path: string): Promise<string> => {
  const authorization = `Bearer ${server.adminKey}`;
  return (await fetch(`${server.url}/api/v1${path}`, { headers: { authorization } })).text();
};

const call = (id: string, more: object = {}) => ({
  id,
  provider: "openai",
  model: "gpt-4o",
  input_tokens: 1_000,
  output_tokens: 500,
  ...more,
});
const idsOf = (records: readonly { readonly id: string }[]) => records.map(({ id }) => id).sort();

type StatusRow = Totals & { readonly usage_status: string | null };
const sumsBy = async (query = "", as?: string): Promise<readonly (readonly unknown[])[]> => {
  const rows = await must<readonly StatusRow[]>("GET", `/costs/aggregate?group_by=usage_status${query}`, undefined, as);
  return rows
    .map(({ usage_status, total_requests, total_cost }) => [usage_status, total_requests, total_cost] as const)
    .sort(([a], [b]) => ((a ?? "") < (b ?? "") ? -1 : 1));
};

beforeAll(async () => {
  server = await startPeopleServer(await newDatabase(folder.path), folder);
  const key = await must<{ key: string }>("POST", "/api-keys", { name: "inside", project_id: "inside" });
  limited = key.key;
  await must("POST", "/usage", call("told"));
  await must("POST", "/usage/batch", [
    call("guessed-1", { usage_status: "estimated" }),
    call("guessed-2", { usage_status: "estimated", project_id: "inside" }),
    call("cut-short", { usage_status: "partial" }),
    call("never-charged", { input_tokens: 0, output_tokens: 0, usage_status: "void" }),
  ]);
  await must("POST", "/costs", { id: "elsewhere", provider: "openai", model: "gpt-4o", cost: "2" });
}, 120_000);
afterAll(() => server.close());

describe("the status of usage", () => {
  it("is on the records of both kinds", async () => {
    expect(await must<UsageRecord>("GET", "/usage/cut-short")).toMatchObject({ usage_status: "partial" });
    expect(await must<CostRecord>("GET", "/costs/cut-short")).toMatchObject({ usage_status: "partial" });
    expect(await must<CostRecord>("GET", "/costs/elsewhere")).toMatchObject({ usage_status: "reported" });
  });

  it("groups sums, each status with what its records cost", async () => {
    expect(await sumsBy()).toEqual([
      ["estimated", 2, "0.015"],
      ["partial", 1, "0.0075"],
      ["reported", 2, "2.0075"],
      ["void", 1, undefined],
    ]);
  });

  it("filters sums, lists, streams and exports to the same records", async () => {
    const filter = "usage_status=estimated,partial";
    const uncertain = ["cut-short", "guessed-1", "guessed-2"];
    expect(await sumsBy(`&${filter}`)).toEqual([
      ["estimated", 2, "0.015"],
      ["partial", 1, "0.0075"],
    ]);
    expect(idsOf(await must<CostRecord[]>("GET", `/costs?${filter}`))).toEqual(uncertain);
    expect(idsOf(await must<CostRecord[]>("GET", `/costs?${filter}&order_by=-total_cost`))).toEqual(uncertain);
    expect(idsOf(await must<UsageRecord[]>("GET", `/usage?${filter}`))).toEqual(uncertain);
    const lines = (await textOf(`/costs/stream?${filter}`)).trim().split("\n");
    expect(idsOf(lines.map((line) => JSON.parse(line) as CostRecord))).toEqual(uncertain);
    const asked = { format: "jsonl", usage_status: ["partial"], include_fields: ["id", "usage_status"] };
    const { id } = await must<{ id: string }>("POST", "/exports", asked);
    expect(JSON.parse(await textOf(`/exports/${id}/download`))).toEqual({ id: "cut-short", usage_status: "partial" });
  });

  it("is shown to who is limited to a project as far as it is of the project", async () => {
    expect(await sumsBy("", limited)).toEqual([["estimated", 1, "0.0075"]]);
    expect(await sumsBy("&usage_status=partial", limited)).toEqual([]);
    expect(idsOf(await must<CostRecord[]>("GET", "/costs?usage_status=estimated,partial", undefined, limited))).toEqual(
      ["guessed-2"],
    );
  });

  it("is refused by its name where there is no such status", async () => {
    const { status, error } = await ask("GET", "/costs/aggregate?usage_status=sure");
    expect([status, Object.keys(error.field_errors ?? {})]).toEqual([422, ["usage_status.0"]]);
  });

  it("goes with a record that gets other tags, or is voided", async () => {
    await must("PATCH", "/costs/cut-short", { tags: { team: "moved" } });
    expect(await sumsBy("&tags=team:moved")).toEqual([["partial", 1, "0.0075"]]);
    await must("DELETE", "/costs/cut-short");
    expect(await sumsBy()).toEqual([
      ["estimated", 2, "0.015"],
      ["reported", 2, "2.0075"],
      ["void", 1, undefined],
    ]);
    expect(idsOf(await must<CostRecord[]>("GET", "/costs?cost_status=void&usage_status=partial"))).toEqual([
      "cut-short",
    ]);
  });
});
