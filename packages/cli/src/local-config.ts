import type { ConfigSources } from "@llm-cost-ops/server";
import type { Invocation } from "./invocation.ts";

/** The server that is asked; undefined where the database is opened, also because the command line names that one. */
export function serverAddress({
  options,
  environment,
}: Pick<Invocation, "options" | "environment">): string | undefined {
  const isLocal = options.database !== undefined || options.config !== undefined;
  return options.apiUrl ?? (isLocal ? undefined : environment.apiUrl);
}

/** Where this invocation's configuration comes from: its flags, then the environment, then files. */
export function configSources(
  cli: Pick<Invocation, "options" | "environment">,
  flags: Readonly<Record<string, string | undefined>> = {},
): ConfigSources {
  return {
    environment: cli.environment.all,
    flags: { database: cli.options.database, config: cli.options.config, ...flags },
  };
}
