import type { Composition } from "@llm-cost-ops/server";
import type { SafetyFinding } from "./doctor-safety.ts";

/** What is unsafe about the audit trail: the key that vouches for it, where whoever reads the database can read it too. */
export async function findOpenSigningKey(store: Composition["store"]): Promise<readonly SafetyFinding[]> {
  const { readSigningKey } = await import("@llm-cost-ops/server");
  const key = await store.run(readSigningKey, {});
  if (key === undefined || key.isSealed) return [];
  const message =
    "The key that signs audit checkpoints lies open in the database: set COST_OPS_SECRET_KEY, and the next checkpoint seals it.";
  return [{ severity: "warning", message }];
}
