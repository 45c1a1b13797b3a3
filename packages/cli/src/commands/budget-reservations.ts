import { approvalStates, type BudgetApproval, limits, type Reservation, type Settlement } from "@llm-cost-ops/contract";
import { BudgetExceededError } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { money } from "../terminal/amounts.ts";
import { writeAnswer, writeRecord } from "../terminal/output.ts";
import { wireForm } from "../wire-form.ts";
import { tenantFlag } from "./budget-flags.ts";
import { quantity } from "./budget-text.ts";
import { repeated } from "./filter-flags.ts";
import { wholeNumber } from "./flag-values.ts";

interface ReserveFlags {
  readonly model?: string;
  readonly provider?: string;
  readonly inputTokens?: number;
  readonly cachedTokens?: number;
  readonly maxOutputTokens?: number;
  readonly serviceTier?: string;
  readonly amount?: string;
  readonly currency?: string;
  readonly project?: string;
  readonly user?: string;
  readonly tag?: readonly string[];
  readonly ttl?: number;
  readonly approval?: string;
}

interface SettleFlags {
  readonly model?: string;
  readonly inputTokens?: number;
  readonly cachedTokens?: number;
  readonly outputTokens?: number;
  readonly cost?: string;
  readonly currency?: string;
  readonly record?: string;
}

const tokens = wholeNumber(0, Number.MAX_SAFE_INTEGER);

/** What a refusal means to a script has an exit code of its own. */
async function orExceeded<T>(reserving: Promise<T>): Promise<T> {
  try {
    return await reserving;
  } catch (error) {
    if (!(error instanceof BudgetExceededError)) throw error;
    throw new CommandError(error.message, exitCodes.budgetExceeded);
  }
}

/** Money set aside before a call, and what becomes of it. */
export function defineReservations(command: Command, run: Run): void {
  command
    .command("reserve")
    .description("set aside what a call may cost, of every hard budget that counts it; prints the reservation's id")
    .option("--model <model>", "the model to be called")
    .option("--provider <provider>", "who serves it, where the model does not say")
    .option("--input-tokens <count>", "what it reads, with cached ones", tokens)
    .option("--cached-tokens <count>", "how many of these come from a cache", tokens)
    .option("--max-output-tokens <count>", "the most that it may generate", tokens)
    .option("--service-tier <tier>", "at which it is served")
    .option("--amount <money>", "in place of the price of the tokens")
    .option("--currency <code>", "of the amount (USD)")
    .option("--project <project>", "that the call belongs to")
    .option("--user <user>", "who makes it")
    .option("--tag <key:value>", "tag of its record; repeatable", repeated)
    .option("--ttl <seconds>", "after so long it expires by itself (600)", wholeNumber(1, limits.reservationSecondsMax))
    .option("--approval <id>", "lets it go beyond one budget, once")
    .action(
      run<ReserveFlags>(async (cli, flags) => {
        const client = await cli.connect();
        const { cachedTokens, project, user, tag, ttl, approval, ...estimate } = flags;
        const asked = {
          ...estimate,
          cachedInputTokens: cachedTokens,
          projectId: project,
          userId: user,
          tags: tag,
          ttlSeconds: ttl,
          approvalId: approval,
        };
        const made = wireForm<Reservation>(await orExceeded(client.budgets.reserve(asked)));
        await writeRecord(cli.terminal, made, () => made.id);
        if (made.fallback_from !== null) cli.terminal.talk(`Call ${made.model} in place of ${made.fallback_from}.`);
        if (made.over_limit) cli.terminal.talk("It goes beyond a budget.");
      }),
    );

  command
    .command("settle <reservation>")
    .description("record what a call did cost, then end its reservation")
    .option("--model <model>", "that was called, where it is not the reservation's")
    .option("--input-tokens <count>", "what it read, with cached ones", tokens)
    .option("--cached-tokens <count>", "how many of these came from a cache", tokens)
    .option("--output-tokens <count>", "what it generated", tokens)
    .addOption(new Option("--cost <money>", "where that is known from elsewhere").conflicts(["inputTokens", "record"]))
    .option("--currency <code>", "of the cost (the reservation's)")
    .addOption(new Option("--record <id>", "where it is recorded already").conflicts("inputTokens"))
    .action(
      run<SettleFlags>(async (cli, { cost, currency, record, ...usage }, [id = ""]) => {
        const client = await cli.connect();
        const settlement =
          record !== undefined
            ? { recordId: record }
            : cost !== undefined
              ? { cost: { amount: cost, currency } }
              : { usage };
        const done = wireForm<Settlement["data"]>(await client.budgets.settle(id, settlement));
        await writeRecord(cli.terminal, done, () => {
          const { total_cost, currency: paid } = done.record;
          const text = total_cost === null || paid === null ? "without a price" : money(total_cost, paid);
          return `Recorded as ${done.record.id}, ${text}. The reservation is ${done.reservation}.`;
        });
      }),
    );

  command
    .command("release <reservation>")
    .description("end the reservation of a call that was not made")
    .action(
      run<object>(async (cli, _flags, [id = ""]) => {
        const { reservation } = await (await cli.connect()).budgets.release(id);
        cli.terminal.talk(`The reservation is ${reservation}.`);
      }),
    );

  command
    .command("approvals")
    .description("requests to go beyond budgets that ask for approval, newest first")
    .addOption(new Option("--state <state>", "those alone that are in this state").choices(approvalStates))
    .option(...tenantFlag)
    .action(
      run<{ state?: BudgetApproval["state"]; tenant?: string }>(async (cli, { state, tenant: tenantId }) => {
        const rows = wireForm<BudgetApproval[]>(await (await cli.connect()).budgets.approvals({ state, tenantId }));
        await writeAnswer(cli.terminal, {
          document: { data: rows },
          rows,
          columns: [
            { heading: "id", isWhole: true, text: (row) => row.id },
            { heading: "budget", text: (row) => row.budget_name },
            { heading: "state", text: (row) => row.state },
            { heading: "asked for", align: "right", text: (row) => quantity(row.requested, row) },
            { heading: "model", text: (row) => row.model ?? "–" },
            { heading: "by", text: (row) => row.requested_by ?? "–" },
          ],
          none: "No requests.",
        });
      }),
    );

  for (const [name, description] of [
    ["approve", "let one reservation that names the approval go beyond its budget"],
    ["deny", "refuse a request to go beyond a budget, or take back an approval that is not used"],
  ] as const) {
    command
      .command(`${name} <approval>`)
      .description(description)
      .action(
        run<object>(async (cli, _flags, [id = ""]) => {
          const decided = wireForm<BudgetApproval>(await (await cli.connect()).budgets[name](id));
          await writeRecord(cli.terminal, decided, () => `The request is ${decided.state}.`);
        }),
      );
  }
}
