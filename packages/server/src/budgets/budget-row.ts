import type { Budget, BudgetAtLimit, BudgetPeriod, BudgetScope } from "@llm-cost-ops/contract";
import { formatInstant, formatMoney } from "@llm-cost-ops/core";
import type { PlacedBudget } from "./budget-tree.sql.ts";

export interface BudgetRow {
  readonly organization_id: string;
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly tokens: number | null;
  readonly period: string;
  readonly per: string | null;
  readonly parent_id: string | null;
  readonly scope: string;
  readonly team_id: string | null;
  readonly thresholds: string;
  readonly enforcement: Budget["enforcement"];
  readonly at_limit: string;
  readonly when_store_is_away: NonNullable<Budget["when_store_is_away"]>;
  readonly unpriced: NonNullable<Budget["unpriced"]>;
  readonly created_at: number;
  readonly updated_at: number;
  readonly set_by_parent: number;
}

export const columns = `organization_id, id, name, description, amount, currency, tokens, period, per, parent_id, scope, team_id,
  thresholds, enforcement, at_limit, when_store_is_away, unpriced, created_at, updated_at, set_by_parent`;

export const toWire = (row: BudgetRow): Budget => ({
  id: row.id,
  organization_id: row.organization_id,
  name: row.name,
  description: row.description,
  amount: row.amount === null ? null : formatMoney(BigInt(row.amount)),
  currency: row.currency,
  tokens: row.tokens,
  period: JSON.parse(row.period) as BudgetPeriod,
  per: row.per,
  parent_id: row.parent_id,
  scope: JSON.parse(row.scope) as BudgetScope,
  thresholds: JSON.parse(row.thresholds) as number[],
  enforcement: row.enforcement,
  at_limit: row.enforcement === "soft" ? null : (JSON.parse(row.at_limit) as BudgetAtLimit),
  when_store_is_away: row.enforcement === "soft" ? null : row.when_store_is_away,
  unpriced: row.enforcement === "soft" ? null : row.unpriced,
  set_by: row.set_by_parent === 1 ? "parent" : "organization",
  created_at: formatInstant(row.created_at),
  updated_at: formatInstant(row.updated_at),
});

export const placedOf = (row: BudgetRow): PlacedBudget => ({
  organizationId: row.organization_id,
  id: row.id,
  per: row.per,
  parentId: row.parent_id,
  currency: row.currency,
  amount: row.amount === null ? BigInt(row.tokens ?? 0) : BigInt(row.amount),
});
