import type { Webhook, WebhookDelivery, WebhookEventType } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { listOf } from "./filter-flags.ts";
import { wholeNumber } from "./flag-values.ts";
import { defineListen, listening } from "./webhooks-listen.ts";

const webhookColumns: readonly Column<Webhook>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "url", text: (row) => row.url },
  { heading: "events", text: (row) => row.events.join(", ") },
  { heading: "status", text: (row) => row.status },
  { heading: "failing since", isOptional: true, text: (row) => row.failing_since ?? "" },
];

const deliveryColumns: readonly Column<WebhookDelivery>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "event", text: (row) => row.event_type },
  { heading: "status", text: (row) => row.status },
  { heading: "attempts", align: "right", text: (row) => String(row.attempts) },
  { heading: "answer", align: "right", text: (row) => String(row.response_status ?? "") },
  { heading: "error", isOptional: true, text: (row) => row.error ?? "" },
  { heading: "created", isOptional: true, text: (row) => row.created_at },
];

interface CreateFlags {
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  readonly description?: string;
}

export function define(command: Command, run: Run): void {
  command
    .command("create")
    .description("have events sent to an address; shows the secret that they are signed with, this once")
    .requiredOption("--url <url>", "an https address")
    .requiredOption("--events <names>", "such as usage.created,alert.triggered", listOf)
    .option("--description <text>", "what it is for")
    .action(
      run<CreateFlags>(async (cli, { url, events, description }) => {
        const client = await cli.connect();
        const made = await client.webhooks.create({ url, events: [...events], description });
        await writeRecord(cli.terminal, wireForm<object>(made));
      }),
    );

  command
    .command("list")
    .description("webhook endpoints, oldest first")
    .action(
      run<object>(async (cli) => {
        const client = await cli.connect();
        const rows = wireForm<Webhook[]>(await client.webhooks.list());
        await writeAnswer(cli.terminal, {
          document: { data: rows },
          rows,
          columns: webhookColumns,
          none: "No webhooks.",
        });
      }),
    );

  command
    .command("delete <id>")
    .description("delete an endpoint with its deliveries; what is pending is not sent")
    .action(
      run<object>(async (cli, _flags, [id = ""]) => {
        const client = await cli.connect();
        const { url } = await client.webhooks.get(id);
        await confirm(cli, `Delete the webhook to ${printable(url)}?`);
        await client.webhooks.delete(id);
        cli.terminal.talk(`Webhook ${printable(id)} is deleted.`);
      }),
    );

  command
    .command("deliveries <id>")
    .description("what was sent to an endpoint, newest first")
    .option("--status <status>", "pending, succeeded or failed")
    .option("--limit <deliveries>", "deliveries of a page, at most 1000 (50)", wholeNumber(1, 1_000))
    .option("--cursor <cursor>", "the page after the one that named this cursor")
    .action(
      run<{ status?: WebhookDelivery["status"]; limit?: number; cursor?: string }>(
        async (cli, { status, limit = 50, cursor }, [id = ""]) => {
          const client = await cli.connect();
          const page = await client.webhooks.deliveries(id, { status, limit, cursor });
          const rows = wireForm<WebhookDelivery[]>(page.data);
          await writeAnswer(cli.terminal, {
            document: { data: rows, pagination: wireForm(page.pagination) },
            rows,
            columns: deliveryColumns,
            none: "Nothing was sent there.",
          });
          if (page.nextCursor !== null) cli.terminal.talk(`More follow: add --cursor ${page.nextCursor}`);
        },
      ),
    );

  command
    .command("replay <id> <delivery>")
    .description("send the event of a delivery once more")
    .action(
      run<object>(async (cli, _flags, [id = "", delivery = ""]) => {
        const client = await cli.connect();
        await writeRecord(cli.terminal, wireForm<object>(await client.webhooks.replay(id, delivery)));
      }),
    );

  command
    .command("trigger <event>")
    .description("send a made-up event, marked as a test, to the endpoints that want such events")
    .option("--webhook <id>", "to this endpoint alone, whatever it wants")
    .action(
      run<{ webhook?: string }>(async (cli, { webhook }, [named = ""]) => {
        const event = named as WebhookEventType;
        const client = await cli.connect();
        const ids = webhook === undefined ? wanting(await client.webhooks.list(), event) : [webhook];
        if (ids.length === 0) {
          throw new CommandError(`No active webhook wants ${printable(event)}.`, exitCodes.error);
        }
        const rows: WebhookDelivery[] = [];
        for (const id of ids) rows.push(wireForm<WebhookDelivery>(await client.webhooks.test(id, { event })));
        await writeAnswer(cli.terminal, { document: { data: rows }, rows, columns: deliveryColumns });
      }),
    );

  defineListen(command, run);
}

/** Those who get such events now, and whoever listens at a terminal. */
const wanting = (
  webhooks: readonly { id: string; events: string[]; status: string; description: string }[],
  event: string,
): readonly string[] =>
  webhooks
    .filter(({ status, description }) => status === "active" || (status === "paused" && description === listening))
    .filter(({ events }) => events.includes(event))
    .map(({ id }) => id);
