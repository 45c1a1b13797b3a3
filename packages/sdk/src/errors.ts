/** What the server said, as far as it could be read: the parsed body, or its text. */
export interface ErrorAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly requestId: string | undefined;
  /** Seconds, from `Retry-After`. */
  readonly retryAfter: number | undefined;
}

interface ErrorOptionsOf {
  readonly code: string;
  readonly statusCode?: number;
  readonly requestId?: string | undefined;
  readonly response?: unknown;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** What a batch had done when it was interrupted. */
export interface BatchProgress<Result, Item> {
  /** Results of the records that were answered, in order. */
  readonly completed: Result;
  /** The rest, with their ids; sending exactly these again cannot double anything. */
  readonly remaining: readonly Item[];
}

/** The root of everything that this client throws about a request. */
export class CostOpsError extends Error {
  /** HTTP status of the answer; 0 where none arrived. */
  readonly statusCode: number;
  /** Stable code, such as `USAGE_002`; see the reference of errors. */
  readonly code: string;
  /** Finds the request in the server's log. */
  readonly requestId: string | undefined;
  /** The parsed body of the answer, in the wire's spelling. */
  readonly response: unknown;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** Set where a batch of several requests stopped half-way. */
  batch?: BatchProgress<unknown, unknown>;

  constructor(message: string, options: ErrorOptionsOf) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.statusCode = options.statusCode ?? 0;
    this.code = options.code;
    this.requestId = options.requestId;
    this.response = options.response;
    this.details = options.details;
  }
}

/** The server answered, but not with success. Its subclasses say which kind of refusal it was. */
export class APIError extends CostOpsError {
  /** Seconds that the server asked to wait, where it did. */
  readonly retryAfter: number | undefined;

  constructor(message: string, options: ErrorOptionsOf & { readonly retryAfter?: number | undefined }) {
    super(message, options);
    this.retryAfter = options.retryAfter;
  }
}

/** 401 and 403: the key is missing, wrong or revoked, or may not do this. */
export class AuthenticationError extends APIError {}

/** 404: nothing has this id. */
export class NotFoundError extends APIError {}

/** 409: the id is recorded with other content, or the state does not allow it. Nothing was changed. */
export class ConflictError extends APIError {}

/**
 * 402: a hard budget has no room for a reservation, or knows no price for it; `message` says which. Amounts are exact; absent
 * where they may not be seen, and where `reason` is `unpriced`.
 */
export class BudgetExceededError extends APIError {
  /** `limit`, or `unpriced` where the model has no price. */
  readonly reason: string | undefined;
  readonly budgetId: string | undefined;
  readonly budgetName: string | undefined;
  /** `money`, in `currency`, or `tokens`. */
  readonly unit: string | undefined;
  readonly currency: string | undefined;
  readonly limit: string | undefined;
  readonly spent: string | undefined;
  /** Set aside by all reservations. */
  readonly reserved: string | undefined;
  readonly requested: string | undefined;
  /** To be approved by somebody, where the budget asks for that. */
  readonly approvalId: string | undefined;

  constructor(message: string, options: ErrorOptionsOf & { readonly retryAfter?: number | undefined }) {
    super(message, options);
    const text = (name: string): string | undefined => {
      const value = options.details?.[name];
      return typeof value === "string" ? value : undefined;
    };
    this.reason = text("reason");
    this.budgetId = text("budget_id");
    this.budgetName = text("budget_name");
    this.unit = text("unit");
    this.currency = text("currency");
    this.limit = text("limit");
    this.spent = text("spent");
    this.reserved = text("reserved");
    this.requested = text("requested");
    this.approvalId = text("approval_id");
  }
}

/** 429: too many requests; `retryAfter` says how many seconds to wait. */
export class RateLimitError extends APIError {}

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** 400 and 422: the request was understood to be wrong. `fieldErrors` names each field as this client spells it. */
export class ValidationError extends APIError {
  readonly fieldErrors: Readonly<Record<string, string>>;
  /** The same as a list. */
  readonly errors: readonly FieldError[];

  constructor(message: string, options: ErrorOptionsOf & { readonly fieldErrors: Readonly<Record<string, string>> }) {
    super(message, options);
    this.fieldErrors = options.fieldErrors;
    this.errors = Object.entries(options.fieldErrors).map(([field, text]) => ({ field, message: text }));
  }
}

/** No whole answer arrived. */
export class NetworkError extends CostOpsError {
  /** True where the connection was never made, so that the server cannot have seen the request. */
  readonly unsent: boolean;

  constructor(message: string, options: Partial<ErrorOptionsOf> & { readonly unsent?: boolean } = {}) {
    super(message, { code: "NETWORK_ERROR", ...options });
    this.unsent = options.unsent ?? false;
  }
}

/** No answer within the time limit; the server may still have done what was asked. */
export class TimeoutError extends NetworkError {
  constructor(message: string, options: Partial<ErrorOptionsOf> = {}) {
    super(message, { code: "TIMEOUT", ...options });
  }
}

/** The caller's signal was aborted; `cause` is its reason. */
export class AbortedError extends CostOpsError {
  constructor(cause: unknown) {
    super("the request was aborted", { code: "ABORTED", cause });
  }
}
