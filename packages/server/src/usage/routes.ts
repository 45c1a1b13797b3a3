import type { Caller, Reply, Routes } from "../http/route.ts";
import { idempotencyKeyOf } from "../idempotency/idempotency-key.ts";
import type { Store } from "../store/operation.ts";
import type { AppendAnswer, Ledger, UsageBytes } from "./ledger.ts";
import { explainUsage, getUsage, type RecordName, updateLabels, voidRecord } from "./operations.sql.ts";

export interface UsageRouteDeps {
  readonly ledger: Ledger;
  readonly store: Store;
}

const jsonType = "application/json; charset=utf-8";

/** Recording usage and reported costs, one record's proof, its labels and its end. */
export function usageRoutes({ ledger, store }: UsageRouteDeps): Routes {
  return {
    "usage.create": {
      body: "bytes",
      handle: async ({ caller, query, headers, bytes }) => {
        const answer = await ledger.answer(caller.organizationId, {
          ...fromHttp("record", "usage", bytes, headers),
          requirePrice: query.require_price === true,
          within: caller.records,
          recordedBy: caller,
        });
        return created(answer);
      },
    },
    "usage.batchCreate": {
      body: "bytes",
      handle: async ({ caller, query, headers, bytes }) => {
        const { json } = await ledger.answer(caller.organizationId, {
          ...fromHttp("batch", "usage", bytes, headers),
          requirePrice: query.require_price === true,
          within: caller.records,
          recordedBy: caller,
        });
        return { bytes: json, contentType: jsonType };
      },
    },
    "usage.get": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await store.run(getUsage, nameOf(caller, params.id)) },
      }),
    },
    "usage.explain": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await store.run(explainUsage, nameOf(caller, params.id)) },
      }),
    },
    "costs.create": {
      body: "bytes",
      handle: async ({ caller, headers, bytes }) => {
        const usage = fromHttp("record", "cost", bytes, headers);
        return created(
          await ledger.answer(caller.organizationId, {
            ...usage,
            requirePrice: false,
            within: caller.records,
            recordedBy: caller,
          }),
        );
      },
    },
    "costs.bulkCreate": {
      body: "bytes",
      handle: async ({ caller, headers, bytes }) => {
        const usage = fromHttp("batch", "cost", bytes, headers);
        const { json } = await ledger.answer(caller.organizationId, {
          ...usage,
          requirePrice: false,
          within: caller.records,
          recordedBy: caller,
        });
        return { bytes: json, contentType: jsonType };
      },
    },
    "costs.update": {
      body: "json",
      handle: async ({ caller, params, body }) => ({
        json: {
          data: await store.run(updateLabels, {
            ...nameOf(caller, params.id),
            ...(body.tags === undefined ? {} : { tags: body.tags }),
            ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
          }),
        },
      }),
    },
    "costs.delete": {
      body: "json",
      handle: async ({ caller, params }) => ({
        json: { data: await store.run(voidRecord, nameOf(caller, params.id)) },
      }),
    },
  };
}

const nameOf = ({ organizationId, records: within }: Caller, id: string): RecordName => ({
  organizationId,
  id,
  within,
});

function created({ json, summary }: AppendAnswer): Reply {
  const headers = summary.duplicate > 0 ? { "idempotent-replayed": "true" } : {};
  return { bytes: json, contentType: jsonType, headers };
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function fromHttp(
  shape: UsageBytes["shape"],
  entry: UsageBytes["entry"],
  bytes: Uint8Array,
  headers: Headers,
): Omit<UsageBytes, "requirePrice"> {
  const key = idempotencyKeyOf(headers);
  const usage = { shape, entry, bytes, source: "api" } as const;
  return key === undefined ? usage : { ...usage, idempotencyKey: key };
}
