import { setTimeout as sleep } from "node:timers/promises";
import type { Channel, ChannelDelivery, CostOpsClient } from "@llm-cost-ops/sdk";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";
import { writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";

/** The channel of an id or a name. @throws CommandError where there is none. */
export async function channelOf(client: CostOpsClient, named: string): Promise<Channel> {
  const channels = await client.channels.list();
  const found = channels.find(({ id }) => id === named) ?? channels.find(({ name }) => name === named);
  if (found === undefined) throw new CommandError(`There is no channel ${printable(named)}.`, exitCodes.api);
  return found;
}

/** Longer than an attempt may take. */
const waitedMs = 45_000;
/** A server that runs looks what is to be sent twice a second. */
const begunMs = 10_000;
const lookMs = 300;

/** Sends a test to a channel and waits for what comes of the first attempt. @throws CommandError where it did not arrive. */
export async function sendTest(cli: Invocation, named: string): Promise<void> {
  const client = await cli.connect();
  const { id, name } = await channelOf(client, named);
  const sent = await client.channels.test(id);
  const delivery = await firstAttempt(cli, client, sent);
  const shown = printable(name);
  await writeRecord(cli.terminal, wireForm<object>(delivery), () => outcomeText(delivery, shown));
  if (delivery.status !== "succeeded") {
    const again = delivery.nextAttemptAt === null ? "" : " It is tried again, for three days.";
    throw new CommandError(
      delivery.durationMs === null
        ? `Nobody has sent it so far: a server has to run on this database. It waits for one.`
        : `The test did not arrive at ${shown}.${again}`,
    );
  }
}

async function firstAttempt(cli: Invocation, client: CostOpsClient, sent: ChannelDelivery): Promise<ChannelDelivery> {
  const began = performance.now();
  for (let delivery = sent; ; ) {
    const passed = performance.now() - began;
    const isOver = delivery.status !== "pending" || delivery.durationMs !== null;
    if (isOver || passed > waitedMs || (delivery.attempts === 0 && passed > begunMs)) return delivery;
    await sleep(lookMs, undefined, { signal: cli.signal });
    const page = await client.channels.deliveries(sent.channelId, { limit: 20 });
    delivery = page.data.find(({ id }) => id === sent.id) ?? delivery;
  }
}

function outcomeText(
  { status, responseStatus, responseBody, error, durationMs }: ChannelDelivery,
  name: string,
): string {
  if (status === "succeeded") return `The test arrived at ${name} in ${durationMs ?? 0} ms.`;
  const answer = responseStatus === null ? "" : `${responseStatus} ${responseBody ?? ""}`;
  return printable([answer.trim(), error ?? ""].filter((part) => part !== "").join(": ") || "No answer so far.");
}
