import type { Member } from "@llm-cost-ops/contract";
import { CostOpsClient } from "@llm-cost-ops/sdk";
import type { Command } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Invocation, Run } from "../invocation.ts";
import { serverAddress } from "../local-config.ts";
import { askingFor, newSecret } from "../sign-in/ask.ts";
import { timed } from "../sign-in/session-access.ts";
import { StoredSessions, sessionAddress, sessionsPath } from "../sign-in/stored-sessions.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";

interface WhoAmI {
  readonly kind: string;
  readonly name: string;
  readonly organization_id: string;
  readonly permissions: readonly string[];
}

interface SessionRow {
  readonly id: string;
  readonly refreshed_at: string;
  readonly client_address: string | null;
  readonly user_agent: string | null;
  readonly current: boolean;
}

const sessionColumns: readonly Column<SessionRow>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "used last", text: (row) => row.refreshed_at },
  { heading: "from", text: (row) => row.client_address ?? "" },
  { heading: "with", text: (row) => row.user_agent ?? "" },
  { heading: "", text: (row) => (row.current ? "this one" : "") },
];

function whoIs({ kind, name }: WhoAmI): string {
  if (kind === "user") return name;
  return kind === "process" ? "this command on the local database" : `${kind} ${name}`;
}

/** The server that a sign-in is about. */
export function serverOf(cli: Invocation, command: string): string {
  const given = serverAddress(cli);
  if (given === undefined) {
    const message = `auth ${command} needs a server: give its address with --api-url or COST_OPS_API_URL. The local database needs no sign-in.`;
    throw new CommandError(message, exitCodes.usage);
  }
  const address = sessionAddress(given);
  if (address === undefined) {
    throw new CommandError("--api-url must be an http or https address.", exitCodes.usage);
  }
  return address;
}

const codeOf = (error: unknown): string | undefined => (error as { code?: string }).code;

/** Whoever signs in has no use for the hint that they could sign in. */
const refused = (error: unknown): unknown =>
  codeOf(error) === "AUTH_001" ? new CommandError((error as Error).message, exitCodes.authentication) : error;

export function defineSessions(command: Command, run: Run): void {
  command
    .command("login")
    .description("sign in to a server; from then on commands need no API key for it")
    .option("--email <address>", "who signs in (asked for)")
    .option("--organization <id>", "the organization to enter (the one that the user has belonged to longest)")
    .addHelpText("after", "\nWithout a terminal the password, and the code where one is needed, are lines of stdin.")
    .action(
      run<{ email?: string; organization?: string }>(async (cli, flags) => {
        const address = serverOf(cli, "login");
        const questions = askingFor(cli);
        const email = flags.email ?? (await questions.line("E-mail: "));
        const password = await questions.secret("Password: ");
        const client = new CostOpsClient({ baseURL: address, signal: cli.signal });
        const params = { email, password, organizationId: flags.organization };
        const tokens = await client.auth.login(params).catch(async (error: unknown) => {
          if (codeOf(error) !== "AUTH_003") throw refused(error);
          const code = await questions.secret("Code of the second factor: ");
          return client.auth.login({ ...params, code }).catch((again: unknown) => {
            throw refused(again);
          });
        });
        const { session, user } = tokens;
        const { organizationId } = session;
        await new StoredSessions(sessionsPath(cli.environment.all)).change(address, async () => ({
          email: user.email,
          organizationId,
          ...timed(tokens),
        }));
        cli.terminal.talk(
          `Signed in to ${address} as ${printable(user.email)}, organization ${printable(organizationId)}.`,
        );
      }),
    );

  command
    .command("logout")
    .description("end the session of auth login, on the server and here")
    .action(
      run(async (cli) => {
        const address = serverOf(cli, "logout");
        const stored = new StoredSessions(sessionsPath(cli.environment.all));
        if (stored.get(address) === undefined) {
          cli.terminal.talk(`Nobody is signed in to ${address}.`);
          return;
        }
        const { connectWithSession } = await import("../connect.ts");
        await connectWithSession(address, cli)
          .auth.logout()
          .catch((error: unknown) => {
            // What the server does not know any more has ended already.
            if ((error as { statusCode?: number }).statusCode !== 401) throw error;
          });
        await stored.change(address, async () => undefined);
        cli.terminal.talk(`Signed out of ${address}.`);
      }),
    );

  command
    .command("whoami")
    .description("whose credential is used, and what it may do")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        const me = wireForm<WhoAmI & object>(await client.auth.whoami());
        await writeRecord(cli.terminal, me, () => {
          const who = whoIs(me);
          return `${who}, organization ${me.organization_id}\n${me.permissions.join(" ")}`;
        });
      }),
    );

  command
    .command("list-sessions")
    .description("your active sessions")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        const rows = wireForm<SessionRow[]>(await client.auth.sessions());
        await writeAnswer(cli.terminal, {
          document: { data: rows },
          rows,
          columns: sessionColumns,
          none: "No sessions.",
        });
      }),
    );

  command
    .command("revoke-session")
    .description("end one of your sessions, at once")
    .argument("<id>", "the id of the session (list-sessions shows it)")
    .action(
      run(async (cli, _flags, [id = ""]) => {
        const client = await cli.connect();
        await client.auth.revokeSession(id);
        cli.terminal.talk(`Session ${printable(id)} has ended.`);
      }),
    );

  command
    .command("change-password")
    .description("change your password; your other sessions end")
    .addHelpText("after", "\nWithout a terminal the present and the new password are lines of stdin.")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        const questions = askingFor(cli);
        const currentPassword = await questions.secret("Present password: ");
        const newPassword = await newSecret(cli, questions, "New password: ");
        await client.auth.changePassword({ currentPassword, newPassword });
        cli.terminal.talk("The password is changed; your other sessions have ended.");
      }),
    );

  command
    .command("accept-invitation")
    .description("become a member with the token of an invitation")
    .option("--name <name>", "what you are called, where you have no user yet")
    .addHelpText("after", "\nWithout a terminal the token and the password are lines of stdin.")
    .action(
      run<{ name?: string }>(async (cli, { name }) => {
        const address = serverOf(cli, "accept-invitation");
        const questions = askingFor(cli);
        const token = await questions.secret("Token of the invitation: ");
        const password = await newSecret(
          cli,
          questions,
          "Password (your own, or a new one where you have no user yet): ",
        );
        const client = new CostOpsClient({ baseURL: address, signal: cli.signal });
        const made = wireForm<Member>(
          await client.organizations.members.acceptInvitation({ token, password, name }).catch((error: unknown) => {
            throw refused(error);
          }),
        );
        await writeRecord(
          cli.terminal,
          made,
          () => `${printable(made.email)} is a member of organization ${printable(made.organization_id)}.`,
        );
        cli.terminal.talk(`Next: cost-ops auth login --email ${printable(made.email)}`);
      }),
    );

  command
    .command("create-user")
    .description("make a user who can sign in, a member of your organization")
    .requiredOption("--email <address>", "the e-mail address to sign in with")
    .option("--name <name>", "what the user is called")
    .option(
      "--role <role>",
      "what the user may do: admin, developer, analyst, billing, viewer or a role of your own",
      "viewer",
    )
    .option("--admin", "the same as --role admin")
    .addHelpText("after", "\nWithout a terminal the password is a line of stdin.")
    .action(
      run<{ email: string; name?: string; role: string; admin?: boolean }>(
        async (cli, { email, name, role, admin }) => {
          const client = await cli.connect();
          const password = await newSecret(cli, askingFor(cli), "Password for the user: ");
          const made = wireForm<{ id: string; email: string; role: string }>(
            await client.users.create({ email, name, password, role: admin === true ? "admin" : role }),
          );
          await writeRecord(cli.terminal, made, () => `User ${made.id} (${printable(made.email)}), ${made.role}.`);
        },
      ),
    );
}
