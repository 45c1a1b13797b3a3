import { mailServerOf } from "./channels/mail-settings.ts";
import { createChannelSender } from "./channels/send-to-channel.ts";
import type { Config } from "./config.ts";
import type { Store } from "./store/operation.ts";
import { version } from "./version.ts";
import { type AddressGuard, createAddressGuard, noAllowedAddresses } from "./webhooks/address-guard.ts";
import { createSender, type Sender } from "./webhooks/sender.ts";

/** Everything by which the server speaks first: what it sends to webhooks and channels, and where it may. */
export interface Outgoing {
  readonly guard: AddressGuard;
  readonly sender: Sender;
  /** Whether e-mail can go without a mail server of a channel's own. */
  readonly hasMailServer: boolean;
}

/** Wires what sends, for `compose`. */
export function composeOutgoing({
  config,
  store,
  clock,
  onFailure,
}: {
  readonly config: Config;
  readonly store: Store;
  readonly clock: () => number;
  readonly onFailure: (error: unknown) => void;
}): Outgoing {
  const guard = createAddressGuard(config.webhookAllowedAddresses ?? noAllowedAddresses);
  const mailServer = mailServerOf(config);
  const userAgent = `llm-cost-ops/${version}`;
  const sender = createSender({
    store,
    guard,
    sendToChannel: createChannelSender({ clock, userAgent, mailServer }),
    secretKey: config.secretKey,
    clock,
    chance: Math.random,
    userAgent,
    onFailure,
  });
  return { guard, sender, hasMailServer: mailServer !== undefined };
}
