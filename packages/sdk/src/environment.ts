/** The only file that reads the environment; on platforms without one every variable is absent. */

export interface EnvironmentDefaults {
  readonly apiKey?: string;
  readonly baseUrl?: string;
  readonly timeoutMs?: number;
  readonly maxRetries?: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Defaults from `LLM_COST_OPS_API_KEY`, `LLM_COST_OPS_BASE_URL`, `LLM_COST_OPS_TIMEOUT` (seconds) and
 * `LLM_COST_OPS_MAX_RETRIES`; for the first two also from the command line's `COST_OPS_API_KEY` and `COST_OPS_API_URL`. Empty
 * counts as absent.
 * @throws RangeError naming the variable whose value is not a number in range.
 */
export function readEnvironment(variables: Variables = platformVariables()): EnvironmentDefaults {
  const first = (...names: readonly string[]): string | undefined =>
    names.map((name) => variables[name]?.trim()).find((value) => value);
  const apiKey = first("LLM_COST_OPS_API_KEY", "COST_OPS_API_KEY");
  const baseUrl = first("LLM_COST_OPS_BASE_URL", "COST_OPS_API_URL");
  const timeoutSeconds = numberFrom(variables, "LLM_COST_OPS_TIMEOUT", "a number of seconds from 0 to 86400", 86_400);
  const maxRetries = numberFrom(variables, "LLM_COST_OPS_MAX_RETRIES", "a whole number from 0 to 100", 100);
  if (maxRetries !== undefined && !Number.isInteger(maxRetries)) {
    throw new RangeError("LLM_COST_OPS_MAX_RETRIES must be a whole number from 0 to 100");
  }
  return {
    ...(apiKey && { apiKey }),
    ...(baseUrl && { baseUrl }),
    ...(timeoutSeconds !== undefined && { timeoutMs: timeoutSeconds * 1_000 }),
    ...(maxRetries !== undefined && { maxRetries }),
  };
}

function numberFrom(variables: Variables, name: string, allowed: string, max: number): number | undefined {
  const text = variables[name]?.trim();
  if (!text) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0 || value > max) throw new RangeError(`${name} must be ${allowed}`);
  return value;
}

function platformVariables(): Variables {
  const platform = globalThis as { process?: { env?: Variables } };
  try {
    return platform.process?.env ?? {};
  } catch {
    // Deno without permission to read the environment throws; the caller then passes options instead.
    return {};
  }
}
