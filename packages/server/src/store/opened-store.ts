import type { CostQuery } from "../costs/cost-query.ts";
import type { Ledger } from "../usage/ledger.ts";
import type { CommittedUsage } from "../usage/ledger-observer.ts";
import type { Awaitable } from "./connection.ts";
import type { Store } from "./operation.ts";

/** An open database of either kind, with the two parts that each kind does in its own way. */
export interface OpenedStore {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly query: CostQuery;
  /** What is wrong with the place where the data lies, in public words that say what helps; undefined while all is well. */
  readonly problem: () => Awaitable<string | undefined>;
  /** Bytes of bodies that wait to be recorded. */
  readonly queuedBytes: () => number;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Told of every commit of usage. */
  readonly onCommitted?: (usage: CommittedUsage) => void;
  /** Told that another process may have changed what credentials are allowed, where the store can tell. */
  readonly onAccessChanged?: () => void;
  /** Told that another process may have something watched in an organization, where the store can tell. */
  readonly onWatchedChanged?: (organizationId: string) => void;
  /** Told of what broke beside any request. */
  readonly onTrouble?: (event: string, details: Readonly<Record<string, unknown>>) => void;
}
