/**
 * Why an installation cannot be carried, in public words. `archive`: the archive is not what it must be; `place`: what is
 * there already, or is in use, stands in the way; `database`: a database failed or cannot be read.
 */
export class TransferError extends Error {
  readonly kind: "archive" | "place" | "database";

  constructor(kind: TransferError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TransferError";
    this.kind = kind;
  }
}

export const damaged = (what: string, cause?: unknown): TransferError =>
  new TransferError("archive", `the archive is damaged: ${what}`, { cause });

/** What is said where something is there already. */
export const inUse = (place: string, table: string, rows: number): TransferError =>
  new TransferError(
    "place",
    `${place} is not empty (${table}: ${rows}): name an empty database; only restore --replace puts something in the place of what is there`,
  );
