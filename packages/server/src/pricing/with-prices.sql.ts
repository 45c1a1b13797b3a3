import type { StoreConnection } from "../store/connection.ts";
import { type PriceLookup, type PriceNames, type PriceRows, priceLookupOn } from "./price-lookup.ts";
import { aliasesSql, modelsSql, revisionSql, versionsSql } from "./price-rows.ts";
import { catalogueOrganization, type PriceVersionRow } from "./price-version-row.ts";

/** Organizations whose names and versions are kept; beyond it the memory starts afresh. */
const keptOwnersMax = 1_000;

interface Asked {
  readonly organizationId: string;
  readonly provider: string;
  readonly model: string;
}

interface Versions {
  readonly asked: Asked;
  readonly rows: readonly PriceVersionRow[];
}

const versionsKey = ({ organizationId, provider, model }: Asked): string =>
  `${organizationId}\x1f${provider}\x1f${model}`;

/** What was read of the price book at one revision. What it has not read it answers as empty, and notes. */
class PriceSnapshot {
  readonly revision: number;
  #missing: Asked[] = [];
  readonly #names = new Map<string, PriceNames>();
  readonly #versions = new Map<string, readonly PriceVersionRow[]>();
  readonly #rows: PriceRows = {
    revision: () => this.revision,
    names: (owner) => this.#names.get(owner) ?? { models: [], aliases: [] },
    versions: (organizationId, provider, model) => {
      const asked = { organizationId, provider, model };
      const known = this.#versions.get(versionsKey(asked));
      if (known === undefined) this.#missing.push(asked);
      return known ?? [];
    },
  };
  #lookup = priceLookupOn(this.#rows);

  constructor(revision: number) {
    this.revision = revision;
  }

  get isFull(): boolean {
    return this.#names.size > keptOwnersMax;
  }

  knows(owner: string): boolean {
    return this.#names.has(owner);
  }

  add(names: ReadonlyMap<string, PriceNames>, versions: readonly Versions[]): void {
    for (const [owner, ofOwner] of names) this.#names.set(owner, ofOwner);
    for (const { asked, rows } of versions) this.#versions.set(versionsKey(asked), rows);
    if (names.size > 0 || versions.length > 0) this.#startLookup();
  }

  /** Runs the work once, and says what it asked for in vain; its outcome is there to be taken where that is nothing. */
  attempt<Result>(work: (lookup: PriceLookup) => Result): Attempt<Result> {
    this.#missing = [];
    this.#lookup.refresh();
    const take = attempted(() => work(this.#lookup));
    const missing = this.#missing;
    // It remembers answers that it gave without the missing rows.
    if (missing.length > 0) this.#startLookup();
    return { missing, take };
  }

  #startLookup(): void {
    this.#lookup = priceLookupOn(this.#rows);
  }
}

interface Attempt<Result> {
  readonly missing: readonly Asked[];
  /** What the work returned or threw. */
  readonly take: () => Result;
}

/** The price book as it was last read; one for all transactions of a process. */
interface Kept {
  snapshot: PriceSnapshot | undefined;
}

const keptKey = Symbol("price snapshot");

function keptOf({ state }: Pick<StoreConnection, "state">): Kept {
  const known = state.get(keptKey) as Kept | undefined;
  if (known !== undefined) return known;
  const made: Kept = { snapshot: undefined };
  state.set(keptKey, made);
  return made;
}

/** The number that every change of prices, models, aliases and catalogues increases. */
export async function readPriceBookRevision(connection: StoreConnection): Promise<number> {
  const row = await connection.get<{ value: number }>(revisionSql);
  if (row === undefined) throw new Error("the price book has no revision");
  return row.value;
}

/**
 * Gives `work` a look-up that answers at once, from the price book of one revision, and returns what it returns. Where the
 * look-up had to answer without a row, the row is read and `work` runs again from its start: it must do nothing but
 * compute, and what it threw in an attempt without all rows counts for nothing.
 *
 * ```ts
 * const found = await withPrices(connection, organizationId, (lookup) => lookup.find(organizationId, "openai", "gpt-4o"));
 * ```
 */
export async function withPrices<Result>(
  connection: StoreConnection,
  organizationId: string,
  work: (lookup: PriceLookup, revision: number) => Result,
): Promise<Result> {
  const kept = keptOf(connection);
  let revision = await readPriceBookRevision(connection);
  for (;;) {
    if (kept.snapshot?.revision !== revision || kept.snapshot.isFull) kept.snapshot = new PriceSnapshot(revision);
    const { snapshot } = kept;
    const owners = [catalogueOrganization, organizationId].filter((owner) => !snapshot.knows(owner));
    let missing: readonly Asked[] = [];
    if (owners.length === 0) {
      const attempt = snapshot.attempt((lookup) => work(lookup, snapshot.revision));
      if (attempt.missing.length === 0) return attempt.take();
      missing = attempt.missing;
    }
    const names = await readNames(connection, owners);
    const versions = await readVersions(connection, missing);
    // Each statement may see later commits than the one before; rows of a later revision must not pass for this one's.
    const present = await readPriceBookRevision(connection);
    if (present === revision) snapshot.add(names, versions);
    revision = present;
  }
}

/**
 * The same without asking the store anything: by the price book as it was last read, whose revision the caller has to
 * compare with the present one. Undefined where a row is missing.
 */
export function withKeptPrices<Result>(
  connection: Pick<StoreConnection, "state">,
  organizationId: string,
  work: (lookup: PriceLookup) => Result,
): { readonly revision: number; readonly result: Result } | undefined {
  const { snapshot } = keptOf(connection);
  if (snapshot === undefined || !snapshot.knows(catalogueOrganization) || !snapshot.knows(organizationId)) {
    return undefined;
  }
  const { missing, take } = snapshot.attempt(work);
  return missing.length > 0 ? undefined : { revision: snapshot.revision, result: take() };
}

/** Runs `work` now; its outcome comes when it is asked for. */
function attempted<Result>(work: () => Result): () => Result {
  try {
    const result = work();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

async function readNames(
  connection: StoreConnection,
  owners: readonly string[],
): Promise<ReadonlyMap<string, PriceNames>> {
  const names = new Map<string, PriceNames>();
  for (const owner of owners) {
    const models = await connection.all<PriceNames["models"][number]>(modelsSql, owner);
    names.set(owner, { models, aliases: await connection.all<PriceNames["aliases"][number]>(aliasesSql, owner) });
  }
  return names;
}

async function readVersions(connection: StoreConnection, asked: readonly Asked[]): Promise<readonly Versions[]> {
  const versions = new Map<string, Versions>();
  for (const one of asked) {
    const key = versionsKey(one);
    if (versions.has(key)) continue;
    const { organizationId, provider, model } = one;
    const rows = await connection.all<PriceVersionRow>(
      versionsSql,
      catalogueOrganization,
      organizationId,
      provider,
      model,
    );
    versions.set(key, { asked: one, rows });
  }
  return [...versions.values()];
}
