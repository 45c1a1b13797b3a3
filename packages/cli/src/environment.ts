/** What the command line takes from the environment, read once. */
export interface Environment {
  readonly apiUrl: string | undefined;
  readonly apiKey: string | undefined;
  readonly noColor: boolean;
  readonly all: Readonly<Record<string, string | undefined>>;
}

export function readEnvironment(): Environment {
  const all = process.env;
  return {
    apiUrl: all["COST_OPS_API_URL"] ?? all["LLM_COST_OPS_BASE_URL"],
    apiKey: all["COST_OPS_API_KEY"] ?? all["LLM_COST_OPS_API_KEY"],
    noColor: (all["NO_COLOR"] ?? "") !== "",
    all,
  };
}
