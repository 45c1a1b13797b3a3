import type { ApiKey } from "@llm-cost-ops/sdk";
import { expect, test } from "vitest";
import { keyState, keysInOrder, limitsText } from "./key-words.ts";

const nowMs = Date.parse("2026-11-21T12:00:00Z");
const key = (change: Partial<ApiKey>): ApiKey =>
  ({ id: "k", createdAt: "2026-11-01T00:00:00Z", revokedAt: null, expiresAt: null, ...change }) as ApiKey;

test.each([
  [{}, "active"],
  [{ expiresAt: "2027-01-01T00:00:00Z" }, "active"],
  [{ expiresAt: "2026-11-22T00:00:00Z" }, "ending"],
  [{ expiresAt: "2026-11-21T12:00:00Z" }, "expired"],
  [{ expiresAt: "2027-01-01T00:00:00Z", revokedAt: "2026-11-02T00:00:00Z" }, "revoked"],
])("a key with %j is %s", (change, state) => {
  expect(keyState(key(change), nowMs)).toBe(state);
});

test("keys that work stand before those that do not, the newest first", () => {
  const keys = [
    key({ id: "old" }),
    key({ id: "revoked", createdAt: "2026-11-20T00:00:00Z", revokedAt: "2026-11-20T00:00:00Z" }),
    key({ id: "new", createdAt: "2026-11-10T00:00:00Z" }),
  ];
  expect(keysInOrder(keys, nowMs).map(({ id }) => id)).toEqual(["new", "old", "revoked"]);
});

test("limits are said in words, money exactly", () => {
  expect(limitsText(null)).toBeNull();
  expect(limitsText({ tokensPerMinute: 60_000, costPerDay: "2.5" } as never)).toBe(
    "60,000 tokens a minute, $2.50 a day",
  );
});
