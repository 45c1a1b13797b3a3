import { expect, test } from "vitest";
import { seal, unseal } from "./seal.ts";

const key = { secret: "3f1c".repeat(16), purpose: "test" };
const text = Buffer.from("what nobody else should read");

test("what was sealed opens with its key, and never looks the same twice", () => {
  const sealed = seal(text, key);
  expect(Buffer.from(unseal(sealed, key) ?? [])).toEqual(text);
  expect(Buffer.from(sealed).includes(text)).toBe(false);
  expect(seal(text, key)).not.toEqual(sealed);
  expect(unseal(seal(new Uint8Array(), key), key)).toHaveLength(0);
});

test("another secret and another purpose open nothing", () => {
  const sealed = seal(text, key);
  expect(unseal(sealed, { ...key, secret: `${key.secret}0` })).toBeUndefined();
  expect(unseal(sealed, { ...key, purpose: "other" })).toBeUndefined();
});

test("what was changed or cut anywhere does not open", () => {
  const sealed = seal(text, key);
  for (let at = 0; at < sealed.byteLength; at += 1) {
    const changed = Uint8Array.from(sealed, (byte, index) => (index === at ? byte ^ 1 : byte));
    expect(unseal(changed, key)).toBeUndefined();
    expect(unseal(sealed.subarray(0, at), key)).toBeUndefined();
  }
});
