import type { Command } from "commander";
import type { Invocation, Run } from "../invocation.ts";
import { askingFor, type Questions } from "../sign-in/ask.ts";
import { writeRecord } from "../terminal/output.ts";

const codeQuestion = "Code of the app, or a recovery code: ";

const proofFrom = async (questions: Questions) => ({
  password: await questions.secret("Password: "),
  code: await questions.line(codeQuestion),
});

async function writeCodes(cli: Invocation, codes: readonly string[]): Promise<void> {
  await writeRecord(cli.terminal, { recovery_codes: codes }, () => codes.join("\n"));
  cli.terminal.talk("These recovery codes are shown this once; each is good once, in place of a code of the app.");
}

/** The second factor of whoever has signed in. */
export function defineFactor(command: Command, run: Run): void {
  command
    .command("enable-second-factor")
    .description("ask for a code of an authenticator app at sign-in; stdout gets recovery codes")
    .addHelpText("after", "\nWithout a terminal the password and a code of the app are lines of stdin.")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        const questions = askingFor(cli);
        const offer = await client.auth.startTotp(await questions.secret("Password: "));
        cli.terminal.warn(`Give this secret to your authenticator app: ${offer.secret}\n${offer.uri}`);
        await writeCodes(cli, await client.auth.confirmTotp(await questions.line("Code that the app shows: ")));
      }),
    );

  command
    .command("disable-second-factor")
    .description("ask for no code any more")
    .addHelpText("after", "\nWithout a terminal the password and a code are lines of stdin.")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        await client.auth.removeTotp(await proofFrom(askingFor(cli)));
        cli.terminal.talk("There is no second factor any more.");
      }),
    );

  command
    .command("renew-recovery-codes")
    .description("get recovery codes in place of all older ones")
    .addHelpText("after", "\nWithout a terminal the password and a code are lines of stdin.")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        await writeCodes(cli, await client.auth.renewRecoveryCodes(await proofFrom(askingFor(cli))));
      }),
    );
}
