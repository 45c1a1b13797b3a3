import type { ApiKey } from "@llm-cost-ops/sdk";
import { formatMoneyExact } from "../../../format/money.ts";
import { formatCount } from "../../../format/numbers.ts";

type KeyState = "active" | "ending" | "expired" | "revoked";

const soonMs = 7 * 86_400_000;

export const keyStateWords = {
  active: ["Active", "teal"],
  ending: ["Ends soon", "yellow"],
  expired: ["Expired", "gray"],
  revoked: ["Revoked", "gray"],
} as const satisfies Record<KeyState, readonly [label: string, color: string]>;

/** Whether a key works now, and whether it will stop within a week. */
export function keyState({ revokedAt, expiresAt }: Pick<ApiKey, "revokedAt" | "expiresAt">, nowMs: number): KeyState {
  if (revokedAt !== null) return "revoked";
  if (expiresAt === null) return "active";
  const leftMs = Date.parse(expiresAt) - nowMs;
  return leftMs <= 0 ? "expired" : leftMs <= soonMs ? "ending" : "active";
}

export const works = (key: ApiKey, nowMs: number): boolean => ["active", "ending"].includes(keyState(key, nowMs));

/** Those that work first, the newest first among them. */
export const keysInOrder = (keys: readonly ApiKey[], nowMs: number): readonly ApiKey[] =>
  keys.toSorted(
    (a, b) => Number(works(b, nowMs)) - Number(works(a, nowMs)) || b.createdAt.localeCompare(a.createdAt, "en"),
  );

/** `1,000 tokens a minute, $5.00 a day`; null where nothing is limited. */
export function limitsText(limits: ApiKey["limits"]): string | null {
  if (limits === null) return null;
  const currency = limits.currency ?? "USD";
  const parts = (["Minute", "Hour", "Day"] as const).flatMap((window) => {
    const [tokens, cost] = [limits[`tokensPer${window}`], limits[`costPer${window}`]];
    return [
      ...(tokens === undefined ? [] : [`${formatCount(tokens)} tokens a ${window.toLowerCase()}`]),
      ...(cost === undefined ? [] : [`${formatMoneyExact(cost, currency)} a ${window.toLowerCase()}`]),
    ];
  });
  return parts.length === 0 ? null : parts.join(", ");
}
