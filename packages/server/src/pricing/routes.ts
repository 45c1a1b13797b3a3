import type { Pagination } from "@llm-cost-ops/contract";
import { canonicalProvider } from "@llm-cost-ops/core";
import type { Routes } from "../http/route.ts";
import type { Organizations } from "../organizations/organizations.ts";
import { Refusal } from "../refusal.ts";
import type { ReadCatalogue } from "./catalogue/catalogue.ts";
import { catalogueFromFile } from "./catalogue/from-file.ts";
import { catalogueFromLitellm } from "./catalogue/from-litellm.ts";
import type { CatalogueChange, PriceBook, PricePosition } from "./price-book.ts";
import { endOf, startOf } from "./price-dates.ts";
import type { Repricings } from "./repricing.ts";

export interface PricingDependencies {
  readonly book: PriceBook;
  readonly organizations: Pick<Organizations, "get">;
  readonly repricings: Repricings;
  readonly loadBundledCatalogue: () => Promise<ReadCatalogue>;
  /** Lets queued jobs begin at once. */
  readonly wakeJobs: () => void;
}

const pageLimitDefault = 50;

interface PageQuery {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly page?: number | undefined;
  readonly per_page?: number | undefined;
}

const limitOf = ({ limit, per_page }: PageQuery): number => limit ?? per_page ?? pageLimitDefault;
const offsetOf = (query: PageQuery): number => ((query.page ?? 1) - 1) * limitOf(query);

function pagination(query: PageQuery, hasMore: boolean, nextCursor: string | null): Pagination {
  const limit = limitOf(query);
  const numbered = query.page !== undefined || query.per_page !== undefined;
  return {
    limit,
    has_more: hasMore,
    next_cursor: hasMore ? nextCursor : null,
    ...(numbered ? { page: query.page ?? 1, per_page: limit } : {}),
  };
}

const badCursor = (): Refusal => new Refusal("INVALID_REQUEST", "The cursor is not one that this list gave.");

const positionToCursor = ({ provider, model, fromMs, id }: PricePosition): string =>
  Buffer.from(JSON.stringify([provider, model, fromMs, id])).toString("base64url");

function positionFromCursor(cursor: string): PricePosition {
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    throw badCursor();
  }
  const [provider, model, fromMs, id] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (typeof provider !== "string" || typeof model !== "string" || typeof id !== "string") throw badCursor();
  if (fromMs !== null && !Number.isSafeInteger(fromMs)) throw badCursor();
  return { provider, model, fromMs: fromMs as number | null, id };
}

/** The organization comes from the credential; a body may only agree with it. */
function requireSameOrganization(own: string, named: string | undefined): void {
  if (named !== undefined && named !== own) {
    throw new Refusal("AUTH_002", "organization_id names another organization than the credential.", {
      fieldErrors: { organization_id: "names another organization than the credential" },
    });
  }
}

/** A catalogue holds for everybody on the installation, so no tenant may change what its neighbours pay by. */
async function requireOwnInstallation({ organizations }: PricingDependencies, organizationId: string): Promise<void> {
  const own = await organizations.get({ organizationId, seesStrict: true }, organizationId);
  if (own.parent_id === null) return;
  throw new Refusal(
    "AUTH_002",
    "A catalogue holds for the whole installation: a tenant cannot apply one, but adds prices of its own.",
  );
}

async function readChange(
  deps: PricingDependencies,
  input: {
    readonly source: "bundled" | "file" | "litellm";
    readonly content?: unknown;
    readonly effective_date?: string | undefined;
  },
): Promise<CatalogueChange> {
  const effective =
    input.effective_date === undefined ? {} : { effectiveMs: startOf(input.effective_date, "effective_date") };
  if (input.source !== "bundled" && input.content === undefined) {
    throw new Refusal("VALIDATION_ERROR", "The catalogue has no content.", { fieldErrors: { content: "is required" } });
  }
  const read =
    input.source === "bundled"
      ? await deps.loadBundledCatalogue()
      : input.source === "file"
        ? catalogueFromFile(input.content)
        : catalogueFromLitellm(input.content);
  return { ...read, source: input.source, ...effective };
}

/** Prices, providers, aliases and catalogues. */
function bookRoutes(deps: PricingDependencies): Routes {
  const { book, wakeJobs } = deps;
  return {
    "pricing.create": {
      body: "json",
      handle: async ({ caller, body }) => {
        requireSameOrganization(caller.organizationId, body.organization_id);
        const data = await book.create(caller.organizationId, body);
        wakeJobs();
        return { json: { data } };
      },
    },
    "pricing.list": {
      body: "json",
      handle: async ({ caller, query }) => {
        const limit = limitOf(query);
        const after = query.cursor === undefined ? {} : { after: positionFromCursor(query.cursor) };
        const found = await book.list(caller.organizationId, query, { ...after, offset: offsetOf(query), limit });
        const shown = found.slice(0, limit);
        const last = shown.at(-1);
        const next = last === undefined ? null : positionToCursor(last.position);
        const data = shown.map(({ record }) => record);
        return { json: { data, pagination: pagination(query, found.length > limit, next) } };
      },
    },
    "pricing.get": {
      body: "json",
      handle: async ({ caller, params }) => ({ json: { data: await book.get(caller.organizationId, params.id) } }),
    },
    "pricing.update": {
      body: "json",
      handle: async ({ caller, params, body }) => {
        const data = await book.update(caller.organizationId, params.id, body);
        wakeJobs();
        return { json: { data } };
      },
    },
    "pricing.end": {
      body: "json",
      handle: async ({ caller, params, body }) => {
        const data = await book.end(caller.organizationId, params.id, body.end_date);
        wakeJobs();
        return { json: { data } };
      },
    },
    "pricing.resolve": {
      body: "json",
      handle: async ({ caller, query }) => {
        const data = await book.resolve(caller.organizationId, {
          provider: query.provider,
          model: query.model,
          atMs: query.date === undefined ? undefined : startOf(query.date, "date"),
          serviceTier: query.service_tier,
          region: query.region,
        });
        return { json: { data } };
      },
    },
    "providers.list": {
      body: "json",
      handle: async ({ caller }) => ({ json: { data: await book.providers(caller.organizationId) } }),
    },
    "providers.create": {
      body: "json",
      handle: async ({ caller, body }) => ({
        json: { data: await book.createProvider(caller.organizationId, body.id, body.name) },
      }),
    },
    "aliases.list": {
      body: "json",
      handle: async ({ caller }) => ({ json: { data: await book.aliases(caller.organizationId) } }),
    },
    "aliases.create": {
      body: "json",
      handle: async ({ caller, body }) => {
        const data = await book.putAlias(caller.organizationId, body.provider, body.alias, body.model);
        wakeJobs();
        return { json: { data } };
      },
    },
    "aliases.delete": {
      body: "json",
      handle: async ({ caller, params }) => {
        await book.deleteAlias(caller.organizationId, params.provider, params.alias);
        return {};
      },
    },
    "catalogue.versions": {
      body: "json",
      handle: async () => ({ json: { data: await book.catalogueVersions() } }),
    },
    "catalogue.preview": {
      body: "json",
      handle: async ({ body }) => ({ json: { data: await book.previewCatalogue(await readChange(deps, body)) } }),
    },
    "catalogue.apply": {
      body: "json",
      handle: async ({ caller, body }) => {
        await requireOwnInstallation(deps, caller.organizationId);
        const { version, difference } = await book.applyCatalogue(await readChange(deps, body));
        wakeJobs();
        return { json: { data: version, difference } };
      },
    },
  };
}

function repricingRoutes({ repricings }: PricingDependencies): Routes {
  return {
    "repricings.create": {
      body: "json",
      handle: async ({ caller, body }) => {
        const fromMs = body.start_date === undefined ? null : startOf(body.start_date, "start_date");
        const toMs = body.end_date === undefined ? null : endOf(body.end_date, "end_date");
        if (fromMs !== null && toMs !== null && toMs <= fromMs) {
          throw new Refusal("VALIDATION_ERROR", "The period ends before it begins.", {
            fieldErrors: { end_date: "must be after start_date" },
          });
        }
        const provider = body.provider === undefined ? null : canonicalProvider(body.provider);
        const scope = { fromMs, toMs, provider, model: body.model ?? null };
        const data = await repricings.create(caller.organizationId, scope, caller.principal.id, body.reason ?? null);
        return { json: { data } };
      },
    },
    "repricings.list": {
      body: "json",
      handle: async ({ caller, query }) => {
        const limit = limitOf(query);
        const before = query.cursor === undefined ? {} : { before: query.cursor };
        const found = await repricings.list(caller.organizationId, { ...before, offset: offsetOf(query), limit });
        const data = found.slice(0, limit);
        return { json: { data, pagination: pagination(query, found.length > limit, data.at(-1)?.id ?? null) } };
      },
    },
    "repricings.get": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await repricings.get(caller.organizationId, params.id) },
      }),
    },
    "repricings.apply": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await repricings.apply(caller.organizationId, params.id) },
      }),
    },
    "repricings.undo": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await repricings.undo(caller.organizationId, params.id) },
      }),
    },
  };
}

/** Everything under `/pricing` and `/repricings`. */
export function pricingRoutes(deps: PricingDependencies): Routes {
  return { ...bookRoutes(deps), ...repricingRoutes(deps) };
}
