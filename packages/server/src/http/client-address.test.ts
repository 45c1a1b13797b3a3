import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { clientAddress } from "./client-address.ts";

const from = (forwarded: string | undefined): IncomingMessage =>
  ({ headers: { "x-forwarded-for": forwarded }, socket: { remoteAddress: "10.0.0.9" } }) as unknown as IncomingMessage;

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["6.6.6.6, 203.0.113.7", "203.0.113.7"],
  ["6.6.6.6,2001:db8::7 ", "2001:db8::7"],
  ["203.0.113.7, unknown", "10.0.0.9"],
  ["<script>", "10.0.0.9"],
  ["", "10.0.0.9"],
  [undefined, "10.0.0.9"],
])("behind a proxy that says %j the client is %s; without one the header counts for nothing", (forwarded, address) => {
  expect(clientAddress(from(forwarded), true)).toBe(address);
  expect(clientAddress(from(forwarded), false)).toBe("10.0.0.9");
});
