import { expect, test } from "vitest";
import { readEnvironment } from "./environment.ts";
import { resolveSettings } from "./options.ts";

test("the environment gives what options do not", () => {
  const environment = readEnvironment({
    LLM_COST_OPS_API_KEY: "key-of-the-environment",
    LLM_COST_OPS_BASE_URL: "https://costs.example",
    LLM_COST_OPS_TIMEOUT: "2.5",
    LLM_COST_OPS_MAX_RETRIES: "5",
  });
  expect(resolveSettings({}, environment)).toMatchObject({
    apiKey: "key-of-the-environment",
    baseUrl: "https://costs.example",
    timeoutMs: 2_500,
    retry: { maxRetries: 5 },
  });
  const given = { apiKey: "k", baseURL: "http://other", timeout: 1, maxRetries: 0 };
  expect(resolveSettings(given, environment)).toMatchObject({
    apiKey: "k",
    baseUrl: "http://other",
    timeoutMs: 1,
    retry: { maxRetries: 0 },
  });
});

test("the command line's variables give the key and the address where the client's own do not", () => {
  const variables = { COST_OPS_API_KEY: "shared", COST_OPS_API_URL: "https://costs.example" };
  const shared = { apiKey: "shared", baseUrl: "https://costs.example" };
  expect(readEnvironment({ ...variables, LLM_COST_OPS_API_KEY: " " })).toEqual(shared);
  const own = { LLM_COST_OPS_API_KEY: "own", LLM_COST_OPS_BASE_URL: "https://own.example" };
  expect(readEnvironment({ ...variables, ...own })).toEqual({ apiKey: "own", baseUrl: "https://own.example" });
});

test("with nothing said the local server is asked, for 30 seconds, with three retries", () => {
  expect(resolveSettings({}, readEnvironment({}))).toMatchObject({
    apiKey: undefined,
    baseUrl: "http://127.0.0.1:8080",
    timeoutMs: 30_000,
    retry: { maxRetries: 3, backoffFactor: 2 },
  });
});

test.each([
  ["https://a.example/", "https://a.example"],
  ["https://a.example/api/v1", "https://a.example"],
  ["https://a.example/costs/api/v1/", "https://a.example/costs"],
])("the address %s means %s", (baseUrl, expected) => {
  expect(resolveSettings({ baseUrl }, {}).baseUrl).toBe(expected);
  expect(resolveSettings({ baseURL: baseUrl }, {}).baseUrl).toBe(expected);
});

test.each([
  [{ baseURL: "ftp://x" }, "baseURL"],
  [{ baseURL: "not an address" }, "baseURL"],
  [{ baseURL: "https://user:secret@x.example" }, "baseURL"],
  [{ baseURL: "https://a.example", baseUrl: "https://b.example" }, "baseURL"],
  [{ timeout: -1 }, "timeout"],
  [{ timeout: Number.NaN }, "timeout"],
  [{ maxRetries: 1.5 }, "maxRetries"],
  [{ retry: { backoffFactor: 0 } }, "retry.backoffFactor"],
])("wrong option %j is refused by name", (options, name) => {
  expect(() => resolveSettings(options, {})).toThrow(name);
});

test.each([
  ["LLM_COST_OPS_TIMEOUT", "soon"],
  ["LLM_COST_OPS_TIMEOUT", "-1"],
  ["LLM_COST_OPS_MAX_RETRIES", "1.5"],
])("wrong variable %s=%s is refused by name", (name, value) => {
  expect(() => readEnvironment({ [name]: value })).toThrow(name);
});

test("an empty variable counts as absent", () => {
  expect(readEnvironment({ LLM_COST_OPS_API_KEY: " ", LLM_COST_OPS_TIMEOUT: "" })).toEqual({});
});
