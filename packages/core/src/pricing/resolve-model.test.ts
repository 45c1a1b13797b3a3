import { describe, expect, it } from "vitest";
import { unsafePatternReason } from "./match-clause.ts";
import type { MatchClause, ProviderModels } from "./model-resolution.ts";
import { resolveModel } from "./resolve-model.ts";

function book(
  provider: string,
  models: Readonly<Record<string, MatchClause | null>>,
  aliases: Readonly<Record<string, string>> = {},
): ProviderModels {
  return {
    provider,
    models: new Map(Object.entries(models).map(([name, match]) => [name, match === null ? {} : { match }])),
    aliases: new Map(Object.entries(aliases)),
  };
}

const books: Readonly<Record<string, ProviderModels>> = {
  openai: book(
    "openai",
    {
      "gpt-4": { or: [{ equals: "gpt-4" }, { equals: "gpt-4-0613" }] },
      "gpt-4-turbo": { or: [{ equals: "gpt-4-1106-preview" }] },
      "gpt-4o": { or: [{ equals: "gpt-4o" }, { equals: "gpt-4o-2024-08-06" }] },
      "gpt-4o-2024-05-13": null,
      "gpt-4.1": null,
      "gpt-3.5-turbo": null,
      "ft:gpt-4o-mini": { starts_with: "ft:gpt-4o-mini-2024-" },
      "ft:gpt-4o": null,
      "gpt-4o-mini": null,
      "gpt-6-sol": { regex: "^gpt-6-sol-\\d{4}-\\d{2}-\\d{2}$" },
      davinci: null,
    },
    { "House-Model": "gpt-4o", loop: "loop", dangling: "gpt-9" },
  ),
  azure: book(
    "azure",
    { "gpt-4o": null, "gpt-4o-mini": null, "gpt-3.5-turbo": null },
    { "prod-chat": "GPT-4o", "gpt-4o": "gpt-4o-mini" },
  ),
  google: book("google", {
    "gemini-2.5-pro": { and: [{ starts_with: "gemini-2.5-pro" }, { regex: "^(?!.*-tts(?:$|-))" }] },
    "gemini-2.5-flash": null,
    "gemini-2.5-flash-preview": { contains: "gemini-2.5-flash-preview-05-20" },
    "gemini-2.0-flash": null,
    "claude-sonnet-4": null,
  }),
  aws: book("aws", {
    "regional.anthropic.claude-haiku-4-5-20251001-v1:0": {
      or: [{ contains: "us.anthropic.claude-haiku-4-5" }, { starts_with: "anthropic.claude-haiku-4-5" }],
    },
    "global.anthropic.claude-haiku-4-5-20251001-v1:0": { contains: "global.anthropic.claude-haiku-4-5" },
    "regional.anthropic.claude-opus-5": null,
    "meta.llama3-1-70b-instruct-v1:0": null,
  }),
  anthropic: book("anthropic", { "claude-3-5-sonnet": { starts_with: "claude-3-5-sonnet" } }),
  openrouter: book("openrouter", {
    "deepseek/deepseek-r1": { starts_with: "deepseek/deepseek-r1" },
    "deepseek/deepseek-chat": { contains: "deepseek-chat" },
    "deepseek/deepseek-r1:free": null,
  }),
};

const resolve = (provider: string, name: string) => resolveModel(name, books[provider] ?? book(provider, {}));

describe("resolveModel", () => {
  it.each([
    ["openai", "gpt-4o", "gpt-4o", "exact"],
    ["openai", " GPT-4o ", "gpt-4o", "exact"],
    ["openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13", "exact"],
    ["openai", "house-model", "gpt-4o", "alias"],
    ["openai", "gpt-4o-2024-08-06", "gpt-4o", "dated_suffix"],
    ["openai", "gpt-4o-2024-11-20", "gpt-4o", "dated_suffix"],
    ["openai", "gpt-4o-latest", "gpt-4o", "dated_suffix"],
    ["openai", "gpt-4-0613", "gpt-4", "dated_suffix"],
    ["openai", "gpt-4-1106-preview", "gpt-4-turbo", "catalogue_match"],
    ["openai", "gpt-6-sol-2026-01-01", "gpt-6-sol", "dated_suffix"],
    ["openai", "openai/gpt-4o-2024-11-20", "gpt-4o", "models_prefix"],
    ["openai", "gpt-35-turbo", "gpt-3.5-turbo", "azure_deployment"],
    ["openai", "gpt-35-turbo-0125", "gpt-3.5-turbo", "azure_deployment"],
    ["openai", "ft:gpt-4o-mini-2024-07-18:acme::abc", "ft:gpt-4o-mini", "fine_tune_base"],
    ["openai", "ft:gpt-4o-2024-08-06:acme::abc", "ft:gpt-4o", "fine_tune_base"],
    ["openai", "ft:gpt-4.1-2025-04-14:acme::abc", "gpt-4.1", "fine_tune_base"],
    ["openai", "gpt-4o-mini-2024-07-18.ft-0a1b2c", "ft:gpt-4o-mini", "fine_tune_base"],
    ["azure", "prod-chat", "gpt-4o", "azure_deployment"],
    ["azure", "gpt-4o", "gpt-4o-mini", "azure_deployment"],
    ["azure", "azure/gpt-35-turbo", "gpt-3.5-turbo", "models_prefix"],
    ["google", "models/gemini-2.5-pro", "gemini-2.5-pro", "models_prefix"],
    ["google", "publishers/google/models/gemini-2.0-flash-001", "gemini-2.0-flash", "models_prefix"],
    ["google", "vertex_ai/gemini-2.5-flash", "gemini-2.5-flash", "models_prefix"],
    ["google", "claude-sonnet-4@20250514", "claude-sonnet-4", "dated_suffix"],
    ["google", "gemini-2.5-pro-preview-05-06", "gemini-2.5-pro", "dated_suffix"],
    ["google", "gemini-2.5-flash-preview-05-20", "gemini-2.5-flash-preview", "dated_suffix"],
    ["google", "gemini-2.5-flash-preview-09-2025", "gemini-2.5-flash-preview", "dated_suffix"],
    ["google", "gemini-2.0-flash-exp-0827", "gemini-2.0-flash", "dated_suffix"],
    ["aws", "us.meta.llama3-1-70b-instruct-v1:0", "meta.llama3-1-70b-instruct-v1:0", "bedrock_region"],
    ["aws", "us-gov.anthropic.claude-opus-5", "regional.anthropic.claude-opus-5", "bedrock_region"],
    ["aws", "eu.anthropic.claude-opus-5-v1:0", "regional.anthropic.claude-opus-5", "bedrock_region"],
    ["aws", "bedrock/converse/us.anthropic.claude-opus-5", "regional.anthropic.claude-opus-5", "models_prefix"],
    ["anthropic", "claude-3-5-sonnet-20241022", "claude-3-5-sonnet", "dated_suffix"],
    ["anthropic", "us.anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet", "bedrock_region"],
    ["openrouter", "deepseek/deepseek-r1:free", "deepseek/deepseek-r1:free", "exact"],
    ["openrouter", "deepseek/deepseek-r1:nitro", "deepseek/deepseek-r1", "routing_variant"],
    ["openrouter", "openrouter/deepseek/deepseek-r1", "deepseek/deepseek-r1", "models_prefix"],
  ])("at %s takes %s as %s by %s", (provider, name, model, rule) =>
    expect(resolve(provider, name)).toMatchObject({ kind: "resolved", provider, model, rule }),
  );

  it.each([
    ["us.anthropic.claude-haiku-4-5-20251001-v1:0", "regional.anthropic.claude-haiku-4-5-20251001-v1:0", "us"],
    [
      "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/us.anthropic.claude-opus-5",
      "regional.anthropic.claude-opus-5",
      "us",
    ],
    [
      "arn:aws:bedrock:us-east-1::foundation-model/meta.llama3-1-70b-instruct-v1:0",
      "meta.llama3-1-70b-instruct-v1:0",
      "us-east-1",
    ],
    [
      "bedrock/us-west-2/anthropic.claude-haiku-4-5-20251001-v1:0",
      "regional.anthropic.claude-haiku-4-5-20251001-v1:0",
      "us-west-2",
    ],
  ])("reads the region out of %s", (name, model, region) =>
    expect(resolve("aws", name)).toMatchObject({ kind: "resolved", model, region }),
  );

  it("keeps the price of global profiles apart from the regional uplift", () => {
    expect(resolve("aws", "global.anthropic.claude-haiku-4-5-20251001-v1:0")).toMatchObject({
      model: "global.anthropic.claude-haiku-4-5-20251001-v1:0",
      rule: "exact",
    });
    expect(resolve("aws", "anthropic.claude-haiku-4-5-20251001-v1:0")).toMatchObject({
      model: "regional.anthropic.claude-haiku-4-5-20251001-v1:0",
    });
  });

  it.each([
    ["openai", "gpt-9", "unknown_model", "is no known model of openai"],
    ["openai", "davinci-002", "unknown_model", "is no known model"],
    ["openai", "dangling", "unknown_model", "is no known model"],
    ["openai", "loop", "unknown_model", "is no known model"],
    ["openai", "", "unknown_model", "no name"],
    ["openai", "g".repeat(257), "unknown_model", "more than 256 characters"],
    ["openai", "__proto__", "unknown_model", "is no known model"],
    ["azure", "team-b-chat", "unknown_model", "add an alias from the deployment"],
    [
      "aws",
      "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/x1",
      "unknown_model",
      "does not say which model",
    ],
    ["openrouter", "deepseek/deepseek-chat:free", "unknown_model", "not priced like the paid one"],
    ["nobody", "gpt-4o", "unknown_provider", "no models of"],
  ])("at %s leaves %s unresolved: %s", (provider, name, reason, said) => {
    const answer = resolve(provider, name);
    expect(answer).toMatchObject({ kind: "unresolved", reason });
    expect(answer.detail).toContain(said);
  });

  it("says that a fine-tune is priced like its base", () => {
    expect(resolve("openai", "ft:gpt-4.1-2025-04-14:acme::abc").detail).toContain("priced like its base model");
    expect(resolve("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc").detail).not.toContain("base model");
  });

  it("answers any hostile name quickly", () => {
    const hostile = [
      "us.".repeat(85),
      "models/".repeat(36),
      "ft:".repeat(85),
      `${"a-".repeat(120)}2024-01-01`,
      "openai/".repeat(36),
      "bedrock/converse/".repeat(15),
      "\u0000\ud800",
    ];
    const started = performance.now();
    for (const name of hostile) for (const provider of Object.keys(books)) resolve(provider, name);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("patterns of the catalogue", () => {
  it.each([
    "^gpt-6-sol-\\d{4}-\\d{2}-\\d{2}$",
    "^(?!.*-[tT][tT][sS](?:$|-))",
    "^grok-4\\.5\\[fast=true\\]$",
    "^(?:a|b|c)-v\\d+$",
  ])("%s is safe", (pattern) => expect(unsafePatternReason(pattern)).toBeUndefined());

  it.each([
    "(a+)+$",
    "(a|a)*$",
    "(?:a?){20}a",
    "a*a*a*a*b",
    "(a)\\1",
    "(",
    "(?<x>a)\\k<x>",
    "((a*)b)*",
    "a?".repeat(20),
    "x".repeat(300),
  ])("%s is refused", (pattern) => expect(unsafePatternReason(pattern)).toBeTypeOf("string"));

  it("match nothing when they are refused, instead of hanging", () => {
    const models = book("p", { evil: { regex: "^(a+)+$" }, fine: { regex: "^b+$" } });
    const started = performance.now();
    expect(resolveModel(`${"a".repeat(200)}!`, models).kind).toBe("unresolved");
    expect(resolveModel("bbb", models)).toMatchObject({ model: "fine" });
    expect(performance.now() - started).toBeLessThan(200);
  });
});
