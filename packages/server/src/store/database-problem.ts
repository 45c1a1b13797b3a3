/** A database that cannot be opened: one sentence for the person who started the server, without the address. */
export class DatabaseProblem extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = "DatabaseProblem";
  }
}
