import type { Actor } from "../audit/actor.ts";
import type { StoreConnection } from "./connection.ts";

/**
 * A named piece of database work that is the same on every store, in one transaction: a read sees one snapshot, writes of
 * one organization happen one after the other. It awaits nothing but its connection. Arguments and results cross threads
 * by structured clone.
 */
export interface StoreOperation<Args, Result> {
  readonly name: string;
  readonly access: "read" | "write";
  /** `organization` sees the rows of `args.organizationId` alone; `installation` sees all of them. */
  readonly scope: "organization" | "installation";
  /** Of a read that requests wait for before anything else: it must not stand behind a slow question. */
  readonly isPrompt?: true;
  readonly run: (connection: StoreConnection, args: Args) => Promise<Result>;
  /**
   * Of a write: `recorded` where whatever it changes leaves an entry in the audit trail, which the store sees to; else why
   * it leaves none.
   */
  readonly audit?: "recorded" | { readonly unrecorded: string };
}

/** The rows of whose organization an operation sees. */
export interface OfOrganization {
  readonly organizationId: string;
}

type Run<Args, Result> = StoreOperation<Args, Result>["run"];

export const storeRead = <Args extends OfOrganization, Result>(
  name: string,
  run: Run<Args, Result>,
): StoreOperation<Args, Result> => ({ name, access: "read", scope: "organization", run });

/** A write that the audit trail tells of: it calls `recordChange` in its transaction wherever it changes something. */
export const storeChange = <Args extends OfOrganization, Result>(
  name: string,
  run: Run<Args, Result>,
): StoreOperation<Args, Result> => ({ name, access: "write", scope: "organization", run, audit: "recorded" });

/** A write that the audit trail does not tell of, and why not. */
export const storeWrite = <Args extends OfOrganization, Result>(
  name: string,
  run: Run<Args, Result>,
  unrecorded?: string,
): StoreOperation<Args, Result> => ({ name, access: "write", scope: "organization", run, ...because(unrecorded) });

/** For what belongs to no organization, or is not known to belong to one yet: keys by their hash, due jobs. */
export const installationRead = <Args, Result>(name: string, run: Run<Args, Result>): StoreOperation<Args, Result> => ({
  name,
  access: "read",
  scope: "installation",
  run,
});

/** A short read that every request may have to wait for, such as whose credential this is. */
export const promptRead = <Args, Result>(name: string, run: Run<Args, Result>): StoreOperation<Args, Result> => ({
  ...installationRead(name, run),
  isPrompt: true,
});

export const installationWrite = <Args, Result>(
  name: string,
  run: Run<Args, Result>,
  unrecorded?: string,
): StoreOperation<Args, Result> => ({ name, access: "write", scope: "installation", run, ...because(unrecorded) });

export const installationChange = <Args, Result>(
  name: string,
  run: Run<Args, Result>,
): StoreOperation<Args, Result> => ({ name, access: "write", scope: "installation", run, audit: "recorded" });

const because = (unrecorded: string | undefined): Pick<StoreOperation<never, unknown>, "audit"> =>
  unrecorded === undefined ? {} : { audit: { unrecorded } };

/**
 * The way to the database for use-cases. A `Refusal` thrown by an operation is thrown here as one. `actor` is whom the
 * audit trail names; the process itself if absent. Where `signal` is aborted nobody waits for what is read any more: a
 * store may then end it, and refuse with UNAVAILABLE.
 */
export interface Store {
  run<Args, Result>(
    operation: StoreOperation<Args, Result>,
    args: Args,
    actor?: Actor,
    signal?: AbortSignal,
  ): Promise<Result>;
}
