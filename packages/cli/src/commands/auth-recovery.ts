import { CostOpsClient } from "@llm-cost-ops/sdk";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import { composeLocally } from "../connect.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { serverAddress } from "../local-config.ts";
import { askingFor, newSecret } from "../sign-in/ask.ts";
import { writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { serverOf } from "./auth-session.ts";

/** Forgotten passwords: by a mail, by a token that somebody hands over, or on the database itself. */
export function defineRecovery(command: Command, run: Run): void {
  command
    .command("forgot-password")
    .description("have a token mailed to you that sets a new password")
    .requiredOption("--email <address>", "the e-mail address that you sign in with")
    .action(
      run<{ email: string }>(async (cli, { email }) => {
        const client = new CostOpsClient({ baseURL: serverOf(cli, "forgot-password"), signal: cli.signal });
        if (!(await client.auth.requestPasswordReset(email))) {
          const other = "Ask an administrator for a token (cost-ops users reset-password).";
          throw new CommandError(`This server sends no mail. ${other}`, exitCodes.error);
        }
        cli.terminal.talk(
          `If ${printable(email)} signs in there, a token is on its way. Next: cost-ops auth reset-password`,
        );
      }),
    );

  command
    .command("reset-password")
    .description("set a new password with a token; all your sessions end")
    .addHelpText("after", "\nWithout a terminal the token and the new password are lines of stdin.")
    .action(
      run(async (cli) => {
        const client = new CostOpsClient({ baseURL: serverOf(cli, "reset-password"), signal: cli.signal });
        const questions = askingFor(cli);
        const token = await questions.secret("Token: ");
        const newPassword = await newSecret(cli, questions, "New password: ");
        await client.auth.confirmPasswordReset({ token, newPassword });
        cli.terminal.talk("The password is changed, and all your sessions have ended. Next: cost-ops auth login");
      }),
    );

  command
    .command("recover")
    .description("set a user's password on the local database, such as the last administrator's")
    .requiredOption("--email <address>", "the e-mail address of the user")
    .option("--remove-second-factor", "also where the app and the recovery codes are lost")
    .addHelpText(
      "after",
      "\nWithout a terminal the new password is a line of stdin. All sessions of the user end, and the audit trail tells\nof it. A server that is running on the database heeds it at once.",
    )
    .action(
      run<{ email: string; removeSecondFactor?: true }>(async (cli, { email, removeSecondFactor = false }) => {
        if (serverAddress(cli) !== undefined) {
          const message = "auth recover works on the database itself; it does not go with --api-url.";
          throw new CommandError(message, exitCodes.usage);
        }
        const password = await newSecret(cli, askingFor(cli), "New password of the user: ");
        if (removeSecondFactor) await confirm(cli, `Remove the second factor of ${printable(email)}?`);
        const { store } = await composeLocally({ ...cli, database: "must exist" });
        const { recoverAccount } = await import("@llm-cost-ops/server");
        const input = { email, password, removesSecondFactor: removeSecondFactor };
        const { id, hasSecondFactor } = await recoverAccount(store, input).catch((error: unknown) => {
          throw refused(error);
        });
        const document = { id, email, second_factor: hasSecondFactor };
        await writeRecord(cli.terminal, document, () => `${printable(email)} has a new password.`);
        if (hasSecondFactor) cli.terminal.talk("The second factor is asked for as before (--remove-second-factor).");
      }),
    );
}

/** What the server's own code refuses, in the words and with the exit code of the same answer over HTTP. */
function refused(error: unknown): unknown {
  const { code, message, fieldErrors } = error as {
    code?: string;
    message: string;
    fieldErrors?: { password?: string };
  };
  if (code === "NOT_FOUND") return new CommandError(message, exitCodes.api);
  if (fieldErrors?.password === undefined) return error;
  return new CommandError(`The password ${fieldErrors.password}.`, exitCodes.usage);
}
