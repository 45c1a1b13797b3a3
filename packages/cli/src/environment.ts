/** What the command line takes from the environment, read once. Empty counts as absent. */
export interface Environment {
  readonly apiUrl: string | undefined;
  readonly apiKey: string | undefined;
  /** A file that holds the key, for those who keep secrets out of variables. */
  readonly apiKeyFile: string | undefined;
  readonly noColor: boolean;
  /** How this program is called from where it was called: through npm in the repository, else by its name. */
  readonly invokedAs: string;
  /** Every variable, for the configuration of the local server. */
  readonly all: Readonly<Record<string, string | undefined>>;
}

export function readEnvironment(): Environment {
  const all = process.env;
  const first = (...names: readonly string[]): string | undefined =>
    names.map((name) => all[name]?.trim()).find((value) => value !== undefined && value !== "");
  return {
    apiUrl: first("COST_OPS_API_URL", "LLM_COST_OPS_BASE_URL"),
    apiKey: first("COST_OPS_API_KEY", "LLM_COST_OPS_API_KEY"),
    apiKeyFile: first("COST_OPS_API_KEY_FILE"),
    noColor: first("NO_COLOR") !== undefined || all["TERM"] === "dumb",
    invokedAs: first("npm_lifecycle_event") === undefined ? "cost-ops" : "npx cost-ops",
    all,
  };
}
