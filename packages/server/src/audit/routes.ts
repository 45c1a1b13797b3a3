import {
  AuditEntry as AuditEntryFields,
  type AuditExportQuery,
  type AuditQuery,
  type AuditVerification,
} from "@llm-cost-ops/contract";
import { formatInstant } from "@llm-cost-ops/core";
import { always, readPeriod } from "../costs/cost-filter.ts";
import { readCursor, writeCursor } from "../costs/page-cursor.ts";
import { rowWriters, writeExport } from "../exports/write-export.ts";
import type { Routes } from "../http/route.ts";
import type { Store } from "../store/operation.ts";
import { type EntryFilter, listEntries } from "./audit-entries.sql.ts";
import { checkpointFromWire, checkpointToWire, sayProblem, toWire } from "./audit-text.ts";
import { hex } from "./entry.ts";
import type { AuditTrail } from "./trail.ts";

const defaultLimit = 100;
const exportedPerRead = 500;
const columns = Object.keys(AuditEntryFields.shape);

/** A cursor of the trail has no id of its own: the number of an entry is its place. */
const noId = "0".repeat(32);

/** The audit trail to be listed, exported and checked. */
export function auditRoutes(parts: {
  readonly store: Store;
  readonly trail: AuditTrail;
  /** UTC milliseconds. */
  readonly now: () => number;
}): Routes {
  const { store, trail, now } = parts;
  return {
    "audit.list": {
      body: "json",
      handle: async ({ caller, query }) => {
        const { organizationId } = caller;
        const { cursor, limit = defaultLimit, ...question } = query;
        const identity = { view: "audit", organization: organizationId, ...question };
        const behind = cursor === undefined ? undefined : readCursor(identity, cursor, 1);
        const period = behind?.period ?? readPeriod(question, now(), "always");
        const found = await store.run(listEntries, {
          organizationId,
          filter: filterOf(question, period),
          order: "newest",
          from: behind === undefined ? null : Number(behind.position.values[0]),
          limit: limit + 1,
        });
        const entries = found.slice(0, limit);
        const hasMore = found.length > limit;
        const position = { id: noId, values: [String(entries.at(-1)?.seq)] };
        const next = hasMore ? writeCursor(identity, { period, position }) : null;
        return { json: { data: entries.map(toWire), pagination: { limit, has_more: hasMore, next_cursor: next } } };
      },
    },
    "audit.export": {
      body: "json",
      handle: async ({ caller, query, signal }) => {
        const { organizationId } = caller;
        const filter = filterOf(query, readPeriod(query, now(), "always"));
        const { format } = query;
        return {
          contentType: rowWriters[format].contentType,
          headers: {
            "content-disposition": `attachment; filename="audit-${formatInstant(now()).slice(0, 10)}.${format}"`,
          },
          chunks: writeExport(format, columns, steps()),
        };

        async function* steps() {
          let from = 0;
          for (;;) {
            // A file that ends early must not look whole.
            signal.throwIfAborted();
            const page = { organizationId, filter, order: "oldest", from, limit: exportedPerRead } as const;
            const entries = await store.run(listEntries, page);
            yield entries.map(toWire);
            if (entries.length < exportedPerRead) return;
            from = entries.at(-1)?.seq ?? from;
          }
        }
      },
    },
    "audit.verify": {
      body: "json",
      handle: async ({ caller, body }) => {
        const outside = body.checkpoint === undefined ? undefined : checkpointFromWire(body.checkpoint);
        const { entries, checkpoints, head, problem } = await trail.verify(caller.organizationId, outside);
        const found: AuditVerification = {
          valid: problem === null,
          entries,
          checkpoints,
          seq: head.seq,
          hash: hex(head.hash),
          problem: problem && {
            kind: problem.kind,
            seq: problem.seq,
            message: sayProblem(problem, problem.isOfOutside),
          },
        };
        return { json: { data: found } };
      },
    },
    "audit.checkpoint": {
      body: "json",
      handle: async ({ caller }) => ({
        json: { data: checkpointToWire(await trail.checkpoint(caller.organizationId)) },
      }),
    },
  };
}

type Question = Pick<AuditQuery & AuditExportQuery, "action" | "resource_type" | "resource_id" | "user_id" | "key_id">;

const filterOf = (
  question: Question,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): EntryFilter => ({
  // A bound that excludes nothing would only lead a planner from the order of the chain.
  fromMs: fromMs === always.fromMs ? undefined : fromMs,
  toMs: toMs === always.toMs ? undefined : toMs,
  action: question.action,
  resourceType: question.resource_type,
  resourceId: question.resource_id,
  userId: question.user_id,
  keyId: question.key_id,
});
