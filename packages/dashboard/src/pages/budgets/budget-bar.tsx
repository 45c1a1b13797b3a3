import type { BudgetStatus } from "@llm-cost-ops/sdk";
import { compareDecimals, pixels } from "../../format/decimal.ts";
import { formatShare } from "../../format/numbers.ts";
import { amountText, type Measure, stateLabels } from "./budget-words.ts";
import { whoseText } from "./per.ts";
import "./budgets.css";

/** What a bar is drawn from: exact decimal strings. */
interface BarFigures extends Measure {
  readonly amount: string;
  readonly spent: string;
  readonly reserved: string;
  readonly projected: string | null;
  readonly state: BudgetStatus["state"];
  /** Of a budget with an amount for each value, which one this is of. */
  readonly whose?: string | undefined;
}

export const figuresOf = (status: BudgetStatus): BarFigures => ({
  currency: status.currency,
  amount: status.amountExact,
  spent: status.spentExact,
  reserved: status.reservedExact,
  projected: status.projectedExact,
  state: status.state,
  whose: status.per === null ? undefined : whoseText(status.per, status.value),
});

/** Positions in percent of the bar, which ends where the most of what it shows does. */
export function barOf({ amount, spent, reserved, projected }: Omit<BarFigures, "state" | "currency" | "whose">) {
  const used = Math.max(0, pixels(spent));
  const held = Math.max(0, pixels(reserved));
  // A pace that would be a hundred times the amount must not press all else into a line.
  const most = Math.max(pixels(amount), used + held) * 1.5;
  const end = Math.max(pixels(amount), used + held, Math.min(pixels(projected), most));
  const at = (value: number): number => (end <= 0 ? 0 : Math.min(100, (value / end) * 100));
  return {
    spent: at(used),
    reserved: at(held),
    amount: at(pixels(amount)),
    projected: projected === null ? null : at(Math.max(0, pixels(projected))),
  };
}

/** Spent, reserved and projected against the amount. Everything that it shows stands beside it, or in its name, as text. */
export function BudgetBar({
  figures,
  thresholds = [],
  isTall = false,
}: {
  figures: BarFigures;
  thresholds?: readonly number[];
  isTall?: boolean;
}) {
  const { state, amount, spent, reserved, projected } = figures;
  const bar = barOf(figures);
  const text = (value: string): string => amountText(value, figures);
  const name = [
    ...(figures.whose === undefined ? [] : [figures.whose]),
    `${stateLabels[state]}: ${text(spent)} of ${text(amount)} spent (${formatShare(spent, amount)})`,
    ...(compareDecimals(reserved, "0") > 0 ? [`${text(reserved)} reserved`] : []),
    ...(projected === null ? [] : [`${text(projected)} projected`]),
  ].join(", ");
  return (
    <div className={`bullet bullet-${state}${isTall ? " bullet-tall" : ""}`} role="img" aria-label={name} title={name}>
      {bar.amount < 100 ? <span className="bullet-beyond" style={{ left: percent(bar.amount), right: 0 }} /> : null}
      <span className="bullet-spent" style={{ left: 0, width: percent(bar.spent) }} />
      <span className="bullet-reserved" style={{ left: percent(bar.spent), width: percent(bar.reserved) }} />
      {thresholds
        .filter((threshold) => threshold < 100)
        .map((threshold) => (
          <span
            key={threshold}
            className="bullet-threshold"
            style={{ left: percent((bar.amount * threshold) / 100) }}
          />
        ))}
      {bar.amount > 0 ? (
        <span className="bullet-amount" style={{ left: `calc(${percent(bar.amount)} - 2px)` }} />
      ) : null}
      {bar.projected === null ? null : <span className="bullet-projected" style={{ left: percent(bar.projected) }} />}
    </div>
  );
}

const states = ["ok", "warning", "exceeded"] as const satisfies readonly BudgetStatus["state"][];

/** What the parts of a bar mean: of one in that state, or of bars in any. */
export function BarKey({ state }: { state?: BudgetStatus["state"] }) {
  return (
    <ul className={`bullet-key bullet-${state ?? "ok"}`} aria-hidden="true">
      {state === undefined ? (
        states.map((one) => (
          <li key={one} className={`bullet-${one}`}>
            <span className="bullet-swatch bullet-spent" /> spent, {stateLabels[one].toLowerCase()}
          </li>
        ))
      ) : (
        <li>
          <span className="bullet-swatch bullet-spent" /> spent
        </li>
      )}
      <li>
        <span className="bullet-swatch bullet-reserved" /> reserved
      </li>
      <li>
        <span className="bullet-swatch bullet-amount" /> amount
      </li>
      <li>
        <span className="bullet-swatch bullet-projected" /> projected
      </li>
    </ul>
  );
}

const percent = (value: number): string => `${value.toFixed(2)}%`;
