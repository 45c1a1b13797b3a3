import {
  APIError,
  AuthenticationError,
  BudgetExceededError,
  ConflictError,
  type ErrorAnswer,
  NotFoundError,
  RateLimitError,
  ValidationError,
} from "./errors.ts";
import { fieldErrorsFromWire, isRecord } from "./wire.ts";

type Refused = typeof APIError;

const classByStatus: Readonly<Record<number, Refused>> = {
  401: AuthenticationError,
  402: BudgetExceededError,
  403: AuthenticationError,
  404: NotFoundError,
  409: ConflictError,
  429: RateLimitError,
};

/** The error for an answer that is not a success. Understands the server's error body, and makes the best of any other. */
export function refusalFrom(answer: ErrorAnswer, hint = ""): APIError {
  const { status, body, requestId, retryAfter } = answer;
  const error = isRecord(body) ? body["error"] : undefined;
  const told = isRecord(error) ? error : {};
  const fields = told["field_errors"];
  const message = firstText(told["message"], error, isRecord(body) ? body["message"] : body) ?? `HTTP status ${status}`;
  const common = {
    statusCode: status,
    code: firstText(told["code"]) ?? `HTTP_${status}`,
    requestId: requestId ?? (isRecord(body) ? firstText(body["request_id"]) : undefined),
    response: body,
    details: isRecord(told["details"]) ? told["details"] : undefined,
    retryAfter,
  };
  if (status === 400 || status === 422) {
    return new ValidationError(message, {
      ...common,
      fieldErrors: isRecord(fields) ? fieldErrorsFromWire(fields) : {},
    });
  }
  const Kind = classByStatus[status] ?? APIError;
  return new Kind(`${message}${hint}`, common);
}

/** Seconds to wait: `Retry-After` as a number of seconds or as a date. */
export function retryAfterSeconds(header: string | null | undefined, nowMs: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.ceil((at - nowMs) / 1_000));
}

/** Long texts are pages of a proxy; their beginning is enough. */
function firstText(...candidates: readonly unknown[]): string | undefined {
  const text = candidates.find((candidate) => typeof candidate === "string" && candidate.trim() !== "");
  return typeof text === "string" ? text.trim().slice(0, 500) : undefined;
}
