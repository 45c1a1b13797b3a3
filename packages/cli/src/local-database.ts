import type { Config } from "@llm-cost-ops/server";
import { CommandError, exitCodes } from "./exit-codes.ts";
import type { Invocation } from "./invocation.ts";
import { configSources, serverAddress } from "./local-config.ts";

/**
 * The database of the configuration, for commands that work on the database itself.
 * @throws CommandError where a server was named instead.
 */
export async function localDatabase(
  cli: Pick<Invocation, "options" | "environment">,
  sentence: string,
): Promise<Config["database"]> {
  if (serverAddress(cli) !== undefined) {
    throw new CommandError(`${sentence}; it does not go with --api-url.`, exitCodes.usage);
  }
  const { loadConfig } = await import("@llm-cost-ops/server/config");
  return loadConfig(configSources(cli)).database;
}
