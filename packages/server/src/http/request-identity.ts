import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";

const sane = /^[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}$/;

/** The client's `X-Request-Id` where it is short and plain, else a new one. */
export function requestIdOf(message: IncomingMessage): string {
  const given = message.headers["x-request-id"];
  return typeof given === "string" && sane.test(given) ? given : randomUUID();
}

const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace id of a W3C `traceparent` header. */
export function traceIdOf(message: IncomingMessage): string | undefined {
  const given = message.headers["traceparent"];
  const id = typeof given === "string" ? traceparent.exec(given)?.[1] : undefined;
  return id === "0".repeat(32) ? undefined : id;
}
