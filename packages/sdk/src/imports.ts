import type * as Wire from "@llm-cost-ops/contract";
import { type ByteSource, toRequestBody } from "./byte-source.ts";
import { NetworkError } from "./errors.ts";
import { type PageParams, pageFromWire, queryString } from "./filters.ts";
import { parseNdjson } from "./ndjson.ts";
import type { RequestOptions } from "./options.ts";
import type { Page } from "./page.ts";
import { dataOf, type Provider } from "./records.ts";
import { refusalFrom } from "./refusals.ts";
import type { Session } from "./session.ts";
import type { Call } from "./transport.ts";
import { type FromWire, fromWire, nameToWire, toWire } from "./wire.ts";

/** How an import ended: `read` = recorded + duplicate + rejected; unpriced records are among the recorded. */
export interface ImportReport extends FromWire<Wire.ImportReport> {}

/** What an import tells while it runs. */
export type ImportEvent = FromWire<Extract<Wire.ImportEvent, { type: "progress" | "rejected" | "report" }>>;

export interface ImportOptions extends RequestOptions {
  /** Recognised from the first bytes if absent. */
  readonly format?: Wire.ImportFormat | undefined;
  /** File name, for the report and as a hint for the format. */
  readonly name?: string | undefined;
  /** CSV columns: our field → their column, or `'text'` in quotes for a constant. */
  readonly map?: string | Readonly<Record<string, string>> | undefined;
  /** For records that do not say. */
  readonly provider?: Provider | undefined;
  readonly model?: string | undefined;
  readonly projectId?: string | undefined;
  readonly userId?: string | undefined;
  readonly tags?: string | Readonly<Record<string, string>> | undefined;
  readonly occurredAt?: string | Date | undefined;
  /** Read and report, but record nothing. */
  readonly dryRun?: boolean | undefined;
  /** `application/octet-stream` if absent. */
  readonly contentType?: string | undefined;
  /** Where the bytes are compressed already. */
  readonly encoding?: "gzip" | undefined;
}

/** Files of usage in any format that the server knows. */
export class Imports {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /**
   * Imports a file of any size and answers its report. Streams are sent as they are read and cannot be retried; importing
   * the same file again records nothing twice. There is no time limit unless `timeout` sets one.
   */
  async create(source: ByteSource, options: ImportOptions = {}): Promise<ImportReport> {
    const answer = await this.#session.transport.json(importCall(source, options));
    return fromWire<Wire.ImportReport>(dataOf(answer));
  }

  /**
   * Imports a file and tells how it goes: progress, every rejected record, and the report as the last event.
   * @throws APIError where the import failed, NetworkError where the connection broke before the report.
   */
  async *events(source: ByteSource, options: ImportOptions = {}): AsyncGenerator<ImportEvent, void, undefined> {
    const { response, chunks } = await this.#session.transport.open({
      ...importCall(source, options),
      accept: "application/x-ndjson",
    });
    let reported = false;
    for await (const line of parseNdjson(chunks)) {
      const event = line as Wire.ImportEvent;
      if (event.type === "error") {
        throw refusalFrom({ status: response.status, body: event, requestId: undefined, retryAfter: undefined });
      }
      reported = event.type === "report";
      yield fromWire<Exclude<Wire.ImportEvent, { type: "error" }>>(event);
    }
    if (!reported) throw new NetworkError("the import's answer ended before its report");
  }

  async list(params: PageParams = {}, options?: RequestOptions): Promise<Page<ImportReport>> {
    const query = queryString(toWire(params) as Record<string, unknown>);
    const answer = await this.#session.transport.json({ operation: "imports.list", query, options });
    return pageFromWire(answer, fromWire<Wire.ImportReport>);
  }

  async get(id: string, options?: RequestOptions): Promise<ImportReport> {
    const answer = await this.#session.transport.json({ operation: "imports.get", params: { id }, options });
    return fromWire<Wire.ImportReport>(dataOf(answer));
  }
}

function importCall(source: ByteSource, options: ImportOptions): Call {
  const {
    signal,
    timeout = 0,
    maxRetries,
    headers,
    idempotencyKey,
    contentType,
    encoding,
    map,
    tags,
    ...rest
  } = options;
  const query = {
    ...(toWire(rest) as Record<string, unknown>),
    ...(map !== undefined && { map: pairs(map, "map") }),
    ...(tags !== undefined && { tags: pairs(tags, "tags") }),
  };
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) parameters.set(name, String(value));
  return {
    operation: "imports.create",
    ...toRequestBody(source),
    query: parameters,
    contentType: contentType ?? "application/octet-stream",
    contentEncoding: encoding,
    options: { signal, timeout, maxRetries, headers, idempotencyKey },
  };
}

/** `key=value,…`, as the query string has it; a comma within would end the pair. */
function pairs(value: string | Readonly<Record<string, string>>, name: string): string {
  if (typeof value === "string") return value;
  return Object.entries(value)
    .map(([key, text]) => {
      if (/[,=]/.test(key) || text.includes(",")) throw new TypeError(`${name} must not contain commas (at ${key})`);
      // Keys of a column map are our fields; keys of tags are the caller's own.
      return `${name === "map" ? nameToWire(key) : key}=${text}`;
    })
    .join(",");
}
