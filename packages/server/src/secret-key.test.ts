import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { secretKeyProblem } from "./secret-key.ts";

test.each(["base64", "base64url", "hex"] as const)("32 bytes of chance as %s are a key", (encoding) => {
  const refused = Array.from({ length: 200 }, () => randomBytes(32).toString(encoding)).filter(secretKeyProblem);
  // A key of chance is refused about once in a million times.
  expect(refused.length).toBeLessThan(2);
});

test.each([
  ["", /32 bytes/],
  ["short", /32 bytes/],
  [randomBytes(31).toString("base64url"), /32 bytes/],
  [randomBytes(31).toString("hex"), /32 bytes/],
  [`${randomBytes(32).toString("base64url")} with blanks`, /32 bytes/],
  ["a".repeat(64), /repeats itself/],
  ["0123456789abcdef".repeat(4), /repeats itself/],
  ["Zk3uQ9xVb7RtYp2LmN8wEd".repeat(3), /repeats itself/],
  ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", /counts upwards/],
  ["change-me-please-Zk3uQ9xVb7RtYp2LmN8wEdHs5JgFa", /a word/],
  ["Your_SECRET_key_here_Zk3uQ9xVb7RtYp2LmN8wEdHs5", /a word/],
  ["Zk3uQ9xVb7RtYp2LmN8wEdHs5JgFaP-A-S-S-W-O-R-D", /a word/],
])("%s is no key", (text, reason) => {
  expect(secretKeyProblem(text)).toMatch(reason);
});
