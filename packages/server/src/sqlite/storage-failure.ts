import { Refusal } from "../refusal.ts";

/**
 * Primary result codes of SQLite that say that the storage cannot take or give data now, and what to tell a client.
 * https://www.sqlite.org/rescode.html
 */
const storageFailures: Readonly<Record<number, string>> = {
  5: "the database is locked by another process",
  6: "the database is locked",
  7: "the storage is out of memory",
  8: "the database cannot be written to",
  10: "the storage failed to read or write",
  11: "the database file is damaged",
  13: "the disk is full",
  14: "the database cannot be opened",
  26: "the database file is damaged",
};

const sqliteErrorCode = "ERR_SQLITE_ERROR";
const constraintDatatype = 3_091;
const constraintPrimaryKey = 1_555;

/** The extended result code of an error that SQLite raised; undefined for any other. */
function sqliteResultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errcode } = error as Error & { code?: unknown; errcode?: unknown };
  return code === sqliteErrorCode && typeof errcode === "number" ? errcode : undefined;
}

/** The refusal that a client gets where the storage itself failed; undefined where the error is something else. */
export function storageRefusal(error: unknown): Refusal | undefined {
  const code = sqliteResultCode(error);
  const message = code === undefined ? undefined : storageFailures[code & 0xff];
  return message === undefined
    ? undefined
    : new Refusal("UNAVAILABLE", `nothing was written: ${message}`, { details: { retry_after_seconds: 5 } });
}

/** Whether a value did not fit a column of 64-bit integers: SQLite turns a sum beyond 2^63-1 into a float. */
export function isIntegerOverflow(error: unknown): boolean {
  if (sqliteResultCode(error) === constraintDatatype) return true;
  return error instanceof TypeError && (error as { code?: unknown }).code === "ERR_INVALID_ARG_VALUE";
}

/** Whether a row was not inserted because its primary key is taken. */
export const isTakenKey = (error: unknown): boolean => sqliteResultCode(error) === constraintPrimaryKey;
