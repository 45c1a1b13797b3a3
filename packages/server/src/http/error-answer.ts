import { type ErrorBody, type ErrorCode, errorCodes } from "@llm-cost-ops/contract";
import { Refusal } from "../refusal.ts";

/** An error as the client sees it. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: ErrorBody;
  /** Whether it is a defect, which the log must explain. */
  readonly defect: boolean;
}

/** What the framework and the HTTP parser call their refusals, and what they are here. */
const foreignCodes: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  FST_ERR_BAD_URL: { code: "INVALID_REQUEST", message: "The address contains a percent sign that encodes nothing." },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: "UNSUPPORTED_MEDIA_TYPE",
    message: "The Content-Type header is not a media type.",
  },
  FST_ERR_CTP_EMPTY_TYPE: { code: "UNSUPPORTED_MEDIA_TYPE", message: "The Content-Type header is empty." },
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: { code: "UNSUPPORTED_MEDIA_TYPE", message: "Content-Type is missing." },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: "INVALID_REQUEST",
    message: "The body has another length than Content-Length says.",
  },
  FST_ERR_MAX_PARAM_LENGTH: { code: "INVALID_REQUEST", message: "A part of the address is too long." },
};

const retryAfterSeconds: Readonly<Partial<Record<ErrorCode, string>>> = { UNAVAILABLE: "1", RATE_LIMITED: "1" };

/** The one mapping from anything thrown to an answer. What is not a refusal is a defect, and its text stays inside. */
export function errorAnswer(error: unknown, requestId: string): ErrorAnswer {
  const refusal = asRefusal(error);
  const code = refusal?.code ?? "INTERNAL_ERROR";
  const headers: Record<string, string | string[]> = { ...refusal?.headers };
  const retryAfter = refusal?.details?.["retry_after_seconds"] ?? retryAfterSeconds[code];
  if (retryAfter !== undefined) headers["retry-after"] = String(retryAfter);
  if (code === "AUTH_001") headers["www-authenticate"] = 'Bearer realm="cost-ops"';
  return {
    status: errorCodes[code].status,
    headers,
    defect: refusal === undefined,
    body: {
      error: {
        code,
        message: refusal?.message ?? "The server failed. Its log has the reason under the request id.",
        ...(refusal?.fieldErrors === undefined ? {} : { field_errors: { ...refusal.fieldErrors } }),
        ...(refusal?.details === undefined ? {} : { details: { ...refusal.details } }),
      },
      request_id: requestId,
    },
  };
}

function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  const foreign = typeof code === "string" ? foreignCodes[code] : undefined;
  return foreign && new Refusal(foreign.code, foreign.message);
}
