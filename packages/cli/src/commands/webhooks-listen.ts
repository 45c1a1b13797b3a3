import type { WebhookEventType } from "@llm-cost-ops/contract";
import type { CostOpsClient, WebhookDelivery } from "@llm-cost-ops/sdk";
import type { Command } from "commander";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Invocation, Run } from "../invocation.ts";
import { printable } from "../terminal/printable.ts";
import { listOf } from "./filter-flags.ts";

/** By which an endpoint is known that a terminal listens for. */
export const listening = "cost-ops webhooks listen";

/** Nothing is ever sent there: the endpoint is paused, and its events are fetched. */
const nowhere = "https://listening.invalid/";

const lookMs = 500;
const forwardTimeoutMs = 10_000;
/** A terminal that was killed leaves its endpoint behind for so long: it lives as long as its events are fetched. */
const leaseSeconds = 60;
/** Fetched at least so often, also while a receiver takes its time. */
const fetchEveryMs = 15_000;

interface ListenFlags {
  readonly forwardTo: string;
  readonly events?: readonly WebhookEventType[];
}

export function defineListen(command: Command, run: Run): void {
  command
    .command("listen")
    .description("forward events to a receiver on this machine, signed as webhooks are, until Ctrl-C")
    .requiredOption("--forward-to <url>", "such as http://127.0.0.1:3000/hooks")
    .option("--events <names>", "only these events (all of them)", listOf)
    .addHelpText("after", "\nThe server need not reach this machine: events are fetched from it.")
    .action(
      run<ListenFlags>(async (cli, { forwardTo, events }) => {
        if (!URL.canParse(forwardTo) || !/^https?:$/.test(new URL(forwardTo).protocol)) {
          throw new CommandError("--forward-to must be an http or https address.", exitCodes.usage);
        }
        const client = await cli.connect();
        const wanted = events ?? (await everyEvent());
        const { id, secret } = await client.webhooks.create({
          url: nowhere,
          events: [...wanted],
          description: listening,
          paused: true,
          leaseSeconds,
        });
        try {
          cli.terminal.talk(`Listening; events are signed with ${secret} (Ctrl-C ends it).`);
          await forward(cli, client, { id, secret, forwardTo });
        } finally {
          await deleteAfterwards(cli, id);
        }
        return exitCodes.ok;
      }),
    );
}

async function everyEvent(): Promise<readonly WebhookEventType[]> {
  const { webhookEventMeanings } = await import("@llm-cost-ops/contract");
  return Object.keys(webhookEventMeanings) as WebhookEventType[];
}

/** By a client of its own: the command's ended with Ctrl-C. */
async function deleteAfterwards(cli: Invocation, id: string): Promise<void> {
  const { connect } = await import("../connect.ts");
  const { signal } = new AbortController();
  const { options, environment, onEnd } = cli;
  const client = await connect({ options, environment, signal, onEnd, database: "must exist" });
  await client.webhooks.delete(id);
}

interface Forwarding {
  readonly id: string;
  readonly secret: string;
  readonly forwardTo: string;
}

async function forward(cli: Invocation, client: CostOpsClient, { id, secret, forwardTo }: Forwarding): Promise<void> {
  const { signatureHeaders } = await import("@llm-cost-ops/server/signatures");
  const done = new Set<string>();
  try {
    for (;;) {
      const found = await newDeliveries(client, id, done);
      let fetchedMs = performance.now();
      for (const delivery of found) {
        if (performance.now() - fetchedMs >= fetchEveryMs) {
          fetchedMs = performance.now();
          await client.webhooks.deliveries(id, { limit: 1 });
        }
        const { eventId, eventType, requestBody: body } = delivery;
        const headers = signatureHeaders({ id: eventId, atMs: Date.now(), body }, [secret]);
        const came = await post(forwardTo, body, headers, cli.signal);
        done.add(delivery.id);
        const time = new Date().toISOString().slice(11, 19);
        cli.terminal.data(`${time}Z  ${printable(eventType).padEnd(26)}  ${printable(eventId)}  ${came}\n`);
      }
      await pause(cli.signal);
    }
  } catch (error) {
    // Ctrl-C is how this ends.
    if (!cli.signal.aborted) throw error;
  }
}

/** Oldest first. What is newer stands on earlier pages, so the first page without anything new is the last. */
async function newDeliveries(
  client: CostOpsClient,
  id: string,
  done: ReadonlySet<string>,
): Promise<readonly WebhookDelivery[]> {
  const found: WebhookDelivery[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await client.webhooks.deliveries(id, { limit: 200, cursor });
    const fresh = page.data.filter((delivery) => !done.has(delivery.id));
    found.push(...fresh);
    if (page.nextCursor === null || fresh.length === 0) return found.reverse();
    cursor = page.nextCursor;
  }
}

/** The status of the answer, or why there was none. */
async function post(
  url: string,
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { ...headers, "content-type": "application/json", "user-agent": "cost-ops-listen" },
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(forwardTimeoutMs)]),
    });
    await response.body?.cancel();
    return String(response.status);
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `no answer: ${printable((cause as NodeJS.ErrnoException).code ?? String(cause))}`;
  }
}

const pause = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", end);
      resolve();
    }, lookMs);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
