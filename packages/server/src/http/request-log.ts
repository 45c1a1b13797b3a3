import { type Logger, pino } from "pino";
import type { AnsweredRequest } from "./app.ts";
import { LineBuffer } from "./line-buffer.ts";

export type { Logger };

/** Addresses that probes ask every few seconds: their lines would bury the others. */
const quiet: ReadonlySet<string | undefined> = new Set([
  "system.live",
  "system.ready",
  "system.health",
  "system.metrics",
]);

/** A logger that writes JSON lines to standard error, where talk belongs, in batches but never later than a moment. */
export function createLogger(level: string): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  const options = { level, base: null, timestamp: isoTimestamps(), messageKey: "message", formatters };
  return pino(options, new LineBuffer());
}

/** The time as a part of a line, put together once a millisecond however many lines it has. */
function isoTimestamps(): () => string {
  let lastMs = 0;
  let text = "";
  return () => {
    const nowMs = Date.now();
    if (nowMs !== lastMs) {
      lastMs = nowMs;
      text = `,"time":"${new Date(nowMs).toISOString()}"`;
    }
    return text;
  };
}

/** Writes one line a request: who, what, how it ended and how long it took; never a body, a key or a query. */
export const requestLog =
  (logger: Logger) =>
  (request: AnsweredRequest): void => {
    const level = request.error !== undefined ? "error" : quiet.has(request.operation) ? "debug" : "info";
    if (!logger.isLevelEnabled(level)) return;
    logger[level]({
      event: "http.request",
      request_id: request.requestId,
      trace_id: request.traceId,
      client_address: request.clientAddress,
      organization: request.organizationId,
      operation: request.operation,
      method: request.method,
      path: request.path,
      status: request.status,
      duration_ms: Math.round(request.durationMs * 1_000) / 1_000,
      err: request.error,
    });
  };
