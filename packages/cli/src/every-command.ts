import type { Command } from "commander";

/** Every command with its path of names, depth first; the program itself has an empty path. */
export function* everyCommand(command: Command, path: readonly string[] = []): Generator<[readonly string[], Command]> {
  yield [path, command];
  for (const child of command.commands) yield* everyCommand(child, [...path, child.name()]);
}
