import type * as Wire from "@llm-cost-ops/contract";
import { ExportFile } from "./exports.ts";
import { pageFromWire, queryString } from "./filters.ts";
import type { RequestOptions } from "./options.ts";
import { eachRecord, type Page } from "./page.ts";
import { dataOf } from "./records.ts";
import type { Session } from "./session.ts";
import { type FromWire, fromWire, toWire } from "./wire.ts";

/** One change or one sign-in: who did what, when and from where. */
export interface AuditEntry extends FromWire<Wire.AuditEntry> {}

/** What checking the trail found. */
export interface AuditVerification extends FromWire<Wire.AuditVerification> {}

/** What the trail was at one moment, signed. As the server wrote it, since each letter of it counts. */
export interface AuditCheckpoint extends Wire.AuditCheckpoint {}

export interface AuditFilters {
  readonly organizationId?: string | undefined;
  /** First instant, inclusive. */
  readonly startDate?: string | Date | undefined;
  /** Exclusive; a bare day such as `2026-01-31` includes the whole day. */
  readonly endDate?: string | Date | undefined;
  /** A preset such as `last-30-days` instead of dates. */
  readonly range?: string | undefined;
  readonly days?: number | undefined;
  readonly timezone?: string | undefined;
  /** What was done, such as `apiKeys.create`. */
  readonly action?: string | undefined;
  readonly resourceType?: string | undefined;
  readonly resourceId?: string | undefined;
  /** The id or the e-mail address of the user who did it. */
  readonly userId?: string | undefined;
  /** The id of the API key that it was done with. */
  readonly keyId?: string | undefined;
}

export interface ListAuditParams extends AuditFilters {
  /** Entries of a page, at most 1,000. */
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

export interface ExportAuditParams extends AuditFilters {
  readonly format?: "jsonl" | "csv" | undefined;
}

/** The audit trail of the organization. */
export class Audit {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** One page of entries, newest first. */
  async list(params: ListAuditParams = {}, options?: RequestOptions): Promise<Page<AuditEntry>> {
    const query = this.#query(params);
    const answer = await this.#session.transport.json({ operation: "audit.list", query, options });
    return pageFromWire(answer, (value) => fromWire<Wire.AuditEntry>(value));
  }

  /** Every entry, newest first, page by page. */
  listAll(params: ListAuditParams = {}, options?: RequestOptions): AsyncGenerator<AuditEntry, void, undefined> {
    return eachRecord((cursor) => this.list({ ...params, cursor }, options), params.cursor);
  }

  /** Every entry as a file, oldest first: JSON lines, or CSV. */
  async export(params: ExportAuditParams = {}, options?: RequestOptions): Promise<ExportFile> {
    const query = this.#query(params);
    const answer = await this.#session.transport.open({ operation: "audit.export", query, accept: "*/*", options });
    return new ExportFile(answer);
  }

  /** Has the server check the whole trail again, also against a checkpoint that was kept elsewhere. */
  async verify(checkpoint?: AuditCheckpoint, options?: RequestOptions): Promise<AuditVerification> {
    const body = JSON.stringify({ checkpoint });
    const answer = await this.#session.transport.json({ operation: "audit.verify", body, options });
    return fromWire<Wire.AuditVerification>(dataOf(answer));
  }

  /** Signs what the trail is now. Keep it where nobody who can reach the database can. */
  async checkpoint(options?: RequestOptions): Promise<AuditCheckpoint> {
    const answer = await this.#session.transport.json({ operation: "audit.checkpoint", options });
    return dataOf(answer) as AuditCheckpoint;
  }

  #query(params: object): URLSearchParams {
    const { organizationId } = this.#session;
    const own = organizationId === undefined ? {} : { organization_id: organizationId };
    return queryString({ ...own, ...(toWire(params) as Record<string, unknown>) });
  }
}
