import type { ErrorCode } from "@llm-cost-ops/contract";

/** A refusal to a client: a stable code, a public message and, where fields are to blame, what is wrong with each. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  readonly fieldErrors: Readonly<Record<string, string>> | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** What its answer says beside the body. */
  readonly headers: Readonly<Record<string, string | string[]>> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    about: {
      fieldErrors?: Record<string, string>;
      details?: Record<string, unknown>;
      headers?: Record<string, string | string[]>;
    } = {},
  ) {
    super(message);
    this.name = "Refusal";
    this.code = code;
    this.fieldErrors = about.fieldErrors;
    this.details = about.details;
    this.headers = about.headers;
  }
}

/** In the details of a refusal after which what was asked for may have been done. */
export const unknownOutcome = { outcome: "unknown" } as const;

/** Stops a request whose assumptions turned out false: a bug, never a client's fault. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
