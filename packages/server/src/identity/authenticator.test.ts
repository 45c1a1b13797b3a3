import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Refusal } from "../refusal.ts";
import type { FoundKey } from "./api-keys.ts";
import { createAuthenticator, type KeyAuthenticator } from "./authenticator.ts";
import { makeKey } from "./credential.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

const authorization = `Bearer ${makeKey("sk_live_")}`;
const found: FoundKey = {
  organizationId: "default",
  keyId: "key_1",
  name: "one",
  scopes: null,
  projectId: null,
  expiresAtMs: null,
};
const unused = (): never => {
  throw new Error("nobody asks for this here");
};

/** A store whose answers a test gives when it likes. */
function slowStore() {
  const revision = vi.fn<() => Promise<number>>(async () => 1);
  const find = vi.fn<() => Promise<FoundKey | undefined>>(async () => found);
  const touch = async (): Promise<void> => undefined;
  const apiKeys = { revision, find, touch, ...changes };
  const authenticator = createAuthenticator({ apiKeys, tokens: { callerOf: unused }, clock: () => 0 });
  return { revision, find, authenticator };
}
const changes = {
  create: unused,
  list: unused,
  rotate: unused,
  update: unused,
  revoke: unused,
  ensureFirstKey: unused,
};

const isLetIn = async (authenticator: KeyAuthenticator): Promise<boolean> => {
  try {
    await authenticator.authenticate(authorization);
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.code === "AUTH_001") return false;
    throw error;
  }
};

test("a caller is remembered for a tenth of a second, and after one look for another one", async () => {
  const { revision, find, authenticator } = slowStore();
  await isLetIn(authenticator);
  vi.advanceTimersByTime(99);
  await isLetIn(authenticator);
  expect([revision.mock.calls.length, find.mock.calls.length]).toEqual([1, 1]);
  vi.advanceTimersByTime(1);
  await isLetIn(authenticator);
  expect([revision.mock.calls.length, find.mock.calls.length]).toEqual([2, 1]);
});

test("a look that began long before the request came is not believed", async () => {
  const { revision, find, authenticator } = slowStore();
  await isLetIn(authenticator);
  vi.advanceTimersByTime(200);
  const look = Promise.withResolvers<number>();
  revision.mockReturnValueOnce(look.promise);
  const before = isLetIn(authenticator);
  // Another process takes the key away, waits as long as anybody trusts what they remember, and answers.
  vi.advanceTimersByTime(110);
  find.mockResolvedValue(undefined);
  const after = isLetIn(authenticator);
  look.resolve(1);
  await before;
  expect(await after).toBe(false);
});

test.each([
  ["a look", true],
  ["a question", false],
])("%s that was under way when a change was heard of leaves nothing to remember", async (_what, isLook) => {
  const { revision, find, authenticator } = slowStore();
  const look = Promise.withResolvers<number>();
  const question = Promise.withResolvers<FoundKey | undefined>();
  if (isLook) revision.mockReturnValueOnce(look.promise);
  else find.mockReturnValueOnce(question.promise);
  const before = isLetIn(authenticator);
  await vi.waitFor(() => expect((isLook ? revision : find).mock.calls).toHaveLength(1));
  authenticator.forget();
  look.resolve(1);
  question.resolve(found);
  await before;
  find.mockResolvedValue(undefined);
  expect(await isLetIn(authenticator)).toBe(false);
});
