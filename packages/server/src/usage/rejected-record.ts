import type { ErrorCode } from "@llm-cost-ops/contract";

/** Why one record of a body was not recorded. A value, not an exception: its neighbours are recorded all the same. */
export class RejectedRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fieldErrors: Readonly<Record<string, string>> | undefined;

  constructor(code: ErrorCode, message: string, fieldErrors?: Readonly<Record<string, string>>) {
    this.code = code;
    this.message = message;
    this.fieldErrors = fieldErrors;
  }
}

/** A refusal of single fields, keyed as the caller spelled them. */
export function rejectFields(code: "USAGE_001" | "VALIDATION_ERROR", fields: Record<string, string>): RejectedRecord {
  const text = Object.entries(fields)
    .map(([field, problem]) => (field === "" ? problem : `${field} ${problem}`))
    .join("; ");
  return new RejectedRecord(code, text, fields);
}
