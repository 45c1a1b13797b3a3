/** What a script can tell from the exit code. Part of the interface: numbers never change their meaning. */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  authentication: 3,
  api: 4,
  database: 5,
  budgetExceeded: 6,
  /** Ctrl-C, as shells count it: 128 and the number of SIGINT. */
  interrupted: 130,
} as const;

/** A failure that the person at the terminal can do something about: one sentence, no stack. */
export class CommandError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.error) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}
