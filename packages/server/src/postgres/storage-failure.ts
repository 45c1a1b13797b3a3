import { Refusal, unknownOutcome } from "../refusal.ts";

/**
 * Conditions under which PostgreSQL cannot take or give data now, by SQLSTATE, and what to tell a client.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const storageFailures: Readonly<Record<string, string>> = {
  "53000": "the database is short of resources",
  "53100": "the database's disk is full",
  "53200": "the database is out of memory",
  "53300": "the database has too many connections",
  "55P03": "the database is busy",
  "57014": "the database took too long",
  "57P01": "the database is shutting down",
  "57P02": "the database is shutting down",
  "57P03": "the database is starting",
  "25006": "the database can only be read",
  "58030": "the database's storage failed to read or write",
  "40001": "too many changes at once",
  "40P01": "too many changes at once",
};

/** Failures of the way to the database, as Node and the driver name them. */
const wayFailures = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_|ENOENT)/;
const driverFailures =
  /connection terminated|query read timeout|^timeout expired$|timeout exceeded when trying to connect|client has encountered a connection error|not queryable|cannot use a pool after/i;

const retrySeconds = 5;

/** The refusal that a client gets where the database itself cannot serve; undefined where the error is something else. */
export function storageRefusal(error: unknown): Refusal | undefined {
  const reason = reasonOf(error);
  return reason === undefined
    ? undefined
    : new Refusal("UNAVAILABLE", `nothing was written: ${reason}`, { details: { retry_after_seconds: retrySeconds } });
}

/** The same where the answer to a commit was lost, which may have happened. */
export function lostCommitRefusal(error: unknown): Refusal | undefined {
  const reason = reasonOf(error);
  if (reason === undefined) return undefined;
  return new Refusal("UNAVAILABLE", `it is not known whether this was written: ${reason}`, {
    details: { ...unknownOutcome, retry_after_seconds: retrySeconds },
  });
}

function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const known = storageFailures[code];
  if (known !== undefined) return known;
  const isWay = code.startsWith("08") || wayFailures.test(code) || driverFailures.test(error.message);
  return isWay ? "the database cannot be reached" : undefined;
}

const hasCode = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error && "code" in error && codes.includes(String(error.code));

/** Whether the database did not answer at all: what it is asked next waits behind that. */
export const isSilence = (error: unknown): boolean => error instanceof Error && error.message === "Query read timeout";

/** Whether the transaction lost against another one and would get through if it ran again. */
export const isLostRace = (error: unknown): boolean => hasCode(error, "40001", "40P01");

/** Whether a row was not inserted because its key is taken. */
export const isTakenKey = (error: unknown): boolean => hasCode(error, "23505");

/** Whether a number did not fit its column, as a sum beyond 2^63-1. */
export const isOutOfRange = (error: unknown): boolean => hasCode(error, "22003");

/** Whether a table is gone that was there. */
export const isMissingTable = (error: unknown): boolean => hasCode(error, "42P01");
