import type { ConfigSources } from "@llm-cost-ops/server";
import type { Invocation } from "./invocation.ts";

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
