import { Refusal } from "../refusal.ts";
import { isPrintable } from "../usage/read-labels.ts";

const keyCharsMax = 255;

/**
 * The request's `Idempotency-Key`, where it has one. Refuses with INVALID_REQUEST what is not one text of 1 to 255
 * printable characters.
 */
export function idempotencyKeyOf(headers: Readonly<Record<string, string | string[] | undefined>>): string | undefined {
  const key = headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && key !== "" && key.length <= keyCharsMax && isPrintable(key)) return key;
  throw new Refusal("INVALID_REQUEST", `Idempotency-Key must be one text of 1 to ${keyCharsMax} printable characters`);
}
