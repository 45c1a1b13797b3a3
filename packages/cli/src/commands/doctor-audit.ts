import type { Composition, Config } from "@llm-cost-ops/server";
import type { SafetyFinding } from "./doctor-safety.ts";

/** What is wrong with the key that vouches for the audit trail: everybody can read it, or nobody. */
export async function findKeyProblems(
  store: Composition["store"],
  { secretKey }: Pick<Config, "secretKey">,
): Promise<readonly SafetyFinding[]> {
  const { readSigningKey, signingKeyProblem } = await import("@llm-cost-ops/server");
  const key = await store.run(readSigningKey, {});
  if (key === undefined) return [];
  if (!key.isSealed) {
    const message =
      "The key that signs audit checkpoints lies open in the database: set COST_OPS_SECRET_KEY, and the next checkpoint seals it.";
    return [{ severity: "warning", message }];
  }
  const problem = signingKeyProblem(key, secretKey);
  if (problem === undefined) return [];
  const message = `${problem} Second factors that were sealed with the former key cannot be checked either.`;
  return [{ severity: "warning", message }];
}
