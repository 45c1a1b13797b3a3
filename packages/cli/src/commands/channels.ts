import { type Channel, channelKinds, smtpTlsModes } from "@llm-cost-ops/contract";
import type { CreateChannelParams } from "@llm-cost-ops/sdk";
import { type Command, Option } from "commander";
import { confirm } from "../confirm.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Invocation, Run } from "../invocation.ts";
import { askingFor } from "../sign-in/ask.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { channelOf, sendTest } from "./channel-test.ts";
import { listOf } from "./filter-flags.ts";
import { wholeNumber } from "./flag-values.ts";

interface CreateFlags {
  readonly name: string;
  readonly kind: (typeof channelKinds)[number];
  readonly description?: string;
  readonly url?: string;
  readonly to?: readonly string[];
  readonly smtpHost?: string;
  readonly smtpPort?: number;
  readonly smtpTls?: (typeof smtpTlsModes)[number];
  readonly smtpUser?: string;
  readonly smtpFrom?: string;
}

const placeOf = ({ address, to, smtp }: Channel): string =>
  address ?? `${(to ?? []).join(", ")}${smtp === null ? "" : ` by ${smtp.host}`}`;

const columns: readonly Column<Channel>[] = [
  { heading: "name", text: (row) => printable(row.name) },
  { heading: "kind", text: (row) => row.kind },
  { heading: "goes to", text: (row) => printable(placeOf(row)) },
  { heading: "status", text: (row) => row.status },
  { heading: "failing since", text: (row) => row.failing_since ?? "" },
  { heading: "id", isWhole: true, text: (row) => row.id },
];
const fields = [
  "id",
  "name",
  "kind",
  "description",
  "address",
  "status",
  "failing_since",
  "created_at",
  "updated_at",
] as const;

export function define(command: Command, run: Run): void {
  command
    .command("create")
    .description("make a channel that alerts can go to; what lets one in is asked for, and never shown again")
    .requiredOption("--name <name>", "what people call it, and commands")
    .addOption(new Option("--kind <kind>", "what it is").choices(channelKinds).makeOptionMandatory())
    .option("--url <url>", "address of a webhook, or another one of PagerDuty; of Slack and Teams better asked for")
    .option("--to <addresses>", "who gets the e-mail", listOf)
    .option("--smtp-host <host>", "a mail server of your own; the server's if absent")
    .option("--smtp-port <port>", "its port (587, or 465 with tls)", wholeNumber(1, 65_535))
    .addOption(new Option("--smtp-tls <mode>", "how it is reached (starttls)").choices(smtpTlsModes))
    .option("--smtp-user <user>", "who signs in there; the password is asked for")
    .option("--smtp-from <address>", "the address that messages come from")
    .option("--description <text>", "what it is for")
    .addHelpText("after", "\nWithout a terminal the address, the key or the password is a line of stdin.")
    .action(
      run<CreateFlags>(async (cli, flags) => {
        const params = await paramsFrom(cli, flags);
        const client = await cli.connect("may be created");
        const { secret, ...made } = await client.channels.create(params);
        const wire = { ...wireForm<Channel>(made), ...(secret === undefined ? {} : { secret }) };
        await writeRecord(cli.terminal, wire, () =>
          [
            `Channel ${printable(made.name)} is made. Try it: cost-ops channels test ${made.id}`,
            ...(secret === undefined ? [] : [`Its messages are signed with ${secret}, which is not shown again.`]),
          ].join("\n"),
        );
      }),
    );

  command
    .command("list")
    .description("channels by name")
    .action(
      run<object>(async (cli) => {
        const client = await cli.connect();
        const rows = wireForm<Channel[]>(await client.channels.list());
        await writeAnswer(cli.terminal, { document: { data: rows }, rows, fields, columns, none: "No channels." });
      }),
    );

  command
    .command("delete <channel>")
    .description("delete a channel, by id or name; what is on its way there is not sent")
    .action(
      run<object>(async (cli, _flags, [named = ""]) => {
        const client = await cli.connect();
        const { id, name } = await channelOf(client, named);
        await confirm(cli, `Delete the channel ${printable(name)}?`);
        await client.channels.delete(id);
        cli.terminal.talk(`Channel ${printable(name)} is deleted.`);
      }),
    );

  command
    .command("test <channel>")
    .description("send a test to a channel and say whether it arrived")
    .action(run<object>(async (cli, _flags, [named = ""]) => sendTest(cli, named)));
}

/** What flags describe, with what lets one in, which is asked for. */
async function paramsFrom(cli: Invocation, flags: CreateFlags): Promise<CreateChannelParams> {
  const { name, kind, description, url } = flags;
  const common = { name, ...(description === undefined ? {} : { description }) };
  const isMail = [flags.to, flags.smtpHost, flags.smtpPort, flags.smtpTls, flags.smtpUser, flags.smtpFrom];
  if (kind !== "email" && isMail.some((flag) => flag !== undefined)) {
    throw new CommandError("--to and --smtp-… are of a channel of kind email.", exitCodes.usage);
  }
  const ask = (question: string): Promise<string> => askingFor(cli).secret(question);
  switch (kind) {
    case "email":
      if (url !== undefined) throw new CommandError("--url is not of a channel of kind email.", exitCodes.usage);
      return { kind, ...common, to: [...(flags.to ?? [])], ...(await smtpFrom(flags, ask)) };
    case "slack":
    case "teams":
      return { kind, ...common, url: url ?? (await ask("Address of the incoming webhook: ")) };
    case "pagerduty": {
      const routingKey = await ask("Routing key: ");
      return { kind, ...common, routingKey, ...(url === undefined ? {} : { url }) };
    }
    case "webhook":
      if (url === undefined) throw new CommandError("A webhook needs --url.", exitCodes.usage);
      return { kind, ...common, url };
    default:
      return kind satisfies never;
  }
}

async function smtpFrom(flags: CreateFlags, ask: (question: string) => Promise<string>) {
  const { smtpHost: host, smtpPort: port, smtpTls: tls, smtpUser: user, smtpFrom: from } = flags;
  if (host === undefined) {
    if ([port, tls, user, from].every((flag) => flag === undefined)) return {};
    throw new CommandError("Give --smtp-host as well.", exitCodes.usage);
  }
  if (from === undefined) throw new CommandError("--smtp-host needs --smtp-from.", exitCodes.usage);
  const login = user === undefined ? {} : { user, password: await ask("Password of the mail server: ") };
  return {
    smtp: { host, from, ...(port === undefined ? {} : { port }), ...(tls === undefined ? {} : { tls }), ...login },
  };
}
