import { formatMoney } from "@llm-cost-ops/core";
import type { RecordScope } from "../identity/record-scope.ts";
import { Refusal } from "../refusal.ts";
import type { StoreConnection } from "../store/connection.ts";
import type { OfOrganization } from "../store/operation.ts";

/** A budget's place among others, and its amount in picos or tokens. */
export interface PlacedBudget extends OfOrganization {
  readonly id: string;
  /** What each value of has the amount by itself. */
  readonly per: string | null;
  readonly parentId: string | null;
  /** Null of a budget in tokens. */
  readonly currency: string | null;
  readonly amount: bigint;
}

interface PlacedRow {
  readonly id: string;
  readonly name: string;
  readonly per: string | null;
  readonly parent_id: string | null;
  readonly currency: string | null;
  readonly amount: string | null;
  readonly tokens: number | null;
}

/** How many budgets a chain may have, each a part of the one before. */
const depthMax = 8;

const amountOf = ({ amount, tokens }: Pick<PlacedRow, "amount" | "tokens">): bigint =>
  amount === null ? BigInt(tokens ?? 0) : BigInt(amount);

const written = (currency: string | null, amount: bigint): string =>
  currency === null ? `${amount} tokens` : `${formatMoney(amount)} ${currency}`;

const conflict = (field: string, text: string): Refusal =>
  new Refusal("CONFLICT", `${field} ${text}.`, { fieldErrors: { [field]: text } });

const wrongParent = (text: string): Refusal =>
  new Refusal("VALIDATION_ERROR", `parent_id ${text}.`, { fieldErrors: { parent_id: text } });

const tooLongChain = (): Refusal =>
  wrongParent(`must leave at most ${depthMax} budgets in a chain, the parts of this one included`);

const find = (connection: StoreConnection, organizationId: string, id: string) =>
  connection.get<PlacedRow>(
    "SELECT id, name, per, parent_id, currency, amount, tokens FROM budgets WHERE organization_id = ? AND id = ?",
    organizationId,
    id,
  );

/**
 * Refuses a budget that is part of itself, of one in another unit or of too long a chain with VALIDATION_ERROR, and with CONFLICT, naming the
 * field, an amount beyond that of the budget above or below that of a part. Parts may be more together than the whole:
 * what each may spend at most is decided by the tightest of all that count a call. Whoever is limited to a part of the
 * records is not told of budgets that they may not see.
 */
export async function requireFitting(
  connection: StoreConnection,
  placed: PlacedBudget,
  isLimited: boolean,
): Promise<void> {
  const { organizationId, id, parentId, currency, amount } = placed;
  const field = currency === null ? "tokens" : "amount";
  if (parentId !== null) {
    const parent = await find(connection, organizationId, parentId);
    if (parent === undefined) throw wrongParent("names no budget of the organization");
    if (parent.per !== null)
      throw wrongParent(`must be a budget with one amount: that one has one for each ${parent.per}`);
    if (parent.currency !== currency) throw wrongParent(`must be a budget in ${currency ?? "tokens"}`);
    const above = await requireNoRing(connection, placed, parent);
    await requireShallow(connection, placed, above);
    const max = amountOf(parent);
    if (amount > max) {
      const named = isLimited
        ? "the amount of the budget above it"
        : `${written(currency, max)}, as ${parent.name} has`;
      throw conflict(field, `must be at most ${named}`);
    }
  }
  for (const child of await childrenOf(connection, organizationId, id)) {
    const least = amountOf(child);
    if (least <= amount) continue;
    const named = isLimited ? "the amount of its largest part" : `${written(currency, least)}, as ${child.name} has`;
    throw conflict(field, `must be at least ${named}`);
  }
}

/** Gives back how many budgets are above. */
async function requireNoRing(
  connection: StoreConnection,
  { organizationId, id }: PlacedBudget,
  parent: PlacedRow,
): Promise<number> {
  let above: PlacedRow | undefined = parent;
  let depth = 0;
  while (above !== undefined) {
    if (above.id === id) throw wrongParent("must not be the budget itself or a part of it");
    depth += 1;
    if (depth >= depthMax) throw tooLongChain();
    above = above.parent_id === null ? undefined : await find(connection, organizationId, above.parent_id);
  }
  return depth;
}

/** The parts of what is attached come along, and theirs. */
async function requireShallow(
  connection: StoreConnection,
  { organizationId, id }: PlacedBudget,
  above: number,
): Promise<void> {
  const found = await connection.get<{ height: number }>(
    `WITH RECURSIVE below (id, depth) AS (
       SELECT id, 1 FROM budgets WHERE organization_id = ?1 AND id = ?2
       UNION ALL
       SELECT budgets.id, below.depth + 1 FROM budgets JOIN below ON budgets.parent_id = below.id
       WHERE budgets.organization_id = ?1 AND below.depth < ?3)
     SELECT max(depth) AS height FROM below`,
    organizationId,
    id,
    depthMax,
  );
  if (above + Number(found?.height ?? 1) <= depthMax) return;
  throw tooLongChain();
}

/** The parts of a budget, by name. */
export const childrenOf = async (
  connection: StoreConnection,
  organizationId: string,
  id: string,
): Promise<readonly PlacedRow[]> =>
  connection.all<PlacedRow>(
    `SELECT id, name, per, parent_id, currency, amount, tokens FROM budgets
     WHERE organization_id = ? AND parent_id = ? ORDER BY lower(name), id`,
    organizationId,
    id,
  );

/** Refuses with CONFLICT to take a budget away whose parts would then be parts of nothing. */
export async function requireNoChildren(
  connection: StoreConnection,
  { organizationId, id, within }: OfOrganization & { readonly id: string; readonly within: RecordScope | undefined },
): Promise<void> {
  const children = await childrenOf(connection, organizationId, id);
  if (children.length === 0) return;
  const names = children.slice(0, 5).map(({ name }) => name);
  const told = within === undefined ? `: ${names.join(", ")}` : "";
  throw new Refusal("CONFLICT", `Other budgets are parts of it${told}. Change or delete these first.`);
}
