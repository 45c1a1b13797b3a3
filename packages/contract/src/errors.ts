import { z } from "zod";

/** Every error code of the interface: its HTTP status and what it means. The one table that maps codes to statuses. */
export const errorCodes = {
  INVALID_REQUEST: {
    status: 400,
    meaning: "The request cannot be read: broken JSON, a repeated header, a bad cursor.",
  },
  VALIDATION_ERROR: { status: 422, meaning: "A field has a value that is not allowed; `field_errors` names each one." },
  USAGE_001: {
    status: 422,
    meaning: "Not a usage record: a required field is missing or two fields contradict each other.",
  },
  USAGE_002: { status: 409, meaning: "This id is already recorded with other content; nothing was changed." },
  USAGE_003: {
    status: 422,
    meaning: "The record would exceed what the ledger can count exactly (2^63-1 tokens in one hour of one series).",
  },
  USAGE_004: {
    status: 422,
    meaning:
      "The record, or the one that has its id already, is of a time of which records are no longer kept (`RETENTION_MONTHS`); nothing was changed.",
  },
  COST_001: {
    status: 422,
    meaning: "No price was found for this model at this date (an error only with `require_price`, else a warning).",
  },
  COST_002: {
    status: 422,
    meaning:
      "The answer needs single records of a time of which only sums by whole hours (by user: days) of UTC are kept; the message says since when records are.",
  },
  STREAM_001: {
    status: 410,
    meaning:
      "What followed on this position of the live stream is not kept any more: begin without `Last-Event-ID`, and list what was missed.",
  },
  PRICING_001: { status: 409, meaning: "The price would overlap or change a price version that already exists." },
  PRICING_002: { status: 422, meaning: "The price list cannot be read; `field_errors` names each wrong entry." },
  REPRICING_001: {
    status: 409,
    meaning: "The repricing is not in a state that allows this (for example undo before apply).",
  },
  IMPORT_001: { status: 422, meaning: "The format of the import was not recognised; name it with `format`." },
  AUTH_001: {
    status: 401,
    meaning:
      "The credential is missing, malformed, unknown, expired or revoked; or what somebody signed in with is not right.",
  },
  AUTH_002: {
    status: 403,
    meaning:
      "The credential may not do this (the message names the permission), or names another organization or project.",
  },
  AUTH_003: {
    status: 401,
    meaning: "The password is right, and a code of the second factor is needed: send it as `code`.",
  },
  NOT_FOUND: { status: 404, meaning: "There is nothing at this address or with this id." },
  METHOD_NOT_ALLOWED: { status: 405, meaning: "The address exists but not with this method." },
  CONFLICT: { status: 409, meaning: "The request contradicts the present state of what it names." },
  BUDGET_EXCEEDED: {
    status: 402,
    meaning:
      "A hard budget has no room for the reservation, or knows no price for it; `details` names the budget and, for who may see it, how it stands.",
  },
  IDEMPOTENCY_001: {
    status: 422,
    meaning: "This `Idempotency-Key` was sent with another body or to another address in the last 24 hours.",
  },
  IDEMPOTENCY_002: {
    status: 409,
    meaning:
      "The first request with this `Idempotency-Key` has no answer to repeat; `details.outcome` says why: `in_flight`, `unknown` after a crash, or `done` where the answer was not kept.",
  },
  PAYLOAD_TOO_LARGE: { status: 413, meaning: "The body is larger than the limit that the message names." },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    meaning: "The body's content type or encoding is not one that this address reads.",
  },
  RATE_LIMITED: {
    status: 429,
    meaning: "Too many requests, or more tokens or money than a limit allows; `Retry-After` says when to try again.",
  },
  INTERNAL_ERROR: { status: 500, meaning: "A defect of the server; the request id finds it in the log." },
  UNAVAILABLE: {
    status: 503,
    meaning: "The server cannot take the request now (queue full, storage failing, stopping); try again later.",
  },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type ErrorCode = keyof typeof errorCodes;

export const ErrorBody = z
  .object({
    error: z.object({
      code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
      message: z.string(),
      field_errors: z.record(z.string(), z.string()).optional(),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
    request_id: z.string(),
  })
  .meta({ id: "Error" });
export type ErrorBody = z.infer<typeof ErrorBody>;

export const Warning = z
  .object({ code: z.string(), message: z.string(), field: z.string().optional() })
  .meta({ id: "Warning", description: "Something that the caller should know though the request succeeded." });
export type Warning = z.infer<typeof Warning>;
